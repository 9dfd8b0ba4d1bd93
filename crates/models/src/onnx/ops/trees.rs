//! `TreeEnsemble`, `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.

mod branch;
mod ensemble;
mod grow;
mod lists;

use super::{
	classifier::{post_transform, scores, two_sided, values},
	operator::{
		Meaning::{LabelAndScores, One},
		Operator,
	},
};
use crate::{
	card::{Classes, Transform},
	float::{affine::Affine, chain::ScalarStep, forest::FloatTree},
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
	proto::ML,
};
use ensemble::tree_ensemble;
use grow::{Grown, grow};
use lists::{CLASS_LEAVES, LeafNames, TARGET_LEAVES, targets};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("TreeEnsemble", 5.., One(tree_ensemble)),
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
		let grown = forest(known, node, &CLASS_LEAVES, classes.len())?;
		let affine = grown.sums.clone();
		let affine = match base.len() {
			0 => affine,
			len if len == classes.len() => affine.stepped(ScalarStep::Add, &base),
			_ => return Err(node.malformed("it has not one base value per class")),
		};
		if classes.len() == 2 {
			return two_scores(known, node, &affine, &grown, classes, transform);
		}
		let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
		return Ok([label, scores(affine, transform)]);
	}
	let all_positive = node.numbers(CLASS_LEAVES.weights)?.iter().all(|&weight| weight >= 0.0);
	let class = ids.first().copied().unwrap_or_default();
	let all = forest(known, node, &CLASS_LEAVES, 2)?.sums;
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

/// Two classes with a score each, as CatBoost writes them: ONNX Runtime takes the second class if its score is
/// positive, whatever the first one is. (It calls them 0 and 1, even if they have other numbers.)
fn two_scores(
	known: &Known,
	node: Node,
	affine: &Affine,
	grown: &Grown,
	classes: Classes,
	transform: Transform,
) -> Result<[Formula; 2], OnnxError> {
	let trees = known.forest.iter().flat_map(|forest| forest.trees.iter().rev().take(grown.trees));
	// Rows that no leaf scores would have one score.
	let has_second =
		|leaf: &[(usize, f64)]| leaf.iter().any(|(output, _)| *output == grown.first_output + 1);
	let always = trees.map(FloatTree::leaves).any(|leaves| leaves.into_iter().all(has_second));
	if !always || node.has("base_values") || node.has("base_values_as_tensor") {
		return Err(node.unsupported("two classes with two scores, of which one may be missing"));
	}
	let second = affine.selected(&[1]).ok_or_else(|| known.cannot(node))?;
	let label = Formula::Label(ScoreFormula::plain(two_sided(&second)), Some(classes));
	Ok([label, scores(affine.clone(), transform)])
}

fn tree_regressor(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let transform = post_transform(node)?;
	let targets = targets(node)?;
	let Grown { sums: mut affine, trees, .. } = forest(known, node, &TARGET_LEAVES, targets)?;
	match node.string("aggregate_function", "SUM").as_str() {
		"SUM" => {},
		"AVERAGE" => {
			affine = affine.stepped(ScalarStep::Divide, &vec![trees as f64; targets]);
		},
		other => return Err(node.unsupported(format!("aggregate_function {other}"))),
	}
	let base = node.numbers("base_values")?;
	let affine = match base.len() {
		0 => affine,
		len if len == targets => affine.stepped(ScalarStep::Add, &base),
		_ => return Err(node.malformed("it has not one base value per target")),
	};
	values(node, affine, transform)
}

/// How many outputs the trees of a node have, if it is one of trees.
pub(crate) fn outputs(node: Node) -> Option<usize> {
	match (node.0.domain.as_str(), node.0.op_type.as_str()) {
		(ML, "TreeEnsembleClassifier") => {
			let classes = node.classes("classlabels_int64s", "classlabels_strings");
			Some(classes.map_or(0, |classes| classes.len()))
		},
		(ML, "TreeEnsemble" | "TreeEnsembleRegressor") => Some(targets(node).unwrap_or_default()),
		_ => None,
	}
}

/// Reads the trees of a node; their sums become the basis of what follows.
fn forest(
	known: &mut Known,
	node: Node,
	leaves: &LeafNames,
	outputs: usize,
) -> Result<Grown, OnnxError> {
	let (nodes, roots) = lists::read(node, leaves, outputs)?;
	grow(known, node, &nodes, &roots, outputs)
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

	/// Asks whether the first feature, 2, is at most 1; then whether the second, -0.5, is one of 3 and -0.5.
	fn ensemble() -> TestNode {
		ml("TreeEnsemble", &["x"])
			.ints("tree_roots", &[0])
			.ints("nodes_featureids", &[0, 1])
			.bytes("nodes_modes", &[0, 6])
			.tensor("nodes_splits", &[1.0, 0.0])
			.tensor("membership_values", &[3.0, -0.5, f32::NAN])
			.ints("nodes_truenodeids", &[0, 1])
			.ints("nodes_trueleafs", &[1, 1])
			.ints("nodes_falsenodeids", &[1, 2])
			.ints("nodes_falseleafs", &[0, 1])
			.int("n_targets", 2)
			.ints("leaf_targetids", &[0, 1, 1])
			.tensor("leaf_weights", &[10.0, 20.0, 30.0])
	}

	examples! {
		tree_ensemble: Example::of(ensemble()).gives(&[0.0, 20.0]);
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

	#[test]
	fn a_mean_of_trees_and_a_transform() {
		let twice = ensemble().ints("tree_roots", &[0, 0]).int("aggregate_function", 0);
		Example::of(twice).gives(&[0.0, 20.0]).check();
		let softmax = ensemble().int("post_transform", 3);
		Example::of(softmax).gives(&[0.0, 1.0]).check();
	}

	#[test]
	fn hostile_ensembles_are_refused() {
		let refusal = |node: TestNode| Example::of(node).gives(&[]).refusal();
		let wrong = [
			("comes back to one", ensemble().ints("nodes_falsenodeids", &[0, 2])),
			("a child does not exist", ensemble().ints("nodes_falsenodeids", &[1, 3])),
			("a child does not exist", ensemble().ints("nodes_falsenodeids", &[1, -1])),
			("lists of nodes differ", ensemble().ints("nodes_trueleafs", &[1])),
			("lists of leaves differ", ensemble().ints("leaf_targetids", &[0, 1])),
			("belongs to no target", ensemble().ints("leaf_targetids", &[0, 1, 2])),
			("belongs to no target", ensemble().tensor("leaf_weights", &[f32::NAN, 1.0, 1.0])),
			("a root does not exist", ensemble().ints("tree_roots", &[2])),
			("its nodes are not trees", ensemble().ints("tree_roots", &[])),
			("its nodes are not trees", ensemble().ints("tree_roots", &[1])),
			("a feature does not exist", ensemble().ints("nodes_featureids", &[0, 2])),
			("the branch mode 7", ensemble().bytes("nodes_modes", &[0, 7])),
			("more sets", ensemble().bytes("nodes_modes", &[0, 0])),
			(
				"a set has no members",
				ensemble().tensor("membership_values", &[1.0]).bytes("nodes_modes", &[6, 6]),
			),
			("sum or average them", ensemble().int("aggregate_function", 2)),
			("its number of targets", ensemble().int("n_targets", 0)),
			("runtimes take for one another", ensemble().int("post_transform", 1)),
			("post_transform 5", ensemble().int("post_transform", 5)),
		];
		for (why, node) in wrong {
			let refused = refusal(node);
			assert!(refused.contains(why), "{why}: {refused}");
		}
	}

	/// A chain that asks for the values of a set, each of which leads to the node that all share.
	fn chain(values: &[f32]) -> TestNode {
		let count = values.len() as i64;
		let (shared, other) = (count, count + 3);
		let ids: Vec<i64> = (0..count + 4).collect();
		let mut modes = vec!["BRANCH_EQ"; values.len()];
		modes.extend(["BRANCH_LEQ", "LEAF", "LEAF", "LEAF"]);
		let mut on_true = vec![shared; values.len()];
		on_true.extend([count + 1, 0, 0, 0]);
		let mut on_false: Vec<i64> = (1..count).chain([other]).collect();
		on_false.extend([count + 2, 0, 0, 0]);
		ml("TreeEnsembleRegressor", &["x"])
			.ints("nodes_treeids", &vec![0; ids.len()])
			.ints("nodes_nodeids", &ids)
			.ints("nodes_featureids", &[vec![0; values.len()], vec![1; 4]].concat())
			.texts("nodes_modes", &modes)
			.floats("nodes_values", &[values, &[0.0; 4]].concat())
			.ints("nodes_truenodeids", &on_true)
			.ints("nodes_falsenodeids", &on_false)
			.ints("target_treeids", &[0; 3])
			.ints("target_nodeids", &[count + 1, count + 2, other])
			.ints("target_ids", &[0; 3])
			.floats("target_weights", &[10.0, 20.0, 30.0])
	}

	#[test]
	fn a_chain_of_equalities_is_one_question() {
		let many: Vec<f32> = (3..500).map(|value| value as f32).collect();
		Example::of(chain(&[5.0, 2.0, 7.0])).gives(&[10.0]).check();
		// Deeper than any tree may be.
		Example::of(chain(&many)).gives(&[30.0]).check();
	}

	#[test]
	fn a_chain_that_comes_back_is_refused() {
		let circle = chain(&[5.0, 2.0, 7.0]).ints("nodes_falsenodeids", &[1, 2, 1, 5, 0, 0, 0]);
		let refused = Example::of(circle).gives(&[]).refusal();
		assert!(refused.contains("comes back to one"), "{refused}");
	}

	#[test]
	fn nodes_shared_without_end_are_refused_before_they_take_memory() {
		// Both answers of every branch lead to the next one: 2^40 paths.
		let next: Vec<i64> = (1..=40).chain([0]).collect();
		let mut modes = vec!["BRANCH_LEQ"; 40];
		modes.push("LEAF");
		let paths = ml("TreeEnsembleRegressor", &["x"])
			.ints("nodes_treeids", &[0; 41])
			.ints("nodes_nodeids", &(0..41).collect::<Vec<_>>())
			.ints("nodes_featureids", &[0; 41])
			.texts("nodes_modes", &modes)
			.floats("nodes_values", &[0.0; 41])
			.ints("nodes_truenodeids", &next)
			.ints("nodes_falsenodeids", &next)
			.ints("target_treeids", &[0])
			.ints("target_nodeids", &[40])
			.ints("target_ids", &[0])
			.floats("target_weights", &[1.0]);
		let refused = Example::of(paths).gives(&[]).refusal();
		assert!(refused.contains("train fewer or smaller ones"), "{refused}");
	}
}
