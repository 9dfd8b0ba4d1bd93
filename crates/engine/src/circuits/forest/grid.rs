//! Forests of private models: their input is a whole grid of comparisons, so that it does not tell which of
//! them the trees look at.

use super::{
	Choice, ForestCircuit, ForestCircuitError, compile::check, encode::Stored, layout::Layout,
};
use crate::{
	circuits::{
		levelled::{ResultEncoding, largest_in},
		tree::Tree,
	},
	noise::Variance,
};
use alloc::vec::Vec;

impl ForestCircuit {
	/// Bits of the largest leaf value, with sign.
	pub(crate) fn value_bits(trees: &[Tree]) -> u32 {
		let values = trees.iter().flat_map(Tree::leaves).flatten().map(|(_, value)| *value);
		33 - values.map(|value| value.unsigned_abs().leading_zeros()).min().unwrap_or(32)
	}

	/// A forest with these choices whose input has all `predicates` as selectors, in their order. How its
	/// results are encoded is still open. `early` says whether bits that trees only add are taken in the middle of
	/// the expansion, which gives other bytes.
	pub(crate) fn on_grid(
		predicates: usize,
		outputs: usize,
		trees: Vec<Tree>,
		choice: Choice,
		early: bool,
	) -> Result<Self, ForestCircuitError> {
		check(predicates, outputs, &trees)?;
		Self::derive(predicates, outputs, trees, choice, Layout::Grid { early })
	}

	/// Reads what [`ForestCircuit::to_bytes`] wrote: predicates, outputs, trees.
	pub(crate) fn trees_from_bytes(
		bytes: &[u8],
	) -> Result<(usize, usize, Vec<Tree>), ForestCircuitError> {
		let stored = Stored::read(bytes).ok_or(ForestCircuitError::Malformed)?;
		Ok((stored.predicates, stored.outputs, stored.trees))
	}

	/// Takes an encoding of its results.
	pub(crate) fn encoded(mut self, encoding: ResultEncoding) -> Self {
		self.encoding = encoding;
		self
	}

	/// Cuts leaf values into other limbs.
	pub(crate) fn cut(mut self, limb_bits: u32, limbs: usize) -> Self {
		self.choice = Choice { limb_bits, limbs, ..self.choice };
		self
	}

	/// Noise of the evaluation with this unit, before anything is added to it.
	pub(crate) fn evaluation_noise(&self, unit_log2: u32) -> Variance {
		self.noise + self.linear_noise(unit_log2)
	}

	/// The largest absolute sum of a limb, and of an output.
	pub(crate) fn largest_sums(&self) -> (i64, i64) {
		(largest_in(&self.ranges()), largest_in(&self.output_ranges()))
	}
}
