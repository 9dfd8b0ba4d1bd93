//! Sampling, on the CSPRNG and the distributions of tfhe-rs.
//!
//! Every sampled polynomial has a generator of its own, an AES-CTR XOF keyed by (domain, seed,
//! index), so that polynomials can be sampled in any order, on any thread, and only when needed.
//!
//! An evaluation samples nothing but [masks](mask), from public seeds; what only the owner of a
//! client key samples is in [`secrets`].

#[cfg(feature = "client")]
pub(crate) mod secrets;
#[cfg(any(test, not(feature = "client"), target_family = "wasm"))]
mod xof;

use crate::math::{params, ring::Polynomial};
#[cfg(feature = "client")]
use tfhe::core_crypto::commons::{
	ciphertext_modulus::CiphertextModulus,
	math::random::{DefaultRandomGenerator, RandomGenerator, XofSeed},
};

/// What a stream of random numbers is for; the same seed gives unrelated numbers in each domain.
#[derive(Clone, Copy)]
enum Domain {
	Mask,
	#[cfg(feature = "client")]
	Noise,
	#[cfg(feature = "client")]
	Secret,
	#[cfg(feature = "client")]
	Flooding,
}

impl Domain {
	const fn separator(self) -> [u8; 8] {
		match self {
			Self::Mask => *b"FHML_msk",
			#[cfg(feature = "client")]
			Self::Noise => *b"FHML_noi",
			#[cfg(feature = "client")]
			Self::Secret => *b"FHML_sec",
			#[cfg(feature = "client")]
			Self::Flooding => *b"FHML_flo",
		}
	}
}

#[cfg(feature = "client")]
fn generator(
	domain: Domain,
	seed: &[u8; 16],
	index: u64,
) -> RandomGenerator<DefaultRandomGenerator> {
	let bytes = [seed.as_slice(), &index.to_le_bytes()].concat();
	RandomGenerator::new(XofSeed::new(bytes, domain.separator()))
}

#[cfg(feature = "client")]
fn modulus() -> CiphertextModulus<u64> {
	CiphertextModulus::new(params::MODULUS as u128)
}

/// The mask with number `index` under a public seed: uniform modulo q.
pub(crate) fn mask(seed: &[u8; 16], index: u64) -> Polynomial {
	// Here there are instructions for AES.
	#[cfg(all(feature = "client", not(target_family = "wasm")))]
	let mask = mask_by_tfhe(seed, index);
	#[cfg(not(all(feature = "client", not(target_family = "wasm"))))]
	let mask = mask_by_tables(seed, index);
	mask
}

#[cfg(all(feature = "client", any(test, not(target_family = "wasm"))))]
fn mask_by_tfhe(seed: &[u8; 16], index: u64) -> Polynomial {
	let mut polynomial = Polynomial::zero();
	generator(Domain::Mask, seed, index)
		.fill_slice_with_random_uniform_custom_mod(polynomial.as_mut(), modulus());
	polynomial
}

#[cfg(any(test, not(feature = "client"), target_family = "wasm"))]
fn mask_by_tables(seed: &[u8; 16], index: u64) -> Polynomial {
	const BYTES: usize = params::MODULUS_BITS.div_ceil(8) as usize;
	let mut generator = xof::Xof::new(Domain::Mask.separator(), seed, index);
	let mut polynomial = Polynomial::zero();
	for residue in polynomial.as_mut() {
		// What is not below q is drawn again.
		*residue = loop {
			let drawn = generator.integer::<BYTES>() & ((1 << params::MODULUS_BITS) - 1);
			if drawn < params::MODULUS {
				break drawn;
			}
		};
	}
	polynomial
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::params::MODULUS;

	#[test]
	fn masks_are_those_of_tfhe() {
		for index in 0..40 {
			let seed = core::array::from_fn(|at| (at as u64 * 37 + index * 101) as u8);
			for index in [index, u64::MAX - index] {
				assert_eq!(mask_by_tables(&seed, index), mask_by_tfhe(&seed, index));
			}
		}
	}

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
