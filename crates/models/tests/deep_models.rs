//! Networks with several hidden layers against ONNX Runtime: in integers on every row of the test file, some encrypted.

#![allow(clippy::unwrap_used)]

mod common;

use common::{expected, import, models_dir, predict_encrypted, test_rows};
use fhe_ml_engine::{Circuit, DeepCircuit, EvaluationBuffers};
use fhe_ml_models::{ImportOptions, Label, Model, import_onnx};

fn is_class(found: &Label, expected: &serde_json::Value) -> bool {
	serde_json::to_value(found).unwrap() == *expected
}

fn circuit(model: &Model) -> &DeepCircuit {
	let Circuit::Deep(circuit) = &model.artifact.circuit else { panic!("a deep network") };
	assert_eq!(model.card.kind, "deep network classifier");
	circuit
}

/// How many rows differ from ONNX Runtime's classes.
#[derive(Debug, Default)]
struct Differ {
	rows: usize,
	/// In exact integers.
	exact: usize,
	/// With the noise that is predicted.
	noisy: usize,
	refused: usize,
	encrypted: usize,
	of_encrypted: usize,
}

/// Of all test rows, of which every `every`-th one is encrypted.
fn differing(name: &str, every: usize) {
	let model: Model = import(name, true);
	let circuit = circuit(&model);
	let labels = expected(name).prediction.unwrap();
	let rows = test_rows(name);
	let mut differ = Differ { rows: rows.len(), ..Differ::default() };
	for (at, (row, label)) in rows.iter().zip(&labels).enumerate() {
		let Ok(prediction) = model.predict_clear(row) else {
			differ.refused += 1;
			continue;
		};
		differ.exact += usize::from(!is_class(&prediction.prediction, label));
		let x = model.card.encode(row).unwrap();
		let noisy = model.card.decode(&circuit.simulate(&x, at as u64).unwrap()).unwrap();
		differ.noisy += usize::from(!is_class(&noisy.prediction, label));
	}
	let mut buffers = EvaluationBuffers::default();
	for (row, label) in rows.iter().zip(&labels).step_by(every) {
		if model.predict_clear(row).is_err() {
			continue;
		}
		let found = predict_encrypted(&model, row, &mut buffers);
		differ.encrypted += usize::from(!is_class(&found.prediction, label));
		differ.of_encrypted += 1;
	}
	let bootstraps = circuit.bootstraps();
	println!(
		"{name}: {differ:?}; {bootstraps} bootstraps; artifact {} bytes; {:?}, {:?}, {:?}",
		model.artifact.as_bytes().len(),
		model.card.quantisation,
		model.card.sizes,
		model.card.cost,
	);
	assert!(model.card.quantisation.score_deviations.iter().all(|deviation| *deviation > 0.0));
	assert!(differ.exact * 100 <= differ.rows, "{differ:?}");
	assert!(differ.noisy * 50 <= differ.rows, "{differ:?}");
	assert!(differ.refused * 100 <= differ.rows, "{differ:?}");
	assert!(differ.encrypted <= 1 && differ.of_encrypted * every + every >= differ.rows);
}

#[test]
fn classes_of_a_perceptron_agree_with_onnx_runtime() {
	differing("digits_mlp_32_32", 30);
}

#[test]
fn classes_of_a_convolutional_network_agree_with_onnx_runtime() {
	differing("digits_cnn", 60);
}

#[test]
fn without_calibration_rows_it_is_refused() {
	for name in ["digits_mlp_32_32", "digits_cnn"] {
		let onnx = std::fs::read(models_dir().join(format!("{name}.onnx"))).unwrap();
		let options = ImportOptions { name: "digits".into(), calibration: None };
		let error = import_onnx(&onnx, &options).unwrap_err().to_string();
		assert!(error.contains("--calibration"), "{error}");
	}
}
