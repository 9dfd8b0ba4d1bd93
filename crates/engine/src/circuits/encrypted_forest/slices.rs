//! Evaluation of forests with encrypted leaves in slices: some trees at a time.

use super::EncryptedForestCircuit;
use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		levelled::cost::{
			ENTRY_NANOSECONDS, OCTET_NANOSECONDS, TRANSFORM_NANOSECONDS, packing_transforms,
		},
		sliced::{SliceCost, Sliced},
		tree::Tree,
	},
	entities::{
		input::EncryptedInput,
		prepared_server_key::PreparedServerKey,
		rlwe::{RLWE_SIZE, Rlwe},
	},
	math::kernels,
};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Nanoseconds of one core to expand the mask of a leaf's ciphertext.
const LEAF_NANOSECONDS: u64 = 20_000;

impl Sliced for EncryptedForestCircuit {
	fn pieces(&self) -> usize {
		self.shape.trees.len()
	}

	fn cost_of(&self, pieces: Range<usize>) -> SliceCost {
		let trees = self.shape.trees.get(pieces.clone()).unwrap_or_default();
		let selections = trees.iter().flat_map(Tree::splits).filter(|(.., linear)| !linear).count();
		let (batch, numbers) = self.layout.batch_of(&self.shape.trees, pieces);
		let (octets, entries) = self.octets_of(&batch);
		let products = (selections + numbers.len()) as u64;
		// All ciphertexts of leaves are made for each slice.
		let leaves = self.layout.ciphertexts();
		SliceCost {
			nanoseconds: octets.len() as u64 * OCTET_NANOSECONDS
				+ entries.len() as u64 * ENTRY_NANOSECONDS
				+ products * self.gadget().transforms() * TRANSFORM_NANOSECONDS
				+ leaves as u64 * LEAF_NANOSECONDS,
			ciphertexts: batch.rows.len() + numbers.len() + leaves,
		}
	}

	fn carried(&self) -> usize {
		self.shape.sums()
	}

	fn start(&self) -> Vec<Vec<u64>> {
		vec![vec![0; RLWE_SIZE]; self.shape.sums()]
	}

	fn advance(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		pieces: Range<usize>,
		carried: &mut [Vec<u64>],
		buffers: &mut EvaluationBuffers,
	) {
		let (batch, numbers) = self.layout.batch_of(&self.shape.trees, pieces);
		let mut sums = vec![Rlwe::zero(); self.shape.sums()];
		self.add_batch(key, input, &batch, &numbers, &mut sums, buffers);
		for (carried, sum) in carried.iter_mut().zip(sums) {
			kernels::add_assign(carried, &sum.into_coefficients());
		}
	}

	fn finish_nanoseconds(&self) -> u64 {
		match self.shape.sums() {
			1 => 0,
			sums => packing_transforms(sums) * TRANSFORM_NANOSECONDS,
		}
	}

	fn finish(&self, key: &PreparedServerKey, carried: Vec<Vec<u64>>) -> Vec<u64> {
		let sums = carried.into_iter().map(Rlwe::from_coefficients).collect();
		self.pack(key, sums).into_coefficients()
	}
}
