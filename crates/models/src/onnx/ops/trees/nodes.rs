//! The nodes of trees, as ONNX Runtime evaluates them.

use crate::{
	card::{Comparison, Predicate},
	float::{
		chain::ScalarChain,
		forest::{FloatForest, FloatTree},
	},
	onnx::{error::OnnxError, node::Node},
};
use std::collections::HashMap;

/// Where the leaf values of a node's trees are.
pub(crate) struct LeafNames {
	pub tree_ids: &'static str,
	pub node_ids: &'static str,
	pub outputs: &'static str,
	pub weights: &'static str,
}

pub(crate) const CLASS_LEAVES: LeafNames = LeafNames {
	tree_ids: "class_treeids",
	node_ids: "class_nodeids",
	outputs: "class_ids",
	weights: "class_weights",
};

pub(crate) const TARGET_LEAVES: LeafNames = LeafNames {
	tree_ids: "target_treeids",
	node_ids: "target_nodeids",
	outputs: "target_ids",
	weights: "target_weights",
};

/// Deepest tree that is followed.
const MAX_DEPTH: usize = 64;

struct Nodes<'a> {
	node: Node<'a>,
	features: &'a [i64],
	modes: Vec<&'a [u8]>,
	values: Vec<f64>,
	missing_true: &'a [i64],
	true_children: Vec<usize>,
	false_children: Vec<usize>,
	leaves: Vec<Vec<(usize, f64)>>,
	/// What a tree sees as feature i.
	columns: &'a [ScalarChain],
	visited: Vec<bool>,
}

/// Reads the trees of a node.
pub(crate) fn read(
	node: Node,
	leaf_names: &LeafNames,
	outputs: usize,
	columns: &[ScalarChain],
) -> Result<FloatForest, OnnxError> {
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
	let is_leaf = |at: usize| modes[at] == b"LEAF";
	let mut is_child = vec![false; count];
	let mut children = |ids: &[i64]| {
		let child = |at: usize| {
			if is_leaf(at) {
				return Ok(at);
			}
			let child = index.get(&(tree_ids[at], ids[at])).copied();
			let child = child.ok_or_else(|| node.malformed("a child does not exist"))?;
			is_child[child] = true;
			Ok(child)
		};
		(0..count).map(child).collect::<Result<Vec<_>, OnnxError>>()
	};
	let (true_children, false_children) = (children(on_true)?, children(on_false)?);

	let mut leaves = vec![Vec::new(); count];
	let weights = node.numbers(leaf_names.weights)?;
	let (leaf_trees, leaf_nodes) = (node.ints(leaf_names.tree_ids), node.ints(leaf_names.node_ids));
	let leaf_outputs = node.ints(leaf_names.outputs);
	if [leaf_trees.len(), leaf_nodes.len(), leaf_outputs.len()] != [weights.len(); 3] {
		return Err(node.malformed("its lists of leaves differ in length"));
	}
	for (at, &weight) in weights.iter().enumerate() {
		let leaf = index.get(&(leaf_trees[at], leaf_nodes[at])).copied();
		let output = usize::try_from(leaf_outputs[at]).ok().filter(|&output| output < outputs);
		match (leaf, output) {
			(Some(leaf), Some(output)) if is_leaf(leaf) && weight.is_finite() => {
				leaves[leaf].push((output, weight));
			},
			_ => return Err(node.malformed("a leaf value belongs to no leaf or output")),
		}
	}
	let mut nodes = Nodes {
		node,
		features,
		modes,
		values,
		missing_true,
		true_children,
		false_children,
		leaves,
		columns,
		visited: vec![false; count],
	};
	let roots: Vec<usize> = (0..count).filter(|&at| !is_child[at]).collect();
	let trees = roots.into_iter().map(|root| nodes.tree(root, 0)).collect::<Result<Vec<_>, _>>()?;
	if trees.is_empty() || nodes.visited.iter().any(|visited| !visited) {
		return Err(node.malformed("its nodes are not trees"));
	}
	Ok(FloatForest { trees })
}

impl Nodes<'_> {
	fn tree(&mut self, at: usize, depth: usize) -> Result<FloatTree, OnnxError> {
		if std::mem::replace(&mut self.visited[at], true) {
			return Err(self.node.malformed("its nodes are not trees"));
		}
		if depth > MAX_DEPTH {
			return Err(self.node.unsupported(format!("a tree has more than {MAX_DEPTH} levels")));
		}
		if self.modes[at] == b"LEAF" {
			return Ok(FloatTree::Leaf(std::mem::take(&mut self.leaves[at])));
		}
		let on_true = self.tree(self.true_children[at], depth + 1)?;
		let on_false = self.tree(self.false_children[at], depth + 1)?;
		let (predicate, negated) = self.predicate(at)?;
		let (zero, one) = if negated { (on_true, on_false) } else { (on_false, on_true) };
		Ok(FloatTree::Split { predicate, zero: zero.into(), one: one.into() })
	}

	/// The condition of a node as `x <= t` or `x == t`, or the negation of one.
	fn predicate(&self, at: usize) -> Result<(Predicate, bool), OnnxError> {
		let column = usize::try_from(self.features[at]).ok().and_then(|at| self.columns.get(at));
		let column = column.ok_or_else(|| self.node.malformed("a feature does not exist"))?;
		let threshold = column.precision.round(self.values[at]);
		if threshold.is_nan() {
			return Err(self.node.unsupported("a threshold that is no number"));
		}
		let tracks_true = self.missing_true.get(at).is_some_and(|&flag| flag != 0);
		let below = || column.precision.next_down(threshold);
		// (comparison, threshold, negated, what a missing value does)
		let (comparison, threshold, negated, on_missing) = match self.modes[at] {
			b"BRANCH_LEQ" => (Comparison::AtMost, threshold, false, tracks_true),
			b"BRANCH_LT" => (Comparison::AtMost, below(), false, tracks_true),
			b"BRANCH_GTE" => (Comparison::AtMost, below(), true, tracks_true),
			b"BRANCH_GT" => (Comparison::AtMost, threshold, true, tracks_true),
			b"BRANCH_EQ" => (Comparison::Equal, threshold, false, tracks_true),
			// A missing value is not equal to anything.
			b"BRANCH_NEQ" => (Comparison::Equal, threshold, true, true),
			other => {
				let mode = String::from_utf8_lossy(other);
				return Err(self.node.unsupported(format!("the branch mode {mode}")));
			},
		};
		let (comparison, threshold, turned) = match comparison {
			Comparison::Equal if !column.steps.is_empty() => {
				return Err(self.node.unsupported("equality with a scaled feature"));
			},
			Comparison::Equal => (comparison, threshold, false),
			Comparison::AtMost => {
				let (threshold, turned) = column.preimage(threshold);
				(comparison, threshold, turned)
			},
		};
		let negated = negated != turned;
		let predicate = Predicate {
			feature: column.feature,
			comparison,
			threshold,
			missing: on_missing != negated,
		};
		Ok((predicate, negated))
	}
}
