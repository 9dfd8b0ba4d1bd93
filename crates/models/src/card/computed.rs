//! What the client computes of decrypted outputs.

use super::scores::{Classes, Column, Scores};
use crate::program::{Kind, Program, ProgramError, Tensor, Values};
use serde::{Deserialize, Serialize};

/// What the client computes of the decrypted outputs: votes, calibration and whatever else needs no encryption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Computed {
	/// What the program takes, in order.
	pub inputs: Vec<Derived>,
	/// A part of the ONNX graph.
	pub program: Program,
	/// Which output of the program is the label, if it has one.
	pub label: Option<usize>,
	/// Which output has the scores or values.
	pub scores: Option<usize>,
	/// The classes, if the graph has a list of them.
	pub classes: Option<Classes>,
}

/// What a program takes of the outputs of a circuit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Derived {
	/// Numbers.
	Scores {
		/// The numbers in order.
		scores: Scores,
		/// Their dimensions, for one row.
		dims: Vec<usize>,
		/// Whether they are of double precision; else of single.
		is_double: bool,
	},
	/// The class with the largest score.
	Label {
		/// The classes.
		classes: Classes,
		/// Whose largest it is.
		decision: Scores,
	},
}

impl Computed {
	/// All columns that are made of the circuit's outputs.
	pub fn columns_mut(&mut self) -> impl Iterator<Item = &mut Column> {
		self.inputs.iter_mut().flat_map(|input| match input {
			Derived::Scores { scores, .. } => scores.columns.iter_mut(),
			Derived::Label { decision, .. } => decision.columns.iter_mut(),
		})
	}

	/// The program's outputs for these outputs of the circuit.
	///
	/// # Errors
	/// If the program cannot be run on them.
	pub(crate) fn run(&self, raw: &[f64]) -> Result<Vec<Tensor>, ProgramError> {
		self.program.run(self.inputs.iter().map(|input| input.of(raw)).collect())
	}
}

impl Derived {
	/// The scores that it is made of.
	pub fn scores(&self) -> &Scores {
		match self {
			Self::Scores { scores, .. } | Self::Label { decision: scores, .. } => scores,
		}
	}

	/// What it is for these outputs of the circuit.
	pub(crate) fn of(&self, raw: &[f64]) -> Tensor {
		match self {
			Self::Scores { scores, dims, is_double } => {
				let single = |value: f64| if *is_double { value } else { f64::from(value as f32) };
				let values = scores.apply(raw).into_iter().map(single).collect();
				let kind = if *is_double { Kind::Double } else { Kind::Single };
				Tensor { kind, dims: dims.clone(), values: Values::Numbers(values) }
			},
			Self::Label { classes, decision } => {
				let class = decision.largest(raw);
				let (kind, values) = match classes {
					Classes::Integers(classes) => {
						let class = classes.get(class).copied().unwrap_or_default();
						(Kind::Integer, Values::Numbers(vec![class as f64]))
					},
					Classes::Strings(classes) => {
						let class = classes.get(class).cloned().unwrap_or_default();
						(Kind::Text, Values::Text(vec![class]))
					},
				};
				Tensor { kind, dims: vec![1], values }
			},
		}
	}
}
