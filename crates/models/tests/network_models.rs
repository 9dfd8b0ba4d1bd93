//! Every network of `models/` against ONNX Runtime, encrypted, on every row of its test file.

#![allow(clippy::unwrap_used)]

mod common;

use common::{expected, import, predict, test_rows};
use fhe_ml_engine::EvaluationBuffers;
use fhe_ml_models::{Label, card::Task};

fn argmax(values: &[f64]) -> usize {
	(0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

/// Encrypted evaluations of large networks take a while: every this many rows. The other rows are
/// evaluated on plaintext, which is what every encrypted one is compared with, too.
const STRIDE: usize = 12;

/// Classes agree on 99 % of the rows; scores of regressions
/// within 1.5 % of their range on average, 3 % without calibration.
fn check(name: &str, calibrated: bool) {
	let model = import(name, calibrated);
	let expected = expected(name);
	let rows = test_rows(name);
	let mut buffers = EvaluationBuffers::default();
	let (mut wrong, mut squares) = (0, 0.0);
	for (at, row) in rows.iter().enumerate() {
		let expensive = model.card.cost.milliseconds_per_core > 100.0;
		let prediction = if expensive && at % STRIDE != 0 {
			model.predict_clear(row).unwrap()
		} else {
			predict(&model, row, &mut buffers)
		};
		let agrees = match (&model.card.task, &prediction.prediction, &expected.prediction) {
			(Task::Classification { .. }, label, Some(labels)) => {
				serde_json::to_value(label).unwrap() == labels[at]
			},
			(_, Label::Values(values), _) => argmax(values) == argmax(&expected.scores[at]),
			_ => true,
		};
		wrong += usize::from(!agrees);
		squares += (prediction.scores[0] - expected.scores[at][0]).powi(2);
	}
	let column = || expected.scores.iter().map(|scores| scores[0]);
	let range = column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min);
	let error = (squares / rows.len() as f64).sqrt() / range;
	println!(
		"{name} (calibrated: {calibrated}): {wrong} of {} rows differ, error {error:.4} of the range, {:?}, {:.1} ms, {:?}",
		rows.len(),
		model.card.quantisation,
		model.card.cost.milliseconds_per_core,
		model.card.cost.levelled,
	);
	assert!(wrong * 100 <= rows.len(), "{name}");
	assert!(error < if calibrated { 0.015 } else { 0.03 }, "{name}: {error}");
}

macro_rules! agrees_with_onnx_runtime {
	($($model:ident $calibrated:literal),* $(,)?) => { $(
		#[test]
		fn $model() {
			check(stringify!($model), true);
			// Ranges from the scaler in the model.
			if !$calibrated {
				check(stringify!($model), false);
			}
		}
	)* };
}

agrees_with_onnx_runtime! {
	breast_cancer_network false,
	diabetes_network false,
	digits_network true,
	digits_network_raw true,
	iris_keras true,
	iris_network false,
	iris_network_names true,
	iris_torch true,
	iris_torch_dynamo true,
	iris_torch_half true,
}

#[test]
fn an_identity_activation_makes_a_linear_model() {
	let model = import("breast_cancer_network_identity", true);
	assert_eq!(model.card.kind, "linear classifier");
	assert_eq!(model.card.sizes.server_key, 0);
}

#[test]
fn a_network_without_any_range_is_refused() {
	let onnx = std::fs::read(common::models_dir().join("digits_network_raw.onnx")).unwrap();
	let options = fhe_ml_models::ImportOptions { name: "digits".into(), calibration: None };
	let error = fhe_ml_models::import_onnx(&onnx, &options).unwrap_err().to_string();
	assert!(error.contains("--calibration"), "{error}");
}
