//! How operators are run.

use crate::{
	program::{
		call::Call,
		error::{Fault, unfit},
		tensor::{Kind, Tensor},
		walk::{broadcast, spread},
	},
	proto::operator,
};

/// How an operator is run.
pub(crate) enum Run {
	/// One output.
	One(fn(&mut Call) -> Result<Tensor, Fault>),
	/// As many as the node has.
	Several(fn(&mut Call) -> Result<Vec<Tensor>, Fault>),
	/// One output of the same kind and dimensions, each number from that at its place.
	Each(fn(f64) -> f64),
	/// One output of the same kind, from two broadcast inputs.
	Pairs(fn(f64, f64) -> f64),
}

/// An operator of programs.
pub(crate) type Operator = operator::Operator<Run>;

impl Operator {
	/// The outputs of a node.
	///
	/// # Errors
	/// If the operator does not take these inputs, or the budget is spent.
	pub fn run(&self, call: &mut Call) -> Result<Vec<Tensor>, Fault> {
		match self.meaning {
			Run::One(run) => Ok(vec![run(call)?]),
			Run::Several(run) => run(call),
			Run::Each(function) => {
				let input = call.input(0)?;
				Ok(vec![call.map(input, input.kind, function)?])
			},
			Run::Pairs(function) => Ok(vec![pairs(call, function)?]),
		}
	}
}

fn pairs(call: &mut Call, function: fn(f64, f64) -> f64) -> Result<Tensor, Fault> {
	let (a, b) = (call.input(0)?, call.input(1)?);
	if a.kind != b.kind {
		return unfit("its inputs are of several types");
	}
	paired(call, a, b, a.kind, function)
}

/// A tensor of this kind from two numeric ones that are broadcast.
///
/// # Errors
/// If one is text, they do not fit, or the budget is spent.
pub(crate) fn paired(
	call: &mut Call,
	a: &Tensor,
	b: &Tensor,
	kind: Kind,
	function: impl Fn(f64, f64) -> f64,
) -> Result<Tensor, Fault> {
	let dims = broadcast(&a.dims, &b.dims)?;
	let (left, right) = (a.as_numbers()?, b.as_numbers()?);
	let places = spread(&a.dims, &dims).zip(spread(&b.dims, &dims));
	let values = places.map_while(|(a, b)| Some(function(*left.get(a)?, *right.get(b)?)));
	call.collect(kind, dims.clone(), values)
}
