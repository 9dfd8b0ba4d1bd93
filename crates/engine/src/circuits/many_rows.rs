//! Inputs and results of many rows.
//!
//! Row r of an input is encrypted and evaluated as if it were alone: its masks come from a seed that follows from
//! the input's seed and r. What rows share is in the result. Without a server key a result has the bodies of one
//! row after those of the other. With one, a result has *parts*: the integers of as many rows as fit a ciphertext
//! are packed into it, so that its mask, which is most of a result of one row, is sent once. Where the noise
//! leaves no room for packing, every row is a part.

#[cfg(feature = "client")]
mod client;
mod evaluate;
mod inputs;
mod parts;
#[cfg(test)]
mod tests;

#[cfg(feature = "client")]
pub(crate) use client::decrypt_bodies;
#[cfg(feature = "client")]
pub(crate) use evaluate::evaluate_rows;
pub(crate) use evaluate::{keyless_part, levelled_part};
pub(crate) use inputs::RowInputs;
pub(crate) use parts::{INTEGER_NANOSECONDS, Packing, row_layout};

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{Circuit, errors::EvaluateError},
	entities::{input::InputError, prepared_server_key::PreparedServerKey, result::input_tag},
};
use alloc::vec::Vec;
use fhe_ml_format::{
	InputPrefix, MAX_ROWS, ResultPrefix, RowLayout,
	bounds::{MAX_INPUT_BYTES, MAX_RESULT_BYTES},
};

/// A result of `parts`, as [`Circuit::evaluate_part`] gives them.
pub(crate) fn assemble(input: &[u8], parts: &[Vec<u8>]) -> Result<Vec<u8>, EvaluateError> {
	let rows = InputPrefix::read(input).map_err(InputError::Header)?.rows;
	let body_bytes = parts.iter().map(Vec::len).sum::<usize>();
	let prefix = ResultPrefix { input_tag: input_tag(input), rows };
	let mut bytes = prefix.to_bytes(body_bytes as u32).to_vec();
	parts.iter().for_each(|part| bytes.extend_from_slice(part));
	Ok(bytes)
}

impl Circuit {
	/// How many rows lie in a result.
	pub fn row_layout(&self) -> RowLayout {
		self.family().row_layout()
	}

	/// Exact length in bytes of an input of this many rows.
	pub fn input_bytes_of(&self, rows: u32) -> usize {
		fhe_ml_format::input_bytes(self.input_bytes() as u32, rows) as usize
	}

	/// Exact length in bytes of a result of this many rows.
	pub fn result_bytes_of(&self, rows: u32) -> usize {
		self.row_layout().result_bytes(self.result_bytes() as u32, rows) as usize
	}

	/// Cost of evaluating this many rows together, as [`Circuit::work`].
	pub fn work_of(&self, rows: u32) -> u64 {
		self.row_layout().work(self.work(), rows)
	}

	/// Most rows of one input by the bounds of the chain on blobs.
	pub fn most_rows(&self) -> u32 {
		let row_bytes = self.input_bytes().saturating_sub(InputPrefix::BYTES).max(1);
		let of_input = (MAX_INPUT_BYTES - InputPrefix::BYTES) / row_bytes;
		let mut rows = MAX_ROWS.min(of_input as u32);
		while rows > 1 && self.result_bytes_of(rows) > MAX_RESULT_BYTES {
			rows -= rows.div_ceil(16);
		}
		rows.max(1)
	}

	/// Parts that the result of an input of this many rows has: evaluations of their own, whose order does not
	/// matter.
	pub fn parts(&self, rows: u32) -> u32 {
		self.row_layout().masks(rows)
	}

	/// Rows that part number `part` has of the result of an input of this many rows.
	pub fn rows_of_part(&self, rows: u32, part: u32) -> u32 {
		self.row_layout().rows_of(rows, part).len() as u32
	}

	/// Evaluates part number `part` of the bytes of an input of any number of rows.
	///
	/// # Errors
	/// As [`Circuit::evaluate`].
	pub fn evaluate_part(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		part: u32,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		self.family().evaluate_part(key, input, part, buffers)
	}

	/// The bytes of a result with these parts, in their order.
	///
	/// # Errors
	/// If `input` is no input.
	pub fn assemble(input: &[u8], parts: &[Vec<u8>]) -> Result<Vec<u8>, EvaluateError> {
		assemble(input, parts)
	}
}
