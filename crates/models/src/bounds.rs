//! Whether a model fits a chain.

use crate::artifact::Artifact;
use fhe_ml_format::bounds::{MAX_ARTIFACT_BYTES, MAX_INPUT_BYTES};

/// Why a compiled model does not fit a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
	/// The artifact is larger than a chain takes.
	#[error("the model takes {found} bytes, and at most {limit} fit a chain")]
	Artifact {
		/// Bytes of the artifact.
		found: usize,
		/// Bytes that are allowed.
		limit: usize,
	},
	/// The input is larger than a chain takes.
	#[error("an encrypted row would take {found} bytes, and at most {limit} fit a chain")]
	Input {
		/// Bytes of an input.
		found: usize,
		/// Bytes that are allowed.
		limit: usize,
	},
}

/// Sees to it that artifact and inputs of a model fit a chain.
///
/// # Errors
/// If one of them is larger than a chain takes.
pub(crate) fn check_bounds(artifact: &Artifact) -> Result<(), BoundsError> {
	let input = artifact.circuit.input_bytes();
	if input > MAX_INPUT_BYTES {
		return Err(BoundsError::Input { found: input, limit: MAX_INPUT_BYTES });
	}
	match artifact.as_bytes().len() {
		found if found > MAX_ARTIFACT_BYTES => {
			Err(BoundsError::Artifact { found, limit: MAX_ARTIFACT_BYTES })
		},
		_ => Ok(()),
	}
}
