//! The models of `models/`, and what ONNX Runtime says of them.

#![allow(clippy::unwrap_used, dead_code)]

use fhe_ml_engine::{ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use fhe_ml_models::{
	Calibration, Cell, ImportOptions, Model, Prediction, evaluate, import_onnx_file,
};
use serde::Deserialize;
use std::{path::PathBuf, sync::LazyLock};

/// What the training script wrote of ONNX Runtime's and scikit-learn's outputs.
#[derive(Deserialize)]
pub struct Expected {
	#[serde(default)]
	pub prediction: Option<Vec<serde_json::Value>>,
	pub scores: Vec<Vec<f64>>,
	pub decision: Vec<Vec<f64>>,
	/// The rows, if they are not those of a dataset; `None` is a missing value.
	#[serde(default)]
	pub rows: Option<Vec<Vec<Option<f64>>>>,
}

static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	let bootstrap = client.bootstrap_key();
	(client, PreparedServerKey::new(&server).with_bootstrap_key(&bootstrap).unwrap())
});

pub fn client_key() -> &'static ClientKey {
	&KEYS.0
}

pub fn prepared_server_key() -> &'static PreparedServerKey {
	&KEYS.1
}

pub fn models_dir() -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

pub fn read_csv(name: &str) -> Calibration<f64> {
	let mut reader = csv::Reader::from_path(models_dir().join(name)).unwrap();
	let names = reader.headers().unwrap().iter().map(String::from).collect();
	let rows = reader
		.records()
		.map(|row| row.unwrap().iter().map(|value| value.parse().unwrap()).collect())
		.collect();
	Calibration { names, rows }
}

pub fn dataset(model: &str) -> &'static str {
	["breast_cancer", "wine", "diabetes", "digits", "iris"]
		.into_iter()
		.find(|name| model.starts_with(name))
		.unwrap_or("breast_cancer")
}

/// The test rows of a model; some models were trained on rows with holes.
pub fn test_rows(model: &str) -> Vec<Vec<f64>> {
	if let Some(rows) = expected(model).rows {
		let value = |value: Option<f64>| value.unwrap_or(f64::NAN);
		return rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
	}
	let mut rows = read_csv(&format!("{}.test.csv", dataset(model))).rows;
	if model.starts_with("holes") {
		let columns = rows[0].len();
		for (row, values) in rows.iter_mut().enumerate() {
			for (column, value) in values.iter_mut().enumerate() {
				if (row * columns + column).is_multiple_of(7) {
					*value = f64::NAN;
				}
			}
		}
	}
	rows
}

pub fn expected(model: &str) -> Expected {
	let path = models_dir().join(format!("{model}.expected.json"));
	serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub fn import(model: &str, calibrated: bool) -> Model {
	let onnx = models_dir().join(format!("{model}.onnx"));
	let calibration = calibrated.then(|| read_csv(&format!("{}.train.csv", dataset(model))));
	let options = ImportOptions { name: model.into(), calibration: calibration.map(Into::into) };
	let artifact = import_onnx_file(&onnx, &options);
	let artifact = artifact.unwrap_or_else(|error| panic!("{model}: {error}"));
	Model::new(artifact, None).unwrap()
}

/// Encrypts, evaluates and decrypts.
pub fn predict_encrypted<C: Clone + Into<Cell>>(
	model: &Model,
	row: &[C],
	buffers: &mut EvaluationBuffers,
) -> Prediction {
	let (client, server) = &*KEYS;
	let input = model.encrypt(client, row, new_seeder().as_mut()).unwrap();
	assert_eq!(input.len(), model.card.sizes.input);
	let result = evaluate(&model.artifact, Some(server), &input, buffers).unwrap();
	assert_eq!(result.len(), model.card.sizes.result);
	model.decrypt(client, &input, &result).unwrap()
}

/// Every this many rows are encrypted, so that a model's test takes seconds; the others are computed in the clear, which
/// is what every encrypted one is compared with, too.
pub fn stride(model: &Model, rows: usize) -> usize {
	let most = if model.card.cost.milliseconds_per_core > 100.0 { 4 } else { 30 };
	rows.div_ceil(most).max(1)
}

/// Encrypts, evaluates and decrypts; the result must be that of the circuit in the clear.
pub fn predict<C: Clone + Into<Cell>>(
	model: &Model,
	row: &[C],
	buffers: &mut EvaluationBuffers,
) -> Prediction {
	let prediction = predict_encrypted(model, row, buffers);
	assert_eq!(prediction, model.predict_clear(row).unwrap(), "decryption is exact");
	prediction
}
