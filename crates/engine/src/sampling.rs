//! Sampling, on the CSPRNG and the distributions of tfhe-rs.
//!
//! Every sampled polynomial has a generator of its own, an AES-CTR XOF keyed by (domain, seed,
//! index), so that polynomials can be sampled in any order, on any thread, and only when needed.
//!
//! An evaluation samples nothing but [masks](mask), from public seeds; what only the owner of a
//! client key samples is in [`secrets`].

pub(crate) mod secrets;

use crate::math::{params::MODULUS, ring::Polynomial};
use tfhe::core_crypto::commons::{
	ciphertext_modulus::CiphertextModulus,
	math::random::{DefaultRandomGenerator, RandomGenerator, XofSeed},
};

/// What a stream of random numbers is for; the same seed gives unrelated numbers in each domain.
#[derive(Clone, Copy)]
enum Domain {
	Mask,
	Noise,
	Secret,
	Flooding,
}

impl Domain {
	const fn separator(self) -> [u8; XofSeed::DOMAIN_SEP_LEN] {
		match self {
			Self::Mask => *b"FHML_msk",
			Self::Noise => *b"FHML_noi",
			Self::Secret => *b"FHML_sec",
			Self::Flooding => *b"FHML_flo",
		}
	}
}

fn generator(
	domain: Domain,
	seed: &[u8; 16],
	index: u64,
) -> RandomGenerator<DefaultRandomGenerator> {
	let bytes = [seed.as_slice(), &index.to_le_bytes()].concat();
	RandomGenerator::new(XofSeed::new(bytes, domain.separator()))
}

fn modulus() -> CiphertextModulus<u64> {
	CiphertextModulus::new(MODULUS as u128)
}

/// The mask with number `index` under a public seed: uniform modulo q.
pub(crate) fn mask(seed: &[u8; 16], index: u64) -> Polynomial {
	let mut polynomial = Polynomial::zero();
	generator(Domain::Mask, seed, index)
		.fill_slice_with_random_uniform_custom_mod(polynomial.as_mut(), modulus());
	polynomial
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn masks_are_uniform_and_independent() {
		let a = mask(&[1; 16], 0);
		assert_eq!(a.as_ref(), mask(&[1; 16], 0).as_ref());
		assert_ne!(a.as_ref(), mask(&[1; 16], 1).as_ref());
		assert_ne!(a.as_ref(), mask(&[2; 16], 0).as_ref());
		assert!(a.as_ref().iter().all(|&x| x < MODULUS));
		let mean = a.as_ref().iter().map(|&x| x as f64).sum::<f64>() / 2048.0 / MODULUS as f64;
		assert!((mean - 0.5).abs() < 0.05, "mean {mean}");
	}
}
