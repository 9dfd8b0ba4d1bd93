//! Evaluation of forest circuits in slices: some trees at a time.

use super::{ForestCircuit, compile::rows_of};
use crate::{
	algorithms::expansion::{Cut, EvaluationBuffers},
	circuits::{
		batch::Batch,
		levelled::cost::TRANSFORM_NANOSECONDS,
		sliced::{SliceCost, Sliced},
		tree::Tree,
	},
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey, rlwe::RLWE_SIZE},
	math::kernels,
};
use alloc::{vec, vec::Vec};
use core::ops::Range;

impl Sliced for ForestCircuit {
	fn pieces(&self) -> usize {
		self.trees.len()
	}

	fn cost_of(&self, pieces: Range<usize>) -> SliceCost {
		let batch = self.batch_of(pieces);
		let splits = self.trees[batch.trees.clone()].iter().flat_map(Tree::splits);
		let of_split = |(.., is_linear): (usize, usize, bool)| match is_linear {
			true => 2,
			false => self.gadget().transforms(),
		};
		let transforms: u64 = splits.map(of_split).sum();
		SliceCost {
			nanoseconds: self.expansion_nanoseconds_of(&batch) + transforms * TRANSFORM_NANOSECONDS,
			ciphertexts: batch.rows.len() + self.wide(&batch).len(),
		}
	}

	fn carried(&self) -> usize {
		1
	}

	fn start(&self) -> Vec<Vec<u64>> {
		vec![vec![0; RLWE_SIZE]]
	}

	fn advance(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		pieces: Range<usize>,
		carried: &mut [Vec<u64>],
		buffers: &mut EvaluationBuffers,
	) {
		let batch = self.batch_of(pieces);
		if let (Some(sum), [carried]) = (self.sum_of_batch(key, input, &batch, buffers), carried) {
			kernels::add_assign(carried, &sum.into_coefficients());
		}
	}

	fn finish_nanoseconds(&self) -> u64 {
		0
	}

	fn finish(&self, _: &PreparedServerKey, mut carried: Vec<Vec<u64>>) -> Vec<u64> {
		let mut sum = carried.pop().unwrap_or_else(|| vec![0; RLWE_SIZE]);
		self.add_constants(&mut sum);
		sum
	}
}

impl ForestCircuit {
	/// These trees as a batch.
	fn batch_of(&self, trees: Range<usize>) -> Batch {
		let is_added_early = self.linear_cut() != Cut::END;
		let levels = self.gadget().mask.levels as usize;
		let mut rows = Vec::new();
		for tree in self.trees.get(trees.clone()).unwrap_or_default() {
			rows_of(tree, &self.entries_of, levels, is_added_early, &mut rows);
		}
		rows.sort_unstable();
		rows.dedup();
		Batch { trees, rows }
	}
}
