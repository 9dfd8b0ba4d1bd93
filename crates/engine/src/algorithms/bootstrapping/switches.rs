//! From an RLWE under s to an LWE under the small secret, modulo 2N.

use crate::{
	entities::{
		prepared_bootstrap_key::PreparedBootstrapKey,
		rlwe::{RLWE_SIZE, mask_and_body_mut},
	},
	math::{
		bootstrap_params::{SMALL_DIMENSION, SWITCH_GADGET},
		kernels::{self, Rows, accumulate_products, transformed_digits},
		modular,
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring,
	},
};
use alloc::{vec, vec::Vec};

/// Steps of the circle: exponents of X.
const STEPS: u64 = 2 * POLYNOMIAL_SIZE as u64;

/// An LWE under the small secret z, modulo 2N; its phase is body - sum of mask\[i\] z\[i\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmallLwe {
	pub mask: Vec<u16>,
	pub body: u16,
}

impl SmallLwe {
	/// The two coefficients of the mask that meet this pair of bits.
	pub fn pair(&self, pair: usize) -> [usize; 2] {
		let at = |index: usize| self.mask.get(index).copied().unwrap_or(0).into();
		[at(2 * pair), at(2 * pair + 1)]
	}
}

/// Key switch and modulus switch of coefficient 0.
pub(crate) fn switch_to_small(key: &PreparedBootstrapKey, rlwe: &[u64]) -> SmallLwe {
	switch_modulus(&switch_key(key, rlwe), 0)
}

/// The same message under the small secret; coefficients in, coefficients out.
pub(crate) fn switch_key(key: &PreparedBootstrapKey, rlwe: &[u64]) -> Vec<u64> {
	let (mask, body) = rlwe.split_at(POLYNOMIAL_SIZE);
	let mut digits = vec![0; SWITCH_GADGET.levels as usize * POLYNOMIAL_SIZE];
	transformed_digits(mask, SWITCH_GADGET, &mut digits);
	let mut switched = vec![0; RLWE_SIZE];
	let parts = mask_and_body_mut(&mut switched);
	accumulate_products([parts], [&digits], Rows::interleaved(&key.switch));
	let [new_mask, new_body] = mask_and_body_mut(&mut switched);
	ring::inverse(new_mask);
	ring::inverse(new_body);
	kernels::add_assign(new_body, body);
	switched
}

/// round(2N x / q) modulo 2N, and 2N x - q times the rounded number.
fn round(residue: u64) -> (u64, i64) {
	// Below 2^63.
	let scaled = residue * STEPS;
	let rounded = (scaled + MODULUS / 2) / MODULUS;
	(rounded % STEPS, scaled as i64 - (rounded * MODULUS) as i64)
}

/// The LWE of coefficient `at`, modulo 2N, with the mean of what rounding the mask adds taken off the body: the bits of
/// the secret are 1/2 on average, so their variance remains, which is half of their mean square (tfhe-rs: "centered mean
/// noise reduction").
pub(crate) fn switch_modulus(rlwe: &[u64], at: usize) -> SmallLwe {
	let (mask, body) = rlwe.split_at(POLYNOMIAL_SIZE);
	// Coefficient `at` of a z: X^N = -1 turns the sign of what wraps around.
	let (straight, wrapped) = mask.split_at(at + 1);
	let straight = straight.iter().rev().copied();
	let coefficients = straight.chain(wrapped.iter().rev().map(|&a| modular::neg(a)));
	let mut rest_sum = 0;
	let mask = coefficients.take(SMALL_DIMENSION).map(|a| {
		let (rounded, rest) = round(a);
		rest_sum += rest;
		rounded as u16
	});
	let mask = mask.collect();
	let body = body.get(at).copied().unwrap_or_default();
	let centred = i128::from(body * STEPS) - i128::from(rest_sum >> 1);
	let rounded = (centred + i128::from(MODULUS / 2)).div_euclid(i128::from(MODULUS));
	SmallLwe { mask, body: rounded.rem_euclid(i128::from(STEPS)) as u16 }
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rounding_is_to_the_nearest_step() {
		assert_eq!(round(0), (0, 0));
		assert_eq!(round(MODULUS - 1), (0, -(STEPS as i64)));
		for residue in (0..10_000u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % MODULUS) {
			let (rounded, rest) = round(residue);
			assert!(rest.unsigned_abs() <= MODULUS / 2);
			let whole =
				(i128::from(residue) * i128::from(STEPS) - i128::from(rest)) / i128::from(MODULUS);
			assert_eq!(whole.rem_euclid(i128::from(STEPS)), i128::from(rounded));
		}
	}
}
