//! Inner products of encrypted integers with encrypted weights.
//!
//! An input limb is the coefficient b = A + 2^s x + e of a seeded GLWE, with A a coefficient of
//! mask times secret, and a weight limb is the coefficient b' = A' + 2^s w + f of another. Then
//!
//! sum (b - A)(b' - A') = sum b b' - sum A b' - sum (b - A) A'
//!
//! is sum 4^s x w plus noise. The collator computes sum b b'. Whoever has the client key computes
//! A and A' from the seeds and subtracts the rest.
//!
//! What the collator computes is a public function of two ciphertexts with fresh masks, so it tells
//! no more than they do.

use crate::{
	algorithms::{
		decryption::{DecryptError, round_shifted},
		evaluation::EvaluateError,
		rlwe::{RlweEncryptor, mask_products},
	},
	entities::{
		client_key::ClientKey,
		encrypted_linear::{
			EncryptedLinearCircuit, EncryptedLinearError, LinearShape, WEIGHT_BITS,
		},
		input::EncryptedInput,
		limbs,
		linear::LinearCircuit,
		result::{EncryptedResult, input_tag},
		result_encoding::check,
	},
	math::{modular, params::POLYNOMIAL_SIZE, ring::Polynomial},
	sampling::secrets::Seeder,
};
use fhe_ml_format::ResultPrefix;
use zeroize::Zeroizing;

impl ClientKey {
	/// Encrypts the weights of a linear circuit. Its bias stays with the caller, who adds it to the
	/// decrypted outputs.
	pub fn encrypt_linear(
		&self,
		circuit: &LinearCircuit,
		seeder: &mut dyn Seeder,
	) -> Result<EncryptedLinearCircuit, EncryptedLinearError> {
		let shape = LinearShape::new(circuit.features(), circuit.outputs())?;
		let limit = 1 << (WEIGHT_BITS - 1);
		if let Some(at) = circuit.weights().iter().position(|&w| i64::from(w).abs() >= limit) {
			return Err(EncryptedLinearError::WeightTooLarge(at));
		}
		let rows = circuit.weights().chunks_exact(circuit.features());
		let mut digits = Zeroizing::new(Vec::with_capacity(shape.weights()));
		for row in rows {
			let row = row.iter().copied().map(i64::from);
			digits.extend(digit_rows(row, shape.limb_bits(), shape.weight_limbs()));
		}
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let bodies = encrypt_coefficients(&digits, shape.shift(), &encryptor);
		Ok(shape.with_weights(encryptor.mask_seed(), bodies))
	}
}

/// First limb 0 of all values, then limb 1, and so on.
pub(crate) fn digit_rows(
	values: impl Iterator<Item = i64>,
	limb_bits: u32,
	count: usize,
) -> Vec<i64> {
	let split = values.map(|value| limbs::split(value, limb_bits, count).collect());
	let split = Zeroizing::new(split.collect::<Vec<Vec<i64>>>());
	(0..count).flat_map(|limb| split.iter().map(move |digits| digits[limb])).collect()
}

/// Encrypts integers, shifted, in the coefficients of as many GLWEs as they need.
pub(crate) fn encrypt_coefficients(
	integers: &[i64],
	shift: u32,
	encryptor: &RlweEncryptor,
) -> Vec<u64> {
	let mut bodies = Vec::with_capacity(integers.len());
	for (index, integers) in integers.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (slot, &integer) in message.as_mut().iter_mut().zip(integers) {
			*slot = modular::from_signed(i128::from(integer) << shift);
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend(body.as_ref().iter().take(integers.len()));
	}
	bodies
}

/// sum of a\[i\] b\[i\] mod q.
fn inner_product(a: &[u64], b: &[u64]) -> u64 {
	// 2^18 products of 102 bits stay below the 2^120 that `reduce` takes.
	let sum = |(a, b): (&[u64], &[u64])| {
		modular::reduce(a.iter().zip(b).map(|(&a, &b)| u128::from(a) * u128::from(b)).sum())
	};
	a.chunks(1 << 18).zip(b.chunks(1 << 18)).map(sum).fold(0, modular::add)
}

impl EncryptedLinearCircuit {
	/// Evaluates the bytes of an input; returns the bytes of a result.
	pub fn evaluate(&self, input: &[u8]) -> Result<Vec<u8>, EvaluateError> {
		let decoded = EncryptedInput::from_bytes(input, self.slots())?;
		let bodies = self.products(&decoded.bodies, &self.bodies);
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		Ok(EncryptedResult { prefix, bodies }.to_bytes())
	}

	/// For each output, block and significance the sum of the products of limbs.
	fn products(&self, inputs: &[u64], weights: &[u64]) -> Vec<u64> {
		let (features, result_limbs) = (self.features(), self.result_limbs());
		let mut sums = vec![0; self.results()];
		let blocks = features.div_ceil(self.block());
		let outputs = weights.chunks_exact(features * self.weight_limbs());
		for (weights, sums) in outputs.zip(sums.chunks_exact_mut(result_limbs * blocks)) {
			for (weight_limb, weights) in weights.chunks_exact(features).enumerate() {
				for (input_limb, inputs) in inputs.chunks_exact(features).enumerate() {
					let pairs = inputs.chunks(self.block()).zip(weights.chunks(self.block()));
					let sums = sums[weight_limb + input_limb..].iter_mut().step_by(result_limbs);
					for (sum, (inputs, weights)) in sums.zip(pairs) {
						*sum = modular::add(*sum, inner_product(inputs, weights));
					}
				}
			}
		}
		sums
	}

	/// The outputs in a result.
	pub(crate) fn decrypt(
		&self,
		key: &ClientKey,
		input: &EncryptedInput,
		result: &EncryptedResult,
	) -> Result<Vec<i64>, DecryptError> {
		let (largest, tolerance) = (self.largest_limb(), self.noise_tolerance());
		let phases = Zeroizing::new(self.phases(key, input, result));
		let limb = |&phase: &i64| {
			let (limb, noise) = round_shifted(phase, 2 * self.message_shift());
			check(limb, (-largest, largest), noise, tolerance)
		};
		Ok(self.combine(&phases.iter().map(limb).collect::<Result<Vec<i64>, _>>()?))
	}

	/// The shifted sums of products in a result, with their noise.
	pub(crate) fn phases(
		&self,
		key: &ClientKey,
		input: &EncryptedInput,
		result: &EncryptedResult,
	) -> Vec<i64> {
		let input_masks = mask_products(key, &input.prefix.mask_seed, input.bodies.len());
		let weight_masks = mask_products(key, &self.mask_seed, self.bodies.len());
		let phases = input.bodies.iter().zip(input_masks.iter()).map(|(&b, &a)| modular::sub(b, a));
		let phases = Zeroizing::new(phases.collect::<Vec<u64>>());
		let first = self.products(&input_masks, &self.bodies);
		let second = self.products(&phases, &weight_masks);
		let masks = first.iter().zip(&second).map(|(&a, &b)| modular::add(a, b));
		let phases = result.bodies.iter().zip(masks);
		phases.map(|(&body, mask)| modular::to_signed(modular::sub(body, mask))).collect()
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
