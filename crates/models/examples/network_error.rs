//! How far the scores of a quantised model are from those of ONNX Runtime.
//!
//! `network_error MODEL.onnx TRAIN.csv|- TEST.csv EXPECTED.json` prints one line: largest and mean difference on the
//! test rows, wrong classes, bits, bytes and work. `-` imports without calibration rows.

use fhe_ml_models::{Calibration, ImportOptions, Model, card::Task, import_onnx_file};
use serde_json::Value;
use std::{error::Error, path::Path};

fn read_csv(path: &str) -> Result<Calibration<f64>, Box<dyn Error>> {
	let mut reader = csv::Reader::from_path(path)?;
	let names = reader.headers()?.iter().map(String::from).collect();
	let rows = reader.deserialize().collect::<Result<Vec<Vec<f64>>, _>>()?;
	Ok(Calibration { names, rows })
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().collect();
	let [_, onnx, train, test, expected] = arguments.as_slice() else {
		return Err("usage: network_error MODEL.onnx TRAIN.csv|- TEST.csv EXPECTED.json".into());
	};
	let calibration = if train == "-" { None } else { Some(read_csv(train)?) };
	let options = ImportOptions { name: "model".into(), calibration: calibration.map(Into::into) };
	let start = std::time::Instant::now();
	let model = Model::new(import_onnx_file(Path::new(onnx), &options)?, None)?;
	let seconds = start.elapsed().as_secs_f64();
	let expected: Value = serde_json::from_slice(&std::fs::read(expected)?)?;
	let scores: Vec<Vec<f64>> = match &expected["scores"] {
		Value::Null => {
			let labels: Vec<Value> = serde_json::from_value(expected["label"].clone())?;
			let row = |v: Value| match v {
				Value::Array(v) => v,
				v => vec![v],
			};
			labels.into_iter().map(|v| row(v).iter().filter_map(Value::as_f64).collect()).collect()
		},
		scores => serde_json::from_value(scores.clone())?,
	};
	let labels = expected.get("prediction").or(expected.get("label"));
	let is_class = matches!(model.card.task, Task::Classification { .. });
	let (mut wrong, mut sum, mut largest, mut count) = (0, 0.0, 0.0f64, 0);
	let columns = scores[0].len();
	let range = |at: usize| {
		let values = || scores.iter().map(|row| row[at]);
		values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
	};
	let spans: Vec<f64> = (0..columns).map(|at| if is_class { 1.0 } else { range(at) }).collect();
	for (at, row) in read_csv(test)?.rows.iter().enumerate() {
		let found = model.predict_clear(row)?;
		if is_class && let Some(labels) = labels {
			wrong += usize::from(serde_json::to_value(&found.prediction)? != labels[at]);
		}
		for ((a, b), span) in found.scores.iter().zip(&scores[at]).zip(&spans) {
			let error = (a - b).abs() / span;
			sum += error;
			largest = largest.max(error);
			count += 1;
		}
	}
	let card = &model.card;
	let levelled = card.cost.levelled.as_ref();
	let network = match &model.artifact.circuit {
		fhe_ml_engine::Circuit::Network(network) => {
			let layers = network.layers();
			let tables = layers.hidden.iter().flat_map(|unit| &unit.table);
			let weights = layers.weights.iter().flatten();
			format!(
				"{} of table {} act<{} w<={}",
				layers.hidden.len(),
				layers.hidden[0].table.len(),
				tables.max().copied().unwrap_or_default(),
				weights.map(|w| w.abs()).max().unwrap_or_default()
			)
		},
		_ => String::new(),
	};
	println!(
		"{:24} {} mean {:.4} max {:.4} wrong {wrong}/{} | {} | feature bits {} sum {} gadget {:?} limbs {} in {} out {} work {} card {:.4} import {seconds:.1}s",
		Path::new(onnx).file_stem().unwrap_or_default().to_string_lossy(),
		if train == "-" { "scaler" } else { "rows  " },
		sum / f64::from(count),
		largest,
		scores.len(),
		network,
		card.quantisation.feature_bits,
		levelled.map_or(0, |cost| cost.bits),
		levelled.map(|cost| cost.gadget),
		levelled.map_or(0, |cost| cost.limbs),
		card.sizes.input,
		card.sizes.result,
		model.artifact.circuit.work(),
		card.quantisation.max_relative_error,
	);
	Ok(())
}
