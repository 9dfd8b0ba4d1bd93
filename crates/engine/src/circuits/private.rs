//! Circuits of private models.
//!
//! A private model's circuit is with the evaluators that its owner names, and nobody else. What everybody
//! knows is a [`PrivateCircuit`]: how rows are encrypted (a whole grid of comparisons, or all bits of all
//! features), how results lie in a ciphertext, and bounds of noise and ranges as powers of two. Evaluators have
//! a [`PrivateEvaluator`], which sanitises every result before it leaves.

#[cfg(feature = "client")]
mod compile;
#[cfg(feature = "client")]
mod decrypt;
mod encode;
#[cfg(feature = "client")]
mod encode_evaluator;
#[cfg(feature = "client")]
mod encrypt;
#[cfg(feature = "client")]
mod evaluate;
#[cfg(feature = "client")]
mod linear;
#[cfg(test)]
mod tests;
mod windows;

use crate::{
	circuits::{
		compiled::{CompiledCircuit, check_bits, check_each},
		errors::CircuitInputError,
		forest::{self, ForestCircuitError},
		levelled::{ExcessiveMemory, ResultEncoding, SanitisedBounds},
		linear::LinearCircuitError,
		network::{self, NetworkCircuitError, result_positions},
	},
	math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS},
};
use alloc::{vec, vec::Vec};

#[cfg(feature = "client")]
pub use compile::{Padding, PrivateSource};
#[cfg(feature = "client")]
pub use evaluate::PrivateEvaluator;
#[cfg(feature = "client")]
pub use linear::PrivateLinear;
use windows::Windows;

/// What a user of a private model needs to encrypt rows and to decrypt results.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateCircuit {
	shape: Shape,
	outputs: usize,
	bounds: SanitisedBounds,
	/// Every output is below this power of two.
	output_range_log2: u32,
	encoding: ResultEncoding,
	/// At least that of the evaluation.
	work: u64,
	/// At least that of the evaluation.
	memory_bytes: u64,
}

/// What enters a private circuit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
	/// A grid of comparisons, all of them selectors.
	Forest {
		comparisons: usize,
		choice: forest::Choice,
		/// Whether comparisons that trees only add are taken in the middle of the expansion; circuits of before
		/// take them at its end.
		early: bool,
	},
	/// Integers of at most 2^`feature_bits`, and how weights are cut into limbs.
	Linear { features: usize, feature_bits: u32, limb_bits: u32, limbs: usize },
	/// The bits of all features, all of them selectors.
	Network { feature_bits: Vec<u32>, choice: network::Choice },
}

/// Why a private circuit cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PrivateCircuitError {
	/// The trees are malformed, or too many.
	#[error(transparent)]
	Forest(#[from] ForestCircuitError),
	/// The linear model is malformed, or too large.
	#[error(transparent)]
	Linear(#[from] LinearCircuitError),
	/// The layers are malformed, or too many.
	#[error(transparent)]
	Network(#[from] NetworkCircuitError),
	/// The evaluation would need too much memory.
	#[error(transparent)]
	Memory(#[from] ExcessiveMemory),
	/// Noise and flooding leave no room for the results.
	#[error(
		"noise and the flooding that hides it leave no room for the model's results: take fewer trees or bits, or flood less"
	)]
	NoRoom,
	/// A hidden unit whose table is too short for some row, which its user could not know.
	#[error(
		"a hidden unit leaves its table for some rows, and users of a private network could not tell which"
	)]
	HiddenOutOfRange,
	/// Does not fit the circuit that it should look like.
	#[error("the model does not fit the bounds of the one that it should look like: {0}")]
	AnotherShape(&'static str),
	/// The bytes are truncated or malformed, or their bounds do not fit each other.
	#[error("the private circuit's bytes are truncated or malformed")]
	Malformed,
}

impl Shape {
	/// Integers in a result of this many outputs.
	fn coefficients(&self, outputs: usize) -> usize {
		match self {
			Self::Forest { choice, .. } => outputs.saturating_mul(choice.limbs),
			Self::Linear { limbs, .. } => outputs.saturating_mul(*limbs),
			Self::Network { choice, .. } => {
				outputs.saturating_mul(choice.weight_digits).saturating_mul(choice.limbs)
			},
		}
	}

	/// Where the integers are in the body of a result with this many outputs.
	fn positions(&self, outputs: usize) -> Vec<usize> {
		match self {
			Self::Forest { .. } => (0..self.coefficients(outputs)).collect(),
			Self::Linear { features, .. } => {
				Windows::new(*features, self.coefficients(outputs)).positions()
			},
			Self::Network { choice, .. } => {
				result_positions(outputs * choice.weight_digits, choice.limbs)
			},
		}
	}

	/// Levels of the selectors' gadget; 1 where there are no selectors.
	fn levels(&self) -> usize {
		let gadget = match self {
			Self::Forest { choice, .. } => choice.gadget,
			Self::Network { choice, .. } => choice.gadget,
			Self::Linear { .. } => return 1,
		};
		SELECTOR_GADGETS.get(usize::from(gadget)).map_or(1, |gadget| gadget.mask.levels as usize)
	}
}

impl PrivateCircuit {
	/// How results are encoded.
	pub fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	/// What is told of noise, flooding and ranges.
	pub fn bounds(&self) -> SanitisedBounds {
		self.bounds
	}

	/// Most bits that somebody who sends malformed inputs can learn from one coefficient of a result: there are
	/// that many places for a phase that is uniform up to the flooding.
	pub fn leak_bits_per_coefficient(&self) -> f64 {
		libm::log2(crate::math::params::MODULUS as f64) - f64::from(self.bounds.flooding_log2) - 1.0
	}

	/// Comparisons of a private forest's grid; `None` for other models.
	pub fn comparisons(&self) -> Option<usize> {
		match self.shape {
			Shape::Forest { comparisons, .. } => Some(comparisons),
			_ => None,
		}
	}

	pub(crate) fn claimed_work(&self) -> u64 {
		self.work
	}

	pub(crate) fn claimed_memory(&self) -> u64 {
		self.memory_bytes
	}

	fn positions(&self) -> Vec<usize> {
		self.shape.positions(self.outputs)
	}
}

impl CompiledCircuit for PrivateCircuit {
	fn inputs(&self) -> usize {
		match &self.shape {
			Shape::Forest { comparisons, .. } => *comparisons,
			Shape::Linear { features, .. } => *features,
			Shape::Network { feature_bits, .. } => feature_bits.len(),
		}
	}

	fn outputs(&self) -> usize {
		self.outputs
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let largest = (1i64 << self.output_range_log2) - 1;
		vec![(-largest, largest); self.outputs]
	}

	fn input_coefficients(&self) -> usize {
		let entries = match &self.shape {
			Shape::Forest { comparisons, .. } => *comparisons,
			Shape::Linear { features, limbs, .. } => {
				let windows = Windows::new(*features, self.outputs * limbs);
				return windows.input_coefficients(*features);
			},
			Shape::Network { feature_bits, .. } => {
				feature_bits.iter().map(|&bits| bits as usize).sum()
			},
		};
		entries * self.shape.levels()
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		match &self.shape {
			Shape::Forest { .. } => check_bits(x),
			Shape::Linear { feature_bits, .. } => {
				check_each(x, |x| x.unsigned_abs() <= 1 << feature_bits)
			},
			Shape::Network { feature_bits, .. } => {
				let fits = |(x, bits): (&i64, &u32)| *x >= 0 && x >> bits == 0;
				match x.iter().zip(feature_bits).position(|pair| !fits(pair)) {
					Some(at) => Err(CircuitInputError::Value(at)),
					None => Ok(()),
				}
			},
		}
	}

	fn compute_clear(&self, _: &[i64]) -> Option<Vec<i64>> {
		None
	}
}

/// Ciphertexts fit one polynomial.
const MAX_COEFFICIENTS: usize = POLYNOMIAL_SIZE;
