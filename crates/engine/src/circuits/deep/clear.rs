//! Evaluation in the clear, without noise.

use super::{DeepCircuit, DeepLayer, DeepLayers, DeepOutput};
use crate::circuits::{compiled::CompiledCircuit, errors::CircuitInputError};
use alloc::vec::Vec;

impl DeepLayers {
	/// The outputs. `visit` sees every argument: layer, unit, and what it is.
	fn run(&self, x: &[i64], mut visit: impl FnMut(usize, usize, i64)) -> Vec<i64> {
		let bits: Vec<i64> = self.input_bits(x).into_iter().map(|bit| bit as i64).collect();
		let mut values: Vec<Vec<i64>> = Vec::new();
		for (at, layer) in self.hidden.iter().enumerate() {
			let columns = if at == 0 { bits.clone() } else { columns(&values, layer.from) };
			let mut of_layer = Vec::with_capacity(layer.rows.len());
			for (unit, (row, table)) in layer.units().enumerate() {
				let argument = row.apply(&columns);
				visit(at, unit, argument);
				of_layer.push(i64::from(table.value(argument)));
			}
			values.push(of_layer);
		}
		let columns = columns(&values, self.outputs_from);
		self.outputs.iter().map(|output| output.row.apply(&columns)).collect()
	}
}

/// The values of layers from `from` on.
fn columns(values: &[Vec<i64>], from: usize) -> Vec<i64> {
	values.get(from..).unwrap_or_default().concat()
}

impl DeepCircuit {
	/// The outputs on quantised features, as exact integers. Decryption gives them if the circuit
	/// [is exact](DeepCircuit::is_exact), and values near them otherwise.
	pub fn evaluate_clear(&self, x: &[i64]) -> Vec<i64> {
		self.layers.run(x, |_, _, _| ())
	}
}

impl CompiledCircuit for DeepCircuit {
	fn inputs(&self) -> usize {
		self.layers.feature_bits.len()
	}

	fn outputs(&self) -> usize {
		self.layers.outputs.len()
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		self.layers.outputs.iter().map(|output: &DeepOutput| output.range).collect()
	}

	fn input_coefficients(&self) -> usize {
		self.input_entries()
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		let bits = self.layers.feature_bits.iter();
		if let Some(at) = bits.zip(x).position(|(&bits, &x)| x < 0 || x >> bits != 0) {
			return Err(CircuitInputError::Value(at));
		}
		let firsts: Vec<usize> = self
			.layers
			.hidden
			.iter()
			.scan(0, |next, layer: &DeepLayer| {
				let first = *next;
				*next += layer.rows.len();
				Some(first)
			})
			.collect();
		let mut outside = None;
		let outputs = self.layers.run(x, |layer, unit, argument| {
			let table = self.layers.hidden.get(layer).and_then(|layer| layer.table(unit));
			if outside.is_none() && !table.is_some_and(|table| table.holds(argument)) {
				outside = Some(firsts.get(layer).copied().unwrap_or_default() + unit);
			}
		});
		if let Some(unit) = outside {
			return Err(CircuitInputError::HiddenOutOfRange { unit });
		}
		let ranges = outputs.iter().zip(&self.layers.outputs);
		let leaves = |(&value, output): (&i64, &DeepOutput)| {
			!(output.range.0..=output.range.1).contains(&value)
		};
		match ranges.map(leaves).position(|leaves| leaves) {
			Some(output) => Err(CircuitInputError::OutOfRange { output }),
			None => Ok(()),
		}
	}

	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>> {
		Some(self.evaluate_clear(x))
	}
}
