//! Encrypted leaf values and tables of a model.
//!
//! # Why they tell nothing of the model
//!
//! Every value of an encrypted model lies in the body b = a s + m + e of a seeded RLWE: the mask a
//! is derived from a seed that was drawn for this artifact alone, together with the number of the
//! ciphertext, so no mask is used twice, in one artifact or in two; the noise e is as fresh as that
//! of inputs. Under the assumption that protects the inputs (ring-LWE with a binary secret, and
//! circular security for the server key, which is under the same secret) each body can be replaced
//! by uniform residues and nobody without the client key notices. The rest of an artifact follows
//! from what is declared to be public (the shape), and so does where each value lies. What workers
//! compute and post is a public function of artifact, input and server key: no evaluation ever
//! multiplies a ciphertext by a weight in the clear, so there is no mask from which one could solve
//! for weights, and no need to randomise results again.

use crate::threads::*;
use crate::{entities::rlwe::RLWE_SIZE, math::params::POLYNOMIAL_SIZE, sampling};
use alloc::vec::Vec;

use once_cell::race::OnceBox;

/// Seeded RLWE ciphertexts of which only some coefficients of the bodies are kept. The others are
/// taken for zero: they stand for unknown messages, which must not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct EncryptedWeights {
	pub mask_seed: [u8; 16],
	/// The kept coefficients of all ciphertexts.
	pub bodies: Vec<u64>,
	/// Coefficients of masks and bodies.
	ciphertexts: OnceBox<Vec<Vec<u64>>>,
}

impl PartialEq for EncryptedWeights {
	fn eq(&self, other: &Self) -> bool {
		self.mask_seed == other.mask_seed && self.bodies == other.bodies
	}
}

impl EncryptedWeights {
	/// The same bytes, not yet expanded.
	pub fn new(mask_seed: [u8; 16], bodies: Vec<u64>) -> Self {
		Self { mask_seed, bodies, ciphertexts: OnceBox::new() }
	}

	/// Coefficients of mask and body of each ciphertext; made when they are needed first.
	pub fn ciphertexts(&self, positions: impl FnOnce() -> Vec<Vec<u16>>) -> &[Vec<u64>] {
		self.ciphertexts.get_or_init(|| {
			let positions = positions();
			let mut rest = self.bodies.as_slice();
			let mut kept = Vec::with_capacity(positions.len());
			for positions in &positions {
				let (mine, others) = rest.split_at(positions.len().min(rest.len()));
				kept.push(mine);
				rest = others;
			}
			let ciphertext = |(index, (positions, kept)): (usize, (&Vec<u16>, &[u64]))| {
				let mut residues = Vec::with_capacity(RLWE_SIZE);
				residues.extend_from_slice(sampling::mask(&self.mask_seed, index as u64).as_ref());
				residues.resize(RLWE_SIZE, 0);
				for (&at, &residue) in positions.iter().zip(kept) {
					residues[POLYNOMIAL_SIZE + usize::from(at)] = residue;
				}
				residues
			};
			alloc::boxed::Box::new(
				positions.par_iter().zip(kept).enumerate().map(ciphertext).collect(),
			)
		})
	}
}
