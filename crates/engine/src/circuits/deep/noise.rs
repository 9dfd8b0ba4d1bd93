//! The noise of values, arguments and outputs.

use super::{Choice, DeepLayers, SparseRow};
use crate::{
	math::{
		bootstrap_params::BOOTSTRAP_GADGETS,
		params::MODULUS,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::{SIGMAS, Variance},
};
use alloc::vec::Vec;

/// Noise of the values of each hidden layer.
pub(super) fn value_noise(layers: &DeepLayers, input_gadget: u8, gadgets: &[u8]) -> Vec<Variance> {
	let first = first_noise(layers, SELECTOR_GADGETS[usize::from(input_gadget)]);
	let further = gadgets.iter().map(|&gadget| {
		BOOTSTRAP_GADGETS
			.get(usize::from(gadget))
			.map_or(Variance::ZERO, |&g| Variance::bootstrapped(g))
	});
	core::iter::once(first).chain(further).collect()
}

/// Noise of the first layer's unit that most pairs of bits move.
pub(super) fn first_noise(layers: &DeepLayers, gadget: SelectorGadget) -> Variance {
	let pairs = |row: &SparseRow| {
		let mut pairs: Vec<u32> = row.entries.iter().map(|(column, _)| column / 2).collect();
		pairs.dedup();
		pairs.len()
	};
	let rows = layers.hidden.first().map(|layer| layer.rows.as_slice()).unwrap_or_default();
	let most = rows.iter().map(pairs).max().unwrap_or_default();
	Variance::pair_step(gadget).times(most as f64)
}

/// Noise of an integer combination of values; `of_columns` has the noise of each column.
pub(super) fn combined(row: &SparseRow, of_columns: &[Variance]) -> Variance {
	let term = |&(column, weight): &(u32, i32)| {
		let noise = of_columns.get(column as usize).map_or(0.0, |noise| noise.0);
		noise * f64::from(weight) * f64::from(weight)
	};
	Variance(row.entries.iter().map(term).sum())
}

/// The noise of each column of a reader of layers `from`.. up to, not including, `to`.
pub(super) fn of_columns(
	layers: &DeepLayers,
	values: &[Variance],
	from: usize,
	to: usize,
) -> Vec<Variance> {
	let columns = layers.layers_of_columns(from, to).into_iter();
	columns.map(|layer| values.get(layer).copied().unwrap_or(Variance::ZERO)).collect()
}

/// The largest noise of an output, and that of packing the outputs.
pub(super) fn output_noise(layers: &DeepLayers, choice: &Choice) -> Variance {
	let values = value_noise(layers, choice.input_gadget, &choice.gadgets);
	let columns = of_columns(layers, &values, layers.outputs_from, layers.hidden.len());
	let rows = layers.outputs.iter().map(|output| combined(&output.row, &columns).0);
	Variance(rows.fold(0.0, f64::max)) + Variance::packing()
}

/// The largest unit of the values with which arguments of this variance, up to half a step more than `half_width`
/// from the centre, stay in half of the circle.
pub(super) fn largest_unit(half_width: i64, noise: Variance) -> u64 {
	let room = MODULUS as f64 / 4.0 - SIGMAS * libm::sqrt(noise.0);
	let unit = room / (half_width as f64 + 0.5);
	if unit >= 1.0 { unit as u64 } else { 0 }
}
