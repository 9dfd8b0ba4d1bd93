//! Random trees.

#![allow(dead_code)]

use fhe_ml_engine::circuits::forest::{Node, Tree};
use proptest::prelude::*;

/// A tree as a recursive value.
#[derive(Clone, Debug)]
pub enum Shape {
	Leaf(Vec<i32>),
	Split(u32, Box<Shape>, Box<Shape>),
}

impl Shape {
	fn write(&self, nodes: &mut Vec<Node>) {
		match self {
			Self::Leaf(values) => {
				let values = (0..).zip(values.iter().copied()).filter(|(_, value)| *value != 0);
				nodes.push(Node::Leaf(values.collect()));
			},
			Self::Split(predicate, zero, one) => {
				let at = nodes.len();
				nodes.push(Node::Split { predicate: *predicate, one: 0 });
				zero.write(nodes);
				let next = nodes.len() as u32;
				nodes[at] = Node::Split { predicate: *predicate, one: next };
				one.write(nodes);
			},
		}
	}

	/// The same values of another output.
	pub fn for_output(self, output: usize) -> Self {
		match self {
			Self::Leaf(values) => Self::Leaf([vec![0; output], values].concat()),
			Self::Split(predicate, zero, one) => {
				let (zero, one) = (zero.for_output(output), one.for_output(output));
				Self::Split(predicate, zero.into(), one.into())
			},
		}
	}

	pub fn tree(&self) -> Tree {
		let mut nodes = Vec::new();
		self.write(&mut nodes);
		Tree { nodes }
	}
}

pub const PREDICATES: u32 = 12;

pub fn shape(outputs: usize) -> impl Strategy<Value = Shape> {
	let leaf = proptest::collection::vec(-9000..9000i32, outputs).prop_map(Shape::Leaf);
	leaf.prop_recursive(5, 40, 2, |inner| {
		(0..PREDICATES, inner.clone(), inner)
			.prop_map(|(predicate, zero, one)| Shape::Split(predicate, zero.into(), one.into()))
	})
}

pub fn forest() -> impl Strategy<Value = (usize, Vec<Shape>)> {
	(1usize..4)
		.prop_flat_map(|outputs| (Just(outputs), proptest::collection::vec(shape(outputs), 1..8)))
}
