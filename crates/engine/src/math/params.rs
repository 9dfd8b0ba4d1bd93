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

	/// Bits below the last digit.
	pub const fn dropped_bits(self) -> u32 {
		MODULUS_BITS - self.base_log * self.levels
	}
}

const fn gadget(base_log: u32, levels: u32) -> Gadget {
	Gadget { base_log, levels }
}

/// One hoisted stage of the expansion: it splits by `bits` bits of the coefficient's position at
/// once, with 2^`bits` - 1 automorphisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpansionStage {
	/// The lowest bit of the position that this stage splits by.
	pub first_bit: u32,
	/// How many bits it splits by.
	pub bits: u32,
	/// Gadget of its key-switching keys.
	pub gadget: Gadget,
}

impl ExpansionStage {
	/// Number of ciphertexts that one becomes.
	pub const fn branches(self) -> usize {
		1 << self.bits
	}

	/// The exponent e of automorphism number `number` (1..2^`bits`) X -> X^e: the subgroup of order
	/// 2^`bits` that fixes X^(2^(first_bit + bits)) up to N-th roots of unity.
	pub const fn automorphism_exponent(self, number: usize) -> usize {
		(1 + number * ((2 * POLYNOMIAL_SIZE) >> (self.first_bit + self.bits)))
			% (2 * POLYNOMIAL_SIZE)
	}
}

const fn stage(first_bit: u32, bits: u32, gadget: Gadget) -> ExpansionStage {
	ExpansionStage { first_bit, bits, gadget }
}

/// The stages of the expansion of one packed RLWE into 2048 RLWEs.
///
/// Each stage multiplies the noise of those before it, so the first ones take small bases and many
/// levels; they handle few ciphertexts, so that costs no time. The last ones handle many, so they
/// split by several bits with one decomposition.
pub const EXPANSION_STAGES: [ExpansionStage; 7] = [
	stage(0, 1, gadget(3, 16)),
	stage(1, 1, gadget(3, 16)),
	stage(2, 1, gadget(3, 16)),
	stage(3, 1, gadget(3, 16)),
	stage(4, 2, gadget(4, 12)),
	stage(6, 2, gadget(5, 10)),
	stage(8, 3, gadget(6, 8)),
];

/// Coefficients of a ciphertext before the last stage: it is X^0, X^256, ... times neighbouring
/// entries of an input.
pub const OCTET: usize = 8;

/// The stages before the last one, which give octets.
pub const OCTET_STAGES: [ExpansionStage; 6] = {
	let [first, second, third, fourth, fifth, sixth, last] = EXPANSION_STAGES;
	assert!(last.branches() == OCTET);
	[first, second, third, fourth, fifth, sixth]
};

/// Gadget of the relinearisation key, from s² to s. One relinearisation per external product adds noise
/// that is not multiplied afterwards, so the base can be large.
pub const RELINEARISATION_GADGET: Gadget = gadget(20, 2);

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
		let rows: u32 = EXPANSION_STAGES
			.iter()
			.map(|stage| (stage.branches() as u32 - 1) * stage.gadget.levels)
			.sum();
		assert_eq!(
			(rows + RELINEARISATION_GADGET.levels) as usize,
			ServerKeyPrefix::SWITCHING_ROWS
		);
		assert_eq!(ServerKeyPrefix::ROW_BYTES, POLYNOMIAL_SIZE * MODULUS_BITS as usize / 8);
		for gadget in
			EXPANSION_STAGES.iter().map(|stage| &stage.gadget).chain([&RELINEARISATION_GADGET])
		{
			assert!(gadget.base_log * gadget.levels <= MODULUS_BITS);
		}
	}

	#[test]
	fn stages_cover_every_bit_once() {
		let mut next = 0;
		for stage in EXPANSION_STAGES {
			assert_eq!(stage.first_bit, next);
			next += stage.bits;
		}
		assert_eq!(1 << next, POLYNOMIAL_SIZE);
	}
}
