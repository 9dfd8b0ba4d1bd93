//! Sampling, on the CSPRNG and the distributions of tfhe-rs.
//!
//! Every sampled polynomial has a generator of its own, an AES-CTR XOF keyed by (domain, seed,
//! index), so that polynomials can be sampled in any order, on any thread, and only when needed.

use crate::{
	params::{MODULUS, NOISE_BOUND_LOG2},
	ring::Polynomial,
};
use tfhe::core_crypto::commons::{
	ciphertext_modulus::CiphertextModulus,
	math::random::{DefaultRandomGenerator, RandomGenerator, TUniform, UniformBinary, XofSeed},
};
pub use tfhe::core_crypto::{
	commons::math::random::{Seed, Seeder},
	seeders::new_seeder,
};

/// What a stream of random numbers is for; the same seed gives unrelated numbers in each domain.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
	Mask,
	Noise,
	Secret,
}

impl Domain {
	const fn separator(self) -> [u8; XofSeed::DOMAIN_SEP_LEN] {
		match self {
			Self::Mask => *b"FHML_msk",
			Self::Noise => *b"FHML_noi",
			Self::Secret => *b"FHML_sec",
		}
	}
}

/// 128 bits from the operating system or the CPU.
pub(crate) fn fresh_seed(seeder: &mut dyn Seeder) -> [u8; 16] {
	seeder.seed().0.to_le_bytes()
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

/// Encryption noise with number `index` under a secret seed: TUniform(4).
pub(crate) fn noise(seed: &[u8; 16], index: u64) -> Polynomial {
	let mut polynomial = Polynomial::zero();
	generator(Domain::Noise, seed, index).fill_slice_with_random_from_distribution_custom_mod(
		polynomial.as_mut(),
		TUniform::new(NOISE_BOUND_LOG2),
		modulus(),
	);
	polynomial
}

/// A uniform binary secret under a secret seed.
pub(crate) fn secret(seed: &[u8; 16]) -> Polynomial {
	let mut polynomial = Polynomial::zero();
	generator(Domain::Secret, seed, 0)
		.fill_slice_with_random_from_distribution(polynomial.as_mut(), UniformBinary);
	polynomial
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{modular::to_signed, params::NOISE_BOUND};

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

	#[test]
	fn noise_has_its_bound_and_variance() {
		let values: Vec<f64> = (0..16)
			.flat_map(|index| noise(&[3; 16], index).as_ref().to_vec())
			.map(|residue| to_signed(residue) as f64)
			.collect();
		assert!(values.iter().all(|value| value.abs() <= NOISE_BOUND as f64));
		let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
		let expected = (2f64.powi(2 * NOISE_BOUND_LOG2 as i32 + 1) + 1.0) / 6.0;
		assert!((variance / expected - 1.0).abs() < 0.05, "variance {variance}, not {expected}");
	}

	#[test]
	fn secrets_are_binary_and_balanced() {
		let secret = secret(&[4; 16]);
		assert!(secret.as_ref().iter().all(|&bit| bit <= 1));
		let ones: u64 = secret.as_ref().iter().sum();
		assert!((850..1200).contains(&ones), "{ones} ones");
	}
}
