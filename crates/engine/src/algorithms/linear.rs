//! Evaluation of linear circuits on ciphertexts.

use crate::{
	algorithms::evaluation::EvaluateError,
	entities::{
		input::EncryptedInput,
		linear::LinearCircuit,
		result::{EncryptedResult, input_tag},
	},
	math::modular,
};
use fhe_ml_format::ResultPrefix;

/// Products of a digit (8 bits with sign) and a residue (51 bits) that an i64 can add up.
const PRODUCTS_PER_I64: usize = 16;

impl LinearCircuit {
	/// Evaluates the bytes of an input; returns the bytes of a result.
	pub fn evaluate(&self, input: &[u8]) -> Result<Vec<u8>, EvaluateError> {
		let decoded = EncryptedInput::from_bytes(input, self.features())?;
		let bodies = self.evaluate_bodies(&decoded.bodies);
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		Ok(EncryptedResult { prefix, bodies }.to_bytes())
	}

	/// The bodies of the result: inner products of the input's bodies with the digits, plus the
	/// shifted biases.
	///
	/// Coefficient 0 of (sum_i w_i X^-i) b(X) is sum_i w_i b_i, so the bodies behind the last
	/// feature are not needed, and neither is a transform.
	pub fn evaluate_bodies(&self, bodies: &[u64]) -> Vec<u64> {
		self.digits
			.chunks_exact(self.features())
			.zip(&self.digit_bias)
			.map(|(digits, &bias)| {
				let shifted_bias = modular::from_signed(i128::from(bias) << self.message_shift());
				modular::add(inner_product(digits, bodies), shifted_bias)
			})
			.collect()
	}
}

/// sum_i digits\[i\] residues\[i\] mod q.
pub(crate) fn inner_product(digits: &[i8], residues: &[u64]) -> u64 {
	let chunks = digits.chunks(PRODUCTS_PER_I64).zip(residues.chunks(PRODUCTS_PER_I64));
	let sum = chunks.fold(0i128, |sum, (digits, residues)| {
		let products = digits.iter().zip(residues).map(|(&d, &r)| i64::from(d) * r as i64);
		sum + i128::from(products.sum::<i64>())
	});
	modular::from_signed(sum)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::params::MODULUS;

	#[test]
	fn largest_products_do_not_overflow() {
		let expected = modular::from_signed(-128 * i128::from(MODULUS - 1) * 40);
		assert_eq!(inner_product(&[-128; 40], &[MODULUS - 1; 40]), expected);
	}
}
