//! Trees with integer leaves over numbered predicates.

use crate::{
	card::{Comparison, Predicate},
	float::{
		affine::Row,
		forest::{FloatTree, leaf_scores},
	},
};
use fhe_ml_engine::circuits::forest::{Node, Tree};
use std::collections::HashMap;

type PredicateKey = (usize, Comparison, u64, Vec<u64>, bool);

/// Numbers predicates in the order in which they appear.
#[derive(Default)]
pub(super) struct PredicateTable {
	numbers: HashMap<PredicateKey, u32>,
	predicates: Vec<Predicate>,
}

impl PredicateTable {
	fn key(predicate: &Predicate) -> PredicateKey {
		// -0 and 0 compare alike.
		let bits = |value: f64| (value + 0.0).to_bits();
		let others = predicate.others.iter().map(|&value| bits(value)).collect();
		let Predicate { feature, comparison, threshold, missing, .. } = *predicate;
		(feature, comparison, bits(threshold), others, missing)
	}

	fn number(&mut self, predicate: &Predicate) -> u32 {
		let next = self.predicates.len() as u32;
		*self.numbers.entry(Self::key(predicate)).or_insert_with(|| {
			self.predicates.push(predicate.clone());
			next
		})
	}

	/// Forgets a predicate if it is the one that was numbered last.
	fn forget_if_last(&mut self, predicate: &Predicate) {
		if self.predicates.last() == Some(predicate) {
			self.predicates.pop();
			self.numbers.remove(&Self::key(predicate));
		}
	}

	pub fn into_predicates(self) -> Vec<Predicate> {
		self.predicates
	}
}

/// A tree with integer leaves, and without splits that decide nothing.
#[derive(PartialEq)]
pub(super) enum Shape {
	Leaf(Vec<i32>),
	Split(u32, Box<Shape>, Box<Shape>),
}

impl Shape {
	/// The shape of a tree whose leaves are rounded to steps of each score.
	pub fn of<'a>(
		tree: &'a FloatTree,
		scores: &'a [Row],
		steps: &'a [f64],
		table: &'a mut PredicateTable,
	) -> Self {
		Rounding { scores, steps, table, decided: Vec::new() }.shape(tree)
	}

	/// The most bits of a leaf's value, with sign.
	pub fn leaf_bits(&self) -> u32 {
		match self {
			Self::Leaf(values) => {
				let bits = |value: &i32| 33 - value.unsigned_abs().leading_zeros();
				values.iter().map(bits).max().unwrap_or_default()
			},
			Self::Split(_, zero, one) => zero.leaf_bits().max(one.leaf_bits()),
		}
	}

	/// The same for a circuit.
	pub fn to_tree(&self) -> Tree {
		let mut nodes = Vec::new();
		self.write(&mut nodes);
		Tree { nodes }
	}

	fn write(&self, nodes: &mut Vec<Node>) {
		match self {
			Self::Leaf(values) => {
				let values = (0..).zip(values.iter().copied()).filter(|(_, value)| *value != 0);
				nodes.push(Node::Leaf(values.collect()));
			},
			Self::Split(predicate, zero, one) => {
				let at = nodes.len();
				nodes.push(Node::Leaf(Vec::new()));
				zero.write(nodes);
				nodes[at] = Node::Split { predicate: *predicate, one: nodes.len() as u32 };
				one.write(nodes);
			},
		}
	}
}

/// What rounding one tree needs.
struct Rounding<'a> {
	scores: &'a [Row],
	steps: &'a [f64],
	table: &'a mut PredicateTable,
	/// The predicates on the way from the root, with their bits.
	decided: Vec<(&'a Predicate, bool)>,
}

impl<'a> Rounding<'a> {
	fn shape(&mut self, tree: &'a FloatTree) -> Shape {
		let (predicate, zero, one) = match tree {
			FloatTree::Leaf(values) => {
				let scores = leaf_scores(values, self.scores);
				let integers = scores.iter().zip(self.steps).map(|(s, step)| (s / step).round());
				return Shape::Leaf(integers.map(|integer| integer as i32).collect());
			},
			FloatTree::Split { predicate, zero, one } => (predicate, zero, one),
		};
		if let Some((_, bit)) = self.decided.iter().find(|(other, _)| *other == predicate) {
			return self.shape(if *bit { one } else { zero });
		}
		// The number is taken before those of the children: neighbours share work.
		let known = self.table.predicates.len();
		let number = self.table.number(predicate);
		let zero = self.child(zero, predicate, false);
		let one = self.child(one, predicate, true);
		if zero == one {
			if number as usize == known {
				self.table.forget_if_last(predicate);
			}
			return zero;
		}
		Shape::Split(number, zero.into(), one.into())
	}

	fn child(&mut self, tree: &'a FloatTree, predicate: &'a Predicate, bit: bool) -> Shape {
		self.decided.push((predicate, bit));
		let child = self.shape(tree);
		self.decided.pop();
		child
	}
}
