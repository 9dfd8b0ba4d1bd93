//! What a collator does: evaluate an artifact on an encrypted input.

use crate::artifact::Artifact;
use fhe_ml_engine::{EvaluateError, EvaluationBuffers, PreparedServerKey, check_key};

/// Evaluates the model in `artifact` on `input`, of any number of rows, under a server key; returns the bytes
/// of the encrypted result.
///
/// An encrypted model takes only inputs for the key that it is encrypted for: with any other it would
/// give noise.
///
/// The result depends on nothing but these bytes: every honest collator gets the same.
///
/// # Errors
/// If the server key is missing or another one than the input needs, or the input does not decode
/// or is of another length.
pub fn evaluate(
	artifact: &Artifact,
	server_key: Option<&PreparedServerKey>,
	input: &[u8],
	buffers: &mut EvaluationBuffers,
) -> Result<Vec<u8>, EvaluateError> {
	check_key(artifact.encrypted_for, input)?;
	artifact.circuit.evaluate(server_key, input, buffers)
}
