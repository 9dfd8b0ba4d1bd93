//! Evaluation of the rows of a part.

use super::{Packing, RowInputs};
use crate::threads::{self, *};
use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		errors::EvaluateError,
		keyless::{self, Keyless},
		levelled::{Levelled, cost::memory_of, read_input},
	},
	entities::prepared_server_key::PreparedServerKey,
};
use alloc::vec::Vec;
use fhe_ml_format::ResultPrefix;

use core::ops::Range;

/// Memory that rows may take that are evaluated beside each other.
const BESIDE_EACH_OTHER_BYTES: u64 = 2 << 30;

/// All rows, one after the other.
pub(crate) fn keyless_part(
	circuit: &dyn Keyless,
	inputs: &RowInputs<'_>,
) -> Result<Vec<u8>, EvaluateError> {
	let mut part = Vec::new();
	for row in 0..inputs.prefix.rows {
		let result = keyless::evaluate(circuit, &inputs.row(row))?;
		part.extend_from_slice(&result[ResultPrefix::BYTES..]);
	}
	Ok(part)
}

/// The rows of part number `part`, packed.
pub(crate) fn levelled_part(
	circuit: &dyn Levelled,
	key: &PreparedServerKey,
	inputs: &RowInputs<'_>,
	part: u32,
	buffers: &mut EvaluationBuffers,
) -> Result<Vec<u8>, EvaluateError> {
	let rows = inputs.prefix.rows;
	let packing = Packing::new(circuit.encoding(), circuit.result_positions(), rows);
	let evaluate = |row: &[u8], buffers: &mut EvaluationBuffers| {
		let decoded = read_input(row, circuit.input_coefficients(), circuit.key_hash(key))?;
		Ok(circuit.evaluate_ciphertext(key, &decoded, buffers))
	};
	let range = packing.part(part);
	let rows = evaluate_rows(inputs, range, memory_of(circuit), buffers, evaluate)?;
	let count = rows.len();
	Ok(packing.to_bytes(&packing.pack(key, rows), count))
}

/// The ciphertexts of some rows; an evaluation of one of them takes `memory_bytes`.
pub(crate) fn evaluate_rows(
	inputs: &RowInputs<'_>,
	range: Range<u32>,
	memory_bytes: u64,
	buffers: &mut EvaluationBuffers,
	evaluate: impl Fn(&[u8], &mut EvaluationBuffers) -> Result<Vec<u64>, EvaluateError> + Sync,
) -> Result<Vec<Vec<u64>>, EvaluateError> {
	let rows: Vec<u32> = range.collect();
	let of_rows = |rows: &[u32], buffers: &mut EvaluationBuffers| {
		rows.iter().map(|&row| evaluate(&inputs.row(row), buffers)).collect::<Result<Vec<_>, _>>()
	};
	let threads = threads::current_num_threads();
	let fits = memory_bytes.saturating_mul(threads as u64) <= BESIDE_EACH_OTHER_BYTES;
	if rows.len() == 1 || threads == 1 || !fits {
		return of_rows(&rows, buffers);
	}
	// A task per thread, so that no more evaluations than threads hold memory.
	let tasks = rows.par_chunks(rows.len().div_ceil(threads).max(1));
	let found: Result<Vec<_>, _> =
		tasks.map(|rows| of_rows(rows, &mut EvaluationBuffers::default())).collect();
	Ok(found?.into_iter().flatten().collect())
}
