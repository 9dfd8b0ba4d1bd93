//! Sums of decision trees.

use super::affine::Row;
use crate::card::Predicate;

/// A tree over predicates of the features, with floating-point leaves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FloatTree {
	/// (output, value).
	Leaf(Vec<(usize, f64)>),
	Split {
		predicate: Predicate,
		zero: Box<FloatTree>,
		one: Box<FloatTree>,
	},
}

impl FloatTree {
	/// The values of the leaves, as (output, value).
	pub fn leaves(&self) -> Vec<&[(usize, f64)]> {
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

/// A sum of trees.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FloatForest {
	pub trees: Vec<FloatTree>,
}

/// The scores of a leaf, without their bias.
pub(crate) fn leaf_scores(leaf: &[(usize, f64)], scores: &[Row]) -> Vec<f64> {
	let score = |row: &Row| leaf.iter().map(|&(output, value)| row.weights[output] * value).sum();
	scores.iter().map(score).collect()
}
