//! Elements at some places of a tensor, or of several.

use super::{
	operator::{
		Operator,
		Run::{One, Several},
	},
	shapes::dims,
};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor, Values},
	walk::{Walk, around, axis, product, strides},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("ArrayFeatureExtractor", 1.., One(array_feature_extractor)),
	Operator::onnx("Compress", 9.., One(compress)),
	Operator::onnx("Concat", 4.., One(concat)),
	Operator::onnx("Gather", 1.., One(gather)),
	Operator::onnx("GatherElements", 11.., One(gather_elements)),
	Operator::onnx("GatherND", 12.., One(gather_nd)),
	Operator::onnx("NonZero", 9.., One(non_zero)),
	Operator::onnx("ScatterElements", 11.., One(scatter_elements)),
	Operator::onnx("Slice", 1.., One(slice)),
	Operator::onnx("Split", 2.., Several(split)),
];

/// An index that may be counted from the end.
///
/// # Errors
/// If it is none of these.
fn index(index: i64, len: usize) -> Result<usize, Fault> {
	let from_start = if index < 0 { index.checked_add(len as i64) } else { Some(index) };
	match from_start.and_then(|index| usize::try_from(index).ok()) {
		Some(index) if index < len => Ok(index),
		_ => unfit(format!("index {index} of {len}")),
	}
}

/// Columns, the last dimension; a vector counts as one row.
fn array_feature_extractor(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted) = (call.input(0)?, call.input(1)?.as_integers()?);
	let Some((&len, before)) = input.dims.split_last() else {
		return unfit("its input has no dimension");
	};
	let columns: Vec<usize> =
		wanted.iter().map(|&at| index(at, len)).collect::<Result<_, Fault>>()?;
	let mut dims = if before.is_empty() { vec![1] } else { before.to_vec() };
	let rows = product(&dims);
	dims.push(columns.len());
	let places = (0..rows).flat_map(|row| columns.iter().map(move |column| row * len + column));
	call.pick(input, dims, places)
}

/// Parts along an axis for which a condition is true; without an axis, elements.
fn compress(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, condition) = (call.input(0)?, call.input(1)?.as_numbers()?);
	let chosen = |len: usize| -> Vec<usize> {
		let kept = condition.iter().enumerate().take(len).filter(|(_, which)| **which != 0.0);
		kept.map(|(at, _)| at).collect()
	};
	match call.node.has("axis") {
		true => {
			let axis = call.axis(0, input.dims.len())?;
			let len = input.dims.get(axis).copied().unwrap_or_default();
			along(call, input, axis, &chosen(len), None)
		},
		false => {
			let chosen = chosen(input.len());
			call.pick(input, vec![chosen.len()], chosen)
		},
	}
}

/// Parts of a tensor at these places of an axis, whose dimension becomes `dims`, or their number.
fn along(
	call: &mut Call,
	input: &Tensor,
	axis: usize,
	chosen: &[usize],
	dims: Option<&[usize]>,
) -> Result<Tensor, Fault> {
	let [before, len, after] = around(&input.dims, axis)?;
	let (first, rest) = input.dims.split_at_checked(axis).unwrap_or_default();
	let last = rest.get(1..).unwrap_or_default();
	let own = [chosen.len()];
	let dims = [first, dims.unwrap_or(&own), last].concat();
	let places = (0..before).flat_map(|before| {
		chosen.iter().flat_map(move |at| {
			let from = (before * len + at) * after;
			from..from + after
		})
	});
	call.pick(input, dims, places)
}

fn concat(call: &mut Call) -> Result<Tensor, Fault> {
	let inputs = call.all()?;
	let Some(first) = inputs.first() else {
		return unfit("it has no input");
	};
	let axis = call.axis(1, first.dims.len())?;
	let [before, _, after] = around(&first.dims, axis)?;
	let mut lengths = Vec::with_capacity(inputs.len());
	for input in &inputs {
		let others = |dims: &[usize]| {
			let mut dims = dims.to_vec();
			dims.get_mut(axis).map(|dim| std::mem::replace(dim, 0))?;
			Some(dims)
		};
		if others(&input.dims) != others(&first.dims) {
			return unfit(
				"its inputs differ in another dimension than that along which they are put",
			);
		}
		lengths.push(input.dims.get(axis).copied().unwrap_or_default());
	}
	let mut dims = first.dims.clone();
	if let Some(dim) = dims.get_mut(axis) {
		*dim = lengths.iter().sum();
	}
	let lengths = &lengths;
	let places = (0..before).flat_map(|before| {
		lengths.iter().enumerate().flat_map(move |(input, len)| {
			let from = before * len * after;
			(from..from + len * after).map(move |place| (input, place))
		})
	});
	call.pick_from(&inputs, dims, places)
}

fn gather(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted) = (call.input(0)?, call.input(1)?);
	let axis = call.axis(0, input.dims.len())?;
	let len = input.dims.get(axis).copied().unwrap_or_default();
	let places = wanted.as_integers()?.into_iter().map(|at| index(at, len));
	let places = places.collect::<Result<Vec<_>, Fault>>()?;
	along(call, input, axis, &places, Some(&wanted.dims))
}

/// For each index, the element whose place along the axis it is.
fn gather_elements(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted) = (call.input(0)?, call.input(1)?);
	let places = element_places(call, input, wanted)?;
	call.pick(input, wanted.dims.clone(), places)
}

/// The places in `input` of the elements at the places of `wanted`, except along the axis, where its indices count.
fn element_places(call: &mut Call, input: &Tensor, wanted: &Tensor) -> Result<Vec<usize>, Fault> {
	let rank = input.dims.len();
	let axis = call.axis(0, rank)?;
	let fits = input.dims.iter().zip(&wanted.dims).enumerate();
	if wanted.dims.len() != rank || fits.into_iter().any(|(at, (own, dim))| at != axis && dim > own)
	{
		return unfit("its indices do not fit the dimensions");
	}
	let len = input.dims.get(axis).copied().unwrap_or_default();
	let mut steps = strides(&input.dims);
	let step = steps.get_mut(axis).map(std::mem::take).unwrap_or_default() as usize;
	call.budget.numbers(wanted.len())?;
	let indices = wanted.as_integers()?;
	let places = Walk::new(0, &wanted.dims, &steps).zip(indices);
	places.map(|(place, at)| Ok(place + index(at, len)? * step)).collect()
}

/// Parts of a tensor, each by the indices of its first dimensions.
fn gather_nd(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted) = (call.input(0)?, call.input(1)?);
	if call.node.int("batch_dims", 0) != 0 {
		return unfit("with batches");
	}
	let Some((&depth, outer)) = wanted.dims.split_last() else {
		return unfit("its indices have no dimension");
	};
	let Some((indexed, rest)) = input.dims.split_at_checked(depth).filter(|_| depth > 0) else {
		return unfit("its indices do not fit the dimensions");
	};
	let size = product(rest);
	let integers = wanted.as_integers()?;
	let starts = integers.chunks(depth).map(|indices| {
		indices
			.iter()
			.zip(indexed)
			.try_fold(0, |place, (&at, &len)| Ok(place * len + index(at, len)?))
	});
	let starts = starts.collect::<Result<Vec<usize>, Fault>>()?;
	let places = starts.into_iter().flat_map(|start| start * size..(start + 1) * size);
	call.pick(input, [outer, rest].concat(), places)
}

/// The places of all numbers that are not zero: a row for each dimension.
fn non_zero(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let numbers = input.as_numbers()?.iter().enumerate();
	let found: Vec<usize> = numbers.filter(|(_, x)| **x != 0.0).map(|(at, _)| at).collect();
	let found = &found;
	let places = input.dims.iter().zip(strides(&input.dims)).flat_map(|(&dim, stride)| {
		let stride = usize::try_from(stride).unwrap_or_default().max(1);
		found.iter().map(move |at| (at / stride % dim.max(1)) as f64)
	});
	call.collect(Kind::Integer, vec![input.dims.len(), found.len()], places)
}

/// A copy with other elements at some places; the last one wins.
fn scatter_elements(call: &mut Call) -> Result<Tensor, Fault> {
	let (input, wanted, updates) = (call.input(0)?, call.input(1)?, call.input(2)?);
	if call.node.string("reduction", "none") != "none" {
		return unfit("with a reduction");
	}
	if updates.dims != wanted.dims || updates.kind != input.kind {
		return unfit("its updates do not fit");
	}
	let places = element_places(call, input, wanted)?;
	let mut copy = call.budget.copy(input)?;
	for (from, to) in places.into_iter().enumerate() {
		match (&mut copy.values, &updates.values) {
			(Values::Numbers(copy), Values::Numbers(updates)) => {
				if let (Some(to), Some(from)) = (copy.get_mut(to), updates.get(from)) {
					*to = *from;
				}
			},
			(Values::Text(copy), Values::Text(updates)) => {
				if let (Some(to), Some(from)) = (copy.get_mut(to), updates.get(from)) {
					call.budget.text(from)?;
					to.clone_from(from);
				}
			},
			_ => return unfit("its updates do not fit"),
		}
	}
	Ok(copy)
}

/// From a start to an end by a step, along some axes: attributes before version 10, inputs from then on.
fn slice(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let rank = input.dims.len();
	let (Some(starts), Some(ends)) = (call.integers("starts", 1)?, call.integers("ends", 2)?)
	else {
		return unfit("it has no start or end");
	};
	let axes = match call.integers("axes", 3)? {
		Some(axes) => axes,
		None => (0..starts.len() as i64).collect(),
	};
	let steps = match call.optional(4) {
		Some(steps) => steps.as_integers()?,
		None => vec![1; starts.len()],
	};
	if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || starts.len() > rank {
		return unfit("its starts, ends, axes and steps are not of one number");
	}
	let (mut start, mut dims, mut strides) = (0, input.dims.clone(), strides(&input.dims));
	for (((from, to), at), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
		let at = axis(at, rank)?;
		if let (Some(dim), Some(stride)) = (dims.get_mut(at), strides.get_mut(at)) {
			let (first, len) = range(from, to, step, *dim)?;
			start += first * usize::try_from(*stride).unwrap_or_default();
			*stride = stride.saturating_mul(isize::try_from(step).unwrap_or(isize::MAX));
			*dim = len;
		}
	}
	call.pick(input, dims.clone(), Walk::new(start, &dims, &strides))
}

/// The first index and the number of indices of a slice of so many.
fn range(from: i64, to: i64, step: i64, len: usize) -> Result<(usize, usize), Fault> {
	let len = len as i64;
	let at = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
	let (from, span) = match step {
		0 => return unfit("its step is zero"),
		1.. => {
			let (from, to) = (at(from).clamp(0, len), at(to).clamp(0, len));
			(from, to - from)
		},
		_ => {
			let (from, to) = (at(from).clamp(-1, len - 1), at(to).clamp(-1, len - 1));
			(from, from - to)
		},
	};
	let count = usize::try_from(span).unwrap_or_default();
	let step = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
	Ok((usize::try_from(from).unwrap_or_default(), count.div_ceil(step)))
}

/// Neighbouring parts along an axis, of equal or given lengths.
fn split(call: &mut Call) -> Result<Vec<Tensor>, Fault> {
	let input = call.input(0)?;
	let axis = call.axis(0, input.dims.len())?;
	let len = input.dims.get(axis).copied().unwrap_or_default();
	let parts = call.node.output.len().max(1);
	let lengths = match call.integers("split", 1)? {
		Some(lengths) => dims(&lengths)?,
		None => {
			// The last part is smaller if they cannot be equal.
			let most = len.div_ceil(parts);
			(0..parts).map(|part| len.saturating_sub(part * most).min(most)).collect()
		},
	};
	let sum = lengths.iter().fold(0usize, |sum, &len| sum.saturating_add(len));
	if lengths.len() != parts || sum != len {
		return unfit("its parts are not the whole");
	}
	let mut from = 0;
	let mut part = |&len: &usize| {
		let chosen: Vec<usize> = (from..from + len).collect();
		from += len;
		along(call, input, axis, &chosen, None)
	};
	lengths.iter().map(&mut part).collect()
}
