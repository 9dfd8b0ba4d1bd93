//! Decryption of the results of encrypted weights.

use super::EncryptedLinearCircuit;
use crate::{
	algorithms::{
		decryption::{DecryptError, check, round_shifted},
		encryption::mask_products,
	},
	circuits::{
		client::{DecryptResult, Received, ReceivedRow},
		limbs,
		many_rows::decrypt_bodies,
	},
	entities::{client_key::ClientKey, input::EncryptedInput, result::EncryptedResult},
	math::modular,
};
use zeroize::Zeroizing;

impl DecryptResult for EncryptedLinearCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		decrypt_bodies(self, received, |row| self.decrypt_row(key, row))
	}
}

impl EncryptedLinearCircuit {
	fn decrypt_row(
		&self,
		key: &ClientKey,
		received: &ReceivedRow<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		let input = EncryptedInput::from_bytes(received.input, self.input_coefficients())?;
		let result = EncryptedResult::from_bytes(received.result, self.results())?;
		let (largest, tolerance) = (self.largest_limb(), self.shape.noise().tolerance());
		let phases = Zeroizing::new(self.phases(key, &input, &result));
		let limb = |&phase: &i64| {
			let (limb, noise) = round_shifted(phase, 2 * self.message_shift());
			check(limb, (-largest, largest), noise, tolerance)
		};
		Ok(self.combine(&phases.iter().map(limb).collect::<Result<Vec<i64>, _>>()?))
	}
}

impl EncryptedLinearCircuit {
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

	/// Largest absolute value of an integer of a result: a sum of products of limbs.
	fn largest_limb(&self) -> i64 {
		let products = self.shape.block() * self.weight_limbs().min(self.input_limbs());
		(products as i64) << (2 * (self.limb_bits() - 1))
	}

	/// Puts the integers of a result together: one per output.
	fn combine(&self, limbs: &[i64]) -> Vec<i64> {
		let blocks = limbs::combine(limbs, self.shape.limb_bits(), self.result_limbs());
		let sums = blocks.chunks_exact(self.shape.features.div_ceil(self.shape.block()));
		sums.map(|blocks| blocks.iter().fold(0, |sum: i64, &block| sum.wrapping_add(block)))
			.collect()
	}
}
