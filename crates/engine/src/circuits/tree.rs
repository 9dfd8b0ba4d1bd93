//! Decision trees over encrypted bits.

use crate::circuits::bytes::{Reader, write_signed_varint, write_varint};
use alloc::vec::Vec;

/// Most outputs of a forest.
pub(crate) const MAX_OUTPUTS: usize = 1024;
/// Most trees of a forest.
pub(crate) const MAX_TREES: usize = 1 << 16;
/// Most nodes of all trees.
pub(crate) const MAX_NODES: usize = 1 << 20;
/// Most encrypted bits of a forest.
pub(crate) const MAX_PREDICATES: usize = 1 << 16;
const MAX_DEPTH: usize = 64;

/// A node of a tree, in pre-order: the zero child of a split follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
	/// Goes to the zero child or to the one child, by an encrypted bit.
	Split {
		/// Number of the bit.
		predicate: u32,
		/// Index of the one child.
		one: u32,
	},
	/// Adds values to outputs: (output, value), by ascending output.
	Leaf(Vec<(u16, i32)>),
}

/// A decision tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
	/// The nodes in pre-order.
	pub nodes: Vec<Node>,
}

impl Tree {
	/// Appends the nodes in pre-order, as base-128 integers: 2 predicate + 1 for a split; 2 count and
	/// then (output, value) pairs for a leaf.
	pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
		for node in &self.nodes {
			match node {
				Node::Split { predicate, .. } => {
					write_varint(2 * u64::from(*predicate) + 1, bytes);
				},
				Node::Leaf(values) => {
					write_varint(2 * values.len() as u64, bytes);
					for (output, value) in values {
						write_varint((*output).into(), bytes);
						write_signed_varint((*value).into(), bytes);
					}
				},
			}
		}
	}

	/// Takes a tree off the front of `bytes`; `nodes_left` bounds its size.
	pub(crate) fn read(bytes: &mut Reader<'_>, nodes_left: &mut usize) -> Option<Self> {
		let mut nodes = Vec::new();
		// Splits whose one child has not begun.
		let mut open: Vec<usize> = Vec::new();
		loop {
			*nodes_left = nodes_left.checked_sub(1)?;
			let tag = bytes.varint()?;
			if tag & 1 == 1 {
				open.push(nodes.len());
				let predicate = u32::try_from(tag >> 1).ok()?;
				nodes.push(Node::Split { predicate, one: 0 });
				continue;
			}
			if tag >> 1 > MAX_OUTPUTS as u64 {
				return None;
			}
			let value = |_| {
				let output = u16::try_from(bytes.varint()?).ok()?;
				Some((output, i32::try_from(bytes.signed_varint()?).ok()?))
			};
			nodes.push(Node::Leaf((0..tag >> 1).map(value).collect::<Option<_>>()?));
			let Some(split) = open.pop() else { return Some(Tree { nodes }) };
			let next = nodes.len() as u32;
			if let Some(Node::Split { one, .. }) = nodes.get_mut(split) {
				*one = next;
			}
		}
	}

	/// All splits in pre-order: the index, the bit, and whether it is linear.
	pub(crate) fn splits(&self) -> impl DoubleEndedIterator<Item = (usize, usize, bool)> {
		self.nodes.iter().enumerate().filter_map(|(at, node)| match node {
			Node::Split { predicate, .. } => Some((at, *predicate as usize, self.is_linear(at))),
			Node::Leaf(_) => None,
		})
	}

	/// The values of all leaves.
	pub(crate) fn leaves(&self) -> impl Iterator<Item = &Vec<(u16, i32)>> {
		self.nodes.iter().filter_map(|node| match node {
			Node::Leaf(values) => Some(values),
			Node::Split { .. } => None,
		})
	}

	/// The values of the leaf at an index, if it is one.
	pub(crate) fn leaf(&self, at: usize) -> Option<&Vec<(u16, i32)>> {
		match self.nodes.get(at)? {
			Node::Leaf(values) => Some(values),
			Node::Split { .. } => None,
		}
	}

	/// Whether both children of a split are leaves.
	pub(crate) fn is_linear(&self, at: usize) -> bool {
		matches!(&self.nodes[at], Node::Split { one, .. }
			if self.leaf(at + 1).is_some() && self.leaf(*one as usize).is_some())
	}

	/// Selections on the longest path from a node.
	pub(crate) fn longest_selection(&self, at: usize) -> usize {
		match &self.nodes[at] {
			Node::Split { one, .. } if !self.is_linear(at) => {
				1 + self.longest_selection(at + 1).max(self.longest_selection(*one as usize))
			},
			_ => 0,
		}
	}

	/// Splits on the longest path.
	pub(crate) fn depth(&self) -> usize {
		let mut open = Vec::new();
		let (mut depth, mut deepest) = (0, 0);
		for node in &self.nodes {
			match node {
				Node::Split { .. } => {
					depth += 1;
					open.push(depth);
				},
				Node::Leaf(_) => {
					deepest = deepest.max(depth);
					depth = open.pop().unwrap_or_default();
				},
			}
		}
		deepest
	}

	/// Checks that the nodes are one tree in pre-order, not too deep, of existing predicates and
	/// outputs.
	pub(crate) fn is_well_formed(&self, predicates: usize, outputs: usize) -> bool {
		// (index, depth) of one children that must come next.
		let mut open: Vec<(usize, usize)> = Vec::new();
		let mut depth = 0;
		for (at, node) in self.nodes.iter().enumerate() {
			match node {
				Node::Split { predicate, one } => {
					depth += 1;
					if *predicate as usize >= predicates || depth > MAX_DEPTH {
						return false;
					}
					open.push((*one as usize, depth));
				},
				Node::Leaf(values) => {
					let ascending = values.is_sorted_by(|a, b| a.0 < b.0);
					if !ascending || values.iter().any(|v| usize::from(v.0) >= outputs) {
						return false;
					}
					match open.pop() {
						Some((one, level)) if one == at + 1 => depth = level,
						Some(_) => return false,
						None => return at + 1 == self.nodes.len(),
					}
				},
			}
		}
		false
	}
}
