//! What gives a tensor other dimensions, and what computes them.

use super::{
	layers::tensor_input,
	operator::{Meaning::One, Operator},
};
use crate::onnx::{
	error::OnnxError,
	formula::{Constant, Formula},
	known::Known,
	node::Node,
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Flatten", 1.., One(flatten)),
	Operator::onnx("Reshape", 5.., One(reshape)),
	Operator::onnx("Shape", 1.., One(shape_of)),
	Operator::onnx("Squeeze", 1.., One(squeeze)),
	Operator::onnx("Transpose", 1.., One(transpose)),
	Operator::onnx("Unsqueeze", 1.., One(unsqueeze)),
];

/// A list of integers that are known up to the number of rows.
pub(super) fn list(formula: &Formula) -> Option<Vec<Option<i64>>> {
	match formula {
		Formula::Shape(dims) => Some(dims.clone()),
		Formula::Constant { dims, value: Constant::Numbers(numbers) } if dims.len() < 2 => {
			let integer = |&number: &f64| (number.trunc() == number).then_some(number as i64);
			numbers.iter().map(|number| integer(number).map(Some)).collect()
		},
		_ => None,
	}
}

/// The inverse of [`list`].
pub(super) fn shape(list: Vec<Option<i64>>) -> Formula {
	match list.iter().map(|&dim| dim.map(|dim| dim as f64)).collect::<Option<Vec<_>>>() {
		Some(numbers) => Formula::Constant {
			dims: vec![numbers.len()],
			value: Constant::Numbers(numbers.into()),
		},
		None => Formula::Shape(list),
	}
}

/// The dimensions after that of the rows, if a tensor has rows of numbers.
fn after_rows(formula: &Formula) -> Option<Vec<usize>> {
	match formula {
		Formula::Affine(affine) | Formula::Activated(affine, _) => Some(vec![affine.rows.len()]),
		Formula::Scores(scores) => Some(vec![scores.affine.rows.len()]),
		Formula::Folded(_, dims) => Some(dims.clone()),
		_ => None,
	}
}

/// The same columns with other dimensions.
fn shaped(known: &mut Known, node: Node, dims: &[usize]) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::Affine(affine) => Ok(Formula::shaped(affine.clone(), dims)),
		other if after_rows(other).is_some_and(|own| own == dims) => Ok(other.clone()),
		Formula::Folded(..) => Ok(Formula::shaped(tensor_input(known, node)?.0, dims)),
		Formula::Activated(..) => {
			Ok(Formula::Folded(known.input(node, 0)?.clone().into(), dims.into()))
		},
		_ => Err(known.cannot(node)),
	}
}

/// All columns of a row after one another.
fn flatten(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let Some(dims) = after_rows(known.input(node, 0)?) else {
		return known.input(node, 0).cloned();
	};
	let axis = node.int("axis", 1);
	if axis == 1 || axis == -(dims.len() as i64) {
		return shaped(known, node, &[dims.iter().product()]);
	}
	Err(node.unsupported("that does not keep the rows"))
}

/// Rows must stay rows.
fn reshape(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let wanted = match node.has("shape") {
		true => Some(node.ints("shape").iter().copied().map(Some).collect()),
		false => list(known.input(node, 1)?),
	};
	let wanted =
		wanted.ok_or_else(|| node.unsupported("to a shape that is no list of integers"))?;
	let own = match formula {
		Formula::Constant { dims, value } => {
			let dims = resolve(&wanted, dims, value.len());
			let dims = dims.ok_or_else(|| node.malformed("its shape does not fit"))?;
			return Ok(Formula::Constant { dims, value: value.clone() });
		},
		_ => match after_rows(formula) {
			Some(own) => own,
			None => return Ok(formula.clone()),
		},
	};
	let columns: usize = own.iter().product();
	if columns == 1 {
		return shaped(known, node, &[1]);
	}
	let has_empty = node.int("allowzero", 0) != 0 && wanted.contains(&Some(0));
	// Of the rows' dimension only that it is the first: a number is right for so many rows.
	let dims = match wanted.as_slice() {
		[None | Some(-1..), rest @ ..] if !has_empty => {
			let rest_is_open = rest.contains(&Some(-1)) && wanted[0] == Some(-1);
			resolve(rest, &own, columns).filter(|_| !rest_is_open)
		},
		_ => None,
	};
	match dims {
		Some(dims) => shaped(known, node, &dims),
		None => Err(node.unsupported("that does not keep the columns of a row together")),
	}
}

/// Dimensions of `len` elements in which 0 stands for the old one and -1 for what is left.
fn resolve(wanted: &[Option<i64>], own: &[usize], len: usize) -> Option<Vec<usize>> {
	let known = wanted.iter().enumerate().map(|(at, dim)| match dim {
		Some(0) => own.get(at).copied().map(Some),
		Some(-1) => Some(None),
		Some(dim) => usize::try_from(*dim).ok().map(Some),
		None => None,
	});
	let dims: Vec<Option<usize>> = known.collect::<Option<_>>()?;
	let product =
		dims.iter().flatten().try_fold(1usize, |product, &dim| product.checked_mul(dim))?;
	match dims.iter().filter(|dim| dim.is_none()).count() {
		0 if product == len => dims.into_iter().collect(),
		1 if product > 0 && len.is_multiple_of(product) => {
			Some(dims.into_iter().map(|dim| dim.unwrap_or(len / product)).collect())
		},
		_ => None,
	}
}

fn shape_of(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let number = |dim: &usize| i64::try_from(*dim).ok();
	let whole: Vec<Option<i64>> = match (formula, after_rows(formula)) {
		(Formula::Constant { dims, .. }, _) => dims.iter().map(number).collect(),
		(_, Some(dims)) => std::iter::once(None).chain(dims.iter().map(number)).collect(),
		_ => return Err(known.cannot(node)),
	};
	let len = whole.len() as i64;
	let at = |index: i64| {
		let index = if index < 0 { index.saturating_add(len) } else { index };
		index.clamp(0, len) as usize
	};
	let range = at(node.int("start", 0))..at(node.int("end", len));
	Ok(shape(whole.get(range).map(<[_]>::to_vec).unwrap_or_default()))
}

/// Numbers below `len`, of which negative ones count from the end; `None` if one is out of range.
pub(super) fn from_end(numbers: &[i64], len: usize) -> Option<Vec<usize>> {
	let place = |&number: &i64| {
		let from_end = if number < 0 { len as i64 } else { 0 };
		usize::try_from(number.saturating_add(from_end)).ok().filter(|&at| at < len)
	};
	numbers.iter().map(place).collect()
}

/// Dimensions that are counted from the end if they are negative.
fn axes(node: Node, axes: &[i64], rank: usize) -> Result<Vec<usize>, OnnxError> {
	from_end(axes, rank).ok_or_else(|| node.malformed("it names a dimension that does not exist"))
}

fn squeeze(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let named = known.integers_or(node, "axes", 1)?;
	// Whether dimension `at`, which has this length, goes.
	let goes = |at: usize, dim: usize, rank: usize| match &named {
		None => Ok(dim == 1),
		Some(named) => match axes(node, named, rank)?.contains(&at) {
			true if dim != 1 => Err(node.malformed("a dimension has more than one element")),
			goes => Ok(goes),
		},
	};
	let kept = |dims: &[usize], first: usize| {
		let mut kept = Vec::new();
		for (at, &dim) in dims.iter().enumerate() {
			if !goes(at + first, dim, dims.len() + first)? {
				kept.push(dim);
			}
		}
		Ok(kept)
	};
	if let Formula::Constant { dims, value } = formula {
		return Ok(Formula::Constant { dims: kept(dims, 0)?, value: value.clone() });
	}
	let Some(dims) = after_rows(formula) else { return Ok(formula.clone()) };
	if named.as_ref().is_some_and(|named| named.contains(&0)) {
		return Err(node.unsupported("of the rows"));
	}
	match kept(&dims, 1)? {
		// One number for each row stays a column.
		none if none.is_empty() => shaped(known, node, &[1]),
		kept => shaped(known, node, &kept),
	}
}

fn unsqueeze(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let named = known.integers_or(node, "axes", 1)?;
	let named = named.ok_or_else(|| node.malformed("it names no dimension"))?;
	let with = |dims: &[usize]| {
		let mut new = axes(node, &named, dims.len() + named.len())?;
		new.sort_unstable();
		let mut dims = dims.to_vec();
		new.into_iter().for_each(|at| dims.insert(at.min(dims.len()), 1));
		Ok(dims)
	};
	if let Formula::Constant { dims, value } = formula {
		return Ok(Formula::Constant { dims: with(dims)?, value: value.clone() });
	}
	let Some(dims) = after_rows(formula) else { return Ok(formula.clone()) };
	// The rows' dimension has any length but 1 here, so that it is found again.
	let all = with(&[&[0], dims.as_slice()].concat())?;
	match all.as_slice() {
		[0, ..] if dims == [1] => Ok(formula.clone()),
		[0, dims @ ..] => shaped(known, node, dims),
		_ => Err(node.unsupported("before the rows")),
	}
}

fn transpose(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let rank = match formula {
		Formula::Constant { dims, .. } => dims.len(),
		Formula::Folded(_, dims) => dims.len() + 1,
		_ => 2,
	};
	let order = match node.ints("perm") {
		[] => (0..rank).rev().collect(),
		order => axes(node, order, rank)?,
	};
	let mut sorted = order.clone();
	sorted.sort_unstable();
	if sorted.into_iter().ne(0..rank) {
		return Err(node.malformed("its order does not name every dimension once"));
	}
	if order.is_sorted() {
		return Ok(formula.clone());
	}
	match (formula, order.as_slice()) {
		(Formula::Constant { dims, value: Constant::Numbers(numbers) }, _) => {
			let (dims, from) = permuted(dims, &order);
			let numbers = from.into_iter().filter_map(|at| numbers.get(at).copied()).collect();
			Ok(Formula::Constant { dims, value: Constant::Numbers(numbers) })
		},
		(Formula::Folded(..), [0, rest @ ..]) => {
			let order: Vec<usize> = rest.iter().map(|at| at - 1).collect();
			let (affine, dims) = tensor_input(known, node)?;
			let (dims, from) = permuted(&dims, &order);
			let affine = affine.selected(&from).ok_or_else(|| known.cannot(node))?;
			Ok(Formula::shaped(affine, &dims))
		},
		(Formula::Transposed(table), _) => Ok(table.as_ref().clone()),
		(Formula::Affine(_) | Formula::Activated(..) | Formula::Scores(_), _) => {
			Ok(Formula::Transposed(formula.clone().into()))
		},
		_ => Err(known.cannot(node)),
	}
}

/// The dimensions in another order, and for each element where it was.
pub(super) fn permuted(dims: &[usize], order: &[usize]) -> (Vec<usize>, Vec<usize>) {
	let stride = |at: usize| dims.iter().skip(at + 1).product::<usize>();
	let mut from = vec![0];
	let mut new = Vec::new();
	for &at in order {
		let dim = dims.get(at).copied().unwrap_or(1);
		let stride = stride(at);
		from = from.iter().flat_map(|base| (0..dim).map(move |i| base + i * stride)).collect();
		new.push(dim);
	}
	(new, from)
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, onnx};

	const X: [f64; 2] = [2.0, -0.5];

	examples! {
		flatten: Example::of(onnx("Flatten", &["folded"]))
			.folded(&[2, 1])
			.gives(&X);
		reshape: Example::of(onnx("Reshape", &["x", "shape"]))
			.integers("shape", &[-1, 2])
			.gives(&X);
		shape: Example::of(onnx("Shape", &["x"]).int("start", 1)).gives(&[2.0]);
		squeeze: Example::of(onnx("Squeeze", &["folded", "axes"]))
			.folded(&[1, 2])
			.integers("axes", &[1])
			.gives(&X);
		transpose: Example::of(onnx("Transpose", &["transposed"]))
			.after(onnx("Transpose", &["x"]).ints("perm", &[1, 0]).called("transposed"))
			.gives(&X);
		unsqueeze: Example::of(onnx("Unsqueeze", &["x", "axes"]))
			.integers("axes", &[-1, 1])
			.gives(&X);
	}

	#[test]
	fn a_shape_that_is_computed_keeps_the_rows() {
		Example::of(onnx("Reshape", &["folded", "wanted"]))
			.folded(&[2, 1])
			.after(onnx("Shape", &["folded"]).called("all"))
			.after(onnx("Gather", &["all", "first"]).called("rows"))
			.after(onnx("Unsqueeze", &["rows", "first"]).called("list"))
			.after(onnx("Concat", &["list", "columns"]).int("axis", 0).called("wanted"))
			.integers("first", &[0])
			.integers("columns", &[-1])
			.gives(&X)
			.check();
	}

	#[test]
	fn one_column_is_a_table_again() {
		Example::of(onnx("MatMul", &["table", "w"]))
			.after(onnx("Gather", &["x", "0"]).int("axis", 1).called("first"))
			.after(onnx("Unsqueeze", &["first", "2"]).called("deep"))
			.after(onnx("Reshape", &["deep", "shape"]).called("table"))
			.integers("0", &[0])
			.integers("2", &[2])
			.integers("shape", &[-1, 1])
			.constant("w", &[1, 1], &[3.0])
			.gives(&[6.0])
			.check();
	}

	#[test]
	fn zeros_in_a_shape_are_old_dimensions() {
		for shape in [[0, -1], [0, 2], [1, 2], [1, -1], [-1, 2]] {
			let example = Example::of(onnx("Reshape", &["x", "shape"]));
			example.integers("shape", &shape).gives(&X).check();
		}
	}

	#[test]
	fn zeros_in_a_shape_can_be_meant() {
		let allowed = |shape: &[i64]| {
			let reshape = onnx("Reshape", &["x", "shape"]).int("allowzero", 1);
			Example::of(reshape).integers("shape", shape).gives(&X)
		};
		allowed(&[-1, 2]).check();
		assert!(allowed(&[0, 2]).refusal().contains("Reshape in an unsupported way"));
	}

	#[test]
	fn a_table_keeps_its_columns() {
		for shape in [&[2, 1][..], &[-1, -1], &[-1], &[i64::MAX, 2, i64::MAX], &[]] {
			let reshape = Example::of(onnx("Reshape", &["x", "shape"]));
			let refused = reshape.integers("shape", shape).refusal();
			assert!(refused.contains("Reshape in an unsupported way"), "{shape:?} {refused}");
		}
		let rows = Example::of(onnx("Unsqueeze", &["x", "axes"])).integers("axes", &[0]);
		assert!(rows.refusal().contains("before the rows"));
		let rows = Example::of(onnx("Squeeze", &["x", "axes"])).integers("axes", &[0]);
		assert!(rows.refusal().contains("of the rows"));
		let columns = Example::of(onnx("Flatten", &["x"]).int("axis", 0));
		assert!(columns.refusal().contains("does not keep the rows"));
	}

	#[test]
	fn dimensions_that_do_not_exist_are_malformed() {
		for (operator, axis) in [("Squeeze", 2), ("Unsqueeze", 3), ("Unsqueeze", i64::MIN)] {
			let example = Example::of(onnx(operator, &["x", "axes"])).integers("axes", &[axis]);
			let refused = example.refusal();
			assert!(refused.contains("a dimension that does not exist"), "{operator} {refused}");
		}
		let order = Example::of(onnx("Transpose", &["x"]).ints("perm", &[0, 0]));
		assert!(order.refusal().contains("every dimension once"));
	}

	#[test]
	fn pixels_change_places() {
		// [rows, 2, 3] to [rows, 3, 2].
		Example::of(onnx("Flatten", &["turned"]))
			.after(onnx("Concat", &["x", "x"]).int("axis", 1).called("four"))
			.after(onnx("Concat", &["four", "x"]).int("axis", 1).called("six"))
			.after(onnx("Reshape", &["six", "shape"]).called("folded"))
			.after(onnx("Transpose", &["folded"]).ints("perm", &[0, 2, 1]).called("turned"))
			.integers("shape", &[-1, 2, 3])
			.gives(&[2.0, -0.5, -0.5, 2.0, 2.0, -0.5])
			.check();
	}
}
