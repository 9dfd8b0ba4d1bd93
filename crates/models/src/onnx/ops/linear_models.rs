//! Scalers and linear models of `ai.onnx.ml`.

use super::{
	classifier::{post_transform, scores, two_sided},
	operator::{
		Meaning::{LabelAndScores, One},
		Operator,
	},
};
use crate::{
	card::Transform,
	float::{affine::Affine, chain::ScalarStep},
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::{Known, per_column},
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("LinearClassifier", 1.., LabelAndScores(linear_classifier)),
	Operator::ml("LinearRegressor", 1.., One(linear_regressor)),
	Operator::ml("Scaler", 1.., One(scaler)),
];

/// (x - offset) * scale.
fn scaler(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let affine = known.affine(node, 0)?;
	let columns = affine.rows.len();
	let scale = per_column(node, &node.floats("scale"), columns)?;
	let offset = per_column(node, &node.floats("offset"), columns)?;
	let shifted = affine.stepped(ScalarStep::Subtract, &offset);
	Ok(Formula::Affine(shifted.stepped(ScalarStep::Multiply, &scale)))
}

fn linear_classifier(known: &mut Known, node: Node) -> Result<[Formula; 2], OnnxError> {
	let affine = linear(known, node)?;
	let classes = node
		.classes("classlabels_ints", "classlabels_strings")
		.ok_or_else(|| node.malformed("it has no class labels"))?;
	let transform = post_transform(node)?;
	if affine.rows.len() == 1 && classes.len() == 2 {
		let label = Formula::Label(ScoreFormula::plain(two_sided(&affine)), Some(classes));
		return Ok([label, two_of_one(node, &affine, transform)?]);
	}
	if affine.rows.len() != classes.len() {
		return Err(node.malformed("it has not one row of coefficients per class"));
	}
	let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
	Ok([label, scores(affine, transform)])
}

/// The scores of two classes that have one row of coefficients, as ONNX Runtime makes them of its score s.
fn two_of_one(node: Node, score: &Affine, transform: Transform) -> Result<Formula, OnnxError> {
	match transform {
		Transform::Sigmoid => Ok(scores(two_sided(score), transform)),
		Transform::Identity | Transform::Softmax | Transform::SoftmaxZero => {
			let mut both = score.stepped(ScalarStep::SubtractFrom, &[1.0]);
			both.rows.extend(score.rows.iter().cloned());
			both.chains.push(None);
			Ok(scores(both.without_chains(), transform))
		},
		_ => Err(node.unsupported("with PROBIT of two classes that have one row of coefficients")),
	}
}

fn linear_regressor(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match node.string("post_transform", "NONE").as_str() {
		"NONE" => Ok(Formula::Affine(linear(known, node)?)),
		other => Err(node.unsupported(format!("post_transform {other}"))),
	}
}

/// `coefficients` (one row per output) and biases of an `ai.onnx.ml` linear model.
fn linear(known: &mut Known, node: Node) -> Result<Affine, OnnxError> {
	let inner = known.affine(node, 0)?.clone();
	let columns = inner.rows.len();
	let coefficients = node.floats("coefficients");
	if coefficients.is_empty() || !coefficients.len().is_multiple_of(columns) {
		return Err(node.malformed("its coefficients do not fit the features"));
	}
	let matrix: Vec<Vec<f64>> = coefficients.chunks(columns).map(<[f64]>::to_vec).collect();
	let mut bias = node.floats("intercepts");
	if bias.is_empty() {
		bias = vec![0.0; matrix.len()];
	}
	if bias.len() != matrix.len() {
		return Err(node.malformed("it has not one intercept per output"));
	}
	known.note_scalers(&inner);
	node.check_weights(matrix.len(), inner.variables())?;
	Ok(inner.combined(&matrix, &bias))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, ml};

	examples! {
		linear_classifier: Example::of(
			ml("LinearClassifier", &["x"])
				.floats("coefficients", &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
				.floats("intercepts", &[0.0, 0.0, 1.0])
				.ints("classlabels_ints", &[7, 8, 9])
		)
		.gives(&[9.0])
		.gives(&[2.0, -0.5, 2.5]);
		linear_classifier_of_one_row: Example::of(
			ml("LinearClassifier", &["x"])
				.floats("coefficients", &[1.0, 2.0])
				.floats("intercepts", &[0.5])
				.ints("classlabels_ints", &[7, 8])
		)
		.gives(&[8.0])
		.gives(&[-0.5, 1.5]);
		linear_regressor: Example::of(
			ml("LinearRegressor", &["x"])
				.floats("coefficients", &[3.0, 4.0])
				.floats("intercepts", &[1.0])
		)
		.gives(&[5.0]);
		scaler: Example::of(
			ml("Scaler", &["x"]).floats("offset", &[1.0, 1.0]).floats("scale", &[2.0, 4.0])
		)
		.gives(&[2.0, -6.0]);
	}
}
