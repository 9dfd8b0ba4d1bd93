//! Arithmetic modulo q on canonical residues.

use crate::math::params::{MODULUS, MODULUS_BITS};

/// a + b mod q.
#[inline]
pub const fn add(a: u64, b: u64) -> u64 {
	let sum = a + b;
	if sum >= MODULUS { sum - MODULUS } else { sum }
}

/// a - b mod q.
#[inline]
pub const fn sub(a: u64, b: u64) -> u64 {
	if a >= b { a - b } else { a + MODULUS - b }
}

/// -a mod q.
#[inline]
pub const fn neg(a: u64) -> u64 {
	sub(0, a)
}

/// 2^51 - q: small, so that reduction needs no division.
pub(crate) const FOLD: u64 = (1 << MODULUS_BITS) - MODULUS;

const LOW_BITS: u128 = (1 << MODULUS_BITS) - 1;

/// v mod q for v < 2^120, by 2^51 = FOLD mod q.
#[inline]
pub const fn reduce(value: u128) -> u64 {
	let value = (value & LOW_BITS) + (value >> MODULUS_BITS) * FOLD as u128;
	let value = (value & LOW_BITS) + (value >> MODULUS_BITS) * FOLD as u128;
	let value = ((value & LOW_BITS) + (value >> MODULUS_BITS) * FOLD as u128) as u64;
	if value >= MODULUS { value - MODULUS } else { value }
}

/// a b mod q.
#[inline]
pub const fn mul(a: u64, b: u64) -> u64 {
	reduce(a as u128 * b as u128)
}

/// A sum of products in full width: at most 64 of them.
#[derive(Clone, Copy)]
#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub(crate) struct Sum(u128);

#[cfg(all(feature = "std", not(target_family = "wasm")))]
impl Sum {
	/// Starts with a residue.
	#[inline(always)]
	pub fn of(residue: u64) -> Self {
		Self(residue as u128)
	}

	/// Adds a b; both are residues.
	#[inline(always)]
	pub fn add_product(&mut self, a: u64, b: u64) {
		self.0 += a as u128 * b as u128;
	}

	#[inline(always)]
	pub fn residue(self) -> u64 {
		reduce(self.0)
	}
}

/// a^`exponent` mod q.
pub const fn pow(a: u64, mut exponent: u64) -> u64 {
	let (mut power, mut square) = (1, a);
	while exponent > 0 {
		if exponent & 1 == 1 {
			power = mul(power, square);
		}
		square = mul(square, square);
		exponent >>= 1;
	}
	power
}

/// The residue of a signed integer.
#[inline]
pub const fn from_signed(value: i128) -> u64 {
	value.rem_euclid(MODULUS as i128) as u64
}

/// The representative of a residue in (-q/2, q/2).
#[inline]
pub const fn to_signed(residue: u64) -> i64 {
	if residue > MODULUS / 2 { residue as i64 - MODULUS as i64 } else { residue as i64 }
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn signed_values_survive() {
		for value in [0, 1, -1, (MODULUS / 2) as i64, -((MODULUS / 2) as i64)] {
			assert_eq!(to_signed(from_signed(value as i128)), value);
		}
		assert_eq!(from_signed(-(MODULUS as i128) * 5 - 3), MODULUS - 3);
	}

	#[test]
	fn reduction_agrees_with_division() {
		let largest = (MODULUS - 1) as u128;
		let values = [0, 1, largest, largest + 1, largest * largest, 64 * largest * largest];
		for value in values.into_iter().chain([(1 << 120) - 1, (1 << 102) + 12_345]) {
			assert_eq!(reduce(value) as u128, value % MODULUS as u128, "{value}");
		}
		assert_eq!(mul(pow(12_345, MODULUS - 2), 12_345), 1);
	}

	#[test]
	fn operations_agree_with_integers() {
		let (a, b) = (MODULUS - 5, MODULUS - 9);
		assert_eq!(add(a, b), MODULUS - 14);
		assert_eq!(sub(b, a), MODULUS - 4);
		assert_eq!(mul(a, b), 45);
		assert_eq!(neg(a), 5);
		assert_eq!(neg(0), 0);
	}
}
