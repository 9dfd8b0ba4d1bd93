//! What a tensor of the graph is, as a function of the features.

use super::activation::Activation;
use crate::card::{Classes, Transform};

/// What the variables of an affine function are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
	/// The features.
	Features,
	/// The sums of a forest.
	Forest,
	/// The activations of a hidden layer.
	Hidden,
}

/// An affine function of the variables of a basis.
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

/// The columns of a `[N, rows.len()]` tensor, each affine in the variables of the basis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Affine {
	pub basis: Basis,
	pub rows: Vec<Row>,
	/// For each row how it comes from a single feature in floating point, if it does.
	pub chains: Vec<Option<ScalarChain>>,
}

impl Affine {
	/// The features `from..from + count` of `features`, unchanged.
	pub fn features(from: usize, count: usize, features: usize, precision: Precision) -> Self {
		let mut affine = Self::variables(Basis::Features, from, count, features);
		affine.chains = (from..from + count)
			.map(|feature| Some(ScalarChain { feature, precision, steps: Vec::new() }))
			.collect();
		affine
	}

	/// The variables `from..from + count` of a basis of `all`, unchanged.
	pub fn variables(basis: Basis, from: usize, count: usize, all: usize) -> Self {
		let row = |at: usize| {
			let mut weights = vec![0.0; all];
			weights[at] = 1.0;
			Row { weights, bias: 0.0 }
		};
		Self { basis, rows: (from..from + count).map(row).collect(), chains: vec![None; count] }
	}

	/// Linear combinations of the columns: `matrix` has one row per new column.
	pub fn combined(&self, matrix: &[Vec<f64>], bias: &[f64]) -> Self {
		let variables = self.rows.first().map_or(0, |row| row.weights.len());
		let combine = |(coefficients, bias): (&Vec<f64>, &f64)| {
			let mut sum = Row { weights: vec![0.0; variables], bias: *bias };
			for (coefficient, row) in coefficients.iter().zip(&self.rows) {
				sum.bias += coefficient * row.bias;
				for (total, w) in sum.weights.iter_mut().zip(&row.weights) {
					*total += coefficient * w;
				}
			}
			sum
		};
		let rows: Vec<Row> = matrix.iter().zip(bias).map(combine).collect();
		Self { basis: self.basis, chains: vec![None; rows.len()], rows }
	}

	/// `step` applied to each column, with one constant per column.
	pub fn stepped(&self, step: fn(f64) -> Step, constants: &[f64]) -> Self {
		let map = |(row, &constant): (&Row, &f64)| {
			let (a, b) = step(constant).slope_and_shift();
			let mut row = row.scaled(a);
			row.bias += b;
			row
		};
		let chain = |(chain, &constant): (&Option<ScalarChain>, &f64)| {
			let mut chain = chain.clone()?;
			chain.steps.push(step(constant));
			Some(chain)
		};
		Self {
			basis: self.basis,
			rows: self.rows.iter().zip(constants).map(map).collect(),
			chains: self.chains.iter().zip(constants).map(chain).collect(),
		}
	}

	pub fn negated(&self) -> Self {
		self.stepped(Step::Multiply, &vec![-1.0; self.rows.len()])
	}
}

/// The precision in which ONNX Runtime computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
	Single,
	Double,
}

impl Precision {
	pub fn round(self, value: f64) -> f64 {
		match self {
			Self::Single => f64::from(value as f32),
			Self::Double => value,
		}
	}

	pub fn next_down(self, value: f64) -> f64 {
		match self {
			Self::Single => f64::from((value as f32).next_down()),
			Self::Double => value.next_down(),
		}
	}
}

/// One operation with a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
	Add(f64),
	Subtract(f64),
	/// constant - x.
	SubtractFrom(f64),
	Multiply(f64),
	Divide(f64),
}

impl Step {
	/// a and b of a x + b.
	fn slope_and_shift(self) -> (f64, f64) {
		match self {
			Self::Add(c) => (1.0, c),
			Self::Subtract(c) => (1.0, -c),
			Self::SubtractFrom(c) => (-1.0, c),
			Self::Multiply(c) => (c, 0.0),
			Self::Divide(c) => (1.0 / c, 0.0),
		}
	}

	fn apply(self, x: f64) -> f64 {
		match self {
			Self::Add(c) => x + c,
			Self::Subtract(c) => x - c,
			Self::SubtractFrom(c) => c - x,
			Self::Multiply(c) => x * c,
			Self::Divide(c) => x / c,
		}
	}
}

/// A column computed from one feature by operations with constants, each of which is rounded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScalarChain {
	pub feature: usize,
	pub precision: Precision,
	pub steps: Vec<Step>,
}

impl ScalarChain {
	fn apply(&self, x: f64) -> f64 {
		// Rounding a double-precision result of two singles once more to single is exact.
		self.steps.iter().fold(x, |x, step| self.precision.round(step.apply(x)))
	}

	/// The t' and whether to negate so that `column(x) <= t` is `x <= t'` (negated) for every x:
	/// every step is monotone, rounding included, so t' is found by bisection.
	pub fn preimage(&self, threshold: f64) -> (f64, bool) {
		if self.steps.is_empty() {
			return (threshold, false);
		}
		let falls =
			self.steps.iter().filter(|step| step.slope_and_shift().0 < 0.0).count() % 2 == 1;
		let holds = |x: f64| (self.apply(x) <= threshold) != falls;
		// The largest x with holds(x), over the ordered bit patterns.
		let (mut low, mut high) = self.precision.order_range();
		if !holds(self.precision.at_order(low)) {
			return (f64::NEG_INFINITY, falls);
		}
		while low < high {
			let middle = ((i128::from(low) + i128::from(high) + 1) >> 1) as i64;
			if holds(self.precision.at_order(middle)) {
				low = middle;
			} else {
				high = middle - 1;
			}
		}
		(self.precision.at_order(low), falls)
	}
}

impl Precision {
	/// Numbers of the lowest and highest finite value in ascending order.
	fn order_range(self) -> (i64, i64) {
		let highest = match self {
			Self::Single => i64::from(f32::MAX.to_bits()),
			Self::Double => f64::MAX.to_bits() as i64,
		};
		(-highest, highest)
	}

	/// The value with a number: bit patterns of non-negative values ascend.
	fn at_order(self, number: i64) -> f64 {
		let magnitude = match self {
			Self::Single => f64::from(f32::from_bits(number.unsigned_abs() as u32)),
			Self::Double => f64::from_bits(number.unsigned_abs()),
		};
		if number < 0 { -magnitude } else { magnitude }
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
	/// Affine in the features, in the sums of a forest, or in the activations of a hidden layer.
	Affine(Affine),
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
	/// For messages.
	pub fn describe(&self) -> &'static str {
		match self {
			Self::Constant { .. } => "a constant",
			Self::Affine(affine) => match affine.basis {
				Basis::Features => "an affine function of the features",
				Basis::Forest => "an affine function of the sums of trees",
				Basis::Hidden => "an affine function of a hidden layer",
			},
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
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Every comparison of the scaled value is that of the raw value with the preimage.
	#[test]
	fn preimages_are_exact() {
		let chains = [
			vec![Step::Subtract(13.37f32.into()), Step::Multiply(0.123_456_f32.into())],
			vec![Step::Multiply((-3.3f32).into()), Step::Add(1e-3f32.into())],
			vec![Step::SubtractFrom(1.0), Step::Divide(7.0)],
		];
		for precision in [Precision::Single, Precision::Double] {
			for steps in chains.clone() {
				let chain = ScalarChain { feature: 0, precision, steps };
				for threshold in [-5.0, 0.0, 0.1, 2.5] {
					let threshold = precision.round(threshold);
					let (preimage, negated) = chain.preimage(threshold);
					let mut x = preimage;
					for _ in 0..5 {
						x = precision.next_down(x);
					}
					for _ in 0..10 {
						let expected = chain.apply(x) <= threshold;
						assert_eq!((x <= preimage) != negated, expected, "{chain:?} {x}");
						x = match precision {
							Precision::Single => (x as f32).next_up().into(),
							Precision::Double => x.next_up(),
						};
					}
				}
			}
		}
	}
}
