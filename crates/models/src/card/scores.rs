//! What the client makes of a circuit's outputs.

use serde::{Deserialize, Serialize};

/// What the client makes of the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
	/// The class with the largest decision score.
	Classification {
		/// The classes.
		classes: Classes,
		/// Whose largest is the predicted class.
		decision: Scores,
		/// What the model reports for each class.
		scores: Scores,
	},
	/// The outputs themselves.
	Regression {
		/// The targets.
		targets: Scores,
	},
}

impl Task {
	/// Adds what the circuit leaves out of each output to every column.
	pub(crate) fn shifted(mut self, offsets: &[f64]) -> Self {
		let shift = |scores: &mut Scores| {
			for column in &mut scores.columns {
				let offset = offsets.get(column.output).copied().unwrap_or_default();
				column.offset += if column.negate { -offset } else { offset };
			}
		};
		match &mut self {
			Self::Classification { decision, scores, .. } => {
				shift(decision);
				shift(scores);
			},
			Self::Regression { targets } => shift(targets),
		}
		self
	}
}

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
