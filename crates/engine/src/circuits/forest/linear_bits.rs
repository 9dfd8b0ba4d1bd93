//! Bits that a tree only adds: a difference of public leaves times a ciphertext of the input.

use super::ForestCircuit;
use crate::{
	algorithms::expansion::Cut,
	circuits::{
		batch::Batch,
		tree::{Node, Tree},
	},
	math::{modular, params::POLYNOMIAL_SIZE, ring::Polynomial},
	noise::Variance,
};

/// Where the ciphertext of a bit is, and what it is multiplied by.
pub(super) struct LinearBit {
	/// The entry that stands for the bit times a power of two.
	pub entry: usize,
	/// The ciphertext from the middle of the expansion that has the entry, if it is taken there.
	pub wide: Option<usize>,
	/// Where the entry is in that ciphertext.
	position: usize,
	/// log2 of the unit divided by what the entry stands for.
	shift: u32,
	/// log2 of what the rest of the expansion would multiply the entry by.
	rest_log2: u32,
}

impl LinearBit {
	/// The polynomial that takes the ciphertext to bit times `difference` (coefficient, units).
	pub fn factor(&self, difference: &[(usize, i64)]) -> Polynomial {
		let mut factor = Polynomial::zero();
		for &(at, digit) in difference {
			let value = modular::from_signed(i128::from(digit) << (self.shift + self.rest_log2));
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
	/// The ciphertext of a bit that is only added.
	pub(super) fn linear_bit(&self, predicate: usize) -> LinearBit {
		let unit_log2 = self.encoding.unit_log2;
		let (entry, scale_log2) = self.linear_scale(predicate, unit_log2);
		let shift = unit_log2 - scale_log2;
		match self.linear_cut() {
			Some(cut) => LinearBit {
				entry,
				wide: Some(entry / cut.entries()),
				position: cut.position(entry),
				shift,
				rest_log2: cut.entries().ilog2(),
			},
			None => LinearBit { entry, wide: None, position: 0, shift, rest_log2: 0 },
		}
	}

	/// Where a batch takes bits that are only added from the middle of the expansion, if it does, and the ascending
	/// ciphertexts that it takes there.
	pub(super) fn wide(&self, batch: &Batch) -> Option<(Cut, Vec<usize>)> {
		let cut = self.linear_cut()?;
		let linear = |tree: &Tree| -> Vec<usize> {
			let nodes = tree.nodes.iter().enumerate();
			let bits = nodes.filter_map(|(at, node)| match node {
				Node::Split { predicate, .. } if tree.is_linear(at) => Some(*predicate as usize),
				_ => None,
			});
			bits.filter_map(|predicate| self.linear_bit(predicate).wide).collect()
		};
		let mut wide: Vec<usize> =
			self.trees[batch.trees.clone()].iter().flat_map(linear).collect();
		wide.sort_unstable();
		wide.dedup();
		Some((cut, wide))
	}

	/// Noise of the ciphertext of a bit that is only added, where its message is.
	pub(super) fn linear_row_noise(&self) -> Variance {
		match self.linear_cut() {
			Some(cut) => Variance::constant_after(cut.stages()),
			None => Variance::expanded_constant(),
		}
	}

	/// By how much a bit's noise is multiplied per unit of leaves.
	pub(super) fn linear_noise_scale(&self, predicate: usize, unit_log2: u32) -> f64 {
		(1u64 << (unit_log2 - self.linear_scale(predicate, unit_log2).1)) as f64
	}

	fn linear_cut(&self) -> Option<Cut> {
		self.layout.linear_cut(self.outputs * self.choice.limbs)
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
