//! Decryption of filtered images.

use super::{FilterCircuit, evaluate::signed};
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
};
use zeroize::Zeroizing;

impl DecryptResult for FilterCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		decrypt_bodies(self, received, |row| self.decrypt_row(key, row))
	}
}

impl FilterCircuit {
	fn decrypt_row(
		&self,
		key: &ClientKey,
		received: &ReceivedRow<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		let result = EncryptedResult::from_bytes(received.result, self.outputs())?;
		let products = mask_products(key, &received.input_prefix.mask_seed, self.inputs());
		let masks = Zeroizing::new(self.combine(&Zeroizing::new(signed(&products))));
		let shift = self.message_shift();
		let bound = self.noise_bound().0;
		let pixel = |((&body, &mask), range): ((&u64, &i128), (i64, i64))| {
			let phase = modular::sub(body, modular::from_signed(mask));
			let (pixel, noise) = round_shifted(modular::to_signed(phase), shift);
			check(pixel, range, noise, bound)
		};
		let bodies = result.bodies.iter().zip(masks.iter());
		bodies.zip(self.output_ranges()).map(pixel).collect()
	}
}
