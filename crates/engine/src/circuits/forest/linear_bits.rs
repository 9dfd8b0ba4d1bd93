//! Bits that a tree only adds: a difference of public leaves times a ciphertext of the input.

use super::ForestCircuit;
use crate::{
	algorithms::expansion::Cut,
	circuits::{batch::Batch, tree::Tree},
	math::{modular, params::POLYNOMIAL_SIZE, ring::Polynomial},
};
use alloc::vec::Vec;

/// Where the ciphertext of a bit is, and what it is multiplied by.
pub(super) struct LinearBit {
	/// The ciphertext that has it, counted at the [cut](ForestCircuit::linear_cut).
	pub number: usize,
	/// Where it is in that ciphertext.
	position: usize,
	/// log2 of the unit divided by what the bit is multiplied by there.
	shift: u32,
}

impl LinearBit {
	/// The polynomial that takes the ciphertext to bit times `difference` (coefficient, units).
	pub fn factor(&self, difference: &[(usize, i64)]) -> Polynomial {
		let mut factor = Polynomial::zero();
		for &(at, digit) in difference {
			let value = modular::from_signed(i128::from(digit) << self.shift);
			// X^N = -1.
			let (at, value) = match at.checked_sub(self.position) {
				Some(at) => (at, value),
				None => (at + POLYNOMIAL_SIZE - self.position, modular::sub(0, value)),
			};
			factor.as_mut()[at] = value;
		}
		factor
	}
}

impl ForestCircuit {
	/// Where bits are taken that are only added.
	pub(super) fn linear_cut(&self) -> Cut {
		self.layout.linear_cut(self.outputs * self.choice.limbs)
	}

	/// The ciphertext of a bit that is only added.
	pub(super) fn linear_bit(&self, predicate: usize) -> LinearBit {
		let (cut, unit_log2) = (self.linear_cut(), self.encoding.unit_log2);
		let (entry, scale_log2) = self.linear_scale(predicate, unit_log2);
		// The rest of the expansion would multiply it by the number of entries.
		let shift = unit_log2 - scale_log2 + cut.entries().ilog2();
		LinearBit { number: entry / cut.entries(), position: cut.position(entry), shift }
	}

	/// The ciphertexts that a batch takes before the end of the expansion, ascending.
	pub(super) fn wide(&self, batch: &Batch) -> Vec<usize> {
		if self.linear_cut() == Cut::END {
			return Vec::new();
		}
		let splits = self.trees[batch.trees.clone()].iter().flat_map(Tree::splits);
		let linear = splits.filter(|(.., is_linear)| *is_linear);
		let mut wide: Vec<usize> =
			linear.map(|(_, predicate, _)| self.linear_bit(predicate).number).collect();
		wide.sort_unstable();
		wide.dedup();
		wide
	}

	/// By how much a bit's noise is multiplied per unit of leaves.
	pub(super) fn linear_noise_scale(&self, predicate: usize, unit_log2: u32) -> f64 {
		(1u64 << (unit_log2 - self.linear_scale(predicate, unit_log2).1)) as f64
	}

	/// The entry whose ciphertext stands for a bit times a power of two at most the unit, and the
	/// logarithm of that power.
	fn linear_scale(&self, predicate: usize, unit_log2: u32) -> (usize, u32) {
		let entries = self.entries_of[predicate];
		if !entries.selects {
			return (entries.first, unit_log2);
		}
		let gadget = self.gadget().mask;
		let scale = |level| gadget.scale(level).trailing_zeros();
		let level = (0..gadget.levels).find(|&level| scale(level) <= unit_log2);
		let level = level.unwrap_or(gadget.levels - 1);
		(entries.first + level as usize, scale(level).min(unit_log2))
	}
}
