//! `fhe-ml evaluate`: the whole way on one machine.

use crate::{
	cli::Evaluate,
	error::CommandError,
	models::{encode_row, encrypt_rows},
	output::{Output, tie},
};
use fhe_ml_client::{
	files::{self, FileError},
	rows::Table,
};
use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey};
use fhe_ml_models::{Cell, Model, ModelError, Prediction, evaluate};
use serde::Serialize;
use serde_json::json;
use std::{path::Path, time::Instant};

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
	let mut evaluator = match key {
		Some((folder, client_key)) => Some(Evaluator::new(&model, folder, client_key, &pool)?),
		None => None,
	};
	let together = options.rows_per_request.get().min(model.artifact.most_rows() as usize);
	let bar = output.bar(rows.len(), "evaluating");
	let mut times = Vec::with_capacity(rows.len());
	let mut bytes = Bytes::default();
	for rows in rows.chunks(together) {
		let evaluated = match &mut evaluator {
			Some(evaluator) => evaluator.request(rows, &mut bytes)?,
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

/// A model with the keys to evaluate it, and the threads.
struct Evaluator<'a> {
	model: &'a Model,
	client_key: ClientKey,
	server_key: Option<PreparedServerKey>,
	pool: &'a rayon::ThreadPool,
	buffers: EvaluationBuffers,
}

impl<'a> Evaluator<'a> {
	fn new(
		model: &'a Model,
		folder: &Path,
		client_key: ClientKey,
		pool: &'a rayon::ThreadPool,
	) -> Result<Self, CommandError> {
		let server_key = match model.card.sizes.server_key {
			0 => None,
			_ => {
				let kind = model.artifact.circuit.kind();
				Some(client_key.prepare(&files::read_server_key(folder)?, kind)?)
			},
		};
		Ok(Self { model, client_key, server_key, pool, buffers: EvaluationBuffers::default() })
	}

	/// Rows as one input; each with its share of the times.
	fn request(
		&mut self,
		rows: &[(usize, Vec<Cell>)],
		bytes: &mut Bytes,
	) -> Result<Vec<Row>, CommandError> {
		let Self { model, client_key, server_key, pool, buffers } = self;
		let share = |start: Instant| milliseconds(start) / rows.len() as f64;
		let first = rows.first().map_or(0, |(row, _)| *row);
		let start = Instant::now();
		let encode = |(row, values): &(usize, Vec<Cell>)| encode_row(model, *row, values);
		let encoded = rows.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
		let input = encrypt_rows(model, client_key, first, &encoded)?;
		let encrypt_ms = share(start);
		let start = Instant::now();
		let result =
			pool.install(|| evaluate(&model.artifact, server_key.as_ref(), &input, buffers))?;
		let evaluate_ms = share(start);
		let start = Instant::now();
		let predictions = model.decrypt_rows(client_key, &input, &result)?;
		let decrypt_ms = share(start);
		bytes.input += input.len();
		bytes.result += result.len();
		let row = |((row, _), prediction): (&(usize, Vec<Cell>), Prediction)| Row {
			row: *row,
			prediction,
			encrypt_ms,
			evaluate_ms,
			decrypt_ms,
		};
		Ok(rows.iter().zip(predictions).map(row).collect())
	}
}

fn clear(model: &Model, (row, values): &(usize, Vec<Cell>)) -> Result<Row, CommandError> {
	let (row, start) = (*row, Instant::now());
	let prediction = model.predict_clear(values);
	let prediction = prediction.map_err(|source| CommandError::Predict { row, source })?;
	Ok(Row { row, prediction, encrypt_ms: 0.0, evaluate_ms: milliseconds(start), decrypt_ms: 0.0 })
}
