//! From numbered nodes to trees of predicates, as ONNX Runtime evaluates them.

use super::branch::{Branch, Mode, TreeNode};
use crate::{
	card::{Comparison, Predicate},
	float::{
		affine::{Affine, Basis},
		chain::ScalarChain,
		forest::{FloatForest, FloatTree},
	},
	onnx::{
		error::OnnxError,
		known::{Ensembles, Known},
		node::Node,
	},
};

/// Deepest tree that is followed.
const MAX_DEPTH: usize = 64;
/// Most nodes of all ensembles, after those with several parents are copied for each; no circuit takes more.
const MAX_NODES: usize = 1 << 20;
/// Most values of their leaves and sets, 256 MiB.
const MAX_VALUES: usize = 1 << 24;

/// What a node of an ensemble sees as its features.
///
/// # Errors
/// If the node's input is not made of single features.
pub(super) fn columns(known: &Known, node: Node) -> Result<Vec<ScalarChain>, OnnxError> {
	let affine = known.affine(node, 0)?;
	let columns = affine.chains.iter().cloned().collect::<Option<Vec<_>>>();
	columns.filter(|_| affine.basis == Basis::Features).ok_or_else(|| {
		node.unsupported("trees over combinations of features: train them on single features")
	})
}

/// The trees of an ensemble, which are in the forest now.
pub(super) struct Grown {
	/// The sums of its outputs.
	pub sums: Affine,
	/// The number of its first output in the forest.
	pub first_output: usize,
	/// How many trees it has.
	pub trees: usize,
}

/// Grows the trees from their roots; their sums become a part of the basis of what follows.
///
/// # Errors
/// If a path comes back to a node, a branch is on no path, or a tree is too large.
pub(super) fn grow(
	known: &mut Known,
	node: Node,
	nodes: &[TreeNode],
	roots: &[usize],
	outputs: usize,
) -> Result<Grown, OnnxError> {
	let columns = columns(known, node)?;
	let Ensembles { outputs: first_output, all_outputs, nodes: grown, values } = known.ensembles;
	if first_output.saturating_add(outputs) > all_outputs {
		return Err(node.malformed("it has more outputs than it says"));
	}
	let states = vec![State::New; nodes.len()];
	let mut growing =
		Growing { node, nodes, columns: &columns, first_output, states, grown, values };
	let trees = roots.iter().map(|&root| growing.tree(root, 0)).collect::<Result<Vec<_>, _>>()?;
	let is_left = |(node, state): (&TreeNode, &State)| {
		matches!(node, TreeNode::Branch(_)) && *state == State::New
	};
	if trees.is_empty() || nodes.iter().zip(&growing.states).any(is_left) {
		return Err(node.malformed("its nodes are not trees"));
	}
	let (nodes, values, count) = (growing.grown, growing.values, trees.len());
	known.ensembles = Ensembles { outputs: first_output + outputs, nodes, values, all_outputs };
	known.forest.get_or_insert(FloatForest { trees: Vec::new() }).trees.extend(trees);
	let sums = Affine::unchanged(Basis::Forest, first_output, outputs, all_outputs);
	Ok(Grown { sums, first_output, trees: count })
}

/// Whether a node is on the path from the root to the node at hand.
#[derive(Clone, Copy, PartialEq)]
enum State {
	New,
	OnPath,
	Grown,
}

struct Growing<'a> {
	node: Node<'a>,
	nodes: &'a [TreeNode],
	/// What a tree sees as feature i.
	columns: &'a [ScalarChain],
	first_output: usize,
	states: Vec<State>,
	grown: usize,
	/// In the leaves and sets of those.
	values: usize,
}

/// A predicate and where its bits lead.
struct Split {
	predicate: Predicate,
	zero: usize,
	one: usize,
}

impl Growing<'_> {
	/// A node with several parents is grown for each of them.
	fn tree(&mut self, at: usize, depth: usize) -> Result<FloatTree, OnnxError> {
		self.enter(at)?;
		if depth > MAX_DEPTH {
			return Err(self.node.unsupported(format!(
				"a tree has more than {MAX_DEPTH} levels: train it with fewer"
			)));
		}
		self.grown += 1;
		if self.grown > MAX_NODES {
			let why =
				format!("its trees have more than {MAX_NODES} nodes: train fewer or smaller ones");
			return Err(self.node.unsupported(why));
		}
		let tree = match &self.nodes[at] {
			TreeNode::Leaf(values) => {
				self.count(values.len())?;
				let of_forest = |&(output, value)| (self.first_output + output, value);
				FloatTree::Leaf(values.iter().map(of_forest).collect())
			},
			TreeNode::Branch(branch) => {
				self.count(branch.values.len())?;
				let mut split = self.split(branch)?;
				let chained = self.absorb(&mut split)?;
				let zero = self.tree(split.zero, depth + 1)?;
				let one = self.tree(split.one, depth + 1)?;
				chained.into_iter().for_each(|at| self.states[at] = State::Grown);
				FloatTree::Split { predicate: split.predicate, zero: zero.into(), one: one.into() }
			},
		};
		self.states[at] = State::Grown;
		Ok(tree)
	}

	/// Counts values before they are copied.
	fn count(&mut self, values: usize) -> Result<(), OnnxError> {
		self.values = self.values.saturating_add(values);
		if self.values > MAX_VALUES {
			let why = format!("its leaves and sets have more than {MAX_VALUES} values");
			return Err(self.node.unsupported(why));
		}
		Ok(())
	}

	fn enter(&mut self, at: usize) -> Result<(), OnnxError> {
		match std::mem::replace(&mut self.states[at], State::OnPath) {
			State::OnPath => Err(self.node.malformed("a path through its nodes comes back to one")),
			_ => Ok(()),
		}
	}

	/// Makes one predicate of a chain that asks for the values of a set one after another, which is how exporters
	/// write categorical splits. Gives the nodes after the first.
	fn absorb(&mut self, split: &mut Split) -> Result<Vec<usize>, OnnxError> {
		let mut chained = Vec::new();
		while split.predicate.comparison == Comparison::Equal {
			let TreeNode::Branch(branch) = &self.nodes[split.zero] else { break };
			self.count(branch.values.len())?;
			let next = self.split(branch)?;
			let goes_on = next.predicate.comparison == Comparison::Equal
				&& next.predicate.feature == split.predicate.feature
				&& next.one == split.one;
			if !goes_on {
				break;
			}
			self.enter(split.zero)?;
			chained.push(split.zero);
			split.zero = next.zero;
			split.predicate.others.push(next.predicate.threshold);
			split.predicate.others.extend(next.predicate.others);
			split.predicate.missing |= next.predicate.missing;
		}
		if !chained.is_empty() {
			let Predicate { threshold, others, .. } = &mut split.predicate;
			others.push(*threshold);
			(*threshold, *others) = set(std::mem::take(others));
		}
		Ok(chained)
	}

	fn split(&self, branch: &Branch) -> Result<Split, OnnxError> {
		let (predicate, negated) = self.predicate(branch)?;
		let (zero, one) = match negated {
			true => (branch.on_true, branch.on_false),
			false => (branch.on_false, branch.on_true),
		};
		Ok(Split { predicate, zero, one })
	}

	/// The condition of a branch as `x <= t` or `x == t`, or the negation of one.
	fn predicate(&self, branch: &Branch) -> Result<(Predicate, bool), OnnxError> {
		let column = usize::try_from(branch.feature).ok().and_then(|at| self.columns.get(at));
		let column = column.ok_or_else(|| self.node.malformed("a feature does not exist"))?;
		let values = branch.values.iter().map(|&value| column.precision.round(value)).collect();
		let (threshold, others) = set(values);
		if threshold.is_nan() || others.iter().any(|value| value.is_nan()) {
			return Err(self.node.unsupported("a threshold that is no number"));
		}
		let below = || column.precision.next_down(threshold);
		// (comparison, threshold, negated)
		let (comparison, threshold, negated) = match branch.mode {
			Mode::AtMost => (Comparison::AtMost, threshold, false),
			Mode::Below => (Comparison::AtMost, below(), false),
			Mode::AtLeast => (Comparison::AtMost, below(), true),
			Mode::Above => (Comparison::AtMost, threshold, true),
			Mode::Equal | Mode::Member => (Comparison::Equal, threshold, false),
			Mode::NotEqual => (Comparison::Equal, threshold, true),
		};
		// A missing value is not equal to anything.
		let on_missing = branch.missing_true || matches!(branch.mode, Mode::NotEqual);
		let (threshold, turned) = match comparison {
			Comparison::Equal if !column.steps.is_empty() => {
				return Err(self
					.node
					.unsupported("equality with a scaled feature: leave categories as they are"));
			},
			Comparison::Equal => (threshold, false),
			Comparison::AtMost => column.preimage(threshold),
		};
		// All numbers are at most infinity, and only a missing value is not: the reverse of a bit that no number has,
		// since cards know minus infinity alone.
		let is_always = comparison == Comparison::AtMost && threshold == f64::INFINITY;
		let threshold = if is_always { f64::NEG_INFINITY } else { threshold };
		let negated = (negated != turned) != is_always;
		let missing = on_missing != negated;
		let predicate =
			Predicate { feature: column.feature, comparison, threshold, others, missing };
		Ok((predicate, negated))
	}
}

/// The smallest value, and the others in ascending order. Nothing is in an empty set: rows are finite.
fn set(mut values: Vec<f64>) -> (f64, Vec<f64>) {
	values.sort_by(f64::total_cmp);
	// 0 and -0 are one value.
	values.dedup();
	let mut values = values.into_iter();
	(values.next().unwrap_or(f64::NEG_INFINITY), values.collect())
}
