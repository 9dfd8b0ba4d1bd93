//! What operators mean to the import.

use super::elementwise::each;
use crate::{
	onnx::{error::OnnxError, formula::Formula, known::Known, node::Node},
	proto::operator,
};

/// What an operator makes of the formulas of its inputs.
pub(crate) enum Meaning {
	/// One output.
	One(fn(&mut Known, Node) -> Result<Formula, OnnxError>),
	/// One output, whose numbers are each made of one number of each input: it is written for tables.
	Each(fn(&mut Known, Node) -> Result<Formula, OnnxError>),
	/// The label and the scores of a classifier.
	LabelAndScores(fn(&mut Known, Node) -> Result<[Formula; 2], OnnxError>),
	/// As many as the node has.
	Several(fn(&mut Known, Node) -> Result<Vec<Formula>, OnnxError>),
}

/// An operator that is followed.
pub(crate) type Operator = operator::Operator<Meaning>;

impl Operator {
	/// The formulas of a node's outputs.
	///
	/// # Errors
	/// If the operator cannot be followed on these inputs.
	pub fn apply(&self, known: &mut Known, node: Node) -> Result<Vec<Formula>, OnnxError> {
		match self.meaning {
			Meaning::One(meaning) => Ok(vec![meaning(known, node)?]),
			Meaning::Each(meaning) => Ok(vec![each(known, node, meaning)?]),
			Meaning::LabelAndScores(meaning) => Ok(meaning(known, node)?.into()),
			Meaning::Several(meaning) => meaning(known, node),
		}
	}
}
