//! Parameter set 1.
//!
//! The noise-to-modulus ratio is that of the GLWE of tfhe-rs
//! `V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128` (TUniform(17) over 2^64 at dimension 2048,
//! binary secret), which Zama's parameter curves put at 128 bits of security.

/// N: number of coefficients of a ring element.
pub const POLYNOMIAL_SIZE: usize = 2048;

/// q: the largest prime below 2^51 with q = 1 mod 2N, so that negacyclic transforms exist.
pub const MODULUS: u64 = 2_251_799_813_640_193;

/// Bits of a packed residue.
pub const MODULUS_BITS: u32 = 51;

/// b of the encryption noise TUniform(b).
pub const NOISE_BOUND_LOG2: u32 = 4;

/// Largest absolute value of the encryption noise: TUniform(b) lies in \[-2^b, 2^b\].
pub const NOISE_BOUND: u64 = 1 << NOISE_BOUND_LOG2;

/// How a residue is cut into digits: `levels` digits of `base_log` bits, from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gadget {
	/// Bits of a digit.
	pub base_log: u32,
	/// Number of digits.
	pub levels: u32,
}

impl Gadget {
	/// The power of two that digit `level` (from 0, the most significant) stands for.
	pub const fn scale(self, level: u32) -> u64 {
		1 << (MODULUS_BITS - self.base_log * (level + 1))
	}
}

const fn gadget(base_log: u32, levels: u32) -> Gadget {
	Gadget { base_log, levels }
}

/// Gadgets of the key-switching keys for X -> X^(N/2^l + 1), l = 0..=10.
///
/// Each expansion step doubles the noise of the steps before it, so the first ones take small
/// bases and many levels.
pub const AUTOMORPHISM_GADGETS: [Gadget; 11] = [
	gadget(2, 24),
	gadget(2, 24),
	gadget(2, 24),
	gadget(2, 24),
	gadget(3, 16),
	gadget(3, 16),
	gadget(4, 12),
	gadget(4, 12),
	gadget(6, 8),
	gadget(6, 8),
	gadget(8, 6),
];

/// Gadget of the key-switching key for s².
pub const SQUARE_GADGET: Gadget = gadget(10, 5);

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_format::ServerKeyPrefix;

	#[test]
	fn modulus_is_ntt_friendly_and_of_51_bits() {
		assert_eq!(MODULUS % (2 * POLYNOMIAL_SIZE as u64), 1);
		assert_eq!(64 - MODULUS.leading_zeros(), MODULUS_BITS);
	}

	#[test]
	fn gadgets_make_the_rows_that_the_format_promises() {
		let rows: u32 = AUTOMORPHISM_GADGETS.iter().map(|gadget| gadget.levels).sum();
		assert_eq!((rows + SQUARE_GADGET.levels) as usize, ServerKeyPrefix::ROWS);
		assert_eq!(ServerKeyPrefix::ROW_BYTES, POLYNOMIAL_SIZE * MODULUS_BITS as usize / 8);
		for gadget in AUTOMORPHISM_GADGETS.iter().chain([&SQUARE_GADGET]) {
			assert!(gadget.base_log * gadget.levels <= MODULUS_BITS);
		}
	}
}
