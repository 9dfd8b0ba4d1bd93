//! Decryption of linear circuits' results.

use super::{LinearCircuit, evaluate::inner_product};
use crate::{
	algorithms::{
		decryption::{DecryptError, check, round_shifted},
		encryption::mask_products,
	},
	circuits::{
		client::{DecryptResult, Received, ReceivedRow},
		many_rows::decrypt_bodies,
	},
	entities::{client_key::ClientKey, result::EncryptedResult},
	math::modular,
	noise::NoiseBound,
};

impl DecryptResult for LinearCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		decrypt_bodies(self, received, |row| self.decrypt_row(key, row))
	}
}

impl LinearCircuit {
	/// The mask of a linear result is the same combination of the input's masks as the bodies are
	/// of its bodies, so subtracting the combination of a s leaves the shifted message and its
	/// noise.
	fn decrypt_row(
		&self,
		key: &ClientKey,
		received: &ReceivedRow<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		let result = EncryptedResult::from_bytes(received.result, self.digit_bias.len())?;
		let products = mask_products(key, &received.input_prefix.mask_seed, self.features());
		let range = (-self.capacity(), self.capacity());
		let limb = |(digits, &body): (&[i8], &u64)| {
			let phase = modular::sub(body, inner_product(digits, &products));
			let norm = digits.iter().map(|digit| u64::from(digit.unsigned_abs())).sum();
			let bound = NoiseBound::of_inner_product(norm);
			let (limb, noise) = round_shifted(modular::to_signed(phase), self.message_shift());
			check(limb, range, noise, bound.0)
		};
		let rows = self.digits.chunks_exact(self.features()).zip(&result.bodies);
		Ok(self.combine(&rows.map(limb).collect::<Result<Vec<i64>, _>>()?))
	}
}
