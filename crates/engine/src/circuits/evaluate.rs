//! Why an evaluation fails.

use crate::entities::input::InputError;

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
