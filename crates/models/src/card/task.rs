//! What the client makes of a circuit's outputs.

use super::{
	computed::{Computed, Derived},
	scores::{Classes, Column, Scores},
};
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
	/// What a program makes of the outputs.
	Computed(Box<Computed>),
}

impl Task {
	/// Adds what the circuit leaves out of each output to every column.
	pub(crate) fn shifted(mut self, offsets: &[f64]) -> Self {
		for column in self.columns_mut() {
			let offset = offsets.get(column.output).copied().unwrap_or_default();
			column.offset += if column.negate { -offset } else { offset };
		}
		self
	}

	/// All columns that are made of the circuit's outputs.
	pub(crate) fn columns_mut(&mut self) -> Box<dyn Iterator<Item = &mut Column> + '_> {
		match self {
			Self::Classification { decision, scores, .. } => {
				Box::new(decision.columns.iter_mut().chain(&mut scores.columns))
			},
			Self::Regression { targets } => Box::new(targets.columns.iter_mut()),
			Self::Computed(computed) => Box::new(computed.columns_mut()),
		}
	}

	/// All scores that are made of the circuit's outputs.
	pub(crate) fn all_scores(&self) -> Vec<&Scores> {
		match self {
			Self::Classification { decision, scores, .. } => vec![decision, scores],
			Self::Regression { targets } => vec![targets],
			Self::Computed(computed) => computed.inputs.iter().map(Derived::scores).collect(),
		}
	}

	/// Whether it predicts a class, not a value.
	pub fn is_classification(&self) -> bool {
		match self {
			Self::Classification { .. } => true,
			Self::Regression { .. } => false,
			Self::Computed(computed) => computed.label.is_some(),
		}
	}
}
