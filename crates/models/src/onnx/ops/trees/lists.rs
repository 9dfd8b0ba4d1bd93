//! The lists of `TreeEnsembleClassifier` and `TreeEnsembleRegressor`.

use super::branch::{Branch, Mode, TreeNode};
use crate::onnx::{error::OnnxError, node::Node};
use std::collections::HashMap;

/// Where the leaf values of a node's trees are.
pub(super) struct LeafNames {
	pub tree_ids: &'static str,
	pub node_ids: &'static str,
	pub outputs: &'static str,
	pub weights: &'static str,
}

pub(super) const CLASS_LEAVES: LeafNames = LeafNames {
	tree_ids: "class_treeids",
	node_ids: "class_nodeids",
	outputs: "class_ids",
	weights: "class_weights",
};

pub(super) const TARGET_LEAVES: LeafNames = LeafNames {
	tree_ids: "target_treeids",
	node_ids: "target_nodeids",
	outputs: "target_ids",
	weights: "target_weights",
};

/// How many targets a regression has.
///
/// # Errors
/// If that is no positive number.
pub(super) fn targets(node: Node) -> Result<usize, OnnxError> {
	let targets = usize::try_from(node.int("n_targets", 1)).ok().filter(|&n| n > 0);
	targets.ok_or_else(|| node.malformed("its number of targets"))
}

/// Reads the nodes of an ensemble, and the numbers of its roots.
///
/// # Errors
/// If its lists contradict each other.
pub(super) fn read(
	node: Node,
	leaf_names: &LeafNames,
	outputs: usize,
) -> Result<(Vec<TreeNode>, Vec<usize>), OnnxError> {
	let (tree_ids, node_ids) = (node.ints("nodes_treeids"), node.ints("nodes_nodeids"));
	let count = tree_ids.len();
	let modes = node.strings("nodes_modes");
	let values = node.numbers("nodes_values")?;
	let missing_true = node.ints("nodes_missing_value_tracks_true");
	let features = node.ints("nodes_featureids");
	let (on_true, on_false) = (node.ints("nodes_truenodeids"), node.ints("nodes_falsenodeids"));
	let same_length = [node_ids.len(), modes.len(), values.len(), features.len()]
		.into_iter()
		.chain([on_true.len(), on_false.len()])
		.all(|len| len == count);
	if !same_length || count == 0 || !(missing_true.is_empty() || missing_true.len() == count) {
		return Err(node.malformed("its lists of nodes differ in length"));
	}
	let index: HashMap<(i64, i64), usize> =
		tree_ids.iter().copied().zip(node_ids.iter().copied()).zip(0..).collect();
	if index.len() != count {
		return Err(node.malformed("two of its nodes have the same number"));
	}
	let mut is_child = vec![false; count];
	let mut child = |at: usize, ids: &[i64]| {
		let child = index.get(&(tree_ids[at], ids[at])).copied();
		let child = child.ok_or_else(|| node.malformed("a child does not exist"))?;
		is_child[child] = true;
		Ok(child)
	};
	let mut tree_node = |at: usize| {
		if modes[at] == b"LEAF" {
			return Ok(TreeNode::Leaf(Vec::new()));
		}
		let mode = Mode::of_name(modes[at]).ok_or_else(|| {
			let mode = String::from_utf8_lossy(modes[at]);
			node.unsupported(format!("the branch mode {mode}"))
		})?;
		Ok(TreeNode::Branch(Branch {
			feature: features[at],
			mode,
			values: vec![values[at]],
			missing_true: missing_true.get(at).is_some_and(|&flag| flag != 0),
			on_true: child(at, on_true)?,
			on_false: child(at, on_false)?,
		}))
	};
	let mut nodes = (0..count).map(&mut tree_node).collect::<Result<Vec<_>, OnnxError>>()?;

	let weights = node.numbers(leaf_names.weights)?;
	let (leaf_trees, leaf_nodes) = (node.ints(leaf_names.tree_ids), node.ints(leaf_names.node_ids));
	let leaf_outputs = node.ints(leaf_names.outputs);
	if [leaf_trees.len(), leaf_nodes.len(), leaf_outputs.len()] != [weights.len(); 3] {
		return Err(node.malformed("its lists of leaves differ in length"));
	}
	for (at, &weight) in weights.iter().enumerate() {
		let leaf = index.get(&(leaf_trees[at], leaf_nodes[at])).copied();
		let output = usize::try_from(leaf_outputs[at]).ok().filter(|&output| output < outputs);
		match (leaf.map(|leaf| &mut nodes[leaf]), output) {
			(Some(TreeNode::Leaf(values)), Some(output)) if weight.is_finite() => {
				values.push((output, weight));
			},
			_ => return Err(node.malformed("a leaf value belongs to no leaf or output")),
		}
	}
	let roots = (0..count).filter(|&at| !is_child[at]).collect();
	Ok((nodes, roots))
}
