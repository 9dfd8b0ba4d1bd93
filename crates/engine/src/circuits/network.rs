//! Network circuits: one hidden layer of any activation over quantised features.

mod compile;
mod digits;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;
mod hidden;
mod layers;
mod noise;
mod slices;

pub(crate) use compile::choices;
#[cfg(feature = "client")]
pub(crate) use digits::combine;
pub(crate) use evaluate::result_positions;

use crate::{
	circuits::{
		compiled::CompiledCircuit,
		errors::CircuitInputError,
		levelled::{ExcessiveMemory, Levelled, ResultEncoding},
	},
	math::params::POLYNOMIAL_SIZE,
	noise::Variance,
};
use alloc::vec::Vec;

pub use compile::sizes_fit;
pub use layers::{HiddenUnit, NetworkLayers};

/// A network with one hidden layer, compiled against the noise budget.
///
/// A hidden unit is a blind rotation: a polynomial whose coefficients are the table of its
/// activation is multiplied by X^-argument, one external product per bit of the input. Activations
/// are cut into limbs, which lie N / limbs coefficients apart in that polynomial, so that one
/// rotation brings all limbs of the activation to known places. Output weights are cut into digits
/// of a small base; each output and digit is an integer combination of the units, and the
/// automorphisms of the server key pack all of them into one RLWE.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkCircuit {
	layers: NetworkLayers,
	choice: Choice,
	encoding: ResultEncoding,
	noise: Variance,
}

/// Choices of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
	pub gadget: u8,
	/// Limbs of an activation.
	pub limbs: usize,
	/// Bits of a limb.
	pub limb_bits: u32,
	/// Odd base of the balanced digits of a weight.
	pub weight_base: u32,
	/// Digits of a weight.
	pub weight_digits: usize,
}

/// Why a network circuit cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkCircuitError {
	/// Nothing, or more than the format allows.
	#[error(
		"a network has 1 to 4096 features with 1 to 4096 bits in all, 1 to 512 hidden units and 1 to 256 outputs"
	)]
	Size,
	/// Tables or rows of different lengths, or a table that is no power of two.
	#[error("hidden unit or output {0} is malformed")]
	Shape(usize),
	/// The noise leaves no room.
	#[error(
		"the noise of {hidden} hidden units over {bits} bits is 2^{noise:.1} of the modulus, which leaves no room for activations and weights"
	)]
	NoRoom {
		/// Hidden units.
		hidden: usize,
		/// Encrypted bits.
		bits: usize,
		/// Standard deviation of one unit, log2 relative to q, with the finest gadget.
		noise: f64,
	},
	/// The parameters in the bytes do not satisfy the noise budget.
	#[error("the circuit's parameters do not satisfy its noise budget")]
	Budget,
	/// The evaluation would need too much memory.
	#[error(transparent)]
	Memory(#[from] ExcessiveMemory),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

impl Choice {
	/// Whether the limbs hold every activation.
	fn holds(self, layers: &NetworkLayers) -> bool {
		let bits = (self.limb_bits * self.limbs as u32).min(31);
		let tables = layers.hidden.iter().flat_map(|unit| &unit.table);
		tables.copied().all(|value| u32::from(value) >> bits == 0)
	}
}

impl NetworkCircuit {
	/// The layers.
	pub fn layers(&self) -> &NetworkLayers {
		&self.layers
	}

	/// Number of features.
	pub fn features(&self) -> usize {
		self.layers.feature_bits.len()
	}

	/// Number of encrypted bits.
	pub fn bits(&self) -> usize {
		self.layers.bits()
	}

	/// Limbs of an activation times digits of a weight: ciphertext integers per output.
	pub fn limbs(&self) -> usize {
		self.choice.limbs * self.choice.weight_digits
	}

	/// The first hidden unit whose argument leaves its table.
	fn out_of_range(&self, x: &[i64]) -> Option<usize> {
		let bits = self.layers.input_bits(x);
		let leaves = |unit: &HiddenUnit| {
			usize::try_from(unit.argument(&bits)).map_or(true, |at| at >= unit.table.len())
		};
		self.layers.hidden.iter().position(leaves)
	}

	/// How many combinations of hidden units there are: one per output and digit of its weights.
	fn combinations(&self) -> usize {
		self.outputs() * self.choice.weight_digits
	}

	/// Integers that lie next to each other in a result: limbs are N / limbs apart.
	fn table_len(&self) -> usize {
		POLYNOMIAL_SIZE / self.choice.limbs
	}

	/// The outputs on quantised features that are in range; what decryption gives.
	pub fn evaluate_clear(&self, x: &[i64]) -> Vec<i64> {
		let bits = self.layers.input_bits(x);
		let activation = |unit: &HiddenUnit| {
			let at = usize::try_from(unit.argument(&bits)).unwrap_or_default();
			i64::from(unit.table.get(at).copied().unwrap_or_default())
		};
		let activations: Vec<i64> = self.layers.hidden.iter().map(activation).collect();
		let output = |weights: &Vec<i32>| {
			weights.iter().zip(&activations).map(|(&weight, a)| i64::from(weight) * a).sum()
		};
		self.layers.weights.iter().map(output).collect()
	}
}

impl CompiledCircuit for NetworkCircuit {
	fn inputs(&self) -> usize {
		self.features()
	}

	fn outputs(&self) -> usize {
		self.layers.weights.len()
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let extremes = |unit: &HiddenUnit| {
			let values = || unit.table.iter().map(|&value| i64::from(value));
			(values().min().unwrap_or_default(), values().max().unwrap_or_default())
		};
		let extremes: Vec<(i64, i64)> = self.layers.hidden.iter().map(extremes).collect();
		let weights = self.layers.weights.iter();
		weights.map(|row| layers::reach(row.iter().map(|&w| w.into()), &extremes)).collect()
	}

	fn input_coefficients(&self) -> usize {
		self.bits() * Levelled::gadget(self).mask.levels as usize
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		let bits = self.layers.feature_bits.iter();
		match bits.zip(x).position(|(&bits, &x)| x < 0 || x >> bits != 0) {
			Some(at) => Err(CircuitInputError::Value(at)),
			None => match self.out_of_range(x) {
				Some(unit) => Err(CircuitInputError::HiddenOutOfRange { unit }),
				None => Ok(()),
			},
		}
	}

	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>> {
		Some(self.evaluate_clear(x))
	}
}
