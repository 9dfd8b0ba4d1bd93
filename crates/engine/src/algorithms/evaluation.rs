//! Evaluation of any circuit.

use crate::{
	algorithms::forest::EvaluationBuffers,
	entities::{
		circuit::Circuit,
		input::{EncryptedInput, InputError},
		prepared_server_key::PreparedServerKey,
	},
};

/// Why an input cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
	/// The input does not decode.
	#[error(transparent)]
	Input(#[from] InputError),
	/// The circuit needs a server key, and there is none.
	#[error("the model needs a server key")]
	NoServerKey,
	/// The input was encrypted for another server key.
	#[error("the input was encrypted for another server key")]
	AnotherServerKey,
}

/// Decodes an input that must belong to a server key.
pub(crate) fn decode_for(
	key: &PreparedServerKey,
	input: &[u8],
	slots: usize,
) -> Result<EncryptedInput, EvaluateError> {
	let decoded = EncryptedInput::from_bytes(input, slots)?;
	if decoded.prefix.server_key != key.hash() {
		return Err(EvaluateError::AnotherServerKey);
	}
	Ok(decoded)
}

impl Circuit {
	/// Evaluates the bytes of an input; returns the bytes of a result.
	///
	/// The result depends on nothing but these bytes and the key: every honest collator gets the
	/// same. It runs on the threads of the current rayon pool.
	pub fn evaluate(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		match self {
			Self::Linear(circuit) => circuit.evaluate(input),
			Self::Forest(circuit) => {
				circuit.evaluate(key.ok_or(EvaluateError::NoServerKey)?, input, buffers)
			},
			Self::EncryptedLinear(circuit) => circuit.evaluate(input),
			Self::Filter(circuit) => circuit.evaluate(input),
			Self::EncryptedForest(circuit) => {
				circuit.evaluate(key.ok_or(EvaluateError::NoServerKey)?, input, buffers)
			},
			Self::Network(circuit) => {
				circuit.evaluate(key.ok_or(EvaluateError::NoServerKey)?, input, buffers)
			},
		}
	}
}
