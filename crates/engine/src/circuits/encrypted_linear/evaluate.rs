//! Products of bodies with bodies.

use super::EncryptedLinearCircuit;
use crate::{circuits::keyless::Keyless, math::modular};
use alloc::{vec, vec::Vec};

/// sum of a\[i\] b\[i\] mod q.
fn inner_product(a: &[u64], b: &[u64]) -> u64 {
	// 2^18 products of 102 bits stay below the 2^120 that `reduce` takes.
	let sum = |(a, b): (&[u64], &[u64])| {
		modular::reduce(a.iter().zip(b).map(|(&a, &b)| u128::from(a) * u128::from(b)).sum())
	};
	a.chunks(1 << 18).zip(b.chunks(1 << 18)).map(sum).fold(0, modular::add)
}

impl Keyless for EncryptedLinearCircuit {
	fn result_residues(&self) -> usize {
		self.results()
	}

	fn evaluate_bodies(&self, bodies: &[u64]) -> Vec<u64> {
		self.products(bodies, &self.bodies)
	}

	fn microseconds(&self) -> u64 {
		// 300 multiplications of residues, and the decoding.
		self.input_coefficients() as u64 / 20 + self.multiplications() / 300
	}

	fn buffer_bytes(&self) -> u64 {
		8 * (self.input_coefficients() + self.outputs()) as u64
	}
}

impl EncryptedLinearCircuit {
	/// For each output, block and significance the sum of the products of limbs.
	pub(super) fn products(&self, inputs: &[u64], weights: &[u64]) -> Vec<u64> {
		let (features, result_limbs) = (self.features(), self.result_limbs());
		let mut sums = vec![0; self.results()];
		let blocks = features.div_ceil(self.shape.block());
		let outputs = weights.chunks_exact(features * self.weight_limbs());
		for (weights, sums) in outputs.zip(sums.chunks_exact_mut(result_limbs * blocks)) {
			for (weight_limb, weights) in weights.chunks_exact(features).enumerate() {
				for (input_limb, inputs) in inputs.chunks_exact(features).enumerate() {
					let pairs =
						inputs.chunks(self.shape.block()).zip(weights.chunks(self.shape.block()));
					let sums = sums[weight_limb + input_limb..].iter_mut().step_by(result_limbs);
					for (sum, (inputs, weights)) in sums.zip(pairs) {
						*sum = modular::add(*sum, inner_product(inputs, weights));
					}
				}
			}
		}
		sums
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::params::MODULUS;

	#[test]
	fn largest_products_do_not_overflow() {
		let largest = vec![MODULUS - 1; 5000];
		// (-1)(-1) summed up.
		assert_eq!(inner_product(&largest, &largest), 5000);
	}
}
