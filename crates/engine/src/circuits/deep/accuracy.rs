//! How far outputs are from those of the exact integers, by simulation with the predicted noise.

use super::{DeepCircuit, DeepTable, SparseRow, noise::value_noise};
use crate::{
	circuits::{compiled::CompiledCircuit, errors::CircuitInputError},
	noise::Variance,
};
use alloc::{vec, vec::Vec};

/// Standard normal numbers: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014),
/// and the transform of Box and Muller (1958).
struct Normal(u64);

impl Normal {
	/// Uniform in (0, 1].
	fn uniform(&mut self) -> f64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		(((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1u64 << 53) as f64
	}

	fn next(&mut self) -> f64 {
		let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
		radius * libm::cos(2.0 * core::f64::consts::PI * self.uniform())
	}
}

fn apply(row: &SparseRow, columns: &[f64]) -> f64 {
	let product = |&(column, weight): &(u32, i32)| {
		columns.get(column as usize).map_or(0.0, |value| value * f64::from(weight))
	};
	row.bias as f64 + row.entries.iter().map(product).sum::<f64>()
}

impl DeepCircuit {
	/// The outputs of one evaluation as they decrypt, with noise of the predicted variances from a pseudo-random
	/// generator with this seed in place of that of ciphertexts; equal seeds give equal outputs on all machines.
	///
	/// # Errors
	/// If `x` may not enter the circuit, see [`Circuit::check_input`](crate::Circuit::check_input).
	pub fn simulate(&self, x: &[i64], seed: u64) -> Result<Vec<i64>, CircuitInputError> {
		self.check(x)?;
		Ok(self
			.noisy_outputs(x, &mut Normal(seed))
			.into_iter()
			.map(|y| libm::round(y) as i64)
			.collect())
	}

	/// For each output the standard deviation of what decrypts from what [`DeepCircuit::evaluate_clear`] gives for `x`,
	/// in units of the output: the root of the mean square over `samples` simulations. It depends on `x` where the
	/// activations are not linear; take the mean square over rows that are like those of users.
	///
	/// For a circuit that [is exact](DeepCircuit::is_exact) it is 0.
	///
	/// # Errors
	/// If `x` may not enter the circuit, see [`Circuit::check_input`](crate::Circuit::check_input).
	pub fn score_deviations(&self, x: &[i64], samples: u32) -> Result<Vec<f64>, CircuitInputError> {
		self.check(x)?;
		let exact = self.evaluate_clear(x);
		let mut squares = vec![0.0; exact.len()];
		let mut normal = Normal(0);
		for _ in 0..samples {
			let noisy = self.noisy_outputs(x, &mut normal);
			for ((square, noisy), &exact) in squares.iter_mut().zip(noisy).zip(&exact) {
				let error = libm::round(noisy) - exact as f64;
				*square += error * error;
			}
		}
		Ok(squares.into_iter().map(|sum| libm::sqrt(sum / f64::from(samples.max(1)))).collect())
	}

	fn check(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		match CompiledCircuit::inputs(self) {
			wanted if x.len() == wanted => self.check_values(x),
			wanted => Err(CircuitInputError::Count { found: x.len(), wanted }),
		}
	}

	fn noisy_outputs(&self, x: &[i64], normal: &mut Normal) -> Vec<f64> {
		let layers = &self.layers;
		let variances = value_noise(layers, self.choice.input_gadget, &self.choice.gadgets);
		let unit_of = |layer: usize| self.choice.units.get(layer).copied().unwrap_or(1) as f64;
		let mut values: Vec<Vec<f64>> = Vec::new();
		let argument_noise = libm::sqrt(Variance::argument().0);
		for (at, (layer, variance)) in layers.hidden.iter().zip(&variances).enumerate() {
			let (columns, noise) = match at {
				0 => (layers.input_bits(x).into_iter().map(|bit| bit as f64).collect(), 0.0),
				_ => (columns(&values, layer.from), argument_noise / unit_of(layer.from)),
			};
			let value_noise = libm::sqrt(variance.0) / unit_of(at);
			let value = |(row, table): (&SparseRow, &DeepTable)| {
				let argument = apply(row, &columns) + noise * normal.next();
				f64::from(table.value(libm::round(argument) as i64)) + value_noise * normal.next()
			};
			let of_layer = layer.units().map(value).collect();
			values.push(of_layer);
		}
		let columns = columns(&values, layers.outputs_from);
		let rest = Variance::packing() + Variance::modulus_switch(self.encoding.result_bits);
		let rest = libm::sqrt(rest.0) / unit_of(layers.outputs_from);
		let outputs = layers.outputs.iter();
		outputs.map(|output| apply(&output.row, &columns) + rest * normal.next()).collect()
	}
}

fn columns(values: &[Vec<f64>], from: usize) -> Vec<f64> {
	values.get(from..).unwrap_or_default().concat()
}
