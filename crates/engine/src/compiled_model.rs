//! What evaluators need of an artifact: its circuit. The card is for people and clients.

use crate::{
	AdvanceError, Circuit, CircuitError, EvaluateError, EvaluationBuffers, PreparedServerKey,
	Progress, entities::input::InputError,
};
use alloc::vec::Vec;
use fhe_ml_format::{ArtifactPrefix, Hash, HeaderError, InputPrefix};

/// The circuit of a `.fheml` file, and for whom it is.
#[derive(Clone, Debug)]
pub struct CompiledModel {
	/// What the file says of the circuit; it is true.
	pub prefix: ArtifactPrefix,
	/// What is evaluated.
	pub circuit: Circuit,
}

/// Why an artifact has no circuit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompiledModelError {
	/// The header is not that of an artifact.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// The circuit does not decode.
	#[error("the circuit does not decode: {0}")]
	Circuit(#[from] CircuitError),
	/// The prefix says something else than the circuit.
	#[error("{0}")]
	Mismatch(&'static str),
}

impl CompiledModel {
	/// Reads the circuit of a whole artifact. Its card is not looked at, but given back.
	///
	/// # Errors
	/// If header or circuit do not decode, or contradict each other.
	pub fn read(artifact: &[u8]) -> Result<(Self, &[u8]), CompiledModelError> {
		let prefix = ArtifactPrefix::read(artifact)?;
		let (card, circuit) = artifact
			.get(prefix.encoded_len()..)
			.and_then(|rest| rest.split_at_checked(prefix.card_bytes as usize))
			.ok_or(HeaderError::WrongLength)?;
		let circuit = Circuit::from_bytes(prefix.circuit, circuit)?;
		if prefix.input_bytes as usize != circuit.input_bytes()
			|| prefix.result_bytes as usize != circuit.result_bytes()
			|| prefix.work != circuit.work()
		{
			return Err(CompiledModelError::Mismatch("sizes or work differ from the circuit's"));
		}
		if prefix.row_layout.is_some_and(|layout| layout != circuit.row_layout()) {
			return Err(CompiledModelError::Mismatch("rows lie in a result in another way"));
		}
		Ok((Self { prefix, circuit }, card))
	}

	/// Evaluates one of the [parts](Circuit::parts) of an input; put together by [`assemble`](Circuit::assemble) they
	/// are a result.
	///
	/// # Errors
	/// As [`Circuit::evaluate`], or if an encrypted model is for another key than the input: it would give noise.
	pub fn evaluate_part(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		part: u32,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		check_key(self.prefix.encrypted_for, input)?;
		self.circuit.evaluate_part(key, input, part, buffers)
	}

	/// As [`Circuit::advance`].
	///
	/// # Errors
	/// As [`Circuit::advance`], or if an encrypted model is for another key than the input.
	pub fn advance(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		part: u32,
		rest: &[u8],
	) -> Result<Progress, AdvanceError> {
		check_key(self.prefix.encrypted_for, input)?;
		self.circuit.advance(key, input, part, rest)
	}
}

/// Whether an input is for the key that a model is encrypted for, if it is.
///
/// # Errors
/// If it is for another key, or has no prefix.
pub fn check_key(encrypted_for: Option<Hash>, input: &[u8]) -> Result<(), EvaluateError> {
	let Some(wanted) = encrypted_for else { return Ok(()) };
	let found = InputPrefix::read(input).map_err(InputError::Header)?.server_key;
	if found == wanted { Ok(()) } else { Err(EvaluateError::AnotherServerKey) }
}
