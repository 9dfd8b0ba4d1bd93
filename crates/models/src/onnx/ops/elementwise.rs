//! Operators that work on each number by itself, on tensors of more than two dimensions: as on tables.

use crate::onnx::{
	error::OnnxError,
	formula::{Constant, Formula},
	known::Known,
	node::Node,
};
use std::sync::Arc;

/// What an operator on tables makes of tensors whose columns are folded: the same, folded.
///
/// # Errors
/// If the tensors have different dimensions, or the operator cannot be followed on their columns.
pub(super) fn each(
	known: &mut Known,
	node: Node,
	meaning: fn(&mut Known, Node) -> Result<Formula, OnnxError>,
) -> Result<Formula, OnnxError> {
	let inputs = || node.0.input.iter().filter_map(|name| Some((name, known.formula(name)?)));
	let dims = inputs().find_map(|(_, formula)| match formula {
		Formula::Folded(_, dims) => Some(dims.clone()),
		_ => None,
	});
	let Some(dims) = dims else { return meaning(known, node) };
	let mut tables: Vec<(String, Formula)> = Vec::new();
	for (name, formula) in inputs().filter(|(name, _)| !name.is_empty()) {
		tables.push((name.clone(), table(node, formula, &dims)?));
	}
	let whole: Vec<(String, Option<Formula>)> = tables
		.into_iter()
		.map(|(name, table)| {
			let whole = known.replace(&name, table);
			(name, whole)
		})
		.collect();
	let result = meaning(known, node);
	// From the last to the first: a node may name a tensor twice.
	for (name, whole) in whole.into_iter().rev() {
		if let Some(whole) = whole {
			known.replace(&name, whole);
		}
	}
	Ok(Formula::Folded(result?.into(), dims))
}

/// A tensor as a table of as many columns as these dimensions have.
fn table(node: Node, formula: &Formula, dims: &[usize]) -> Result<Formula, OnnxError> {
	match formula {
		Formula::Folded(table, own) if own == dims => Ok(table.as_ref().clone()),
		Formula::Constant { dims: own, value }
			if value.len() == 1 && own.len() <= dims.len() + 1 =>
		{
			Ok(Formula::Constant { dims: Vec::new(), value: value.clone() })
		},
		Formula::Constant { dims: own, value: Constant::Numbers(numbers) } => {
			let numbers = spread(own, numbers, dims).ok_or_else(|| {
				node.unsupported(
					"on a constant of other dimensions, or with other numbers for other rows: flatten it before",
				)
			})?;
			Ok(Formula::Constant { dims: vec![numbers.len()], value: Constant::Numbers(numbers) })
		},
		_ => Err(node.unsupported("on tensors of different dimensions: give them the same before")),
	}
}

/// One number for each column, by the rules of broadcasting; `None` if they do not fit, or are not the same in all rows.
fn spread(own: &[usize], numbers: &[f64], dims: &[usize]) -> Option<Arc<[f64]>> {
	let own = match own.len().checked_sub(dims.len()) {
		None | Some(0) => own,
		// The rows' dimension.
		Some(1) if own.first() == Some(&1) => own.get(1..)?,
		Some(_) => return None,
	};
	let missing = dims.len().checked_sub(own.len())?;
	let mut places = vec![0];
	for (at, &dim) in dims.iter().enumerate() {
		let length = at.checked_sub(missing).map_or(Some(1), |at| own.get(at).copied())?;
		if length != 1 && length != dim {
			return None;
		}
		let place = |base: &usize| {
			let base = *base;
			(0..dim).map(move |i| base * length + if length == 1 { 0 } else { i })
		};
		places = places.iter().flat_map(place).collect();
	}
	places.into_iter().map(|place| numbers.get(place).copied()).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::onnx::ops::examples::{Example, onnx};

	#[test]
	fn numbers_spread_over_dimensions() {
		let spread =
			|own: &[usize], numbers: &[f64]| spread(own, numbers, &[2, 3]).map(|x| x.to_vec());
		assert_eq!(spread(&[2, 1], &[5.0, 7.0]).unwrap(), [5.0, 5.0, 5.0, 7.0, 7.0, 7.0]);
		assert_eq!(spread(&[3], &[5.0, 6.0, 7.0]).unwrap(), [5.0, 6.0, 7.0, 5.0, 6.0, 7.0]);
		assert_eq!(spread(&[1, 2, 1], &[5.0, 7.0]).unwrap(), [5.0, 5.0, 5.0, 7.0, 7.0, 7.0]);
		assert_eq!(spread(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap().len(), 6);
		for (own, len) in [(&[2][..], 2), (&[2, 1, 1], 2), (&[4, 2, 1], 8), (&[2, 2], 4), (&[0], 0)]
		{
			assert_eq!(spread(own, &vec![1.0; len]), None, "{own:?}");
		}
	}

	#[test]
	fn activations_and_constants_of_channels() {
		// Channels of one pixel each.
		Example::of(onnx("Flatten", &["y"]))
			.folded(&[2, 1, 1])
			.after(onnx("Mul", &["folded", "scale"]).called("scaled"))
			.after(onnx("LeakyRelu", &["scaled"]).float("alpha", 0.5).called("hidden"))
			.after(onnx("Add", &["shift", "hidden"]).called("y"))
			.constant("scale", &[2, 1, 1], &[3.0, 4.0])
			.constant("shift", &[1, 2, 1, 1], &[10.0, 20.0])
			.gives(&[16.0, 19.0])
			.check();
	}

	#[test]
	fn tensors_of_different_dimensions_are_refused() {
		let sum = Example::of(onnx("Add", &["folded", "x"])).folded(&[2, 1]);
		assert!(sum.refusal().contains("of different dimensions"), "{}", sum.refusal());
		let of_rows = Example::of(onnx("Add", &["folded", "c"])).folded(&[2, 1]);
		let of_rows = of_rows.constant("c", &[2, 2, 1], &[1.0; 4]);
		assert!(
			of_rows.refusal().contains("other numbers for other rows"),
			"{}",
			of_rows.refusal()
		);
	}
}
