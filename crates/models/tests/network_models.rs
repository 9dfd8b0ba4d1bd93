//! Every network of `models/` against ONNX Runtime on every row of its test file, of which some are encrypted.

#![allow(clippy::unwrap_used)]

mod common;

use common::{expected, import, predict, stride, test_rows};
use fhe_ml_engine::EvaluationBuffers;
use fhe_ml_models::{Label, card::Task};

fn argmax(values: &[f64]) -> usize {
	(0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

/// Mean errors of probabilities, or of other scores and values relative to their range, stay below this.
const MEAN_ERROR: f64 = 0.01;

/// The mean and the largest error of what is reported, of a probability as it is, of other scores and values
/// relative to their range.
fn errors(found: &[Vec<f64>], exact: &[Vec<f64>], are_probabilities: bool) -> (f64, f64) {
	let span = |column: usize| {
		let values = || exact.iter().map(|row| row[column]);
		values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
	};
	let spans: Vec<f64> = (0..exact[0].len())
		.map(|column| if are_probabilities { 1.0 } else { span(column) })
		.collect();
	let pairs = found.iter().zip(exact);
	let errors: Vec<f64> = pairs
		.flat_map(|(found, exact)| {
			let columns = found.iter().zip(exact).zip(&spans);
			columns.map(|((found, exact), span)| (found - exact).abs() / span)
		})
		.collect();
	let mean = errors.iter().sum::<f64>() / errors.len() as f64;
	(mean, errors.into_iter().fold(0.0, f64::max))
}

/// Classes agree on 99 % of the rows, what is reported to `MEAN_ERROR` on average and `largest` at most.
fn check(name: &str, calibrated: bool, largest: f64) {
	let model = import(name, calibrated);
	let expected = expected(name);
	let rows = test_rows(name);
	let mut buffers = EvaluationBuffers::default();
	let (mut wrong, mut found) = (0, Vec::new());
	for (at, row) in rows.iter().enumerate() {
		let prediction = match at % stride(&model, rows.len()) {
			0 => predict(&model, row, &mut buffers),
			_ => model.predict_clear(row).unwrap(),
		};
		let agrees = match (&model.card.task, &prediction.prediction, &expected.prediction) {
			(Task::Classification { .. }, label, Some(labels)) => {
				serde_json::to_value(label).unwrap() == labels[at]
			},
			(_, Label::Values(values), _) => argmax(values) == argmax(&expected.scores[at]),
			_ => true,
		};
		wrong += usize::from(!agrees);
		found.push(prediction.scores);
	}
	let are_probabilities = model.card.task.is_classification();
	let (mean, most) = errors(&found, &expected.scores, are_probabilities);
	println!(
		"{name} (calibrated: {calibrated}): {wrong} of {} rows differ, error {mean:.4} on average and {most:.4} at most, {:?}, {:.1} ms, {:?}",
		rows.len(),
		model.card.quantisation,
		model.card.cost.milliseconds_per_core,
		model.card.cost.levelled,
	);
	assert!(wrong * 100 <= rows.len(), "{name}");
	assert!(mean <= MEAN_ERROR, "{name}: {mean}");
	assert!(most <= largest, "{name}: {most}");
	// The card says so, of other rows.
	let promised = model.card.quantisation.expected_error.unwrap();
	assert!(mean <= 4.0 * promised.mean, "{name}: {mean} {promised:?}");
	assert!(!calibrated || promised.largest <= 0.05, "{name}: {promised:?}");
}

/// With the largest error that is accepted on test rows, with calibration rows and, if the model has a scaler, without.
macro_rules! agrees_with_onnx_runtime {
	($($model:ident $largest:literal $($without:literal)?),* $(,)?) => { $(
		#[test]
		fn $model() {
			check(stringify!($model), true, $largest);
			// Ranges from the scaler in the model.
			$(check(stringify!($model), false, $without);)?
		}
	)* };
}

agrees_with_onnx_runtime! {
	breast_cancer_network 0.05 0.1,
	// Outliers, and a network that is sure of most rows.
	breast_cancer_network_robust 0.05,
	diabetes_network 0.05 0.05,
	// A test row has a pixel that is brighter than in any calibration row, and so is clipped: 0.13 of this.
	digits_network 0.15,
	digits_network_raw 0.075,
	iris_keras 0.05,
	iris_network 0.05 0.05,
	iris_network_names 0.05,
	iris_torch 0.05,
	iris_torch_dynamo 0.05,
	iris_torch_half 0.05,
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
