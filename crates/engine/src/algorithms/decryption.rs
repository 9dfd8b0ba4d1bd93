//! What decryption refuses.

use crate::entities::{input::InputError, result::ResultError};

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
	/// The result has several rows.
	#[error("the result has {0} rows, which are decrypted together")]
	ManyRows(u32),
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

/// The only row of a result.
///
/// # Errors
/// If it has several.
pub fn only_row<Row>(mut rows: Vec<Row>) -> Result<Row, DecryptError> {
	match (rows.pop(), rows.len()) {
		(Some(row), 0) => Ok(row),
		(_, others) => Err(DecryptError::ManyRows(others as u32 + 1)),
	}
}

/// The integer in a phase that is shifted by `shift` bits, and its noise.
pub(crate) fn round_shifted(phase: i64, shift: u32) -> (i64, u64) {
	let rounded = (phase + (1i64 << (shift - 1))) >> shift;
	(rounded, (phase - (rounded << shift)).unsigned_abs())
}

/// `value`, if an honest result can have it with this noise.
pub(crate) fn check(
	value: i64,
	(low, high): (i64, i64),
	noise: u64,
	tolerance: u64,
) -> Result<i64, DecryptError> {
	if noise > tolerance {
		return Err(DecryptError::TooNoisy);
	}
	if value < low || value > high { Err(DecryptError::OutOfRange) } else { Ok(value) }
}
