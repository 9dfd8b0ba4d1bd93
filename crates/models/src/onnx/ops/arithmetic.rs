//! Arithmetic with constants, and the probabilities that exporters spell out in it.

use super::{
	curves,
	layers::{layer_input, per_row},
	operator::{Meaning::Each, Operator},
	residual,
};
use crate::{
	card::Transform,
	float::{affine::Affine, chain::ScalarStep},
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Add", 7.., Each(|known, node| add_or_subtract(known, node, true))),
	Operator::onnx("Div", 7.., Each(divide)),
	Operator::onnx("Exp", 6.., Each(exp)),
	Operator::onnx("Mul", 7.., Each(multiply)),
	Operator::onnx("Neg", 6.., Each(negate)),
	Operator::onnx("Reciprocal", 6.., Each(reciprocal)),
	Operator::onnx("Sum", 8.., Each(sum)),
	Operator::onnx("Sub", 7.., Each(|known, node| add_or_subtract(known, node, false))),
];

fn exp(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::Exp(known.affine(node, 0)?.clone()))
}

fn negate(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	Ok(Formula::Affine(known.affine(node, 0)?.negated()))
}

/// Affine columns and a constant, which is for all of them or has a number for each.
fn with_constant(
	known: &Known,
	node: Node,
	[data_at, at]: [usize; 2],
	step: fn(f64) -> ScalarStep,
) -> Result<Formula, OnnxError> {
	let numbers = known.numbers(node, at)?;
	match known.input(node, data_at)? {
		Formula::Affine(affine) => {
			let affine = match affine.rows.len() {
				// One column is for all numbers.
				1 if numbers.len() > 1 => {
					node.check_weights(numbers.len(), affine.size())?;
					affine.selected(&vec![0; numbers.len()]).ok_or_else(|| known.cannot(node))?
				},
				_ => affine.clone(),
			};
			let constants = known.per_column(node, at, affine.rows.len())?;
			Ok(Formula::Affine(affine.stepped(step, &constants)))
		},
		Formula::Transposed(table) => match table.as_ref() {
			Formula::Affine(affine) => {
				let constants = per_row(known, node, at, affine.rows.len())?;
				Ok(Formula::Transposed(Formula::Affine(affine.stepped(step, &constants)).into()))
			},
			_ => Err(known.cannot(node)),
		},
		_ => Err(known.cannot(node)),
	}
}

fn is_constant(formula: &Formula) -> bool {
	matches!(formula, Formula::Constant { .. })
}

/// Whether a formula is affine columns, in whichever dimensions.
fn is_affine(formula: &Formula) -> bool {
	match formula {
		Formula::Affine(_) => true,
		Formula::Transposed(table) => is_affine(table),
		_ => false,
	}
}

fn add_or_subtract(known: &mut Known, node: Node, plus: bool) -> Result<Formula, OnnxError> {
	let is_one = |at| known.numbers(node, at).is_ok_and(|numbers| numbers == [1.0]);
	match (known.input(node, 0)?, known.input(node, 1)?) {
		(data, Formula::Constant { .. }) if is_affine(data) => {
			let step = if plus { ScalarStep::Add } else { ScalarStep::Subtract };
			with_constant(known, node, [0, 1], step)
		},
		(Formula::Constant { .. }, data) if is_affine(data) => {
			let step = if plus { ScalarStep::Add } else { ScalarStep::SubtractFrom };
			with_constant(known, node, [1, 0], step)
		},
		(Formula::Affine(a), Formula::Affine(b))
			if a.basis == b.basis && a.rows.len() == b.rows.len() =>
		{
			node.check_weights(a.rows.len(), a.variables())?;
			Ok(Formula::Affine(a.plus(b, if plus { 1.0 } else { -1.0 })))
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
		(a, b) => {
			let factor = if plus { 1.0 } else { -1.0 };
			match curves::sum(node, a, b, factor)? {
				Some(sum) => Ok(sum),
				None if !is_constant(a) && !is_constant(b) => residual::sum(known, node, factor),
				None => {
					let places = places(known, node)?;
					let step = match places {
						_ if plus => ScalarStep::Add,
						[0, _] => ScalarStep::Subtract,
						_ => ScalarStep::SubtractFrom,
					};
					units_with_constant(known, node, places, step)
				},
			}
		},
	}
}

/// Of affine columns, as many as there are.
fn sum(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let mut terms = (0..node.0.input.len()).map(|at| known.affine(node, at));
	let first = terms.next().ok_or_else(|| node.malformed("it has no input"))??;
	let mut sum = first.clone();
	for term in terms {
		let term = term?;
		if sum.basis != term.basis || sum.rows.len() != term.rows.len() {
			return Err(known.cannot(node));
		}
		node.check_weights(sum.rows.len(), sum.variables())?;
		sum = sum.plus(term, 1.0);
	}
	Ok(Formula::Affine(sum))
}

/// A hidden layer whose units are scaled or shifted each by a number of its own.
fn units_with_constant(
	known: &mut Known,
	node: Node,
	[units_at, at]: [usize; 2],
	step: fn(f64) -> ScalarStep,
) -> Result<Formula, OnnxError> {
	let units = match (known.input(node, units_at)?, known.input(node, at)?) {
		(units @ Formula::Activated(..), Formula::Constant { .. }) => units.clone(),
		_ => return Err(known.cannot(node)),
	};
	let units = layer_input(known, node, &units)?;
	let constants = known.per_column(node, at, units.rows.len())?;
	Ok(Formula::Affine(units.stepped(step, &constants)))
}

/// The places of the data and of the constant, which may be on either side.
fn places(known: &Known, node: Node) -> Result<[usize; 2], OnnxError> {
	let constant_is_first = matches!(known.input(node, 0)?, Formula::Constant { .. });
	Ok(if constant_is_first { [1, 0] } else { [0, 1] })
}

fn multiply(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let is_one = |at| known.numbers(node, at).is_ok_and(|numbers| numbers == [1.0]);
	match (known.input(node, 0)?, known.input(node, 1)?) {
		(data, Formula::Constant { .. }) if is_affine(data) => {
			with_constant(known, node, [0, 1], ScalarStep::Multiply)
		},
		(Formula::Constant { .. }, data) if is_affine(data) => {
			with_constant(known, node, [1, 0], ScalarStep::Multiply)
		},
		(Formula::Exp(exponent), Formula::Constant { .. }) => scaled_exp(known, node, exponent, 1),
		(Formula::Constant { .. }, Formula::Exp(exponent)) => scaled_exp(known, node, exponent, 0),
		(Formula::AllZero, Formula::Constant { .. }) => Ok(Formula::AllZero),
		// What onnxmltools writes after LightGBM.
		(scores @ Formula::Scores(_), Formula::Constant { .. }) if is_one(1) => Ok(scores.clone()),
		(a, b) => match curves::product(node, a, b)? {
			Some(product) => Ok(product),
			None => {
				let places = places(known, node)?;
				units_with_constant(known, node, places, ScalarStep::Multiply)
			},
		},
	}
}

/// c e^z = e^(z + ln c).
fn scaled_exp(
	known: &Known,
	node: Node,
	exponent: &Affine,
	at: usize,
) -> Result<Formula, OnnxError> {
	let factors = known.per_column(node, at, exponent.rows.len())?;
	if !factors.iter().all(|&factor| factor > 0.0) {
		return Err(node.unsupported("on an exponential and a constant that is not positive"));
	}
	let shift: Vec<f64> = factors.iter().map(|factor| factor.ln()).collect();
	Ok(Formula::Exp(exponent.stepped(ScalarStep::Add, &shift)))
}

fn divide(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match (known.input(node, 0)?, known.input(node, 1)?) {
		(data, Formula::Constant { .. }) if is_affine(data) => {
			with_constant(known, node, [0, 1], ScalarStep::Divide)
		},
		(Formula::OnePlusClipped(affine), Formula::Constant { .. })
			if known.numbers(node, 1)? == [2.0] =>
		{
			Ok(Formula::Scores(ScoreFormula::of(affine.clone(), Transform::ModifiedHuber)))
		},
		(Formula::Scores(scores), Formula::ScoreSum(sum)) if scores == sum => {
			Ok(Formula::Scores(ScoreFormula { normalise: true, ..scores.clone() }))
		},
		(a, b) => match curves::quotient(node, a, b)? {
			Some(quotient) => Ok(quotient),
			None => units_with_constant(known, node, [0, 1], ScalarStep::Divide),
		},
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
	use crate::onnx::ops::examples::{Example, examples, ml, onnx};

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
		sum: Example::of(onnx("Sum", &["x", "x", "x"])).gives(&[6.0, -1.5]);
		sub: with_constant("Sub", &[1.0, 10.0]).gives(&[1.0, -10.5]);
	}

	#[test]
	fn a_constant_less_the_input() {
		let sub = onnx("Sub", &["c", "x"]);
		Example::of(sub).constant("c", &[1], &[1.0]).gives(&[-1.0, 1.5]).check();
	}

	#[test]
	fn an_exponential_times_a_constant() {
		let scaled = |factor| {
			Example::of(onnx("Mul", &["e^x", "c"]))
				.after(onnx("Exp", &["x"]).called("e^x"))
				.constant("c", &[1], &[factor])
		};
		scaled(2.0).gives(&[14.778_112_2, 1.213_061_32]).check();
		assert!(scaled(-1.0).refusal().contains("not positive"));
	}

	#[test]
	fn scores_times_one() {
		let times = |number| {
			Example::of(onnx("Mul", &["p", "c"]))
				.after(onnx("Sigmoid", &["x"]).called("p"))
				.constant("c", &[], &[number])
		};
		times(1.0).gives(&[0.880_797_08, 0.377_540_67]).check();
		assert!(times(0.5).refusal().contains("on scores and a constant"));
	}

	#[test]
	fn two_affine_functions() {
		let both = |operator| {
			Example::of(onnx(operator, &["scaled", "x"]))
				.after(onnx("Mul", &["x", "c"]).called("scaled"))
				.constant("c", &[2], &[10.0, 100.0])
		};
		both("Add").gives(&[22.0, -50.5]).check();
		both("Sub").gives(&[18.0, -49.5]).check();
	}

	#[test]
	fn one_column_and_several_numbers() {
		Example::of(onnx("Add", &["first", "c"]))
			.after(ml("ArrayFeatureExtractor", &["x", "0"]).called("first"))
			.integers("0", &[0])
			.constant("c", &[1, 3], &[1.0, 2.0, 3.0])
			.gives(&[3.0, 4.0, 5.0])
			.check();
	}

	#[test]
	fn tensors_of_more_dimensions_take_one_number() {
		let divided = |numbers: &[f32]| {
			Example::of(onnx("Div", &["folded", "c"])).folded(&[2, 1]).constant(
				"c",
				&[numbers.len() as i64],
				numbers,
			)
		};
		divided(&[4.0]).gives(&[0.5, -0.125]).check();
		let refused = divided(&[4.0, 2.0]).refusal();
		assert!(refused.contains("flatten it before"), "{refused}");
	}

	#[test]
	fn other_numbers_for_other_rows_are_refused() {
		let rows = Example::of(onnx("Add", &["x", "c"])).constant("c", &[2, 1], &[1.0, 2.0]);
		assert!(rows.refusal().contains("other numbers for other rows"), "{}", rows.refusal());
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
