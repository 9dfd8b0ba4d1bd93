//! How an operator is registered.

use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor},
	walk::{broadcast, spread},
};
use crate::proto::{ML, OWN};
use std::ops::RangeFrom;

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
pub(crate) struct Operator {
	/// Empty for ONNX's own operators.
	pub domain: &'static str,
	pub name: &'static str,
	/// Versions of the domain's operator set in which it is run this way.
	pub versions: RangeFrom<i64>,
	pub run: Run,
}

impl Operator {
	/// An operator of ONNX's own.
	pub const fn onnx(name: &'static str, versions: RangeFrom<i64>, run: Run) -> Self {
		Self { domain: "", name, versions, run }
	}

	/// An operator of `ai.onnx.ml`.
	pub const fn ml(name: &'static str, versions: RangeFrom<i64>, run: Run) -> Self {
		Self { domain: ML, name, versions, run }
	}

	/// An operator of ONNX Runtime's own.
	pub const fn microsoft(name: &'static str, versions: RangeFrom<i64>, run: Run) -> Self {
		Self { domain: "com.microsoft", name, versions, run }
	}

	/// An operator that ONNX does not have, for import alone.
	pub const fn own(name: &'static str, versions: RangeFrom<i64>, run: Run) -> Self {
		Self { domain: OWN, name, versions, run }
	}

	/// Its name, with the domain if that is not ONNX's own.
	pub fn full_name(&self) -> String {
		full_name(self.domain, self.name)
	}

	/// The outputs of a node.
	///
	/// # Errors
	/// If the operator does not take these inputs, or the budget is spent.
	pub fn run(&self, call: &mut Call) -> Result<Vec<Tensor>, Fault> {
		match self.run {
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

/// An operator as messages name it.
pub(crate) fn full_name(domain: &str, name: &str) -> String {
	if domain.is_empty() { name.into() } else { format!("{domain}.{name}") }
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
