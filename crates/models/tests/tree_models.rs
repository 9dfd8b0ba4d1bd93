//! Every tree ensemble of `models/` against ONNX Runtime on every row of its test file, of which some are encrypted.

#![allow(clippy::unwrap_used)]

mod common;

use common::{expected, import, predict, stride, test_rows};
use fhe_ml_engine::EvaluationBuffers;
use fhe_ml_models::{Model, Prediction, card::Task};

/// By how much the best decision score exceeds the second one.
fn margin(model: &Model, prediction: &Prediction) -> f64 {
	let Task::Classification { decision, .. } = &model.card.task else { return f64::INFINITY };
	let mut scores = decision.apply(&prediction.raw_scores);
	scores.sort_by(|a, b| b.total_cmp(a));
	scores[0] - scores[1]
}

fn check(name: &str) {
	let model = import(name, false);
	let expected = expected(name);
	let rows = test_rows(name);
	assert_eq!(rows.len(), expected.scores.len());
	let grid = model.card.quantisation.max_score_error;
	let mut buffers = EvaluationBuffers::default();
	let (mut close, mut worst) = (0, 0.0f64);
	for (at, row) in rows.iter().enumerate() {
		let prediction = match at % stride(&model, rows.len()) {
			0 => predict(&model, row, &mut buffers),
			_ => model.predict_clear(row).unwrap(),
		};
		if let Some(labels) = &expected.prediction {
			// Both scores may be off by the grid; single precision adds about 1e-6.
			if margin(&model, &prediction) > 2.0 * grid + 1e-5 {
				let label = serde_json::to_value(&prediction.prediction).unwrap();
				assert_eq!(label, labels[at], "{name}, row {at}");
			} else {
				close += 1;
			}
		}
		assert_eq!(prediction.scores.len(), expected.scores[at].len(), "{name}");
		for (score, wanted) in prediction.scores.iter().zip(&expected.scores[at]) {
			// Probabilities have slope at most 1 in the scores; a probit has more, but not here.
			let error = (score - wanted).abs();
			let slope = if name == "modes_probit" { 10.0 } else { 1.0 };
			let (grid, single_precision) = (grid * slope, 2e-6 * wanted.abs().max(1.0) * slope);
			assert!(error <= grid + single_precision, "{name}, row {at}: {score} {wanted}");
			worst = worst.max(error);
		}
	}
	let levelled = model.card.cost.levelled.as_ref().unwrap();
	println!(
		"{name}: {} rows ({close} too close to call), error {worst:.1e} (grid {grid:.1e}, {:.1e} of the range), {levelled:?}, {:?}",
		rows.len(),
		model.card.quantisation.max_relative_error,
		model.card.sizes,
	);
	assert!(close * 50 <= rows.len(), "{name}: {close} rows are too close to call");
	assert!(model.card.quantisation.max_relative_error <= 1.0 / 1024.0);
}

macro_rules! agrees_with_onnx_runtime {
	($($model:ident),* $(,)?) => { $(
		#[test]
		fn $model() {
			check(stringify!($model));
		}
	)* };
}

agrees_with_onnx_runtime! {
	breast_cancer_boosting,
	breast_cancer_catboost,
	breast_cancer_extra_trees,
	breast_cancer_forest_10x4,
	breast_cancer_hist_boosting,
	breast_cancer_lightgbm,
	breast_cancer_tree,
	breast_cancer_xgboost_10x3,
	breast_cancer_xgboost_50x4,
	categories_lightgbm,
	diabetes_boosting,
	diabetes_extra_trees,
	diabetes_forest,
	diabetes_hist_boosting,
	diabetes_lightgbm,
	diabetes_tree,
	diabetes_xgboost,
	digits_boosting,
	digits_extra_trees,
	digits_forest,
	digits_hist_boosting,
	digits_lightgbm,
	digits_tree,
	digits_xgboost,
	holes_hist_boosting,
	holes_lightgbm,
	holes_xgboost,
	modes_average,
	modes_binary,
	modes_binary_logistic,
	modes_binary_positive,
	modes_classes,
	modes_classes_logistic,
	modes_classes_softmax,
	modes_classes_softmax_zero,
	modes_double,
	modes_ensemble,
	modes_ensemble_average,
	modes_ensemble_double,
	modes_ensemble_softmax_zero,
	modes_probit,
	modes_sum,
	modes_two_scores,
	wine_boosting,
	wine_extra_trees,
	wine_forest,
	wine_hist_boosting,
	wine_lightgbm,
	wine_tree,
	wine_xgboost,
}

#[test]
fn input_and_result_are_small() {
	let sizes = import("breast_cancer_xgboost_50x4", false).card.sizes;
	assert!(sizes.input + sizes.result <= 25_000, "{sizes:?}");
	assert!(sizes.server_key <= 2_500_000, "{sizes:?}");
}
