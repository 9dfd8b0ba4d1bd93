//! The noise of hidden units and of their combinations.

use super::{Choice, HiddenUnit, NetworkLayers, digits::digit_rows};
use crate::{math::selector::SELECTOR_GADGETS, noise::Variance};
use alloc::vec::Vec;

/// Noise of one hidden unit: one external product per bit.
pub(super) fn unit_noise(layers: &NetworkLayers, choice: Choice) -> Variance {
	let gadget = SELECTOR_GADGETS[usize::from(choice.gadget)];
	let product = Variance::external_product(gadget, Variance::expanded(), 1.0);
	let products = |unit: &HiddenUnit| unit.steps.iter().filter(|&&step| step != 0).count();
	let most = layers.hidden.iter().map(products).max().unwrap_or_default();
	product.times(most as f64)
}

/// Noise of the combination with the largest digits, and of the packing.
pub(super) fn total_noise(layers: &NetworkLayers, choice: Choice) -> Variance {
	let squares = |row: &Vec<i64>| row.iter().map(|&digit| (digit * digit) as f64).sum::<f64>();
	let largest = digit_rows(layers, choice).iter().map(squares).fold(0.0, f64::max);
	unit_noise(layers, choice).times(largest) + Variance::packing()
}
