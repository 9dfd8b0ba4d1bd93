//! How an operator is registered.

use crate::{
	onnx::{error::OnnxError, formula::Formula, known::Known, node::Node},
	proto::ML,
};
use std::ops::RangeFrom;

/// What an operator makes of the formulas of its inputs.
pub(crate) enum Meaning {
	/// One output.
	One(fn(&mut Known, Node) -> Result<Formula, OnnxError>),
	/// The label and the scores of a classifier.
	LabelAndScores(fn(&mut Known, Node) -> Result<[Formula; 2], OnnxError>),
	/// As many as the node has.
	Several(fn(&mut Known, Node) -> Result<Vec<Formula>, OnnxError>),
}

/// An operator that is followed.
pub(crate) struct Operator {
	/// Empty for ONNX's own operators.
	pub domain: &'static str,
	pub name: &'static str,
	/// Versions of the domain's operator set in which it has this meaning.
	pub versions: RangeFrom<i64>,
	pub meaning: Meaning,
}

impl Operator {
	/// An operator of ONNX's own.
	pub const fn onnx(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self { domain: "", name, versions, meaning }
	}

	/// An operator of `ai.onnx.ml`.
	pub const fn ml(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self { domain: ML, name, versions, meaning }
	}

	/// Its name, with the domain if that is not ONNX's own.
	pub fn full_name(&self) -> String {
		full_name(self.domain, self.name)
	}

	/// The formulas of a node's outputs.
	///
	/// # Errors
	/// If the operator cannot be followed on these inputs.
	pub fn apply(&self, known: &mut Known, node: Node) -> Result<Vec<Formula>, OnnxError> {
		match self.meaning {
			Meaning::One(meaning) => Ok(vec![meaning(known, node)?]),
			Meaning::LabelAndScores(meaning) => Ok(meaning(known, node)?.into()),
			Meaning::Several(meaning) => meaning(known, node),
		}
	}
}

/// An operator as messages name it.
pub(crate) fn full_name(domain: &str, name: &str) -> String {
	if domain.is_empty() { name.into() } else { format!("{domain}.{name}") }
}
