//! Decryption of results.

#[cfg(test)]
mod made_up_results;

use crate::{
	algorithms::{linear::inner_product, rlwe::mask_products},
	entities::{
		circuit::Circuit,
		client_key::ClientKey,
		input::{EncryptedInput, InputError},
		linear::LinearCircuit,
		result::{EncryptedResult, ResultError, input_tag},
		result_encoding::{ResultEncoding, check},
		switched_result::SwitchedResult,
	},
	math::modular,
	noise::NoiseBound,
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
	/// The result decrypts to an integer that the circuit gives for no input.
	#[error(
		"the result decrypts to what the model gives for no input: another key encrypted it, or its worker made it up"
	)]
	OutOfRange,
	/// The result has noise that no evaluation makes.
	#[error(
		"the result has more noise than an evaluation makes: another key encrypted it, or its worker made it up"
	)]
	TooNoisy,
}

impl ClientKey {
	/// Decrypts the result of evaluating `circuit` on `input`; one integer per output.
	///
	/// What is refused bounds what a made-up result can tell whoever sees its decryption, but does not
	/// bring it to nothing: compare the result with an evaluation of one's own before.
	///
	/// # Errors
	/// If the result belongs to another input or key, or if no evaluation gives it: its integers or its
	/// noise are out of the circuit's bounds.
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
		let outputs = match circuit {
			Circuit::Linear(circuit) => self.decrypt_linear(circuit, &prefix, result)?,
			Circuit::Filter(circuit) => circuit.decrypt(self, &prefix, result)?,
			Circuit::Forest(circuit) => {
				let positions = 0..circuit.encoding().coefficients();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				circuit.combine(&limbs)
			},
			Circuit::EncryptedLinear(circuit) => {
				let input = EncryptedInput::from_bytes(input, circuit.slots())?;
				let result = EncryptedResult::from_bytes(result, circuit.results())?;
				circuit.decrypt(self, &input, &result)?
			},
			Circuit::EncryptedForest(circuit) => {
				let positions = circuit.result_positions();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				circuit.combine(&limbs)
			},
			Circuit::Network(circuit) => {
				let positions = circuit.result_positions();
				let limbs = self.decrypt_switched(circuit.encoding(), positions, result)?;
				circuit.combine(&limbs)
			},
		};
		// Every limb is in its range by now; put together they may still be what no input gives.
		let ranges = circuit.output_ranges();
		let fits = |(output, (low, high)): (&i64, &(i64, i64))| (low..=high).contains(&output);
		if outputs.iter().zip(&ranges).all(fits) {
			Ok(outputs)
		} else {
			Err(DecryptError::OutOfRange)
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
		let range = (-circuit.capacity(), circuit.capacity());
		let limb = |(digits, &body): (&[i8], &u64)| {
			let phase = modular::sub(body, inner_product(digits, &products));
			let norm = digits.iter().map(|digit| u64::from(digit.unsigned_abs())).sum();
			let bound = NoiseBound::of_inner_product(norm);
			let (limb, noise) = round_shifted(modular::to_signed(phase), circuit.message_shift());
			check(limb, range, noise, bound.0)
		};
		let rows = circuit.digits.chunks_exact(circuit.features()).zip(&result.bodies);
		Ok(circuit.combine(&rows.map(limb).collect::<Result<Vec<i64>, _>>()?))
	}

	/// The integers in some coefficients of a switched result.
	fn decrypt_switched(
		&self,
		encoding: &ResultEncoding,
		positions: impl Iterator<Item = usize>,
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let (count, bits) = (encoding.coefficients(), encoding.result_bits);
		let result = SwitchedResult::from_bytes(result, count, bits)?;
		encoding.decode(&self.switched_phases(positions, &result))
	}

	/// b - a s modulo 2^bits in some coefficients of a switched result.
	fn switched_phases(
		&self,
		positions: impl Iterator<Item = usize>,
		result: &SwitchedResult,
	) -> Zeroizing<Vec<u64>> {
		let secret = self.secret.as_ref();
		let phase = |(at, &body): (usize, &u64)| {
			// Coefficient `at` of a s: X^N = -1 turns the sign of what wraps around.
			let (low, high) = result.mask.split_at(at + 1);
			let straight = low.iter().zip(secret[..=at].iter().rev()).map(|(a, s)| a * s);
			let wrapped = high.iter().zip(secret[at + 1..].iter().rev()).map(|(a, s)| a * s);
			let product = straight.sum::<u64>().wrapping_sub(wrapped.sum());
			body.wrapping_sub(product) & ((1 << result.bits) - 1)
		};
		Zeroizing::new(positions.zip(&result.bodies).map(phase).collect())
	}
}

/// The integer in a phase that is shifted by `shift` bits, and its noise.
pub(crate) fn round_shifted(phase: i64, shift: u32) -> (i64, u64) {
	let rounded = (phase + (1i64 << (shift - 1))) >> shift;
	(rounded, (phase - (rounded << shift)).unsigned_abs())
}
