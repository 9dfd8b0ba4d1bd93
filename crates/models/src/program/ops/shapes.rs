//! The same elements in other dimensions, or many times.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	limits::MAX_RANK,
	tensor::{Kind, Tensor},
	walk::{Walk, axis, broadcast, product, spread, strides},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Expand", 8.., One(expand)),
	Operator::onnx("Flatten", 1.., One(flatten)),
	Operator::onnx("Reshape", 5.., One(reshape)),
	Operator::onnx("Shape", 1.., One(shape)),
	Operator::onnx("Size", 1.., One(size)),
	Operator::onnx("Squeeze", 1.., One(squeeze)),
	Operator::onnx("Tile", 6.., One(tile)),
	Operator::onnx("Transpose", 1.., One(transpose)),
	Operator::onnx("Unsqueeze", 1.., One(unsqueeze)),
];

/// Integers as dimensions.
///
/// # Errors
/// If one is negative.
pub(super) fn dims(integers: &[i64]) -> Result<Vec<usize>, Fault> {
	let dims = integers.iter().map(|&dim| usize::try_from(dim).ok());
	dims.collect::<Option<_>>().ok_or_else(|| Fault::Unfit("a dimension is negative".into()))
}

/// Numbers of dimensions, from an attribute or an input.
fn axes(call: &Call, rank: usize) -> Result<Option<Vec<usize>>, Fault> {
	let axes = call.integers("axes", 1)?;
	axes.map(|axes| axes.iter().map(|&at| axis(at, rank)).collect()).transpose()
}

/// To the dimensions that both its own and the wanted ones have together.
fn expand(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let dims = broadcast(&input.dims, &dims(&call.input(1)?.as_integers()?)?)?;
	call.pick(input, dims.clone(), spread(&input.dims, &dims))
}

/// To [those before an axis, the others].
fn flatten(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let rank = input.dims.len();
	// The axis may be after the last dimension.
	let at = match call.node.int("axis", 1) {
		at if at == rank as i64 => rank,
		at => axis(at, rank)?,
	};
	let (before, after) = input.dims.split_at_checked(at).unwrap_or_default();
	call.reshape(input, vec![product(before), product(after)])
}

/// 0 keeps a dimension, and -1 is what is left over.
fn reshape(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted) = (call.input(0)?, call.input(1)?.as_integers()?);
	let keeps_zero = call.node.int("allowzero", 0) != 0;
	let dim = |(at, &dim): (usize, &i64)| match dim {
		-1 => Ok(None),
		0 if !keeps_zero => match input.dims.get(at) {
			Some(&dim) => Ok(Some(dim)),
			None => unfit("a dimension is kept that is not there"),
		},
		dim => match usize::try_from(dim) {
			Ok(dim) => Ok(Some(dim)),
			Err(_) => unfit("a dimension is negative"),
		},
	};
	let dims = wanted.iter().enumerate().map(dim).collect::<Result<Vec<_>, Fault>>()?;
	let unknown = dims.iter().filter(|dim| dim.is_none()).count();
	let known: Vec<usize> = dims.iter().copied().flatten().collect();
	let rest = match (unknown, product(&known)) {
		(0, _) => 0,
		(1, known) if known > 0 => input.len() / known,
		_ => return unfit("its dimensions are not determined"),
	};
	call.reshape(input, dims.into_iter().map(|dim| dim.unwrap_or(rest)).collect())
}

/// The dimensions, or some of them from version 15 on.
fn shape(call: &mut Call) -> Result<Tensor, Fault> {
	let dims = &call.input(0)?.dims;
	let rank = dims.len() as i64;
	let place = |at: i64| {
		let at = if at < 0 { at.saturating_add(rank) } else { at };
		usize::try_from(at.clamp(0, rank)).unwrap_or_default()
	};
	let (start, end) = (place(call.node.int("start", 0)), place(call.node.int("end", rank)));
	let part = dims.get(start..end).unwrap_or_default();
	call.collect(Kind::Integer, vec![part.len()], part.iter().map(|&dim| dim as f64))
}

fn size(call: &mut Call) -> Result<Tensor, Fault> {
	let len = call.input(0)?.len();
	call.collect(Kind::Integer, Vec::new(), [len as f64])
}

/// Without dimensions of 1: some, or all.
fn squeeze(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let axes = axes(call, input.dims.len())?;
	let goes = |at: usize, dim: usize| axes.as_ref().map_or(dim == 1, |axes| axes.contains(&at));
	let mut kept = Vec::new();
	for (at, &dim) in input.dims.iter().enumerate() {
		match (goes(at, dim), dim) {
			(false, _) => kept.push(dim),
			(true, 1) => {},
			(true, _) => return unfit(format!("dimension {at} is {dim}, not 1")),
		}
	}
	call.reshape(input, kept)
}

/// With dimensions of 1 at these places of the result.
fn unsqueeze(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let count = match call.integers("axes", 1)? {
		Some(axes) => axes.len(),
		None => return unfit("it has no axes"),
	};
	let rank = input.dims.len() + count;
	if rank > MAX_RANK {
		return Err(Fault::TooManyDimensions);
	}
	let axes = axes(call, rank)?.unwrap_or_default();
	let mut own = input.dims.iter().copied();
	let dims: Vec<usize> =
		(0..rank).filter_map(|at| if axes.contains(&at) { Some(1) } else { own.next() }).collect();
	if dims.len() != rank {
		return unfit("an axis is there twice");
	}
	call.reshape(input, dims)
}

/// Each dimension so many times, one copy after the other.
fn tile(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, repeats) = (call.input(0)?, dims(&call.input(1)?.as_integers()?)?);
	if repeats.len() != input.dims.len() {
		return unfit("it has not one number of repeats for each dimension");
	}
	let pairs = || input.dims.iter().zip(&repeats);
	let dims: Option<Vec<usize>> = pairs().map(|(&dim, &n)| dim.checked_mul(n)).collect();
	let dims = dims.ok_or(Fault::TooManyElements)?;
	// Every dimension as two: the copies, which go nowhere, and the elements.
	let doubled: Vec<usize> = pairs().flat_map(|(&dim, &n)| [n, dim]).collect();
	let steps: Vec<isize> = strides(&input.dims).into_iter().flat_map(|step| [0, step]).collect();
	call.pick(input, dims, Walk::new(0, &doubled, &steps))
}

/// With the dimensions in another order, or the reverse one.
fn transpose(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let rank = input.dims.len();
	let order: Vec<usize> = match call.node.find("perm") {
		Some(order) => order.ints.iter().map(|&at| axis(at, rank)).collect::<Result<_, _>>()?,
		None => (0..rank).rev().collect(),
	};
	if order.len() != rank || (0..rank).any(|at| !order.contains(&at)) {
		return unfit("its order is not one of the dimensions");
	}
	let steps = strides(&input.dims);
	let dims: Vec<usize> = order.iter().filter_map(|&at| input.dims.get(at).copied()).collect();
	let steps: Vec<isize> = order.iter().filter_map(|&at| steps.get(at).copied()).collect();
	call.pick(input, dims.clone(), Walk::new(0, &dims, &steps))
}
