//! Integers for a forest.
//!
//! Predicates are exact. A leaf's value v becomes round(v / step); the error of a score is at most
//! the sum over the trees of their largest rounding error, and is computed here, exactly.

mod shape;

use super::quantised::Quantised;
use crate::{
	card::{Comparison, Encoding, Predicate, Predicates, Quantisation, Ranges},
	float::{
		affine::Row,
		calibration::extremes,
		chain::Precision,
		forest::{FloatForest, leaf_scores},
	},
};
use fhe_ml_engine::{Circuit, ForestCircuit, ForestCircuitError, circuits::forest::Tree};
use shape::{PredicateTable, Shape};

/// Error of a score relative to its range that steps are chosen for.
const TARGET_ERROR: f64 = 1.0 / 32768.0;
/// Leaves have at most this many bits.
const MAX_LEAF: f64 = (1 << 26) as f64;

/// Chooses steps for scores that are affine in the forest's outputs, and compiles the circuit.
///
/// # Errors
/// If there is no circuit for so many or so large trees.
pub(crate) fn quantise(
	forest: &FloatForest,
	scores: &[Row],
	precision: Precision,
) -> Result<Quantised, ForestCircuitError> {
	let leaves = LeafScores::of(forest, scores);
	let spans = leaves.spans();
	let output_steps: Vec<f64> = spans.iter().map(Span::step).collect();
	let (max_score_error, max_relative_error) = leaves.errors(&output_steps, &spans);
	let mut table = PredicateTable::default();
	let shapes = forest.trees.iter().map(|tree| Shape::of(tree, scores, &output_steps, &mut table));
	let shapes: Vec<Shape> = shapes.collect();
	let mut predicates = table.into_predicates();
	if predicates.is_empty() {
		// A forest of constants still has an input.
		let comparison = Comparison::AtMost;
		let (threshold, others) = (0.0, Vec::new());
		predicates.push(Predicate { feature: 0, comparison, threshold, others, missing: false });
	}
	let trees: Vec<Tree> = shapes.iter().map(Shape::to_tree).collect();
	let circuit = ForestCircuit::compile(predicates.len(), scores.len(), trees)?;
	Ok(Quantised {
		circuit: Circuit::Forest(circuit),
		encoding: Encoding::Predicates(Predicates {
			list: predicates,
			single_precision: precision == Precision::Single,
		}),
		output_offsets: vec![0.0; output_steps.len()],
		output_steps,
		quantisation: Quantisation {
			ranges: Ranges::Exact,
			feature_bits: 0,
			weight_bits: shapes.iter().map(Shape::leaf_bits).fold(1, u32::max),
			max_score_error,
			max_relative_error,
			expected_error: None,
			score_deviations: Vec::new(),
			changed_classes: None,
		},
	})
}

/// The scores of every leaf of every tree.
struct LeafScores {
	trees: Vec<Vec<Vec<f64>>>,
	scores: usize,
}

/// How far apart the values of a score are.
struct Span {
	width: f64,
	/// Trees that contribute to it.
	trees: f64,
	/// Of all leaves, by magnitude.
	largest_leaf: f64,
	/// Whether all values of all leaves are integers.
	is_integers: bool,
}

impl Span {
	fn step(&self) -> f64 {
		let step = 2.0 * TARGET_ERROR * self.width / f64::max(self.trees, 1.0);
		let step = step.max(self.largest_leaf / MAX_LEAF);
		// Numbers of leaves and votes must come out exactly: what follows may compare them.
		if self.is_integers && step < 1.0 { step.log2().floor().exp2() } else { step }
	}
}

impl LeafScores {
	fn of(forest: &FloatForest, scores: &[Row]) -> Self {
		let of_tree = |leaves: Vec<&[(usize, f64)]>| {
			leaves.into_iter().map(|leaf| leaf_scores(leaf, scores)).collect()
		};
		let trees = forest.trees.iter().map(|tree| of_tree(tree.leaves())).collect();
		Self { trees, scores: scores.len() }
	}

	fn spans(&self) -> Vec<Span> {
		(0..self.scores).map(|score| self.span(score)).collect()
	}

	fn span(&self, score: usize) -> Span {
		let mut span = Span { width: 0.0, trees: 0.0, largest_leaf: 0.0, is_integers: true };
		for leaves in &self.trees {
			let (low, high) = extremes(leaves.iter().map(|leaf| leaf[score]));
			let magnitude = low.abs().max(high.abs());
			span.width += high - low;
			// Trees that add the same value everywhere are rounded, too.
			span.trees += if magnitude > 0.0 { 1.0 } else { 0.0 };
			span.largest_leaf = span.largest_leaf.max(magnitude);
			span.is_integers &= leaves.iter().all(|leaf| leaf[score].fract() == 0.0);
		}
		let least = span.largest_leaf.max(f64::MIN_POSITIVE);
		Span { width: if span.width > 0.0 { span.width } else { least }, ..span }
	}

	/// The largest error of a score, and the largest one relative to the score's span.
	fn errors(&self, steps: &[f64], spans: &[Span]) -> (f64, f64) {
		let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
		for (score, (step, span)) in steps.iter().zip(spans).enumerate() {
			let rounding =
				|leaf: &Vec<f64>| ((leaf[score] / step).round() * step - leaf[score]).abs();
			let worst = |leaves: &Vec<Vec<f64>>| leaves.iter().map(rounding).fold(0.0, f64::max);
			let error: f64 = self.trees.iter().map(worst).sum();
			max_score_error = max_score_error.max(error);
			max_relative_error = max_relative_error.max(error / span.width);
		}
		(max_score_error, max_relative_error)
	}
}
