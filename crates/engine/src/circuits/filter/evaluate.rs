//! Image filters on ciphertexts: the same combination of bodies (by the collator) and of masks times the
//! secret (by the client).

use super::FilterCircuit;
use crate::{
	circuits::{compiled::CompiledCircuit, keyless::Keyless},
	math::modular,
};
use alloc::vec::Vec;

impl Keyless for FilterCircuit {
	fn result_residues(&self) -> usize {
		CompiledCircuit::outputs(self)
	}

	fn evaluate_bodies(&self, bodies: &[u64]) -> Vec<u64> {
		let sums = self.combine(&signed(bodies));
		let shift = self.message_shift();
		sums.into_iter()
			.zip(self.bias_of_outputs())
			.map(|(sum, bias)| modular::from_signed(sum + (i128::from(bias) << shift)))
			.collect()
	}

	fn microseconds(&self) -> u64 {
		// 500 multiplications, and the decoding and encoding.
		let pixels = (self.inputs() + self.outputs()) as u64;
		pixels / 20 + self.multiplications() / 500
	}

	fn buffer_bytes(&self) -> u64 {
		(16 * self.inputs() + 40 * self.outputs()) as u64
	}
}

/// Residues as signed integers; they have 51 bits.
pub(super) fn signed(residues: &[u64]) -> Vec<i64> {
	residues.iter().map(|&residue| residue as i64).collect()
}
