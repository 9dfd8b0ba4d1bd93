//! `fhe-ml evaluate`: the whole way on one machine.

use crate::{
	cli::Evaluate,
	error::CommandError,
	models::encrypt_row,
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
	let bar = output.bar(rows.len(), "evaluating");
	let mut times = Vec::with_capacity(rows.len());
	for (row, values) in &rows {
		let evaluated = match &mut evaluator {
			Some(evaluator) => evaluator.row(*row, values)?,
			None => clear(&model, *row, values)?,
		};
		times.push(evaluated.evaluate_ms);
		bar.inc(1);
		let text = format!(
			"row {row}: {}  scores {:.6?}  {}({:.3} ms)",
			evaluated.prediction.prediction,
			evaluated.prediction.scores,
			tie(evaluated.prediction.tie),
			evaluated.evaluate_ms,
		);
		bar.suspend(|| output.print(&evaluated, &text))?;
	}
	bar.finish_and_clear();
	times.sort_by(f64::total_cmp);
	let median = times.get(times.len() / 2).copied().unwrap_or_default();
	let sizes = &model.card.sizes;
	let summary = json!({ "summary": {
		"model": model.card.name,
		"encrypted": evaluator.is_some(),
		"rows": rows.len(),
		"threads": threads,
		"evaluate_ms_median": median,
		"input_bytes": sizes.input,
		"result_bytes": sizes.result,
		"server_key_bytes": sizes.server_key,
	}});
	let text = format!(
		"{} rows, evaluated in {median:.3} ms (median, {threads} threads); input {} bytes, result {} bytes",
		rows.len(),
		sizes.input,
		sizes.result,
	);
	output.print(&summary, &text)
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
			_ => Some(PreparedServerKey::new(&files::read_server_key(folder)?)),
		};
		Ok(Self { model, client_key, server_key, pool, buffers: EvaluationBuffers::default() })
	}

	fn row(&mut self, row: usize, values: &[Cell]) -> Result<Row, CommandError> {
		let Self { model, client_key, server_key, pool, buffers } = self;
		let start = Instant::now();
		let input = encrypt_row(model, client_key, row, values)?;
		let encrypt_ms = milliseconds(start);
		let start = Instant::now();
		let result =
			pool.install(|| evaluate(&model.artifact, server_key.as_ref(), &input, buffers))?;
		let evaluate_ms = milliseconds(start);
		let start = Instant::now();
		let prediction = model.decrypt(client_key, &input, &result)?;
		Ok(Row { row, prediction, encrypt_ms, evaluate_ms, decrypt_ms: milliseconds(start) })
	}
}

fn clear(model: &Model, row: usize, values: &[Cell]) -> Result<Row, CommandError> {
	let start = Instant::now();
	let prediction = model.predict_clear(values);
	let prediction = prediction.map_err(|source| CommandError::Predict { row, source })?;
	Ok(Row { row, prediction, encrypt_ms: 0.0, evaluate_ms: milliseconds(start), decrypt_ms: 0.0 })
}
