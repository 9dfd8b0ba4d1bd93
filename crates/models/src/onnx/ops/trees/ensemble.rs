//! `TreeEnsemble` of `ai.onnx.ml` 5: indices instead of numbers, and sets of categories.

use super::{
	branch::{Branch, Mode, TreeNode},
	grow::{Grown, grow},
	lists::targets,
};
use crate::{
	card::Transform,
	float::chain::ScalarStep,
	onnx::{error::OnnxError, formula::Formula, known::Known, node::Node, ops::classifier::values},
};

/// Sums of trees, one per target.
pub(super) fn tree_ensemble(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let transform = post_transform(node)?;
	let targets = targets(node)?;
	let (nodes, roots) = read(node, targets)?;
	let Grown { sums, trees, .. } = grow(known, node, &nodes, &roots, targets)?;
	let affine = match node.int("aggregate_function", SUM) {
		SUM => sums,
		AVERAGE => sums.stepped(ScalarStep::Divide, &vec![trees as f64; targets]),
		_ => {
			return Err(
				node.unsupported("the smallest or largest of its trees: sum or average them")
			);
		},
	};
	values(node, affine, transform)
}

const AVERAGE: i64 = 0;
const SUM: i64 = 1;

fn post_transform(node: Node) -> Result<Transform, OnnxError> {
	Ok(match node.int("post_transform", 0) {
		0 => Transform::Identity,
		// ONNX says softmax and logistic, ONNX Runtime computes logistic and softmax.
		1 | 2 => {
			let why = "post_transform 1 or 2, which runtimes take for one another: add a Softmax or Sigmoid after it";
			return Err(node.unsupported(why));
		},
		3 => Transform::SoftmaxZero,
		4 => Transform::Probit,
		other => return Err(node.malformed(format!("post_transform {other}"))),
	})
}

/// The branches, then the leaves, and the numbers of the roots.
fn read(node: Node, targets: usize) -> Result<(Vec<TreeNode>, Vec<usize>), OnnxError> {
	let features = node.ints("nodes_featureids");
	let count = features.len();
	let modes = node.tensor("nodes_modes")?;
	let splits = node.tensor("nodes_splits")?;
	let missing_true = node.ints("nodes_missing_value_tracks_true");
	let (on_true, on_false) = (node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids"));
	let (true_leaf, false_leaf) = (node.ints("nodes_trueleafs"), node.ints("nodes_falseleafs"));
	let same_length = [modes.len(), splits.len(), on_true.len(), on_false.len()]
		.into_iter()
		.chain([true_leaf.len(), false_leaf.len()])
		.all(|len| len == count);
	if !same_length || !(missing_true.is_empty() || missing_true.len() == count) {
		return Err(node.malformed("its lists of nodes differ in length"));
	}
	let (outputs, weights) = (node.ints("leaf_targetids"), node.tensor("leaf_weights")?);
	if outputs.len() != weights.len() {
		return Err(node.malformed("its lists of leaves differ in length"));
	}
	let below = |id: i64, len: usize| usize::try_from(id).ok().filter(|&id| id < len);
	let child = |id: i64, is_leaf: i64| {
		let found = match is_leaf {
			0 => below(id, count),
			_ => below(id, outputs.len()).map(|leaf| count + leaf),
		};
		found.ok_or_else(|| node.malformed("a child does not exist"))
	};
	let members = node.tensor("membership_values")?;
	let mut sets = members.split(|value| value.is_nan());
	let mut nodes = Vec::with_capacity(count + outputs.len());
	for at in 0..count {
		let mode = Mode::of_number(modes[at]);
		let mode = mode.ok_or_else(|| node.malformed(format!("the branch mode {}", modes[at])))?;
		let values = match mode {
			Mode::Member => sets.next().ok_or_else(|| node.malformed("a set has no members"))?,
			_ => &splits[at..=at],
		};
		nodes.push(TreeNode::Branch(Branch {
			feature: features[at],
			mode,
			values: values.to_vec(),
			missing_true: missing_true.get(at).is_some_and(|&flag| flag != 0),
			on_true: child(on_true[at], true_leaf[at])?,
			on_false: child(on_false[at], false_leaf[at])?,
		}));
	}
	// What follows the NaN after the last set is empty.
	if sets.any(|set| !set.is_empty()) {
		return Err(node.malformed("it has more sets than branches that ask for one"));
	}
	for (&output, &weight) in outputs.iter().zip(weights.iter()) {
		match below(output, targets) {
			Some(output) if weight.is_finite() => {
				nodes.push(TreeNode::Leaf(vec![(output, weight)]))
			},
			_ => return Err(node.malformed("a leaf value belongs to no target")),
		}
	}
	let roots = node.ints("tree_roots").iter().map(|&root| below(root, count));
	let roots: Option<Vec<usize>> = roots.collect();
	Ok((nodes, roots.ok_or_else(|| node.malformed("a root does not exist"))?))
}
