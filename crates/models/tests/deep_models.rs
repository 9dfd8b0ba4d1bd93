//! Networks with several hidden layers against ONNX Runtime: in integers on every row of the test file, some encrypted.

#![allow(clippy::unwrap_used)]

mod common;

use common::{expected, import, models_dir, predict_encrypted, test_rows};
use fhe_ml_engine::{Circuit, EvaluationBuffers};
use fhe_ml_models::{ImportOptions, Label, Model, import_onnx};

const MODEL: &str = "digits_mlp_32_32";

fn is_class(found: &Label, expected: &serde_json::Value) -> bool {
	serde_json::to_value(found).unwrap() == *expected
}

#[test]
fn classes_of_digits_agree_with_onnx_runtime() {
	let model: Model = import(MODEL, true);
	let Circuit::Deep(circuit) = &model.artifact.circuit else { panic!("a deep network") };
	assert_eq!(model.card.kind, "deep network classifier");
	let labels = expected(MODEL).prediction.unwrap();
	let rows = test_rows(MODEL);

	// The exact integers, and with the noise that is predicted.
	let (mut differ, mut differ_noisy, mut refused) = (0, 0, 0);
	for (at, (row, label)) in rows.iter().zip(&labels).enumerate() {
		let Ok(prediction) = model.predict_clear(row) else {
			refused += 1;
			continue;
		};
		differ += usize::from(!is_class(&prediction.prediction, label));
		let x = model.card.encode(row).unwrap();
		let noisy = model.card.decode(&circuit.simulate(&x, at as u64).unwrap()).unwrap();
		differ_noisy += usize::from(!is_class(&noisy.prediction, label));
	}

	// Encrypted.
	let mut buffers = EvaluationBuffers::default();
	let (mut differ_encrypted, mut encrypted) = (0, 0);
	let (mut squares, mut predicted) = (0.0, 0.0);
	for (row, label) in rows.iter().zip(&labels).step_by(30) {
		let Ok(clear) = model.predict_clear(row) else { continue };
		let found = predict_encrypted(&model, row, &mut buffers);
		differ_encrypted += usize::from(!is_class(&found.prediction, label));
		encrypted += 1;
		squares +=
			clear.scores.iter().zip(&found.scores).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
	}
	predicted += model.card.quantisation.score_deviations.iter().map(|d| d * d).sum::<f64>();
	println!(
		"{MODEL}: {differ} of {} rows differ in integers, {differ_noisy} with predicted noise, {refused} refused; encrypted {differ_encrypted} of {encrypted}; squared error of probabilities {squares:.4}, squared deviations of scores {predicted:.3}; {:?}, {:?}, {:?}",
		rows.len(),
		model.card.quantisation,
		model.card.sizes,
		model.card.cost,
	);
	assert!(differ * 100 <= rows.len());
	assert!(differ_noisy * 50 <= rows.len());
	assert!(refused * 100 <= rows.len());
	assert!(differ_encrypted <= 1 && encrypted >= 11);
	assert!(predicted > 0.0);
}

#[test]
fn without_calibration_rows_it_is_refused() {
	let onnx = std::fs::read(models_dir().join(format!("{MODEL}.onnx"))).unwrap();
	let options = ImportOptions { name: "digits".into(), calibration: None };
	let error = import_onnx(&onnx, &options).unwrap_err().to_string();
	assert!(error.contains("--calibration"), "{error}");
}
