//! Integers for a forest.
//!
//! Predicates are exact. A leaf's value v becomes round(v / step); the error of a score is at most
//! the sum over the trees of their largest rounding error, and is computed here, exactly.

use crate::{
	card::{Comparison, Predicate, Quantisation, Ranges},
	import::trees::{FloatForest, FloatTree},
};
use fhe_ml_engine::{
	ForestCircuit, ForestCircuitError,
	entities::forest::{Node, Tree},
};
use std::collections::HashMap;

/// Error of a score relative to its range that steps are chosen for.
const TARGET_ERROR: f64 = 1.0 / 32768.0;
/// Leaves have at most this many bits.
const MAX_LEAF: f64 = (1 << 26) as f64;

/// A quantised forest.
#[derive(Clone, Debug)]
pub(crate) struct QuantisedForest {
	pub circuit: ForestCircuit,
	pub predicates: Vec<Predicate>,
	pub output_steps: Vec<f64>,
	pub quantisation: Quantisation,
}

type PredicateKey = (usize, Comparison, u64, bool);

/// Numbers predicates in the order in which they appear.
#[derive(Default)]
struct PredicateTable {
	numbers: HashMap<PredicateKey, u32>,
	predicates: Vec<Predicate>,
}

impl PredicateTable {
	fn key(predicate: &Predicate) -> PredicateKey {
		// -0 and 0 compare alike.
		let threshold = (predicate.threshold + 0.0).to_bits();
		(predicate.feature, predicate.comparison, threshold, predicate.missing)
	}

	fn number(&mut self, predicate: &Predicate) -> u32 {
		let next = self.predicates.len() as u32;
		*self.numbers.entry(Self::key(predicate)).or_insert_with(|| {
			self.predicates.push(*predicate);
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
}

/// Chooses steps for the scores that are `rows` (one row of weights per score) of the forest's
/// outputs, and compiles the circuit.
pub(crate) fn quantise(
	forest: &FloatForest,
	rows: &[Vec<f64>],
) -> Result<QuantisedForest, ForestCircuitError> {
	let scores: Vec<Vec<Vec<f64>>> = forest
		.trees
		.iter()
		.map(|tree| tree.leaves().iter().map(|leaf| scores_of(leaf, rows)).collect())
		.collect();
	let (mut output_steps, mut spans) = (Vec::new(), Vec::new());
	for score in 0..rows.len() {
		let spreads = scores.iter().map(|leaves| {
			let values = || leaves.iter().map(|leaf| leaf[score]);
			let (low, high) =
				(values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
			(high - low, low.abs().max(high.abs()))
		});
		let (mut span, mut trees, mut largest) = (0.0, 0.0, 0.0f64);
		for (spread, magnitude) in spreads {
			span += spread;
			// Trees that add the same value everywhere are rounded, too.
			trees += if magnitude > 0.0 { 1.0 } else { 0.0 };
			largest = largest.max(magnitude);
		}
		let wanted = if span > 0.0 { span } else { largest.max(f64::MIN_POSITIVE) };
		let step = 2.0 * TARGET_ERROR * wanted / f64::max(trees, 1.0);
		output_steps.push(step.max(largest / MAX_LEAF));
		spans.push(wanted);
	}
	let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
	for (score, (step, span)) in output_steps.iter().zip(&spans).enumerate() {
		let rounding = |leaf: &Vec<f64>| ((leaf[score] / step).round() * step - leaf[score]).abs();
		let worst = |leaves: &Vec<Vec<f64>>| leaves.iter().map(rounding).fold(0.0, f64::max);
		let error: f64 = scores.iter().map(worst).sum();
		max_score_error = max_score_error.max(error);
		max_relative_error = max_relative_error.max(error / span);
	}
	let mut table = PredicateTable::default();
	let mut leaf_bits = 1;
	let trees = forest
		.trees
		.iter()
		.map(|tree| {
			let shape = shape(tree, rows, &output_steps, &mut table, &mut Vec::new());
			let mut nodes = Vec::new();
			shape.write(&mut nodes, &mut leaf_bits);
			Tree { nodes }
		})
		.collect();
	let mut predicates = table.predicates;
	if predicates.is_empty() {
		// A forest of constants still has an input.
		let comparison = Comparison::AtMost;
		predicates.push(Predicate { feature: 0, comparison, threshold: 0.0, missing: false });
	}
	let circuit = ForestCircuit::compile(predicates.len(), rows.len(), trees)?;
	let quantisation = Quantisation {
		ranges: Ranges::Exact,
		feature_bits: 0,
		weight_bits: leaf_bits,
		max_score_error,
		max_relative_error,
	};
	Ok(QuantisedForest { circuit, predicates, output_steps, quantisation })
}

fn scores_of(leaf: &[(usize, f64)], rows: &[Vec<f64>]) -> Vec<f64> {
	rows.iter().map(|row| leaf.iter().map(|&(output, value)| row[output] * value).sum()).collect()
}

impl FloatTree {
	fn leaves(&self) -> Vec<&[(usize, f64)]> {
		match self {
			Self::Leaf(values) => vec![values],
			Self::Split { zero, one, .. } => {
				let mut leaves = zero.leaves();
				leaves.extend(one.leaves());
				leaves
			},
		}
	}
}

/// A tree with integer leaves, and without splits that decide nothing.
#[derive(PartialEq)]
enum Shape {
	Leaf(Vec<i32>),
	Split(u32, Box<Shape>, Box<Shape>),
}

fn shape(
	tree: &FloatTree,
	rows: &[Vec<f64>],
	steps: &[f64],
	table: &mut PredicateTable,
	decided: &mut Vec<(Predicate, bool)>,
) -> Shape {
	let (predicate, zero, one) = match tree {
		FloatTree::Leaf(values) => {
			let scores = scores_of(values, rows);
			let integers = scores.iter().zip(steps).map(|(s, step)| (s / step).round() as i32);
			return Shape::Leaf(integers.collect());
		},
		FloatTree::Split { predicate, zero, one } => (predicate, zero, one),
	};
	if let Some((_, bit)) = decided.iter().find(|(other, _)| other == predicate) {
		return shape(if *bit { one } else { zero }, rows, steps, table, decided);
	}
	// The number is taken before those of the children: neighbours share work.
	let known = table.predicates.len();
	let number = table.number(predicate);
	let mut child = |tree: &FloatTree, bit: bool, table: &mut PredicateTable| {
		decided.push((*predicate, bit));
		let child = shape(tree, rows, steps, table, decided);
		decided.pop();
		child
	};
	let zero = child(zero, false, table);
	let one = child(one, true, table);
	if zero == one {
		if number as usize == known {
			table.forget_if_last(predicate);
		}
		return zero;
	}
	Shape::Split(number, zero.into(), one.into())
}

impl Shape {
	fn write(&self, nodes: &mut Vec<Node>, leaf_bits: &mut u32) {
		match self {
			Self::Leaf(values) => {
				for value in values {
					*leaf_bits = (*leaf_bits).max(33 - value.unsigned_abs().leading_zeros());
				}
				let values = (0..).zip(values.iter().copied()).filter(|(_, value)| *value != 0);
				nodes.push(Node::Leaf(values.collect()));
			},
			Self::Split(predicate, zero, one) => {
				let at = nodes.len();
				nodes.push(Node::Leaf(Vec::new()));
				zero.write(nodes, leaf_bits);
				nodes[at] = Node::Split { predicate: *predicate, one: nodes.len() as u32 };
				one.write(nodes, leaf_bits);
			},
		}
	}
}
