//! Every linear model of `models/` against ONNX Runtime: import, encrypt, evaluate, decrypt.

#![allow(clippy::unwrap_used)]

mod common;

use common::{client_key, dataset, expected, import, models_dir, predict, read_csv};
use fhe_ml_engine::{EvaluationBuffers, new_seeder};
use fhe_ml_models::{
	Artifact, ImportOptions, Label, Model, card::Ranges, client_operators, evaluate, import_onnx,
	import_onnx_file, supported_operators,
};

fn label_json(label: &Label) -> serde_json::Value {
	serde_json::to_value(label).unwrap()
}

/// Encrypts, evaluates and decrypts all test rows; classes must be ONNX Runtime's, decision scores
/// within 2^-10 of their range.
fn check(name: &str, calibrated: bool) {
	let model = import(name, calibrated);
	let expected = expected(name);
	let rows = read_csv(&format!("{}.test.csv", dataset(name))).rows;
	let mut buffers = EvaluationBuffers::default();
	assert_eq!(rows.len(), expected.scores.len());

	let columns = expected.decision[0].len();
	let range = |column: usize| {
		let values = || expected.decision.iter().map(|row| row[column]);
		values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
	};
	let mut worst: f64 = 0.0;
	for (at, row) in rows.iter().enumerate() {
		let prediction = predict(&model, row, &mut buffers);
		if let Some(labels) = &expected.prediction {
			assert_eq!(label_json(&prediction.prediction), labels[at], "{name}, row {at}");
		}
		for (score, expected) in prediction.scores.iter().zip(&expected.scores[at]) {
			// Probabilities have slope at most 1 in the scores; 1e-4 covers single precision.
			let tolerance =
				model.card.quantisation.max_score_error + 1e-4 * expected.abs().max(1.0);
			assert!((score - expected).abs() <= tolerance, "{name}, row {at}: {score} {expected}");
		}
		assert_eq!(prediction.scores.len(), expected.scores[at].len(), "{name}");
		if columns == prediction.raw_scores.len() {
			for column in 0..columns {
				// scikit-learn's binary decision is for the second class; ours may be its negation.
				let (found, wanted) =
					(prediction.raw_scores[column], expected.decision[at][column]);
				let error = (found - wanted).abs().min(if columns == 1 {
					(found + wanted).abs()
				} else {
					f64::MAX
				});
				worst = worst.max(error / range(column));
			}
		}
	}
	println!(
		"{name} (calibrated: {calibrated}): worst score error 2^{:.1} of the range, bound 2^{:.1}, result {} bytes",
		worst.log2(),
		model.card.quantisation.max_relative_error.log2(),
		model.card.sizes.result,
	);
	assert!(worst < 1.0 / 1024.0, "{name}: score error {worst}");
}

macro_rules! agrees_with_onnx_runtime {
	($($model:ident),* $(,)?) => { $(
		#[test]
		fn $model() {
			check(stringify!($model), true);
			check(stringify!($model), false);
		}
	)* };
}

agrees_with_onnx_runtime! {
	breast_cancer_logistic,
	breast_cancer_logistic_raw,
	breast_cancer_ridge,
	breast_cancer_sgd_hinge,
	breast_cancer_sgd_log_loss,
	breast_cancer_sgd_modified_huber,
	breast_cancer_svc,
	diabetes_lasso,
	diabetes_linear,
	diabetes_ridge,
	diabetes_sgd,
	diabetes_svr,
	diabetes_two_targets,
	wine_logistic,
	wine_logistic_min_max,
	wine_logistic_names,
	wine_sgd_hinge,
	wine_sgd_log_loss,
	wine_sgd_modified_huber,
	wine_sgd_names,
	wine_svc,
}

#[test]
fn a_binary_linear_result_has_at_most_64_bytes() {
	let model = import("breast_cancer_logistic", true);
	assert!(model.card.sizes.result <= 64, "{} bytes", model.card.sizes.result);
	assert!(model.card.sizes.input <= 13 * 1024);
}

#[test]
fn ranges_come_from_rows_else_from_the_scaler_else_from_the_weights() {
	let ranges = |model, calibrated| import(model, calibrated).card.quantisation.ranges;
	assert_eq!(ranges("breast_cancer_logistic", true), Ranges::Calibration);
	assert_eq!(ranges("breast_cancer_logistic", false), Ranges::Scaler);
	assert_eq!(ranges("breast_cancer_logistic_raw", false), Ranges::Weights);
}

#[test]
fn artifacts_read_back_and_every_truncation_is_refused() {
	let artifact = import("wine_logistic", true).artifact;
	let again = Artifact::from_bytes(artifact.as_bytes().to_vec()).unwrap();
	assert_eq!(again.card, artifact.card);
	assert_eq!(again.circuit, artifact.circuit);
	assert_eq!(again.hash(), artifact.hash());
	for len in 0..artifact.as_bytes().len() {
		assert!(Artifact::from_bytes(artifact.as_bytes()[..len].to_vec()).is_err(), "{len} bytes");
	}
}

#[test]
fn hostile_artifacts_never_panic() {
	let artifact = import("wine_logistic", false).artifact;
	let mut buffers = EvaluationBuffers::default();
	let (key, mut seeder) = (client_key(), new_seeder());
	let x = [1; 13];
	let input = key.encrypt(&artifact.circuit, artifact.hash(), &x, seeder.as_mut()).unwrap();
	for at in 0..artifact.as_bytes().len() {
		let mut broken = artifact.as_bytes().to_vec();
		broken[at] ^= 0x81;
		if let Ok(decoded) = Artifact::from_bytes(broken) {
			let _ = evaluate(&decoded, None, &input, &mut buffers);
			if let Ok(model) = Model::new(decoded, None) {
				let _ = model.card.decode(&[1, 2, 3]);
				let _ = model.card.encode(&[1.0; 13]);
			}
		}
	}
}

#[test]
fn import_is_deterministic() {
	let first = import("wine_logistic", true);
	let second = import("wine_logistic", true);
	assert_eq!(first.artifact.as_bytes(), second.artifact.as_bytes());
}

#[test]
fn an_unsupported_operator_is_named_with_its_node() {
	let mut onnx = include_bytes!("binarizer.onnx").to_vec();
	let options = ImportOptions { name: "binarizer".into(), calibration: None };
	assert!(import_onnx(&onnx, &options).is_ok());
	let at = (0..onnx.len()).rfind(|&at| onnx[at..].starts_with(b"Binarizer")).unwrap();
	onnx[at..at + 9].copy_from_slice(b"Trinarize");
	let error = import_onnx(&onnx, &options).unwrap_err().to_string();
	assert!(error.contains("has the unsupported operator ai.onnx.ml.Trinarize"), "{error}");
	assert!(error.contains("node `"), "{error}");
	assert!(!error.contains("LinearClassifier"), "the others are in the guide: {error}");
}

#[test]
fn scores_that_are_closer_than_they_are_exact_are_a_tie() {
	let card = import("breast_cancer_logistic", true).card;
	let exact = (card.quantisation.max_score_error / card.output_steps[0]) as i64;
	let is_tie = |output: i64| card.decode(&[output]).unwrap().tie;
	assert!(is_tie(0) && is_tie(exact / 2) && is_tie(-exact / 2));
	assert!(!is_tie(2 * exact + 100) && !is_tie(-2 * exact - 100));
	let json = |output: i64| serde_json::to_string(&card.decode(&[output]).unwrap()).unwrap();
	assert!(json(0).contains("\"tie\":true") && !json(1000 * exact).contains("tie"));
}

#[test]
fn the_guide_lists_the_operators_that_are_followed() {
	let guide = include_str!("../../../docs/guide/data-scientists.md");
	let (_, lists) = guide.split_once("### Operators").unwrap();
	let (lists, _) = lists.split_once("\n## ").unwrap();
	let (core, client) = lists.split_once("\nThe client runs these").unwrap();
	for (list, mut operators) in [(core, supported_operators()), (client, client_operators())] {
		let mut named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
		named.sort_unstable();
		operators.sort_unstable();
		operators.dedup();
		assert_eq!(named, operators, "edit docs/guide/data-scientists.md");
	}
}

#[test]
fn weights_in_another_file_need_the_path_of_the_model() {
	let onnx = std::fs::read(models_dir().join("iris_torch_dynamo.onnx")).unwrap();
	let options = ImportOptions { name: "iris".into(), calibration: None };
	let error = import_onnx(&onnx, &options).unwrap_err().to_string();
	assert!(
		error.contains("in the file `iris_torch_dynamo.onnx.data`, which is not here"),
		"{error}"
	);
	let error = import_onnx_file(&models_dir().join("missing.onnx"), &options).unwrap_err();
	assert!(error.to_string().contains("cannot read"), "{error}");
}

#[test]
fn broken_onnx_is_refused_and_never_panics() {
	let options = ImportOptions { name: "x".into(), calibration: None };
	assert!(import_onnx(b"not onnx", &options).is_err());
	for name in ["wine_sgd_log_loss", "modes_ensemble"] {
		let onnx = std::fs::read(models_dir().join(format!("{name}.onnx"))).unwrap();
		for len in 0..onnx.len() {
			let _ = import_onnx(&onnx[..len], &options);
		}
		for at in 0..onnx.len() {
			for flip in [1, 0x10, 0x80] {
				let mut broken = onnx.clone();
				broken[at] ^= flip;
				let _ = import_onnx(&broken, &options);
			}
		}
	}
}

#[test]
fn names_come_from_calibration_only() {
	let named = import("wine_logistic", true).card;
	assert!(named.features_are_named);
	assert_eq!(named.features[0], "alcohol");
	let unnamed = import("wine_logistic", false).card;
	assert!(!unnamed.features_are_named);
	assert_eq!(unnamed.features[0], "f0");
}

#[test]
fn a_calibration_file_of_another_width_is_refused() {
	let onnx = std::fs::read(models_dir().join("wine_logistic.onnx")).unwrap();
	let calibration = Some(read_csv("diabetes.train.csv").into());
	let error = import_onnx(&onnx, &ImportOptions { name: "w".into(), calibration }).unwrap_err();
	assert_eq!(
		error.to_string(),
		"the calibration file has 10 columns, but the model takes 13 features"
	);
}

#[test]
fn values_that_are_no_numbers_or_out_of_all_bounds_are_refused() {
	let model = import("wine_logistic", true);
	let mut row = read_csv("wine.test.csv").rows[0].clone();
	row[0] = f64::NAN;
	assert_eq!(
		model.card.encode(&row).unwrap_err().to_string(),
		"feature `alcohol` is not a finite number"
	);
	row[0] = 1e30;
	assert_eq!(
		model.card.encode(&row).unwrap_err().to_string(),
		"feature `alcohol` is too far out of the range that the model was made for"
	);
	// Representable as an integer, but the score is not: refused before encryption.
	row[0] = 1e5;
	assert!(model.encrypt(client_key(), &row, new_seeder().as_mut()).is_err());
}
