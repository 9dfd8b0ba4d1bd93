//! Linear circuits: outputs that are integer combinations of encrypted integers.

mod compile;
#[cfg(feature = "client")]
mod decrypt;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;

use crate::{
	circuits::{compiled::CompiledCircuit, errors::CircuitInputError, limbs},
	math::params::POLYNOMIAL_SIZE,
};
use alloc::{vec, vec::Vec};

/// A matrix of integer weights and a vector of integer biases.
///
/// A weight is cut into `limbs` signed digits of `limb_bits` bits, and each output is computed once
/// per limb: `result[c][j] = sum_i digit_j(w[c][i]) x[i]`, from which the client puts
/// `sum_i w[c][i] x[i]` together. Smaller digits make less noise, so the messages can be larger.
///
/// Messages are shifted by [`LinearCircuit::message_shift`] bits, which puts the worst-case noise
/// below one half: decryption is exact with certainty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinearCircuit {
	features: usize,
	limb_bits: u32,
	limbs: usize,
	/// `outputs` rows of `features` weights.
	weights: Vec<i32>,
	/// One per output.
	bias: Vec<i64>,
	/// `outputs * limbs` rows of `features` digits; row `c * limbs + j` is limb j of output c.
	digits: Vec<i8>,
	/// One per row of digits.
	digit_bias: Vec<i64>,
	shift: u32,
	capacity: i64,
}

/// Why a linear circuit cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinearCircuitError {
	/// No feature, no output, or more than the format allows.
	#[error(
		"a linear circuit has 1 to 16384 features and 1 to 1024 outputs, at most 262144 weights"
	)]
	Size,
	/// The number of weights is not features times outputs.
	#[error("a linear circuit needs a weight for every feature and output")]
	Shape,
	/// Digits that the format does not have.
	#[error("limbs have 2 to 8 bits, and all limbs together at most 32")]
	Limbs,
	/// A weight has more bits than the limbs.
	#[error("weight {0} does not fit the limbs")]
	WeightTooLarge(usize),
	/// A bias of 2^60 or more.
	#[error("bias {0} is too large")]
	BiasTooLarge(usize),
	/// The noise leaves no room for messages.
	#[error("noise up to 2^{noise_log2} leaves no room for messages below 2^51")]
	NoRoom {
		/// Logarithm of the largest noise.
		noise_log2: u32,
	},
	/// The bytes are truncated or oversized.
	#[error("the circuit is {found} bytes long instead of {wanted}")]
	WrongLength {
		/// Bytes that are there.
		found: usize,
		/// Bytes that there should be.
		wanted: usize,
	},
}

/// Most features of a circuit: eight RLWEs.
pub const MAX_FEATURES: usize = 8 * POLYNOMIAL_SIZE;

impl LinearCircuit {
	/// Number of encrypted integers.
	pub fn features(&self) -> usize {
		self.features
	}

	/// `outputs` rows of `features` weights.
	pub fn weights(&self) -> &[i32] {
		&self.weights
	}

	/// One bias per output.
	pub fn bias(&self) -> &[i64] {
		&self.bias
	}

	/// Bits of a limb.
	pub fn limb_bits(&self) -> u32 {
		self.limb_bits
	}

	/// Limbs of a weight.
	pub fn limbs(&self) -> usize {
		self.limbs
	}

	/// Bits by which messages are shifted above the noise.
	pub fn message_shift(&self) -> u32 {
		self.shift
	}

	/// Largest absolute value that one limb of an output can have.
	pub fn capacity(&self) -> i64 {
		self.capacity
	}

	/// Largest sum of absolute digits of a row.
	pub fn largest_l1_norm(&self) -> u64 {
		let rows = self.digits.chunks_exact(self.features);
		let norms = rows.map(|row| row.iter().map(|d| u64::from(d.unsigned_abs())).sum());
		norms.max().unwrap_or_default()
	}

	/// Multiplications of one evaluation.
	pub fn multiplications(&self) -> u64 {
		self.digits.len() as u64
	}

	/// The outputs limb by limb on integers.
	///
	/// # Errors
	/// The number of the first output that one limb of which exceeds [`LinearCircuit::capacity`].
	pub fn evaluate_limbs(&self, x: &[i64]) -> Result<Vec<i64>, usize> {
		let rows = self.digits.chunks_exact(self.features).zip(&self.digit_bias).enumerate();
		rows.map(|(row, (digits, &bias))| {
			let sum = digits
				.iter()
				.zip(x)
				.fold(i128::from(bias), |sum, (&d, &x)| sum + i128::from(d) * i128::from(x));
			i64::try_from(sum)
				.ok()
				.filter(|sum| sum.unsigned_abs() <= self.capacity as u64)
				.ok_or(row / self.limbs)
		})
		.collect()
	}

	/// Puts the limbs of the outputs together.
	pub fn combine(&self, limbs: &[i64]) -> Vec<i64> {
		limbs::combine(limbs, self.limb_bits, self.limbs)
	}
}

impl CompiledCircuit for LinearCircuit {
	fn inputs(&self) -> usize {
		self.features
	}

	fn outputs(&self) -> usize {
		self.bias.len()
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let limb = |limb| self.capacity.saturating_mul(1i64 << (limb * self.limb_bits));
		let largest = (0..self.limbs as u32).map(limb).fold(0, i64::saturating_add);
		vec![(-largest, largest); self.outputs()]
	}

	fn input_coefficients(&self) -> usize {
		self.features
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		match self.evaluate_limbs(x) {
			Ok(_) => Ok(()),
			Err(output) => Err(CircuitInputError::OutOfRange { output }),
		}
	}

	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>> {
		self.evaluate_limbs(x).ok().map(|limbs| self.combine(&limbs))
	}

	fn has_noise_bound(&self) -> bool {
		true
	}
}
