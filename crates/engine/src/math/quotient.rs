//! Products modulo q without 128-bit integers, for WebAssembly, where one of those is a library call, and sums of them for
//! loops that become vectors.
//!
//! a b - k q is exact in wrapping 64-bit arithmetic, whatever k is, as long as the difference fits: so k need only be
//! near a b / q, and that comes from one product of floating-point numbers (Shoup's NTL, `mulmod` for long, has the
//! same idea). IEEE 754 rounds products and sums to the nearest on every machine, and canonical residues
//! do not depend on k. All bounds here are in units of q, which has 51 bits.

use crate::math::{
	modular::FOLD,
	params::{MODULUS, MODULUS_BITS},
};

const Q: i64 = MODULUS as i64;
const LOW_BITS: i64 = (1 << MODULUS_BITS) - 1;
const INVERSE: f64 = 1.0 / MODULUS as f64;

/// The integer part of a quotient below 2^62.
#[inline(always)]
#[allow(unsafe_code)]
fn integer_part(quotient: f64) -> i64 {
	debug_assert!(quotient.abs() < (1u64 << 62) as f64);
	// SAFETY: a number, and within the range of i64: the callers' bounds. The safe cast checks that again, which
	// costs WebAssembly without saturating conversions a tenth of a transform.
	unsafe { quotient.to_int_unchecked() }
}

/// A number congruent to |x| < 2^62, in (-2^27, 2^51 + 2^27).
#[inline(always)]
pub(crate) fn folded(x: i64) -> i64 {
	(x & LOW_BITS) + (x >> MODULUS_BITS) * FOLD as i64
}

/// The residue of |x| < 2^62, in \[0, q).
#[inline(always)]
pub(crate) fn canonical(x: i64) -> i64 {
	let x = folded(x);
	let x = x + (Q & (x >> 63));
	let x = x - Q;
	x + (Q & (x >> 63))
}

/// A constant factor, centred, and its quotient by q.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor {
	value: i64,
	quotient: f64,
}

impl Factor {
	pub fn new(residue: u64) -> Self {
		let value = crate::math::modular::to_signed(residue);
		Self { value, quotient: value as f64 / MODULUS as f64 }
	}

	/// A number congruent to `z` times the factor. For |z| <= B q, B < 512, it is below (1 + 3 B / 8) q: three
	/// roundings of at most 2^-53 of the quotient, which is below B q / 2, and the integer part.
	#[inline(always)]
	pub fn times(self, z: i64) -> i64 {
		let quotient = integer_part(z as f64 * self.quotient);
		z.wrapping_mul(self.value).wrapping_sub(quotient.wrapping_mul(Q))
	}
}

/// a b mod q for residues.
#[inline(always)]
pub(crate) fn mul(a: u64, b: u64) -> u64 {
	let mut sum = Sum::default();
	sum.add_product(a, b);
	sum.residue()
}

/// A sum of products: its low bits, and about how large it is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
	low: u64,
	size: f64,
}

impl Sum {
	/// Starts with a residue.
	#[inline(always)]
	pub fn of(residue: u64) -> Self {
		Self { low: residue, size: 0.0 }
	}

	/// Adds a b; both are residues.
	#[inline(always)]
	pub fn add_product(&mut self, a: u64, b: u64) {
		self.low = self.low.wrapping_add(a.wrapping_mul(b));
		self.size += a as i64 as f64 * (b as i64 as f64);
	}

	/// The residue of a sum of at most 64 products. The quotient is below 2^57, and wrong by at most 66 roundings of
	/// 2^-53 of it, so by less than 2^11: what is left is below 2^62.
	#[inline(always)]
	pub fn residue(self) -> u64 {
		let quotient = integer_part(self.size * INVERSE);
		canonical((self.low as i64).wrapping_sub(quotient.wrapping_mul(Q))) as u64
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::modular;
	use proptest::prelude::*;

	/// Residues, those at the bounds among them.
	fn residue() -> impl Strategy<Value = u64> {
		prop_oneof![
			Just(0),
			Just(1),
			Just(MODULUS - 1),
			Just(MODULUS / 2),
			Just(MODULUS / 2 + 1),
			0..MODULUS
		]
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(20_000))]

		#[test]
		fn products_are_those_of_wide_integers(a in residue(), b in residue()) {
			let expected = (u128::from(a) * u128::from(b) % u128::from(MODULUS)) as u64;
			prop_assert_eq!(mul(a, b), expected);
		}

		#[test]
		fn canonical_residues_are_remainders(x in prop_oneof![
			Just((1i64 << 62) - 1),
			Just(1 - (1i64 << 62)),
			-(1i64 << 62) + 1..1i64 << 62,
			-3 * Q..3 * Q,
		]) {
			prop_assert_eq!(canonical(x), x.rem_euclid(Q));
			prop_assert_eq!(folded(x).rem_euclid(Q), x.rem_euclid(Q));
			prop_assert!((-(1i64 << 27)..(1i64 << 51) + (1 << 27)).contains(&folded(x)));
		}

		#[test]
		fn lazy_products_stay_in_their_bound(
			z in prop_oneof![Just(511 * Q), Just(-511 * Q), -511 * Q..511 * Q, -Q..Q],
			w in residue(),
		) {
			let found = Factor::new(w).times(z);
			let expected = i128::from(z) * i128::from(w);
			prop_assert_eq!(i128::from(found).rem_euclid(Q.into()), expected.rem_euclid(Q.into()));
			let most = 1.0 + 0.375 * (z as f64 / Q as f64).abs();
			prop_assert!((found as f64).abs() <= most * Q as f64, "{} q", found as f64 / Q as f64);
		}

		#[test]
		fn sums_of_many_products_are_exact(
			first in residue(),
			terms in proptest::collection::vec((residue(), residue()), 0..=64),
		) {
			let mut sum = Sum::of(first);
			let mut expected = first;
			for (a, b) in terms {
				sum.add_product(a, b);
				expected = modular::add(expected, modular::mul(a, b));
			}
			prop_assert_eq!(sum.residue(), expected);
		}
	}

	#[test]
	fn the_largest_sum_is_exact() {
		let mut sum = Sum::of(MODULUS - 1);
		(0..64).for_each(|_| sum.add_product(MODULUS - 1, MODULUS - 1));
		assert_eq!(sum.residue(), 63);
	}
}
