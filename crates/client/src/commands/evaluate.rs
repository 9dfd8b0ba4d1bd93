//! `fhe-ml evaluate`: the whole way on one machine.

use super::{CommandError, encrypt_row};
use crate::{cli::Evaluate, output::Output};
use fhe_ml_client::{files, rows::Table};
use fhe_ml_engine::{ClientKey, EncryptError};
use fhe_ml_models::{Artifact, Prediction};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// One evaluated row.
#[derive(Serialize)]
struct Row {
	row: usize,
	#[serde(flatten)]
	prediction: Prediction,
	encrypt_ms: f64,
	evaluate_ms: f64,
	decrypt_ms: f64,
}

fn milliseconds(start: Instant) -> f64 {
	start.elapsed().as_secs_f64() * 1000.0
}

pub fn run(options: Evaluate, output: Output) -> Result<(), CommandError> {
	let model = files::read_artifact(&options.model)?;
	let table = Table::read(&options.input.table)?.for_model(&model.card)?;
	let rows = table.select(options.rows.as_ref())?;
	let key = match &options.key {
		Some(folder) if !options.clear => Some(files::read_client_key(folder)?),
		_ => None,
	};
	let bar = output.bar(rows.len(), "evaluating");
	let mut times = Vec::with_capacity(rows.len());
	for (row, values) in &rows {
		let evaluated = match &key {
			Some(key) => encrypted(&model, key, *row, values)?,
			None => clear(&model, *row, values)?,
		};
		times.push(evaluated.evaluate_ms);
		bar.inc(1);
		let text = format!(
			"row {row}: {}  scores {:.6?}  ({:.3} ms)",
			evaluated.prediction.prediction, evaluated.prediction.scores, evaluated.evaluate_ms,
		);
		bar.suspend(|| output.print(&evaluated, &text))?;
	}
	bar.finish_and_clear();
	times.sort_by(f64::total_cmp);
	let median = times.get(times.len() / 2).copied().unwrap_or_default();
	let sizes = &model.card.sizes;
	let summary = json!({ "summary": {
		"model": model.card.name,
		"encrypted": key.is_some(),
		"rows": rows.len(),
		"threads": options.threads,
		"evaluate_ms_median": median,
		"input_bytes": sizes.input,
		"result_bytes": sizes.result,
		"server_key_bytes": sizes.server_key,
	}});
	let text = format!(
		"{} rows, evaluated in {median:.3} ms (median); input {} bytes, result {} bytes",
		rows.len(),
		sizes.input,
		sizes.result,
	);
	output.print(&summary, &text)
}

fn encrypted(
	model: &Artifact,
	key: &ClientKey,
	row: usize,
	values: &[f64],
) -> Result<Row, CommandError> {
	let start = Instant::now();
	let input = encrypt_row(model, key, row, values)?;
	let encrypt_ms = milliseconds(start);
	let start = Instant::now();
	let result = model.circuit.evaluate(&input).map_err(fhe_ml_models::EvaluateError::from)?;
	let evaluate_ms = milliseconds(start);
	let start = Instant::now();
	let prediction = model.card.decode(&key.decrypt(&model.circuit, &input, &result)?);
	Ok(Row { row, prediction, encrypt_ms, evaluate_ms, decrypt_ms: milliseconds(start) })
}

fn clear(model: &Artifact, row: usize, values: &[f64]) -> Result<Row, CommandError> {
	let x = model.card.encode(values).map_err(|source| CommandError::Encode { row, source })?;
	let start = Instant::now();
	let limbs = model.circuit.evaluate_limbs(&x).map_err(|output| CommandError::Encrypt {
		row,
		source: EncryptError::OutOfRange { output },
	})?;
	let evaluate_ms = milliseconds(start);
	let prediction = model.card.decode(&model.circuit.combine(&limbs));
	Ok(Row { row, prediction, encrypt_ms: 0.0, evaluate_ms, decrypt_ms: 0.0 })
}
