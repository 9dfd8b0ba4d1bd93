//! What the outputs of a graph say, and the scores that they are made of.

use super::{
	error::{OnnxError, check_weights},
	formula::{Formula, ScoreFormula},
	graph::Graph,
};
use crate::{
	card::{Classes, Column, Scores, Task, Transform},
	float::affine::{Basis, Row},
};

/// What the outputs are affine in, the distinct rows that must be evaluated, and the task in terms
/// of them.
///
/// # Errors
/// If they are no prediction: neither values nor a label with its scores.
pub(crate) fn task(
	graph: &Graph,
	outputs: &[Formula],
) -> Result<(Basis, Vec<Row>, Task), OnnxError> {
	let mut label = None;
	let mut scores = None;
	for output in outputs {
		match output {
			Formula::Label(found, classes) => label = Some((found.clone(), classes.clone())),
			// The index of a class is its name, if it has no other.
			Formula::ArgMax(found) => {
				let classes = (0..).take(found.affine.rows.len()).collect();
				label = Some((found.clone(), Some(Classes::Integers(classes))));
			},
			Formula::Scores(found) => scores = Some(found.clone()),
			Formula::Affine(found) => scores = Some(ScoreFormula::plain(found.clone())),
			Formula::Exp(found) => {
				scores = Some(ScoreFormula::of(found.clone(), Transform::Exp));
			},
			_ => {},
		}
	}
	let mut rows = Rows::default();
	let task = match (label, scores) {
		(Some((decision, classes)), scores) => {
			let classes = classes
				.or_else(|| graph.zipmap_classes())
				.ok_or_else(|| OnnxError::Outputs("the label has no list of classes".into()))?;
			let scores = scores.unwrap_or_else(|| decision.clone());
			if decision.affine.rows.len() != classes.len() {
				let why =
					format!("{} scores for {} classes", decision.affine.rows.len(), classes.len());
				return Err(OnnxError::Outputs(why));
			}
			let decision = rows.scores(&decision)?;
			let scores = rows.scores(&scores)?;
			Task::Classification { classes, decision, scores }
		},
		(None, Some(values)) => Task::Regression { targets: rows.scores(&values)? },
		(None, None) => {
			let names = graph.outputs.join(", ");
			return Err(OnnxError::Outputs(format!("found only {names}")));
		},
	};
	let (basis, rows) = rows.into_parts()?;
	Ok((basis, rows, task))
}

/// The distinct rows that must be evaluated.
#[derive(Default)]
pub(super) struct Rows {
	basis: Option<Basis>,
	rows: Vec<Row>,
}

impl Rows {
	/// How many there are.
	pub fn len(&self) -> usize {
		self.rows.len()
	}

	/// What they are affine in, and the rows.
	///
	/// # Errors
	/// If there is none.
	pub fn into_parts(self) -> Result<(Basis, Vec<Row>), OnnxError> {
		let basis = self.basis.ok_or_else(|| OnnxError::Outputs("they have no column".into()))?;
		Ok((basis, self.rows))
	}

	/// Scores as columns of these rows.
	///
	/// # Errors
	/// If they depend on another part of the model than earlier ones.
	pub fn scores(&mut self, formula: &ScoreFormula) -> Result<Scores, OnnxError> {
		if *self.basis.get_or_insert(formula.affine.basis) != formula.affine.basis {
			let why = "they depend on trees and on layers, or on features and on a hidden layer: train models of one kind";
			return Err(OnnxError::Outputs(why.into()));
		}
		check_weights("the output", formula.affine.rows.len(), formula.affine.variables())?;
		Ok(Scores {
			columns: formula.affine.rows.iter().map(|row| self.column(row)).collect(),
			transform: formula.transform,
			normalise: formula.normalise,
		})
	}

	/// Finds a row, up to sign and bias, or adds it.
	fn column(&mut self, row: &Row) -> Column {
		let negated = row.scaled(-1.0);
		let find =
			|wanted: &Row| self.rows.iter().position(|other| other.weights == wanted.weights);
		if let Some(output) = find(row) {
			Column { output, negate: false, offset: row.bias - self.circuit_bias(output) }
		} else if let Some(output) = find(&negated) {
			Column { output, negate: true, offset: row.bias + self.circuit_bias(output) }
		} else {
			self.rows.push(row.clone());
			let output = self.rows.len() - 1;
			Column { output, negate: false, offset: row.bias - self.circuit_bias(output) }
		}
	}

	/// What the circuit adds itself: linear ones their bias, others nothing.
	fn circuit_bias(&self, output: usize) -> f64 {
		if self.basis == Some(Basis::Features) { self.rows[output].bias } else { 0.0 }
	}
}
