//! Why integers do not enter a circuit, and why an evaluation fails.

use crate::entities::input::InputError;

/// Why a vector of integers cannot enter a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CircuitInputError {
	/// Not one integer per input of the circuit.
	#[error("the model takes {wanted} inputs, not {found}")]
	Count {
		/// Integers that are there.
		found: usize,
		/// Integers that there should be.
		wanted: usize,
	},
	/// The result would not fit the plaintext space, so it would decrypt to something else.
	#[error("output {output} is out of the model's range for these features")]
	OutOfRange {
		/// Number of the output.
		output: usize,
	},
	/// The argument of an activation leaves its table.
	#[error("hidden unit {unit} is out of the model's range for these features")]
	HiddenOutOfRange {
		/// Number of the hidden unit.
		unit: usize,
	},
	/// No row, or more than an input may have.
	#[error("an input has 1 to 4096 rows, not {0}")]
	Rows(usize),
	/// An integer that the circuit does not take at this place.
	#[error("input {0} has a value that the model does not take")]
	Value(usize),
	/// There is nothing to compute with in the clear.
	#[error("the model's weights are not known here: it cannot be evaluated in the clear")]
	EncryptedWeights,
}

/// Why an input cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
	/// The input does not decode.
	#[error(transparent)]
	Input(#[from] InputError),
	/// The circuit needs a server key, and there is none.
	#[error("the model needs a server key")]
	NoServerKey,
	/// The circuit needs a bootstrap key, and there is none.
	#[error("the model needs a bootstrap key beside the server key")]
	NoBootstrapKey,
	/// The input was encrypted for another server key, or for another bootstrap key.
	#[error("the input was encrypted for another server key, or another bootstrap key of it")]
	AnotherServerKey,
	/// Only the evaluators that the owner names have the circuit.
	#[error("the model is private: only its owner's evaluators can evaluate it")]
	Private,
	/// The server key is of version 1: nothing can be sanitised with it.
	#[error(
		"the server key has no encryption of zero, which private models need: make new keys with `fhe-ml keygen`, and register them"
	)]
	OldServerKey,
}
