//! Arithmetic modulo q on canonical residues.

use crate::params::MODULUS;

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

/// a b mod q.
#[inline]
pub const fn mul(a: u64, b: u64) -> u64 {
	((a as u128 * b as u128) % MODULUS as u128) as u64
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
	fn operations_agree_with_integers() {
		let (a, b) = (MODULUS - 5, MODULUS - 9);
		assert_eq!(add(a, b), MODULUS - 14);
		assert_eq!(sub(b, a), MODULUS - 4);
		assert_eq!(mul(a, b), 45);
		assert_eq!(neg(a), 5);
		assert_eq!(neg(0), 0);
	}
}
