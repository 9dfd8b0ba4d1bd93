//! The noise of sums of trees with encrypted leaves.

use super::{layout::ForestLayout, shape::ForestShape};
use crate::{
	math::{params::OCTET, selector::SelectorGadget},
	noise::Variance,
};
use alloc::vec;

impl ForestShape {
	/// Noise of the noisiest sum.
	pub(super) fn noise(&self, gadget: SelectorGadget, layout: &ForestLayout) -> Variance {
		let selection = Variance::external_product(gadget, Variance::expanded(), 1.0);
		let product = Variance::external_product(gadget, Variance::expanded_octet(), OCTET as f64);
		// Fresh ciphertexts: the zero child, and the difference times up to eight bits.
		let leaves = Variance::FRESH.times((1 + OCTET) as f64);
		let packing = if self.sums() > 1 { Variance::packing() } else { Variance::ZERO };
		let mut sums = vec![packing; self.sums()];
		let correlations = layout.correlations(|tree| self.sum_of(tree));
		for (number, (tree, shared)) in self.trees.iter().zip(correlations).enumerate() {
			let selections = selection.times(tree.longest_selection(0) as f64);
			let sum = &mut sums[self.sum_of(number)];
			*sum = *sum + selections + product.times(shared) + leaves;
		}
		sums.into_iter().fold(Variance::ZERO, |a, b| if a.0 < b.0 { b } else { a })
	}
}
