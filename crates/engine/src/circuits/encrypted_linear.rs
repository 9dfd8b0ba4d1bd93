//! Linear circuits whose weights are encrypted, too.
//!
//! An input limb is the coefficient b = A + 2^s x + e of a seeded RLWE, with A a coefficient of
//! mask times secret, and a weight limb is the coefficient b' = A' + 2^s w + f of another. Then
//!
//! sum (b - A)(b' - A') = sum b b' - sum A b' - sum (b - A) A'
//!
//! is sum 4^s x w plus noise. The collator computes sum b b'. Whoever has the client key computes
//! A and A' from the seeds and subtracts the rest.
//!
//! What the collator computes is a public function of two ciphertexts with fresh masks, so it tells
//! no more than they do.

mod compile;
#[cfg(feature = "client")]
mod decrypt;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;
mod shape;

use crate::{
	circuits::{
		compiled::{CompiledCircuit, check_each},
		errors::CircuitInputError,
	},
	math::params::MODULUS,
};
use alloc::{vec, vec::Vec};
use shape::{INPUT_BITS, LinearShape, WEIGHT_BITS};

/// A matrix of encrypted integer weights for encrypted integers.
///
/// Both are cut into signed limbs of `limb_bits` bits, and a limb lies `shift` bits above the noise
/// of its encryption. A collator multiplies bodies with bodies: of the phases
/// (2^shift x + e)(2^shift w + f) it computes the part that needs no secret, and the owner of the
/// client key, who knows all masks, the rest. Products of limbs of one significance are added up,
/// over as many features (a block) as the noise allows.
///
/// Everything but the ciphertexts follows from the numbers of features and outputs, so the bytes
/// tell nothing else of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptedLinearCircuit {
	shape: LinearShape,
	/// Seed of the masks of the weights.
	mask_seed: [u8; 16],
	/// `outputs` times `weight_limbs` rows of `features` residues.
	bodies: Vec<u64>,
}

/// Why a linear circuit with encrypted weights cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptedLinearError {
	/// No feature, no output, or more than the format allows.
	#[error(
		"an encrypted linear model has 1 to 16384 features and 1 to 1024 outputs, at most 262144 weights"
	)]
	Size,
	/// The noise leaves no room for messages.
	#[error("the noise of products of ciphertexts leaves no room for messages below 2^51")]
	NoRoom,
	/// A weight of 24 bits or more.
	#[error("weight {0} is too large to be encrypted")]
	WeightTooLarge(usize),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

impl EncryptedLinearCircuit {
	/// Number of encrypted integers.
	pub fn features(&self) -> usize {
		self.shape.features
	}

	/// Bits of a limb.
	pub fn limb_bits(&self) -> u32 {
		self.shape.limb_bits()
	}

	/// Limbs of an integer input.
	pub fn input_limbs(&self) -> usize {
		self.shape.input_limbs()
	}

	/// Limbs of a weight.
	pub fn weight_limbs(&self) -> usize {
		self.shape.weight_limbs()
	}

	/// Integers in a result.
	pub fn results(&self) -> usize {
		self.shape.outputs * self.shape.features.div_ceil(self.shape.block()) * self.result_limbs()
	}

	/// Integers in a result for each output and block, of ascending significance.
	pub fn result_limbs(&self) -> usize {
		self.input_limbs() + self.weight_limbs() - 1
	}

	/// Bits by which limbs are shifted before encryption.
	pub fn message_shift(&self) -> u32 {
		self.shape.shift()
	}

	/// Largest absolute value of an input.
	pub fn largest_input(&self) -> i64 {
		(1 << (INPUT_BITS - 1)) - 1
	}

	/// Largest absolute value of an output for inputs of at most this absolute value, whatever the weights
	/// are.
	pub fn largest_output(&self, largest_inputs: impl Iterator<Item = i64>) -> i64 {
		let largest_weight = (1i64 << (WEIGHT_BITS - 1)) - 1;
		largest_inputs.fold(0, |sum: i64, x| sum.saturating_add(x.saturating_mul(largest_weight)))
	}

	/// Predicted standard deviation of the result's noise, log2 relative to q.
	pub fn noise_log2(&self) -> f64 {
		self.shape.noise().log2_relative()
	}

	/// Half a unit, which the noise may not exceed, log2 relative to q.
	pub fn budget_log2(&self) -> f64 {
		f64::from(2 * self.shape.shift()) - 1.0 - libm::log2(MODULUS as f64)
	}

	/// Multiplications modulo q of one evaluation.
	pub fn multiplications(&self) -> u64 {
		(self.bodies.len() * self.input_limbs()) as u64
	}
}

impl CompiledCircuit for EncryptedLinearCircuit {
	fn inputs(&self) -> usize {
		self.features()
	}

	fn outputs(&self) -> usize {
		self.shape.outputs
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let inputs = core::iter::repeat_n(self.largest_input(), self.features());
		let largest = self.largest_output(inputs);
		vec![(-largest, largest); self.outputs()]
	}

	fn input_coefficients(&self) -> usize {
		self.features() * self.input_limbs()
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		let largest = self.largest_input().unsigned_abs();
		check_each(x, |x| x.unsigned_abs() <= largest)
	}

	fn compute_clear(&self, _: &[i64]) -> Option<Vec<i64>> {
		None
	}
}
