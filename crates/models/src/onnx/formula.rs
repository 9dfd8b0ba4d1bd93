//! What a tensor of the graph is, as a function of the features.

use crate::{
	card::{Classes, Transform},
	float::{
		activation::Activation,
		affine::{Affine, Basis},
	},
};
use std::sync::Arc;

/// Scores: a transform of affine columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScoreFormula {
	pub affine: Affine,
	pub transform: Transform,
	pub normalise: bool,
}

impl ScoreFormula {
	pub fn of(affine: Affine, transform: Transform) -> Self {
		Self { affine, transform, normalise: false }
	}

	pub fn plain(affine: Affine) -> Self {
		Self::of(affine, Transform::Identity)
	}

	pub fn is_plain(&self) -> bool {
		self.transform == Transform::Identity && !self.normalise
	}
}

/// Numbers or strings that do not depend on the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
	// Shared: a file can pass large ones on many times.
	Numbers(Arc<[f64]>),
	Strings(Arc<[String]>),
}

impl Constant {
	/// How many there are.
	pub fn len(&self) -> usize {
		match self {
			Self::Numbers(numbers) => numbers.len(),
			Self::Strings(strings) => strings.len(),
		}
	}
}

/// What a tensor depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dependence {
	Nothing,
	/// The row, of which its owner can compute anything.
	Row,
	/// A forest or a hidden layer, which are evaluated under encryption.
	Core,
}

impl Dependence {
	fn of(basis: Basis) -> Self {
		match basis {
			Basis::Features => Self::Row,
			Basis::Forest | Basis::Hidden | Basis::Behind(_) | Basis::Across(..) => Self::Core,
		}
	}
}

/// What a tensor of the graph is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
	/// The same for every input.
	Constant { dims: Vec<usize>, value: Constant },
	/// Affine in the features, in the sums of a forest, or in the activations of a hidden layer.
	Affine(Affine),
	/// A table, as a tensor of more dimensions: the rows, and these, over which the columns are in order.
	Folded(Box<Formula>, Vec<usize>),
	/// One that is a table of rows, with its columns as rows.
	Transposed(Box<Formula>),
	/// Text, or a tensor that is not made of rows: only the client works with it.
	Opaque,
	/// The dimensions of a tensor: that of the rows is not known.
	Shape(Vec<Option<i64>>),
	/// e^z of affine columns.
	Exp(Affine),
	/// 1 + e^z of affine columns.
	OnePlusExp(Affine),
	/// clip(z, -1, 1) of affine columns.
	Clipped(Affine),
	/// 1 + clip(z, -1, 1) of affine columns.
	OnePlusClipped(Affine),
	/// A hidden layer: an activation of affine columns.
	Activated(Affine, Activation),
	/// Scores.
	Scores(ScoreFormula),
	/// The sum over the columns of scores.
	ScoreSum(ScoreFormula),
	/// 1 where all scores are 0, otherwise 0 (possibly times the number of classes).
	AllZero,
	/// The index of the largest score.
	ArgMax(ScoreFormula),
	/// The class with the largest score.
	Label(ScoreFormula, Option<Classes>),
}

impl Formula {
	/// A tensor of rows with these dimensions after the rows'.
	pub fn shaped(affine: Affine, dims: &[usize]) -> Self {
		match dims {
			[_] => Self::Affine(affine),
			_ => Self::Folded(Self::Affine(affine).into(), dims.to_vec()),
		}
	}

	/// The columns and dimensions of a tensor of more than two, if it is affine.
	pub fn folded(&self) -> Option<(&Affine, &[usize])> {
		match self {
			Self::Folded(table, dims) => match table.as_ref() {
				Self::Affine(affine) => Some((affine, dims)),
				_ => None,
			},
			_ => None,
		}
	}

	/// For messages.
	pub fn describe(&self) -> &'static str {
		match self {
			Self::Constant { .. } => "a constant",
			Self::Affine(affine) => match affine.basis {
				Basis::Features => "an affine function of the features",
				Basis::Forest => "an affine function of the sums of trees",
				Basis::Hidden | Basis::Behind(_) => "an affine function of a hidden layer",
				Basis::Across(..) => "an affine function of several hidden layers",
			},
			Self::Folded(..) => "a tensor of more than two dimensions",
			Self::Transposed(_) => "a transposed table",
			Self::Shape(_) => "a shape",
			Self::Opaque => "text, or no table of rows",
			Self::Exp(_) | Self::OnePlusExp(_) => "an exponential",
			Self::Clipped(_) | Self::OnePlusClipped(_) => "a clipped score",
			Self::Activated(..) => "a hidden layer",
			Self::Scores(_) => "scores",
			Self::ScoreSum(_) => "a sum of scores",
			Self::AllZero => "a mask",
			Self::ArgMax(_) => "an index",
			Self::Label(..) => "a label",
		}
	}

	/// The columns that it is made of, if it is.
	pub fn affine(&self) -> Option<&Affine> {
		match self {
			Self::Affine(affine)
			| Self::Exp(affine)
			| Self::OnePlusExp(affine)
			| Self::Clipped(affine)
			| Self::OnePlusClipped(affine)
			| Self::Activated(affine, _) => Some(affine),
			Self::Scores(scores)
			| Self::ScoreSum(scores)
			| Self::ArgMax(scores)
			| Self::Label(scores, _) => Some(&scores.affine),
			Self::Transposed(formula) | Self::Folded(formula, _) => formula.affine(),
			Self::Constant { .. } | Self::Opaque | Self::Shape(_) | Self::AllZero => None,
		}
	}

	/// What it depends on.
	pub fn depends_on(&self) -> Dependence {
		match (self, self.affine()) {
			(_, Some(affine)) => Dependence::of(affine.basis),
			(Self::Constant { .. }, _) => Dependence::Nothing,
			(Self::Opaque | Self::Shape(_), _) => Dependence::Row,
			(_, None) => Dependence::Core,
		}
	}

	/// How many numbers it takes to write it down, about.
	pub fn size(&self) -> usize {
		match (self, self.affine()) {
			(_, Some(affine)) => affine.size(),
			(Self::Constant { value, .. }, _) => value.len(),
			(Self::Shape(dims), _) => dims.len(),
			(_, None) => 0,
		}
	}
}
