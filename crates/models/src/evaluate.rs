//! What a collator does: evaluate an artifact on an encrypted input.

use crate::artifact::{Artifact, ArtifactError};

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
	/// The artifact does not decode.
	#[error("model: {0}")]
	Artifact(#[from] ArtifactError),
	/// The input does not decode.
	#[error(transparent)]
	Input(#[from] fhe_ml_engine::EvaluateError),
}

/// Evaluates the model in `artifact` on `input`; returns the bytes of the encrypted result.
///
/// The result depends on nothing but these bytes: every honest collator gets the same.
pub fn evaluate(artifact: &[u8], input: &[u8]) -> Result<Vec<u8>, EvaluateError> {
	Ok(Artifact::from_bytes(artifact.to_vec())?.circuit.evaluate(input)?)
}
