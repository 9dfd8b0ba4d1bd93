//! Decryption of results.

use crate::{
	algorithms::{linear::inner_product, rlwe::mask_product},
	entities::{
		client_key::ClientKey,
		input::{EncryptedInput, InputError},
		linear::LinearCircuit,
		result::{EncryptedResult, ResultError, input_tag},
	},
	modular,
	params::POLYNOMIAL_SIZE,
};
use zeroize::Zeroizing;

/// Why a result cannot be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
	/// The input does not decode.
	#[error(transparent)]
	Input(#[from] InputError),
	/// The result does not decode.
	#[error(transparent)]
	Result(#[from] ResultError),
	/// The input was encrypted with another client key.
	#[error("the input was encrypted with another client key")]
	AnotherKey,
	/// The result belongs to another input.
	#[error("the result belongs to another input")]
	AnotherInput,
}

impl ClientKey {
	/// Decrypts the result of evaluating `circuit` on `input`; one integer per output.
	///
	/// The mask of the result is the same combination of the input's masks as the bodies are of its
	/// bodies, so subtracting the combination of a s leaves the shifted message and its noise.
	pub fn decrypt(
		&self,
		circuit: &LinearCircuit,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let decoded = EncryptedInput::from_bytes(input, circuit.features())?;
		if decoded.prefix.server_key != self.server_key_hash {
			return Err(DecryptError::AnotherKey);
		}
		let result = EncryptedResult::from_bytes(result, circuit.digit_bias.len())?;
		if result.prefix.input_tag != input_tag(input) {
			return Err(DecryptError::AnotherInput);
		}
		let polynomials = circuit.features().div_ceil(POLYNOMIAL_SIZE);
		let mut products = Zeroizing::new(Vec::with_capacity(polynomials * POLYNOMIAL_SIZE));
		for index in 0..polynomials {
			let product = mask_product(self, &decoded.prefix.mask_seed, index as u64);
			products.extend_from_slice(product.as_ref());
		}
		let half = 1i64 << (circuit.message_shift() - 1);
		let limbs: Vec<i64> = circuit
			.digits
			.chunks_exact(circuit.features())
			.zip(&result.bodies)
			.map(|(digits, &body)| {
				let phase = modular::sub(body, inner_product(digits, &products));
				(modular::to_signed(phase) + half) >> circuit.message_shift()
			})
			.collect();
		Ok(circuit.combine(&limbs))
	}
}
