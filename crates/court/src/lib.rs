//! Evaluation of a disputed job by the runtime.
//!
//! What an evaluation gives does not depend on who does it, so the runtime can do one again, slice by slice, and knows
//! then what is right. Nothing here needs more than an allocator.

#![no_std]

use fhe_ml_engine::{
	AdvanceError, Circuit, CompiledModel, CompiledModelError, EvaluateError, Hash,
	PreparedServerKey, Progress, ServerKeyError,
};

/// Most slices of one row: about half a minute in a runtime. Larger models need several workers.
pub const MOST_SLICES_OF_A_ROW: u64 = 128;

/// Most slices of a part with many rows.
pub const MOST_SLICES_OF_A_PART: u64 = 1024;

/// How much work a row is that needs no server key, at most, to be evaluated in one go: work units, which are
/// microseconds of native code.
pub const MOST_WORK_AT_ONCE: u64 = 20_000;

/// How a runtime can evaluate a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
	/// Not at all: it is too much work for slices, or private.
	Never,
	/// In one go.
	AtOnce {
		/// Work units of a row.
		work: u64,
	},
	/// In slices.
	Slices {
		/// Most of one part of a result.
		per_part: u32,
	},
}

/// What is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
	/// A `.fheml` file.
	pub artifact: &'a [u8],
	/// The server key and its hash, if the model needs one.
	pub server_key: Option<(&'a [u8], Hash)>,
	/// An encrypted input.
	pub input: &'a [u8],
	/// The part of the result.
	pub part: u32,
}

/// Why there is no part: what honest workers say of the job, too.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CaseError {
	/// The artifact does not decode.
	#[error("model: {0}")]
	Model(#[from] CompiledModelError),
	/// The server key does not decode.
	#[error("server key: {0}")]
	ServerKey(#[from] ServerKeyError),
	/// The input does not decode, or is for another key.
	#[error(transparent)]
	Input(EvaluateError),
	/// The model cannot be evaluated in slices, or the bytes of the slice before are not there.
	#[error("{0}")]
	Slice(AdvanceError),
}

/// How a model can be evaluated.
///
/// # Errors
/// If its artifact does not decode.
pub fn manner(artifact: &[u8]) -> Result<Manner, CompiledModelError> {
	let (CompiledModel { circuit, .. }, _) = CompiledModel::read(artifact)?;
	if !circuit.kind().needs_server_key() {
		return Ok(match circuit.work() {
			work if work <= MOST_WORK_AT_ONCE => Manner::AtOnce { work },
			_ => Manner::Never,
		});
	}
	Ok(slices(&circuit).map_or(Manner::Never, |per_part| Manner::Slices { per_part }))
}

/// Slices of the largest part; `None` if those are too many.
fn slices(circuit: &Circuit) -> Option<u32> {
	let of_row = circuit.slices(1, 0).filter(|&slices| slices <= MOST_SLICES_OF_A_ROW)?;
	let together = circuit.row_layout().rows_per_mask;
	let of_part = if together > 1 { circuit.slices(together, 0)? } else { of_row };
	let most = of_part.max(of_row);
	(most <= MOST_SLICES_OF_A_PART).then_some(most as u32)
}

/// Evaluates the next slice of a case; `rest` is what the slice before has left, and empty at first.
///
/// # Errors
/// If the case has no result.
pub fn advance(case: &Case<'_>, rest: &[u8]) -> Result<Progress, CaseError> {
	let (model, _) = CompiledModel::read(case.artifact)?;
	let key = case.server_key.filter(|_| model.circuit.kind().needs_server_key());
	let key = key.map(|(bytes, hash)| PreparedServerKey::read(bytes, hash)).transpose()?;
	let advanced = model.advance(key.as_ref(), case.input, case.part, rest);
	advanced.map_err(|error| match error {
		AdvanceError::Evaluate(error) => CaseError::Input(error),
		other => CaseError::Slice(other),
	})
}
