//! Comparisons, and what is made of them.

use super::operator::{
	Operator,
	Run::{One, Pairs},
	paired,
};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::{broadcast, spread},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("And", 7.., Pairs(|a, b| f64::from(a != 0.0 && b != 0.0))),
	Operator::onnx("Equal", 7.., One(equal)),
	Operator::onnx("Greater", 7.., One(|call| compared(call, |a, b| a > b))),
	Operator::onnx("GreaterOrEqual", 12.., One(|call| compared(call, |a, b| a >= b))),
	Operator::onnx("IsInf", 10.., One(is_infinite)),
	Operator::onnx("IsNaN", 9.., One(is_nan)),
	Operator::onnx("Less", 7.., One(|call| compared(call, |a, b| a < b))),
	Operator::onnx("LessOrEqual", 12.., One(|call| compared(call, |a, b| a <= b))),
	Operator::onnx("Not", 1.., One(not)),
	Operator::onnx("Or", 7.., Pairs(|a, b| f64::from(a != 0.0 || b != 0.0))),
	Operator::onnx("Where", 9.., One(choose)),
	Operator::onnx("Xor", 7.., Pairs(|a, b| f64::from((a != 0.0) != (b != 0.0)))),
];

fn compared(call: &mut Call, function: fn(f64, f64) -> bool) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	if a.kind != b.kind {
		return unfit("its inputs are of several types");
	}
	paired(call, a, b, Kind::Bool, |a, b| f64::from(function(a, b)))
}

/// Of numbers or of texts.
fn equal(call: &mut Call) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	let (Some(left), Some(right)) = (a.values.texts(), b.values.texts()) else {
		return compared(call, |a, b| a == b);
	};
	let dims = broadcast(&a.dims, &b.dims)?;
	call.budget.room(&dims)?;
	let mut equal = Vec::new();
	for (a, b) in spread(&a.dims, &dims).zip(spread(&b.dims, &dims)) {
		let (Some(a), Some(b)) = (left.get(a), right.get(b)) else { break };
		// Of one length they are compared byte by byte, as often as they are broadcast.
		call.budget.charge(a.len().min(b.len()))?;
		equal.push(f64::from(a == b));
	}
	Ok(Tensor::numbers(Kind::Bool, dims, equal))
}

fn not(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	call.map(input, Kind::Bool, |x| f64::from(x == 0.0))
}

fn is_nan(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	call.map(input, Kind::Bool, |x| f64::from(x.is_nan()))
}

fn is_infinite(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, node) = (call.input(0)?, call.node);
	let negative = node.int("detect_negative", 1) != 0;
	let positive = node.int("detect_positive", 1) != 0;
	let is_infinite = |x: f64| x.is_infinite() && if x < 0.0 { negative } else { positive };
	call.map(input, Kind::Bool, |x| f64::from(is_infinite(x)))
}

/// Elements of the second input where the first is true, of the third elsewhere.
fn choose(call: &mut Call) -> Result<Tensor, Fault> {
	let (condition, yes, no) = (call.input(0)?, call.input(1)?, call.input(2)?);
	let which = condition.as_numbers()?;
	let dims = broadcast(&broadcast(&condition.dims, &yes.dims)?, &no.dims)?;
	let places = spread(&condition.dims, &dims)
		.zip(spread(&yes.dims, &dims))
		.zip(spread(&no.dims, &dims))
		.map_while(|((at, yes), no)| Some(if *which.get(at)? != 0.0 { (0, yes) } else { (1, no) }));
	call.pick_from(&[yes, no], dims.clone(), places)
}
