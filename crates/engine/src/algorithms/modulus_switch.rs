//! From the last ciphertext of a levelled circuit to a result.

use crate::math::params::{MODULUS, MODULUS_BITS};

/// round(x 2^bits / q) mod 2^bits.
pub(crate) fn switch(residue: u64, bits: u32) -> u64 {
	// The quotient by 2^51 is at most one too small: q = 2^51 - FOLD, and FOLD 2^bits < q.
	let scaled = (u128::from(residue) << bits) + u128::from(MODULUS / 2);
	let quotient = (scaled >> MODULUS_BITS) as u64;
	let rest = (scaled - u128::from(quotient) * u128::from(MODULUS)) as u64;
	let quotient = if rest >= MODULUS { quotient + 1 } else { quotient };
	quotient & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn switching_rounds() {
		assert_eq!(switch(0, 20), 0);
		assert_eq!(switch(MODULUS - 1, 20), 0);
		assert_eq!(switch(MODULUS / 2, 20), 1 << 19);
		assert_eq!(switch(MODULUS / 4 * 3, 2), 3);
		for (at, bits) in (0..10_000u64).zip((12..=34).cycle()) {
			let residue = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % MODULUS;
			let scaled = (u128::from(residue) << bits) + u128::from(MODULUS / 2);
			let expected = (scaled / u128::from(MODULUS)) as u64 & ((1 << bits) - 1);
			assert_eq!(switch(residue, bits), expected);
		}
	}
}
