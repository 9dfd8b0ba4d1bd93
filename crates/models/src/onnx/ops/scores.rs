//! What is made of scores: probabilities, the largest one, their sum.

use super::operator::{Meaning::One, Operator};
use crate::{
	card::Transform,
	float::affine::Affine,
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("Normalizer", 1.., One(normalizer)),
	Operator::onnx("ArgMax", 1.., One(arg_max)),
	Operator::onnx("LpNormalization", 1.., One(lp_normalization)),
	Operator::onnx("Not", 1.., One(not)),
	Operator::onnx("ReduceMean", 1.., One(reduce_mean)),
	Operator::onnx("ReduceSum", 1.., One(reduce_sum)),
	Operator::onnx("Sigmoid", 6.., One(sigmoid)),
	Operator::onnx("Softmax", 1.., One(softmax)),
];

/// That it goes over the columns.
fn check_axes(node: Node, axes: &[i64]) -> Result<(), OnnxError> {
	match axes {
		[1 | -1] => Ok(()),
		_ => Err(node.unsupported("only over the columns")),
	}
}

fn arg_max(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	check_axes(node, &[node.int("axis", 0)])?;
	if node.int("select_last_index", 0) != 0 {
		return Err(node.unsupported("with the last of equal scores"));
	}
	Ok(Formula::ArgMax(known.scores(node, 0)?))
}

/// The sum over the columns of scores, or over one dimension of affine columns.
fn reduce_sum(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let axes = known.integers_or(node, "axes", 1)?.unwrap_or_default();
	match known.input(node, 0)? {
		Formula::Affine(affine) => sums(node, affine, &[affine.rows.len()], &axes, false),
		Formula::Folded(affine, dims) => sums(node, affine, dims, &axes, false),
		_ => {
			check_axes(node, &axes)?;
			Ok(Formula::ScoreSum(known.scores(node, 0)?))
		},
	}
}

fn reduce_mean(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let axes = known.integers_or(node, "axes", 1)?.unwrap_or_default();
	match known.input(node, 0)? {
		Formula::Affine(affine) => sums(node, affine, &[affine.rows.len()], &axes, true),
		Formula::Folded(affine, dims) => sums(node, affine, dims, &axes, true),
		_ => Err(known.cannot(node)),
	}
}

/// Sums or means over one of the dimensions after that of the rows.
fn sums(
	node: Node,
	affine: &Affine,
	dims: &[usize],
	axes: &[i64],
	mean: bool,
) -> Result<Formula, OnnxError> {
	let own = |axis: i64| match axis {
		1.. => usize::try_from(axis - 1).ok(),
		_ => dims.len().checked_sub(usize::try_from(axis.unsigned_abs()).ok()?),
	};
	let axis = match axes {
		[axis] if *axis != 0 => own(*axis).filter(|&axis| axis < dims.len()),
		_ => None,
	};
	let axis = axis.ok_or_else(|| node.unsupported("only over one dimension of the columns"))?;
	let (count, inner) = (dims[axis], dims[axis + 1..].iter().product::<usize>());
	let outputs = affine.rows.len() / count.max(1);
	node.check_weights(outputs, affine.rows.len().max(affine.variables()))?;
	let weight = if mean { 1.0 / count as f64 } else { 1.0 };
	let row = |output: usize| {
		let (outer, inside) = (output / inner, output % inner);
		let mut row = vec![0.0; affine.rows.len()];
		for at in 0..count {
			row[(outer * count + at) * inner + inside] = weight;
		}
		row
	};
	let matrix: Vec<Vec<f64>> = (0..outputs).map(row).collect();
	let affine = affine.combined(&matrix, &vec![0.0; outputs]);
	let mut dims = dims.to_vec();
	match node.int("keepdims", 1) {
		0 => drop(dims.remove(axis)),
		_ => dims[axis] = 1,
	}
	Ok(Formula::shaped(affine, &dims))
}

fn not(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::ScoreSum(_) => Ok(Formula::AllZero),
		_ => Err(known.cannot(node)),
	}
}

fn sigmoid(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let transformed =
		|affine: &Affine| Formula::Scores(ScoreFormula::of(affine.clone(), Transform::Sigmoid));
	if let Formula::Transposed(table) = known.input(node, 0)?
		&& let Formula::Affine(affine) = table.as_ref()
	{
		return Ok(Formula::Transposed(transformed(affine).into()));
	}
	Ok(transformed(known.affine(node, 0)?))
}

/// The default is over the last dimension, or over all after the first, which are the same here.
fn softmax(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	check_axes(node, &[node.int("axis", -1)])?;
	Ok(Formula::Scores(ScoreFormula::of(known.affine(node, 0)?.clone(), Transform::Softmax)))
}

fn normalizer(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	normalised(known, node, node.string("norm", "MAX") == "L1")
}

fn lp_normalization(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	check_axes(node, &[node.int("axis", -1)])?;
	normalised(known, node, node.int("p", 2) == 1)
}

/// Scores divided by the sum of their magnitudes, which is that of positive scores.
fn normalised(known: &Known, node: Node, by_magnitudes: bool) -> Result<Formula, OnnxError> {
	let scores = known.scores(node, 0)?;
	let positive = scores.transform != Transform::Identity;
	if !by_magnitudes || !positive {
		return Err(node.unsupported(
			"but for norm L1 of probabilities: normalise before encryption or after decryption",
		));
	}
	// A softmax has the sum 1 already.
	let normalise = scores.transform != Transform::Softmax;
	Ok(Formula::Scores(ScoreFormula { normalise, ..scores }))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, ml, onnx};

	examples! {
		arg_max: Example::of(onnx("ArgMax", &["-x"]).int("axis", 1))
			.after(onnx("Neg", &["x"]).called("-x"))
			.gives(&[1.0]);
		lp_normalization: Example::of(onnx("LpNormalization", &["p"]).int("p", 1))
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[0.699_968_74, 0.300_031_26]);
		normalizer: Example::of(ml("Normalizer", &["p"]).text("norm", "L1"))
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[0.699_968_74, 0.300_031_26]);
		not: Example::of(onnx("Not", &["is positive"]))
			.integers("columns", &[1])
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.after(onnx("ReduceSum", &["p", "columns"]).called("sum"))
			.after(onnx("Cast", &["sum"]).int("to", 9).called("is positive"))
			.gives(&[0.0]);
		reduce_sum: Example::of(onnx("ReduceSum", &["p", "columns"]))
			.integers("columns", &[1])
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[1.258_337_74]);
		reduce_mean: Example::of(onnx("ReduceMean", &["x"]).ints("axes", &[1])).version(17).gives(&[0.75]);
		sigmoid: Example::of(onnx("Sigmoid", &["x"])).gives(&[0.880_797_08, 0.377_540_67]);
		softmax: Example::of(onnx("Softmax", &["x"])).gives(&[0.924_141_82, 0.075_858_18]);
	}

	#[test]
	fn nothing_goes_over_the_rows() {
		let over_rows = [
			Example::of(onnx("ArgMax", &["x"])),
			Example::of(onnx("Softmax", &["x"]).int("axis", 0)),
			Example::of(onnx("ReduceSum", &["x"])),
			Example::of(onnx("ReduceSum", &["x"]).ints("axes", &[0, 1])).version(11),
			Example::of(onnx("ReduceSum", &["x"]).ints("axes", &[0])).version(11),
			Example::of(onnx("ReduceSum", &["x"]).ints("axes", &[2])).version(11),
			Example::of(onnx("ReduceSum", &["x"]).ints("axes", &[-3])).version(11),
			Example::of(onnx("ReduceSum", &["x"]).ints("axes", &[i64::MIN])).version(11),
		];
		for example in over_rows {
			let refused = example.refusal();
			assert!(refused.contains("only over"), "{refused}");
		}
	}

	#[test]
	fn sums_over_a_dimension() {
		// [rows, 2, 3] of 2, -0.5, 2, -0.5, 2, -0.5.
		let folded = |axis: i64, keeps: i64| {
			Example::of(onnx("Flatten", &["sums"]))
				.after(onnx("Concat", &["x", "x", "x"]).int("axis", 1).called("six"))
				.after(onnx("Reshape", &["six", "shape"]).called("folded"))
				.after(onnx("ReduceSum", &["folded", "axis"]).int("keepdims", keeps).called("sums"))
				.integers("shape", &[-1, 2, 3])
				.integers("axis", &[axis])
		};
		for keeps in [0, 1] {
			folded(1, keeps).gives(&[1.5, 1.5, 1.5]).check();
			folded(-1, keeps).gives(&[3.5, 1.0]).check();
			folded(2, keeps).gives(&[3.5, 1.0]).check();
		}
	}
}
