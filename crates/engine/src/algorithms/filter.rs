//! Image filters on ciphertexts: the same combination of bodies (by the collator) and of masks times the
//! secret (by the client).

use crate::{
	algorithms::{
		decryption::{DecryptError, round_shifted},
		evaluation::EvaluateError,
		rlwe::mask_products,
	},
	entities::{
		client_key::ClientKey,
		filter::FilterCircuit,
		input::EncryptedInput,
		result::{EncryptedResult, input_tag},
		result_encoding::check,
	},
	math::modular,
};
use fhe_ml_format::{InputPrefix, ResultPrefix};
use zeroize::Zeroizing;

impl FilterCircuit {
	/// Evaluates the bytes of an input; returns the bytes of a result.
	pub fn evaluate(&self, input: &[u8]) -> Result<Vec<u8>, EvaluateError> {
		let decoded = EncryptedInput::from_bytes(input, self.inputs())?;
		let sums = self.combine(&signed(&decoded.bodies));
		let shift = self.message_shift();
		let bodies = sums
			.into_iter()
			.zip(self.bias_of_outputs())
			.map(|(sum, bias)| modular::from_signed(sum + (i128::from(bias) << shift)));
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		Ok(EncryptedResult { prefix, bodies: bodies.collect() }.to_bytes())
	}

	/// The outputs in a result for an input with this prefix.
	pub(crate) fn decrypt(
		&self,
		key: &ClientKey,
		input: &InputPrefix,
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let result = EncryptedResult::from_bytes(result, self.outputs())?;
		let products = mask_products(key, &input.mask_seed, self.inputs());
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

/// Residues as signed integers; they have 51 bits.
fn signed(residues: &[u64]) -> Vec<i64> {
	residues.iter().map(|&residue| residue as i64).collect()
}
