//! What a tensor of the graph is, as a function of the features.

use crate::card::{Classes, Transform};

/// An affine function of the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
	pub weights: Vec<f64>,
	pub bias: f64,
}

impl Row {
	pub fn scaled(&self, factor: f64) -> Self {
		Self {
			weights: self.weights.iter().map(|w| w * factor).collect(),
			bias: self.bias * factor,
		}
	}

	pub fn at(&self, x: &[f64]) -> f64 {
		self.bias + self.weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()
	}
}

/// The columns of a `[N, rows.len()]` tensor, each affine in the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Affine {
	pub rows: Vec<Row>,
}

impl Affine {
	/// The features `from..from + count` of `features`, unchanged.
	pub fn features(from: usize, count: usize, features: usize) -> Self {
		let row = |at: usize| {
			let mut weights = vec![0.0; features];
			weights[at] = 1.0;
			Row { weights, bias: 0.0 }
		};
		Self { rows: (from..from + count).map(row).collect() }
	}

	/// Linear combinations of the columns: `matrix` has one row per new column.
	pub fn combined(&self, matrix: &[Vec<f64>], bias: &[f64]) -> Self {
		let features = self.rows.first().map_or(0, |row| row.weights.len());
		let combine = |(coefficients, bias): (&Vec<f64>, &f64)| {
			let mut sum = Row { weights: vec![0.0; features], bias: *bias };
			for (coefficient, row) in coefficients.iter().zip(&self.rows) {
				sum.bias += coefficient * row.bias;
				for (total, w) in sum.weights.iter_mut().zip(&row.weights) {
					*total += coefficient * w;
				}
			}
			sum
		};
		Self { rows: matrix.iter().zip(bias).map(combine).collect() }
	}

	/// a x + b for each column, with one a and one b per column.
	pub fn mapped(&self, a: &[f64], b: &[f64]) -> Self {
		let map = |((row, a), b): ((&Row, &f64), &f64)| {
			let mut row = row.scaled(*a);
			row.bias += b;
			row
		};
		Self { rows: self.rows.iter().zip(a).zip(b).map(map).collect() }
	}

	pub fn negated(&self) -> Self {
		Self { rows: self.rows.iter().map(|row| row.scaled(-1.0)).collect() }
	}
}

/// Scores: a transform of affine columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScoreFormula {
	pub affine: Affine,
	pub transform: Transform,
	pub normalise: bool,
}

impl ScoreFormula {
	pub fn plain(affine: Affine) -> Self {
		Self { affine, transform: Transform::Identity, normalise: false }
	}

	pub fn is_plain(&self) -> bool {
		self.transform == Transform::Identity && !self.normalise
	}
}

/// Numbers or strings that do not depend on the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
	Numbers(Vec<f64>),
	Strings(Vec<String>),
}

/// What a tensor of the graph is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
	/// The same for every input.
	Constant { dims: Vec<usize>, value: Constant },
	/// Affine in the features.
	Affine(Affine),
	/// e^z of affine columns.
	Exp(Affine),
	/// 1 + e^z of affine columns.
	OnePlusExp(Affine),
	/// clip(z, -1, 1) of affine columns.
	Clipped(Affine),
	/// 1 + clip(z, -1, 1) of affine columns.
	OnePlusClipped(Affine),
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
	/// For messages.
	pub fn describe(&self) -> &'static str {
		match self {
			Self::Constant { .. } => "a constant",
			Self::Affine(_) => "an affine function of the features",
			Self::Exp(_) | Self::OnePlusExp(_) => "an exponential",
			Self::Clipped(_) | Self::OnePlusClipped(_) => "a clipped score",
			Self::Scores(_) => "scores",
			Self::ScoreSum(_) => "a sum of scores",
			Self::AllZero => "a mask",
			Self::ArgMax(_) => "an index",
			Self::Label(..) => "a label",
		}
	}
}
