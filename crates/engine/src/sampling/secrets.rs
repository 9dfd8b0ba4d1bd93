//! What the owner of a client key samples: seeds, secrets and noise.

use super::{Domain, generator, modulus};
use crate::math::{modular, params::NOISE_BOUND_LOG2, ring::Polynomial};
use tfhe::core_crypto::commons::math::random::{TUniform, UniformBinary};

pub use tfhe::core_crypto::{
	commons::math::random::{Seed, Seeder},
	seeders::new_seeder,
};

/// 128 bits from the operating system or the CPU.
pub(crate) fn fresh_seed(seeder: &mut dyn Seeder) -> [u8; 16] {
	seeder.seed().0.to_le_bytes()
}

/// Encryption noise with number `index` under a secret seed: TUniform(4).
pub(crate) fn noise(seed: &[u8; 16], index: u64) -> Polynomial {
	noise_within(seed, index, NOISE_BOUND_LOG2)
}

/// Noise with number `index` under a secret seed: TUniform(`bound_log2`).
pub(crate) fn noise_within(seed: &[u8; 16], index: u64, bound_log2: u32) -> Polynomial {
	let mut polynomial = Polynomial::zero();
	generator(Domain::Noise, seed, index).fill_slice_with_random_from_distribution_custom_mod(
		polynomial.as_mut(),
		TUniform::new(bound_log2),
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

/// `count` integers under a secret seed, uniform in \[-2^`bound_log2`, 2^`bound_log2`), modulo q.
pub(crate) fn flooding(seed: &[u8; 16], bound_log2: u32, count: usize) -> Vec<u64> {
	let mut generator = generator(Domain::Flooding, seed, 0);
	let bound = 1i128 << bound_log2;
	let uniform = |()| {
		let bits: u64 = generator.random_uniform();
		let below = i128::from(bits) & (2 * bound - 1);
		modular::from_signed(below - bound)
	};
	std::iter::repeat_n((), count).map(uniform).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::{modular::to_signed, params::NOISE_BOUND};

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
	fn flooding_is_uniform_in_its_interval() {
		let values: Vec<i64> = flooding(&[5; 16], 10, 200_000).into_iter().map(to_signed).collect();
		assert!(values.iter().all(|value| (-1024..1024).contains(value)));
		assert!(values.contains(&-1024) && values.contains(&1023));
		let mean = values.iter().sum::<i64>() as f64 / values.len() as f64;
		let square = values.iter().map(|value| (value * value) as f64).sum::<f64>();
		assert!((mean + 0.5).abs() < 5.0, "mean {mean}");
		let variance = square / values.len() as f64;
		assert!((variance / (1024.0 * 1024.0 / 3.0) - 1.0).abs() < 0.01, "variance {variance}");
	}

	#[test]
	fn secrets_are_binary_and_balanced() {
		let secret = secret(&[4; 16]);
		assert!(secret.as_ref().iter().all(|&bit| bit <= 1));
		let ones: u64 = secret.as_ref().iter().sum();
		assert!((850..1200).contains(&ones), "{ones} ones");
	}
}
