//! What is made of scores: probabilities, the largest one, their sum.

use super::operator::{Meaning::One, Operator};
use crate::{
	card::Transform,
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("Normalizer", 1.., One(normalizer)),
	Operator::onnx("ArgMax", 1.., One(arg_max)),
	Operator::onnx("Not", 1.., One(not)),
	Operator::onnx("ReduceSum", 1.., One(reduce_sum)),
	Operator::onnx("Sigmoid", 6.., One(|known, node| transform(known, node, Transform::Sigmoid))),
	Operator::onnx("Softmax", 1.., One(|known, node| transform(known, node, Transform::Softmax))),
];

fn arg_max(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::ArgMax(known.scores(node, 0)?))
}

fn reduce_sum(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::ScoreSum(known.scores(node, 0)?))
}

fn not(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::ScoreSum(_) => Ok(Formula::AllZero),
		_ => Err(known.cannot(node)),
	}
}

fn transform(known: &Known, node: Node, transform: Transform) -> Result<Formula, OnnxError> {
	let affine = known.affine(node, 0)?.clone();
	Ok(Formula::Scores(ScoreFormula::of(affine, transform)))
}

fn normalizer(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let scores = known.scores(node, 0)?;
	let positive = scores.transform != Transform::Identity;
	if node.string("norm", "MAX") != "L1" || !positive {
		return Err(node.unsupported("only norm L1 of probabilities"));
	}
	// A softmax has the sum 1 already.
	let normalise = scores.transform != Transform::Softmax;
	Ok(Formula::Scores(ScoreFormula { normalise, ..scores }))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, ml, onnx};

	examples! {
		arg_max: Example::of(onnx("ArgMax", &["-x"]).int("axis", 1))
			.after(onnx("Neg", &["x"]).called("-x"))
			.gives(&[1.0]);
		normalizer: Example::of(ml("Normalizer", &["p"]).text("norm", "L1"))
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[0.699_968_74, 0.300_031_26]);
		not: Example::of(onnx("Not", &["is positive"]))
			.integers("columns", &[1])
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.after(onnx("ReduceSum", &["p", "columns"]).called("sum"))
			.after(onnx("Cast", &["sum"]).int("to", 9).called("is positive"))
			.gives(&[0.0]);
		reduce_sum: Example::of(onnx("ReduceSum", &["p", "columns"]))
			.integers("columns", &[1])
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[1.258_337_74]);
		sigmoid: Example::of(onnx("Sigmoid", &["x"])).gives(&[0.880_797_08, 0.377_540_67]);
		softmax: Example::of(onnx("Softmax", &["x"])).gives(&[0.924_141_82, 0.075_858_18]);
	}
}
