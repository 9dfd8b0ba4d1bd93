//! Arithmetic with constants, and the probabilities that exporters spell out in it.

use super::operator::{Meaning::One, Operator};
use crate::{
	card::Transform,
	float::chain::ScalarStep,
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Add", 7.., One(|known, node| add_or_subtract(known, node, true))),
	Operator::onnx("Div", 7.., One(divide)),
	Operator::onnx("Exp", 6.., One(exp)),
	Operator::onnx("Mul", 7.., One(multiply)),
	Operator::onnx("Neg", 6.., One(negate)),
	Operator::onnx("Reciprocal", 6.., One(reciprocal)),
	Operator::onnx("Sub", 7.., One(|known, node| add_or_subtract(known, node, false))),
];

fn exp(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::Exp(known.affine(node, 0)?.clone()))
}

fn negate(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::Affine(known.affine(node, 0)?.negated()))
}

fn add_or_subtract(known: &Known, node: Node, plus: bool) -> Result<Formula, OnnxError> {
	let is_one = |at| known.numbers(node, at).is_ok_and(|numbers| numbers == [1.0]);
	match (known.input(node, 0)?, known.input(node, 1)?) {
		(Formula::Affine(affine), Formula::Constant { .. }) => {
			let shift = known.per_column(node, 1, affine.rows.len())?;
			let step = if plus { ScalarStep::Add } else { ScalarStep::Subtract };
			Ok(Formula::Affine(affine.stepped(step, &shift)))
		},
		(Formula::Constant { .. }, Formula::Affine(affine)) => {
			let shift = known.per_column(node, 0, affine.rows.len())?;
			let step = if plus { ScalarStep::Add } else { ScalarStep::SubtractFrom };
			Ok(Formula::Affine(affine.stepped(step, &shift)))
		},
		(Formula::Exp(affine), Formula::Constant { .. }) if plus && is_one(1) => {
			Ok(Formula::OnePlusExp(affine.clone()))
		},
		(Formula::Clipped(affine), Formula::Constant { .. }) if plus && is_one(1) => {
			Ok(Formula::OnePlusClipped(affine.clone()))
		},
		// 1 - p(z) = p(-z) for the sigmoid and for the modified Huber probability.
		(Formula::Constant { .. }, Formula::Scores(scores))
			if !plus
				&& is_one(0) && !scores.normalise
				&& matches!(scores.transform, Transform::Sigmoid | Transform::ModifiedHuber) =>
		{
			Ok(Formula::Scores(ScoreFormula { affine: scores.affine.negated(), ..scores.clone() }))
		},
		// Guards against a division by zero; the client's normalisation has its own.
		(Formula::Scores(scores), Formula::AllZero) if plus => Ok(Formula::Scores(scores.clone())),
		(Formula::ScoreSum(scores), Formula::AllZero) if plus => {
			Ok(Formula::ScoreSum(scores.clone()))
		},
		_ => Err(known.cannot(node)),
	}
}

fn multiply(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let (affine, constant) = match (known.input(node, 0)?, known.input(node, 1)?) {
		(Formula::Affine(affine), Formula::Constant { .. }) => (affine, 1),
		(Formula::Constant { .. }, Formula::Affine(affine)) => (affine, 0),
		(Formula::AllZero, Formula::Constant { .. }) => return Ok(Formula::AllZero),
		_ => return Err(known.cannot(node)),
	};
	let factors = known.per_column(node, constant, affine.rows.len())?;
	Ok(Formula::Affine(affine.stepped(ScalarStep::Multiply, &factors)))
}

fn divide(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match (known.input(node, 0)?, known.input(node, 1)?) {
		(Formula::Affine(affine), Formula::Constant { .. }) => {
			let divisors = known.per_column(node, 1, affine.rows.len())?;
			Ok(Formula::Affine(affine.stepped(ScalarStep::Divide, &divisors)))
		},
		(Formula::OnePlusClipped(affine), Formula::Constant { .. })
			if known.numbers(node, 1)? == [2.0] =>
		{
			Ok(Formula::Scores(ScoreFormula::of(affine.clone(), Transform::ModifiedHuber)))
		},
		(Formula::Scores(scores), Formula::ScoreSum(sum)) if scores == sum => {
			Ok(Formula::Scores(ScoreFormula { normalise: true, ..scores.clone() }))
		},
		_ => Err(known.cannot(node)),
	}
}

/// 1 / (1 + e^z) = sigmoid(-z).
fn reciprocal(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::OnePlusExp(affine) => {
			Ok(Formula::Scores(ScoreFormula::of(affine.negated(), Transform::Sigmoid)))
		},
		_ => Err(known.cannot(node)),
	}
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, onnx};

	fn with_constant(operator: &str, numbers: &[f32]) -> Example {
		Example::of(onnx(operator, &["x", "c"])).constant("c", &[numbers.len() as i64], numbers)
	}

	examples! {
		add: with_constant("Add", &[1.0, 10.0]).gives(&[3.0, 9.5]);
		div: with_constant("Div", &[4.0, 0.25]).gives(&[0.5, -2.0]);
		exp: Example::of(onnx("Exp", &["x"])).gives(&[7.389_056_10, 0.606_530_66]);
		mul: with_constant("Mul", &[3.0]).gives(&[6.0, -1.5]);
		neg: Example::of(onnx("Neg", &["x"])).gives(&[-2.0, 0.5]);
		reciprocal: Example::of(onnx("Reciprocal", &["1 + e^x"]))
			.constant("1", &[1], &[1.0])
			.after(onnx("Exp", &["x"]).called("e^x"))
			.after(onnx("Add", &["e^x", "1"]).called("1 + e^x"))
			.gives(&[0.119_202_92, 0.622_459_33]);
		sub: with_constant("Sub", &[1.0, 10.0]).gives(&[1.0, -10.5]);
	}

	#[test]
	fn a_constant_less_the_input() {
		let sub = onnx("Sub", &["c", "x"]);
		Example::of(sub).constant("c", &[1], &[1.0]).gives(&[-1.0, 1.5]).check();
	}

	#[test]
	fn modified_huber_probabilities() {
		Example::of(onnx("Div", &["1 + clip", "2"]))
			.constant("-1", &[], &[-1.0])
			.constant("1", &[], &[1.0])
			.constant("2", &[], &[2.0])
			.after(onnx("Clip", &["x", "-1", "1"]).called("clip"))
			.after(onnx("Add", &["clip", "1"]).called("1 + clip"))
			.gives(&[1.0, 0.25])
			.check();
	}

	#[test]
	fn what_is_not_affine_is_refused() {
		let product = Example::of(onnx("Mul", &["x", "x"])).gives(&[4.0, 0.25]);
		let wanted = "on an affine function of the features and an affine function of the features";
		assert!(product.refusal().contains(wanted), "{}", product.refusal());
	}
}
