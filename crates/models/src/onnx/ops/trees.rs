//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.

mod nodes;

use super::{
	classifier::{post_transform, scores, two_sided},
	operator::{
		Meaning::{LabelAndScores, One},
		Operator,
	},
};
use crate::{
	card::Transform,
	float::{
		affine::{Affine, Basis},
		chain::ScalarStep,
	},
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};
use nodes::{CLASS_LEAVES, LeafNames, TARGET_LEAVES};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("TreeEnsembleClassifier", 1.., LabelAndScores(tree_classifier)),
	Operator::ml("TreeEnsembleRegressor", 1.., One(tree_regressor)),
];

/// A classifier made of trees.
///
/// With two classes and one score s per row, ONNX Runtime takes the second class if s > 0.5
/// when all weights are non-negative (probabilities), otherwise if s > 0.
fn tree_classifier(known: &mut Known, node: Node) -> Result<[Formula; 2], OnnxError> {
	let classes = node
		.classes("classlabels_int64s", "classlabels_strings")
		.ok_or_else(|| node.malformed("it has no class labels"))?;
	let transform = post_transform(node)?;
	let ids = node.ints("class_ids");
	let one_score = classes.len() == 2 && ids.iter().all(|id| Some(id) == ids.first());
	let base = node.numbers("base_values")?;
	if !one_score {
		let affine = forest(known, node, &CLASS_LEAVES, classes.len())?;
		let affine = match base.len() {
			0 => affine,
			len if len == classes.len() => affine.stepped(ScalarStep::Add, &base),
			_ => return Err(node.malformed("it has not one base value per class")),
		};
		if classes.len() == 2 {
			return Err(node.unsupported("two classes with two scores"));
		}
		let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
		return Ok([label, scores(affine, transform)]);
	}
	let all_positive = node.numbers(CLASS_LEAVES.weights)?.iter().all(|&weight| weight >= 0.0);
	let class = ids.first().copied().unwrap_or_default();
	let all = forest(known, node, &CLASS_LEAVES, 2)?;
	let mut score = Affine {
		basis: all.basis,
		rows: all.rows.into_iter().skip(class as usize).take(1).collect(),
		chains: vec![None],
	};
	// With two base values, the second one counts.
	if let Some(&base) = base.last() {
		score = score.stepped(ScalarStep::Add, &[base]);
	}
	if all_positive {
		let decision = two_sided(&score.stepped(ScalarStep::Subtract, &[0.5]));
		let mut probabilities = score.stepped(ScalarStep::SubtractFrom, &[1.0]);
		probabilities.rows.extend(score.rows);
		probabilities.chains.push(None);
		let label = Formula::Label(ScoreFormula::plain(decision), Some(classes));
		return Ok([label, scores(probabilities, Transform::Identity)]);
	}
	if transform == Transform::Probit {
		return Err(node.unsupported("post_transform PROBIT of two classes"));
	}
	let affine = two_sided(&score);
	let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
	Ok([label, scores(affine, transform)])
}

fn tree_regressor(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let transform = post_transform(node)?;
	let targets = usize::try_from(node.int("n_targets", 1)).ok().filter(|&n| n > 0);
	let targets = targets.ok_or_else(|| node.malformed("its number of targets"))?;
	let mut affine = forest(known, node, &TARGET_LEAVES, targets)?;
	match node.string("aggregate_function", "SUM").as_str() {
		"SUM" => {},
		"AVERAGE" => {
			let trees = known.forest.as_ref().map_or(1, |forest| forest.trees.len()) as f64;
			affine = affine.stepped(ScalarStep::Divide, &vec![trees; targets]);
		},
		other => return Err(node.unsupported(format!("aggregate_function {other}"))),
	}
	let base = node.numbers("base_values")?;
	let affine = match base.len() {
		0 => affine,
		len if len == targets => affine.stepped(ScalarStep::Add, &base),
		_ => return Err(node.malformed("it has not one base value per target")),
	};
	match (transform, targets) {
		(Transform::Identity, _) | (Transform::Probit, 1) => Ok(scores(affine, transform)),
		// ONNX Runtime ignores some of them for one target.
		_ => Err(node.unsupported("a post_transform of a regression")),
	}
}

/// Reads the trees of a node; their sums become the basis of what follows.
fn forest(
	known: &mut Known,
	node: Node,
	leaves: &LeafNames,
	outputs: usize,
) -> Result<Affine, OnnxError> {
	if known.forest.is_some() {
		return Err(node.unsupported("a second ensemble of trees in one model"));
	}
	let affine = known.affine(node, 0)?;
	let columns = affine.chains.iter().cloned().collect::<Option<Vec<_>>>();
	let columns = columns
		.filter(|_| affine.basis == Basis::Features)
		.ok_or_else(|| node.unsupported("trees over combinations of features"))?;
	known.forest = Some(nodes::read(node, leaves, outputs, &columns)?);
	Ok(Affine::unchanged(Basis::Forest, 0, outputs, outputs))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, TestNode, examples, ml};

	/// Asks whether the first feature, 2, is at most 1.
	fn stump(operator: &str) -> TestNode {
		ml(operator, &["x"])
			.ints("nodes_treeids", &[0, 0, 0])
			.ints("nodes_nodeids", &[0, 1, 2])
			.ints("nodes_featureids", &[0, 0, 0])
			.texts("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"])
			.floats("nodes_values", &[1.0, 0.0, 0.0])
			.ints("nodes_truenodeids", &[1, 0, 0])
			.ints("nodes_falsenodeids", &[2, 0, 0])
	}

	examples! {
		tree_ensemble_classifier: Example::of(
			stump("TreeEnsembleClassifier")
				.ints("classlabels_int64s", &[7, 8, 9])
				.ints("class_treeids", &[0, 0, 0])
				.ints("class_nodeids", &[1, 2, 2])
				.ints("class_ids", &[0, 1, 2])
				.floats("class_weights", &[1.0, 0.25, 0.75])
		)
		.gives(&[9.0])
		.gives(&[0.0, 0.25, 0.75]);
		tree_ensemble_regressor: Example::of(
			stump("TreeEnsembleRegressor")
				.int("n_targets", 1)
				.ints("target_treeids", &[0, 0])
				.ints("target_nodeids", &[1, 2])
				.ints("target_ids", &[0, 0])
				.floats("target_weights", &[10.0, 20.0])
		)
		.gives(&[20.0]);
	}
}
