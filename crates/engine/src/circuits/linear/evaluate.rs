//! Evaluation of linear circuits on ciphertexts.

use super::LinearCircuit;
use crate::{circuits::keyless::Keyless, math::modular};
use alloc::vec::Vec;

/// Products of a digit (8 bits with sign) and a residue (51 bits) that an i64 can add up.
const PRODUCTS_PER_I64: usize = 16;

impl LinearCircuit {
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

impl Keyless for LinearCircuit {
	fn result_residues(&self) -> usize {
		self.digit_bias.len()
	}

	fn evaluate_bodies(&self, bodies: &[u64]) -> Vec<u64> {
		LinearCircuit::evaluate_bodies(self, bodies)
	}

	fn microseconds(&self) -> u64 {
		// 1000 multiplications and the decoding.
		self.features as u64 / 20 + self.multiplications() / 1000
	}

	fn buffer_bytes(&self) -> u64 {
		8 * (self.features + self.bias.len()) as u64
	}
}

/// sum_i digits\[i\] residues\[i\] mod q.
pub(super) fn inner_product(digits: &[i8], residues: &[u64]) -> u64 {
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
