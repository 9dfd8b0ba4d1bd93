//! What linear and tree classifiers have in common.

use crate::{
	card::Transform,
	float::affine::Affine,
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		node::Node,
	},
};

/// The transform of a classifier's scores.
pub(super) fn post_transform(node: Node) -> Result<Transform, OnnxError> {
	Ok(match node.string("post_transform", "NONE").as_str() {
		"NONE" => Transform::Identity,
		"LOGISTIC" => Transform::Sigmoid,
		"SOFTMAX" => Transform::Softmax,
		"SOFTMAX_ZERO" => Transform::SoftmaxZero,
		"PROBIT" => Transform::Probit,
		other => return Err(node.unsupported(format!("post_transform {other}"))),
	})
}

/// The scores of a classifier.
pub(super) fn scores(affine: Affine, transform: Transform) -> Formula {
	match transform {
		Transform::Identity => Formula::Affine(affine),
		_ => Formula::Scores(ScoreFormula::of(affine, transform)),
	}
}

/// The values of a regression made of trees.
///
/// # Errors
/// If there is one target and ONNX Runtime ignores the transform.
pub(super) fn values(
	node: Node,
	affine: Affine,
	transform: Transform,
) -> Result<Formula, OnnxError> {
	let ignored = !matches!(transform, Transform::Identity | Transform::Probit);
	if ignored && affine.rows.len() == 1 {
		return Err(node.unsupported("a post_transform of one target, which ONNX Runtime ignores"));
	}
	Ok(scores(affine, transform))
}

/// (-s, s).
pub(super) fn two_sided(score: &Affine) -> Affine {
	let mut both = score.negated();
	both.rows.extend(score.rows.iter().cloned());
	both.without_chains()
}
