//! Tensors that come from nothing, or from a few numbers.

use super::{
	operator::{Operator, Run::One},
	shapes::dims,
};
use crate::{
	program::{
		call::Call,
		error::{Fault, unfit},
		tensor::{Kind, Tensor},
		walk::axis,
	},
	proto::attributes::ConstantValue,
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Constant", 1.., One(constant)),
	Operator::onnx("ConstantOfShape", 9.., One(constant_of_shape)),
	Operator::onnx("OneHot", 9.., One(one_hot)),
	Operator::onnx("Range", 11.., One(range)),
];

fn constant(call: &mut Call) -> Result<Tensor, Fault> {
	match call.node.constant_value() {
		Some(ConstantValue::Tensor(tensor)) => call.constant(tensor),
		Some(ConstantValue::Short { data_type, dims, elements }) => {
			let Some(kind) = Kind::of(data_type) else {
				return unfit("its value is of an unknown type");
			};
			let tensor = Tensor { kind, dims, values: elements };
			call.budget.copy(&tensor)
		},
		None => unfit("its value is neither a dense tensor nor numbers or texts"),
	}
}

/// One value, zero by default, everywhere.
fn constant_of_shape(call: &mut Call) -> Result<Tensor, Fault> {
	let dims = dims(&call.input(0)?.as_integers()?)?;
	let value = match call.node.tensor("value") {
		Some(tensor) => call.constant(tensor)?,
		None => Tensor::numbers(Kind::Single, Vec::new(), vec![0.0]),
	};
	call.pick(&value, dims, std::iter::repeat(0))
}

/// A new dimension: the second value at the index, the first elsewhere.
fn one_hot(call: &mut Call) -> Result<Tensor, Fault> {
	let (indices, values) = (call.input(0)?, call.input(2)?);
	let depth = call.input(1)?.as_number()?;
	if !(1.0..1e9).contains(&depth) {
		return unfit(format!("a depth of {depth}"));
	}
	let depth = depth as usize;
	if values.len() != 2 {
		return unfit("its values are not two");
	}
	let at = axis(call.node.int("axis", -1), indices.dims.len() + 1)?;
	let mut dims = indices.dims.clone();
	dims.insert(at, depth);
	let after: usize = indices.dims.iter().skip(at).product();
	let numbers = indices.as_numbers()?;
	let place = |index: f64| {
		let index = index.trunc();
		if index < 0.0 { index + depth as f64 } else { index }
	};
	let size = depth.saturating_mul(after).max(1);
	let hot = |at: usize| {
		let (before, column, after_at) = (at / size, at / after.max(1) % depth, at % after.max(1));
		let index = numbers.get(before * after + after_at).copied().unwrap_or(f64::NAN);
		usize::from(place(index) == column as f64)
	};
	call.pick(values, dims, (0..usize::MAX).map(hot))
}

/// From a start by a step until a limit.
fn range(call: &mut Call) -> Result<Tensor, Fault> {
	let (first, limit, step) = (call.input(0)?, call.input(1)?, call.input(2)?);
	let (start, end, by) = (first.as_number()?, limit.as_number()?, step.as_number()?);
	let count = ((end - start) / by).ceil().max(0.0);
	if !count.is_finite() {
		return unfit("it has no end");
	}
	// Saturates, and is too much then.
	let count = count as usize;
	call.collect(first.kind, vec![count], (0..count).map(|at| start + at as f64 * by))
}
