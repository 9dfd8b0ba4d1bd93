//! Full trees, which hide the shape of a forest.

use super::EncryptedForestError;
use crate::circuits::{
	forest::ForestCircuit,
	tree::{MAX_PREDICATES, Node, Tree},
};
use alloc::vec::Vec;

/// Full trees of the depth of the deepest one, in which every split has a bit of its own.
pub(super) fn full_trees(
	forest: &ForestCircuit,
) -> Result<(Vec<Tree>, Vec<Option<u32>>), EncryptedForestError> {
	let trees = forest.trees();
	let depth = trees.iter().map(Tree::depth).max().unwrap_or_default();
	let splits =
		1usize.checked_shl(depth as u32).map(|leaves| (leaves - 1).saturating_mul(trees.len()));
	// A forest of constants still has an input.
	if splits.is_none_or(|splits| splits > MAX_PREDICATES) {
		return Err(EncryptedForestError::TooDeepToHide { trees: trees.len(), depth });
	}
	let mut predicates = Vec::new();
	let full = trees.iter().map(|tree| {
		let mut nodes = Vec::new();
		pad(tree, 0, depth, &mut nodes, &mut predicates);
		Tree { nodes }
	});
	let full = full.collect();
	if predicates.is_empty() {
		predicates.push(None);
	}
	Ok((full, predicates))
}

/// Writes the subtree at `at`, padded to `depth`; a leaf that is not deep enough becomes a subtree of
/// equal leaves.
fn pad(
	tree: &Tree,
	at: usize,
	depth: usize,
	nodes: &mut Vec<Node>,
	predicates: &mut Vec<Option<u32>>,
) {
	let (predicate, zero, one) = match &tree.nodes[at] {
		leaf @ Node::Leaf(_) if depth == 0 => {
			nodes.push(leaf.clone());
			return;
		},
		Node::Leaf(_) => (None, at, at),
		Node::Split { predicate, one } => (Some(*predicate), at + 1, *one as usize),
	};
	let (place, number) = (nodes.len(), predicates.len() as u32);
	predicates.push(predicate);
	nodes.push(Node::Leaf(Vec::new()));
	pad(tree, zero, depth.saturating_sub(1), nodes, predicates);
	nodes[place] = Node::Split { predicate: number, one: nodes.len() as u32 };
	pad(tree, one, depth.saturating_sub(1), nodes, predicates);
}
