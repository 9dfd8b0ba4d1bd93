//! What a collator does: evaluate an artifact on an encrypted input.

use crate::artifact::{Artifact, ArtifactError};
use fhe_ml_engine::{EvaluationBuffers, PreparedServerKey, ServerKeyError};

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
	/// The artifact does not decode.
	#[error("model: {0}")]
	Artifact(#[from] ArtifactError),
	/// The server key does not decode.
	#[error("server key: {0}")]
	ServerKey(#[from] ServerKeyError),
	/// The input does not decode, or was encrypted for another key.
	#[error(transparent)]
	Input(#[from] fhe_ml_engine::EvaluateError),
}

/// Evaluates the model in `artifact` on `input` under a server key; returns the bytes of the
/// encrypted result.
///
/// The result depends on nothing but these bytes: every honest collator gets the same.
pub fn evaluate(
	artifact: &Artifact,
	server_key: Option<&PreparedServerKey>,
	input: &[u8],
	buffers: &mut EvaluationBuffers,
) -> Result<Vec<u8>, EvaluateError> {
	Ok(artifact.circuit.evaluate(server_key, input, buffers)?)
}
