//! The order in which elements of a tensor are read for another one.

use super::error::{Fault, unfit};

/// The places of elements in the order of `dims`, the last dimension first, each step along a dimension so many
/// places far.
pub(crate) struct Walk {
	/// For each dimension, the last first: length, steps so far, places for a step.
	wheels: Vec<(usize, usize, isize)>,
	place: isize,
	left: usize,
}

impl Walk {
	/// Every place must be that of an element, and the product of `dims` be checked.
	pub fn new(start: usize, dims: &[usize], strides: &[isize]) -> Self {
		let wheels = dims.iter().zip(strides).rev().map(|(&dim, &stride)| (dim, 0, stride));
		Self {
			wheels: wheels.collect(),
			place: start as isize,
			left: dims.iter().fold(1, |len: usize, &dim| len.saturating_mul(dim)),
		}
	}
}

impl Iterator for Walk {
	type Item = usize;

	fn next(&mut self) -> Option<usize> {
		self.left = self.left.checked_sub(1)?;
		let place = self.place;
		for (len, steps, stride) in &mut self.wheels {
			*steps += 1;
			self.place = self.place.wrapping_add(*stride);
			if *steps < *len {
				break;
			}
			self.place = self.place.wrapping_sub(stride.wrapping_mul(*len as isize));
			*steps = 0;
		}
		usize::try_from(place).ok()
	}
}

/// How far the next element along each dimension is.
pub(crate) fn strides(dims: &[usize]) -> Vec<isize> {
	let mut stride = 1isize;
	let mut strides: Vec<isize> = dims
		.iter()
		.rev()
		.map(|&dim| {
			let this = stride;
			stride = stride.wrapping_mul(dim as isize);
			this
		})
		.collect();
	strides.reverse();
	strides
}

/// The dimensions that two tensors have together (NumPy's broadcasting).
///
/// # Errors
/// If they do not fit.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Fault> {
	let rank = a.len().max(b.len());
	let dim = |dims: &[usize], at: usize| {
		(at + dims.len()).checked_sub(rank).and_then(|at| dims.get(at)).copied().unwrap_or(1)
	};
	(0..rank)
		.map(|at| match (dim(a, at), dim(b, at)) {
			(a, b) if a == b => Ok(a),
			(1, dim) | (dim, 1) => Ok(dim),
			_ => unfit(format!("dimensions {a:?} and {b:?} do not fit")),
		})
		.collect()
}

/// A walk over a tensor as if it had the dimensions `to`, with which it must fit.
pub(crate) fn spread(from: &[usize], to: &[usize]) -> Walk {
	let own = from.iter().zip(strides(from)).rev();
	let mut steps: Vec<isize> = own
		.map(|(&dim, stride)| if dim == 1 { 0 } else { stride })
		.chain(std::iter::repeat(0))
		.take(to.len())
		.collect();
	steps.reverse();
	Walk::new(0, to, &steps)
}

/// The number of a dimension that may be counted from the end.
///
/// # Errors
/// If there is none.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, Fault> {
	let from_start = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
	match from_start.and_then(|axis| usize::try_from(axis).ok()) {
		Some(axis) if axis < rank => Ok(axis),
		_ => unfit(format!("axis {axis} of {rank} dimensions")),
	}
}

/// The product of lengths that are those of an existing tensor.
pub(crate) fn product(dims: &[usize]) -> usize {
	dims.iter().fold(1, |product, &dim| product.saturating_mul(dim))
}

/// A tensor seen as [before, axis, after].
///
/// # Errors
/// If there is no such dimension.
pub(crate) fn around(dims: &[usize], axis: usize) -> Result<[usize; 3], Fault> {
	match (dims.get(..axis), dims.get(axis), dims.get(axis + 1..)) {
		(Some(before), Some(&dim), Some(after)) => Ok([product(before), dim, product(after)]),
		_ => unfit(format!("axis {axis} of {} dimensions", dims.len())),
	}
}
