//! Scores that the client makes of a circuit's outputs.

use crate::special::probit;
use serde::{Deserialize, Serialize};

/// Scores as the ONNX model gives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
	/// The columns.
	pub columns: Vec<Column>,
	/// What is applied to them.
	pub transform: Transform,
	/// Whether they are divided by their sum afterwards.
	pub normalise: bool,
}

/// An output of the circuit, possibly negated, plus a constant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
	/// Number of the output.
	pub output: usize,
	/// Whether its sign is turned.
	pub negate: bool,
	/// What is added afterwards.
	pub offset: f64,
}

/// A function that the client applies to each score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
	/// Nothing.
	Identity,
	/// 1 / (1 + e^-s).
	Sigmoid,
	/// (clip(s, -1, 1) + 1) / 2, the probability of a modified Huber loss.
	ModifiedHuber,
	/// Softmax over all scores.
	Softmax,
	/// Softmax over the scores that are not zero; the others stay zero.
	SoftmaxZero,
	/// The quantile function of the normal distribution, in ONNX Runtime's approximation.
	Probit,
	/// e^s.
	Exp,
}

/// Names of the classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classes {
	/// Integers.
	Integers(Vec<i64>),
	/// Strings.
	Strings(Vec<String>),
}

impl Classes {
	/// Number of classes.
	pub fn len(&self) -> usize {
		match self {
			Self::Integers(classes) => classes.len(),
			Self::Strings(classes) => classes.len(),
		}
	}

	/// Whether there is none.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}
}

impl Scores {
	/// The number of the first of the largest columns.
	pub(crate) fn largest(&self, raw: &[f64]) -> usize {
		argmax(&self.apply(raw))
	}

	/// The scores for these outputs of the circuit.
	pub fn apply(&self, raw: &[f64]) -> Vec<f64> {
		let mut scores = select(&self.columns, raw);
		match self.transform {
			Transform::Identity => {},
			Transform::Sigmoid => scores.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s).exp())),
			Transform::ModifiedHuber => {
				scores.iter_mut().for_each(|s| *s = (s.clamp(-1.0, 1.0) + 1.0) / 2.0);
			},
			Transform::Softmax => {
				let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
				scores.iter_mut().for_each(|s| *s = (*s - largest).exp());
				divide_by_sum(&mut scores);
			},
			Transform::SoftmaxZero => {
				let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
				for score in &mut scores {
					let is_zero = score.abs() <= SOFTMAX_ZERO;
					*score =
						if is_zero { *score * (-largest).exp() } else { (*score - largest).exp() };
				}
				divide_by_sum(&mut scores);
			},
			Transform::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
			Transform::Exp => scores.iter_mut().for_each(|s| *s = s.exp()),
		}
		if self.normalise {
			divide_by_sum(&mut scores);
		}
		scores
	}
}

/// What ONNX Runtime takes for zero in SOFTMAX_ZERO.
const SOFTMAX_ZERO: f64 = 1e-7;

/// Divides by the sum of absolute values; all zeros become a uniform distribution.
fn divide_by_sum(scores: &mut [f64]) {
	let sum: f64 = scores.iter().map(|score| score.abs()).sum();
	let uniform = 1.0 / scores.len() as f64;
	scores.iter_mut().for_each(|score| *score = if sum > 0.0 { *score / sum } else { uniform });
}

fn select(columns: &[Column], raw: &[f64]) -> Vec<f64> {
	let value = |column: &Column| {
		let value = raw.get(column.output).copied().unwrap_or_default();
		(if column.negate { -value } else { value }) + column.offset
	};
	columns.iter().map(value).collect()
}

/// Index of the first largest value.
pub(crate) fn argmax(values: &[f64]) -> usize {
	let best = values.iter().enumerate().fold((0, f64::NEG_INFINITY), |best, (at, &value)| {
		if value > best.1 { (at, value) } else { best }
	});
	best.0
}
