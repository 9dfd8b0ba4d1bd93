//! Functions of one number, or of two that stand at the same place.

use super::operator::{
	Operator,
	Run::{Each, One, Pairs},
	paired,
};
use crate::{
	program::{
		call::Call,
		error::{Fault, unfit},
		tensor::{Kind, Tensor},
	},
	special::erf,
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Abs", 6.., Each(f64::abs)),
	Operator::onnx("Acos", 7.., Each(f64::acos)),
	Operator::onnx("Add", 7.., Pairs(|a, b| a + b)),
	Operator::onnx("Asin", 7.., Each(f64::asin)),
	Operator::onnx("Atan", 7.., Each(f64::atan)),
	Operator::onnx("Ceil", 6.., Each(f64::ceil)),
	Operator::onnx("Clip", 6.., One(clip)),
	Operator::onnx("Cos", 7.., Each(f64::cos)),
	Operator::onnx("Cosh", 9.., Each(f64::cosh)),
	Operator::onnx("Div", 7.., One(div)),
	Operator::onnx("Elu", 6.., One(elu)),
	Operator::onnx("Erf", 9.., Each(erf)),
	Operator::onnx("Exp", 6.., Each(f64::exp)),
	Operator::onnx("Floor", 6.., Each(f64::floor)),
	Operator::onnx("HardSigmoid", 6.., One(hard_sigmoid)),
	Operator::onnx("Identity", 1.., One(identity)),
	Operator::onnx("LeakyRelu", 6.., One(leaky_relu)),
	Operator::onnx("Log", 6.., Each(f64::ln)),
	Operator::onnx("Max", 8.., One(|call| folded(call, larger))),
	Operator::onnx("Mean", 8.., One(mean)),
	Operator::onnx("Min", 8.., One(|call| folded(call, smaller))),
	Operator::onnx("Mod", 10.., One(modulo)),
	Operator::onnx("Mul", 7.., Pairs(|a, b| a * b)),
	Operator::onnx("Neg", 6.., Each(|x| -x)),
	Operator::onnx("PRelu", 9.., Pairs(|x, slope| if x < 0.0 { slope * x } else { x })),
	Operator::onnx("Pow", 7.., One(pow)),
	Operator::onnx("Reciprocal", 6.., Each(f64::recip)),
	Operator::onnx("Relu", 6.., Each(|x| if x < 0.0 { 0.0 } else { x })),
	Operator::onnx("Round", 11.., Each(f64::round_ties_even)),
	Operator::onnx("Sigmoid", 6.., Each(sigmoid)),
	Operator::onnx("Sign", 9.., Each(sign)),
	Operator::onnx("Sin", 7.., Each(f64::sin)),
	Operator::onnx("Sinh", 9.., Each(f64::sinh)),
	Operator::onnx("Softplus", 1.., Each(|x| x.max(0.0) + (-x.abs()).exp().ln_1p())),
	Operator::onnx("Softsign", 1.., Each(|x| x / (1.0 + x.abs()))),
	Operator::onnx("Sqrt", 6.., Each(f64::sqrt)),
	Operator::onnx("Sub", 7.., Pairs(|a, b| a - b)),
	Operator::onnx("Sum", 8.., One(|call| folded(call, |a, b| a + b))),
	Operator::onnx("Tan", 7.., Each(f64::tan)),
	Operator::onnx("Tanh", 6.., Each(f64::tanh)),
];

/// Without an overflow of the exponential on either side.
pub(crate) fn sigmoid(x: f64) -> f64 {
	if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

fn sign(x: f64) -> f64 {
	if x > 0.0 {
		1.0
	} else if x < 0.0 {
		-1.0
	} else {
		x
	}
}

/// What is no number stays so.
fn larger(a: f64, b: f64) -> f64 {
	if a.is_nan() || a > b { a } else { b }
}

fn smaller(a: f64, b: f64) -> f64 {
	if a.is_nan() || a < b { a } else { b }
}

fn identity(call: &mut Call) -> Result<Tensor, Fault> {
	call.budget.copy(call.input(0)?)
}

fn leaky_relu(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, slope) = (call.input(0)?, call.node.float("alpha", f64::from(0.01f32)));
	call.map(input, input.kind, |x| if x < 0.0 { slope * x } else { x })
}

fn elu(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, scale) = (call.input(0)?, call.node.float("alpha", 1.0));
	call.map(input, input.kind, |x| if x < 0.0 { scale * x.exp_m1() } else { x })
}

fn hard_sigmoid(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, node) = (call.input(0)?, call.node);
	let (slope, shift) = (node.float("alpha", f64::from(0.2f32)), node.float("beta", 0.5));
	call.map(input, input.kind, |x| (slope * x + shift).clamp(0.0, 1.0))
}

/// Between two bounds: attributes before version 11, inputs from then on.
fn clip(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let (least, most) = match call.version {
		..=10 => (call.node.float("min", f64::NEG_INFINITY), call.node.float("max", f64::INFINITY)),
		_ => {
			let bound = |at, none| call.optional(at).map_or(Ok(none), Tensor::as_number);
			(bound(1, f64::NEG_INFINITY)?, bound(2, f64::INFINITY)?)
		},
	};
	// The upper bound wins if they are the wrong way round.
	let clipped = |x: f64| {
		let x = if x < least { least } else { x };
		if x > most { most } else { x }
	};
	call.map(input, input.kind, clipped)
}

/// Integers are divided towards zero.
fn div(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	match (a.kind, b.kind) {
		(Kind::Integer, Kind::Integer) => {
			if b.as_numbers()?.contains(&0.0) {
				return unfit("an integer is divided by zero");
			}
			paired(call, a, b, Kind::Integer, |a, b| a / b)
		},
		(left, right) if left == right => paired(call, a, b, left, |a, b| a / b),
		_ => unfit("its inputs are of several types"),
	}
}

/// The remainder with the sign of the divisor, or of the dividend if `fmod` is set.
fn modulo(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	if a.kind != b.kind {
		return unfit("its inputs are of several types");
	}
	let of_dividend = call.node.int("fmod", 0) == 1;
	if a.kind == Kind::Integer && b.as_numbers()?.contains(&0.0) {
		return unfit("an integer is divided by zero");
	}
	if a.kind.is_float() && !of_dividend {
		return unfit("of floats without `fmod`");
	}
	let of_divisor = |a: f64, b: f64| {
		let rest = a % b;
		if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
	};
	paired(call, a, b, a.kind, |a, b| if of_dividend { a % b } else { of_divisor(a, b) })
}

/// Of the base's type.
fn pow(call: &mut Call) -> Result<Tensor, Fault> {
	let (base, exponent) = (call.input(0)?, call.input(1)?);
	match base.kind {
		Kind::Integer => paired(call, base, exponent, Kind::Integer, |a, b| {
			let power = a.powf(b);
			if power.is_nan() { 0.0 } else { power }
		}),
		kind => paired(call, base, exponent, kind, f64::powf),
	}
}

/// All inputs, broadcast, two at a time.
fn folded(call: &mut Call, function: fn(f64, f64) -> f64) -> Result<Tensor, Fault> {
	let inputs = call.all()?;
	let Some((first, rest)) = inputs.split_first() else {
		return unfit("it has no input");
	};
	let mut result = call.map(first, first.kind, |x| x)?;
	for input in rest {
		if input.kind != result.kind {
			return unfit("its inputs are of several types");
		}
		let kind = result.kind;
		result = paired(call, &result, input, kind, function)?;
	}
	Ok(result)
}

fn mean(call: &mut Call) -> Result<Tensor, Fault> {
	let inputs = call.inputs.len() as f64;
	let sum = folded(call, |a, b| a + b)?;
	call.map(&sum, sum.kind, |sum| sum / inputs)
}
