//! What every circuit answers without any key.

use crate::{circuits::errors::CircuitInputError, entities::input::EncryptedInput};
use alloc::vec::Vec;

/// What every circuit answers.
pub(crate) trait CompiledCircuit: Sync {
	/// Number of integers that are encrypted.
	fn inputs(&self) -> usize;

	/// Number of integers that decryption gives.
	fn outputs(&self) -> usize;

	/// Lowest and highest integer that each output can have, for any input that may be encrypted.
	fn output_ranges(&self) -> Vec<(i64, i64)>;

	/// Coefficients of an input: one residue each.
	fn input_coefficients(&self) -> usize;

	/// Checks that these integers, one per input, may enter the circuit.
	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError>;

	/// The outputs for integers that may enter; `None` if the weights are encrypted.
	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>>;

	/// Whether the noise has a hard bound, so that no result decrypts wrongly.
	fn has_noise_bound(&self) -> bool {
		false
	}

	/// Exact length of an input in bytes.
	fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.input_coefficients())
	}
}

/// Checks integers one by one.
pub(crate) fn check_each(x: &[i64], fits: impl Fn(i64) -> bool) -> Result<(), CircuitInputError> {
	match x.iter().position(|&x| !fits(x)) {
		Some(at) => Err(CircuitInputError::Value(at)),
		None => Ok(()),
	}
}

/// Checks that integers are bits.
pub(crate) fn check_bits(x: &[i64]) -> Result<(), CircuitInputError> {
	check_each(x, |bit| (0..=1).contains(&bit))
}
