//! `fhe-ml evaluate`: the whole way on one machine.

use crate::{
	cli::Evaluate,
	error::CommandError,
	output::{Output, tie},
};
use fhe_ml_client::{
	files::{self, FileError},
	local::{LocalEvaluator, LocalPrediction, predict_clear},
	rows::Table,
};
use fhe_ml_engine::{Circuit, EvaluationBuffers};
use fhe_ml_models::{Cell, Model, ModelError, Prediction};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// Bytes of memory for the selectors of a bootstrap key, as of a node.
const SELECTOR_MEMORY: usize = 512 << 20;

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
	let key = options.key.as_deref().filter(|_| !options.clear);
	let key = key.map(|folder| Ok::<_, FileError>((folder, files::read_client_key(folder)?)));
	let key = key.transpose()?;
	let model = match &key {
		Some((_, client)) => {
			files::read_model(&options.model, options.schema.path.as_deref(), client)?
		},
		None => {
			let artifact = files::read_artifact(&options.model)?;
			Model::new(artifact, None).map_err(|source| match source {
				ModelError::NeedsSchema => CommandError::NotClear,
				source => FileError::Model { path: options.model.clone(), source }.into(),
			})?
		},
	};
	let table = Table::read(&options.input.table)?.for_model(&model.card)?;
	let rows = table.select(options.rows.as_ref())?;
	let threads = options.threads.get();
	let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
	let pool = pool.map_err(|source| CommandError::Threads { threads, source })?;
	let server_key = match &key {
		Some((folder, client_key)) if model.card.sizes.server_key > 0 => {
			let circuit = &model.artifact.circuit;
			let mut prepared =
				client_key.prepare(&files::read_server_key(folder)?, circuit.kind())?;
			if let Circuit::Deep(network) = circuit {
				let gadget = network.bootstrap_gadget().unwrap_or_default();
				prepared.keep_selectors(gadget, SELECTOR_MEMORY);
			}
			Some(prepared)
		},
		_ => None,
	};
	let mut evaluator = key.as_ref().map(|(_, client_key)| LocalEvaluator {
		model: &model,
		client_key,
		server_key: server_key.as_ref(),
		pool: &pool,
		buffers: EvaluationBuffers::default(),
	});
	let together = options.rows_per_request.get().min(model.artifact.most_rows() as usize);
	let bar = output.bar(rows.len(), "evaluating");
	let mut times = Vec::with_capacity(rows.len());
	let mut bytes = Bytes::default();
	for rows in rows.chunks(together) {
		let evaluated = match &mut evaluator {
			Some(evaluator) => request(evaluator, rows, &mut bytes)?,
			None => rows.iter().map(|row| clear(&model, row)).collect::<Result<_, _>>()?,
		};
		for row in evaluated {
			times.push(row.evaluate_ms);
			bar.inc(1);
			let Prediction { prediction, scores, tie: is_tie, .. } = &row.prediction;
			let (number, milliseconds) = (row.row, row.evaluate_ms);
			let text = format!(
				"row {number}: {prediction}  scores {scores:.6?}  {}({milliseconds:.3} ms)",
				tie(*is_tie),
			);
			bar.suspend(|| output.print(&row, &text))?;
		}
	}
	bar.finish_and_clear();
	let total = times.iter().sum::<f64>();
	times.sort_by(f64::total_cmp);
	let median = times.get(times.len() / 2).copied().unwrap_or_default();
	let sizes = &model.card.sizes;
	let summary = json!({ "summary": {
		"model": model.card.name,
		"encrypted": evaluator.is_some(),
		"rows": rows.len(),
		"rows_per_request": together,
		"threads": threads,
		"evaluate_ms_median": median,
		"evaluate_ms_total": total,
		"input_bytes": sizes.input,
		"result_bytes": sizes.result,
		"input_bytes_total": bytes.input,
		"result_bytes_total": bytes.result,
		"server_key_bytes": sizes.server_key,
		"bootstrap_key_bytes": sizes.bootstrap_key,
	}});
	let mut text = format!(
		"{} rows, evaluated in {median:.3} ms each (median, {threads} threads)",
		rows.len()
	);
	if evaluator.is_some() {
		text += &format!("; inputs {} bytes, results {} bytes", bytes.input, bytes.result);
	}
	output.print(&summary, &text)
}

/// What would cross the chain.
#[derive(Default)]
struct Bytes {
	input: usize,
	result: usize,
}

/// Evaluates rows as one request; each row with its share of the times.
fn request(
	evaluator: &mut LocalEvaluator,
	rows: &[(usize, Vec<Cell>)],
	bytes: &mut Bytes,
) -> Result<Vec<Row>, CommandError> {
	let first = rows.first().map_or(0, |(row, _)| *row);
	let values: Vec<&Vec<Cell>> = rows.iter().map(|(_, values)| values).collect();
	let evaluated = evaluator.request(first, &values)?;
	if let Some(of_request) = evaluated.first() {
		bytes.input += of_request.input_bytes;
		bytes.result += of_request.result_bytes;
	}
	let row = |((row, _), evaluated): (&(usize, Vec<Cell>), LocalPrediction)| Row {
		row: *row,
		prediction: evaluated.prediction,
		encrypt_ms: evaluated.encrypt_ms,
		evaluate_ms: evaluated.evaluate_ms,
		decrypt_ms: evaluated.decrypt_ms,
	};
	Ok(rows.iter().zip(evaluated).map(row).collect())
}

fn clear(model: &Model, (row, values): &(usize, Vec<Cell>)) -> Result<Row, CommandError> {
	let (row, start) = (*row, Instant::now());
	let prediction = predict_clear(model, row, values)?;
	Ok(Row { row, prediction, encrypt_ms: 0.0, evaluate_ms: milliseconds(start), decrypt_ms: 0.0 })
}
