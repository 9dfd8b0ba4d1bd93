//! Decryption of results.

use crate::{
	algorithms::{linear::inner_product, rlwe::mask_products},
	entities::{
		circuit::Circuit,
		client_key::ClientKey,
		input::{EncryptedInput, InputError},
		linear::LinearCircuit,
		result::{EncryptedResult, ResultError, input_tag},
		result_encoding::ResultEncoding,
		switched_result::SwitchedResult,
	},
	modular,
};
use fhe_ml_format::{InputPrefix, ResultPrefix};
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
	pub fn decrypt(
		&self,
		circuit: &Circuit,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let prefix = InputPrefix::read(input).map_err(InputError::Header)?;
		if prefix.server_key != self.server_key_hash {
			return Err(DecryptError::AnotherKey);
		}
		let found = ResultPrefix::read(result).map_err(ResultError::Header)?;
		if found.input_tag != input_tag(input) {
			return Err(DecryptError::AnotherInput);
		}
		match circuit {
			Circuit::Linear(circuit) => self.decrypt_linear(circuit, &prefix, result),
			Circuit::Filter(circuit) => Ok(circuit.decrypt(self, &prefix, result)?),
			Circuit::Forest(circuit) => {
				let positions = 0..circuit.encoding().coefficients();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				Ok(circuit.combine(&limbs))
			},
			Circuit::EncryptedLinear(circuit) => {
				let input = EncryptedInput::from_bytes(input, circuit.slots())?;
				let result = EncryptedResult::from_bytes(result, circuit.results())?;
				Ok(circuit.decrypt(self, &input, &result))
			},
			Circuit::EncryptedForest(circuit) => {
				let positions = circuit.result_positions();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				Ok(circuit.combine(&limbs))
			},
			Circuit::Network(circuit) => {
				let positions = circuit.result_positions();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				Ok(circuit.combine(&limbs))
			},
		}
	}

	/// The mask of a linear result is the same combination of the input's masks as the bodies are
	/// of its bodies, so subtracting the combination of a s leaves the shifted message and its
	/// noise.
	fn decrypt_linear(
		&self,
		circuit: &LinearCircuit,
		input: &InputPrefix,
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let result = EncryptedResult::from_bytes(result, circuit.digit_bias.len())?;
		let products = mask_products(self, &input.mask_seed, circuit.features());
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

	/// The integers in some coefficients of a switched result: b - a s modulo 2^bits, rounded.
	fn decrypt_switched(
		&self,
		encoding: &ResultEncoding,
		positions: impl Iterator<Item = usize>,
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let (count, bits) = (encoding.coefficients(), encoding.result_bits);
		let result = SwitchedResult::from_bytes(result, count, bits)?;
		let secret = self.secret.as_ref();
		let phase = |(at, &body): (usize, &u64)| {
			// Coefficient `at` of a s: X^N = -1 turns the sign of what wraps around.
			let (low, high) = result.mask.split_at(at + 1);
			let straight = low.iter().zip(secret[..=at].iter().rev()).map(|(a, s)| a * s);
			let wrapped = high.iter().zip(secret[at + 1..].iter().rev()).map(|(a, s)| a * s);
			let product = straight.sum::<u64>().wrapping_sub(wrapped.sum());
			body.wrapping_sub(product) & ((1 << bits) - 1)
		};
		let phases = positions.zip(&result.bodies).map(phase);
		let phases = Zeroizing::new(phases.collect::<Vec<_>>());
		Ok(encoding.decode(&phases))
	}
}
