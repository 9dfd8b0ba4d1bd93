//! What is made of scores: probabilities, the largest one, their sum.

use super::{
	layers::tensor_input,
	operator::{
		Meaning::{Each, One},
		Operator,
	},
	shapes::permuted,
};
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
	Operator::onnx("Sigmoid", 6.., Each(sigmoid)),
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

/// The sum over the columns of scores, or over dimensions of affine columns.
fn reduce_sum(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::Affine(_) | Formula::Folded(..) | Formula::Activated(..) => {
			sums(known, node, false)
		},
		_ => {
			check_axes(node, &known.integers_or(node, "axes", 1)?.unwrap_or_default())?;
			Ok(Formula::ScoreSum(known.scores(node, 0)?))
		},
	}
}

fn reduce_mean(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	sums(known, node, true)
}

/// Sums or means over some of the dimensions after that of the rows.
fn sums(known: &mut Known, node: Node, mean: bool) -> Result<Formula, OnnxError> {
	let (affine, dims) = tensor_input(known, node)?;
	let wanted = known.integers_or(node, "axes", 1)?.unwrap_or_default();
	let own = |&axis: &i64| match axis {
		1.. => usize::try_from(axis - 1).ok(),
		_ => dims.len().checked_sub(usize::try_from(axis.unsigned_abs()).ok()?),
	};
	let axes: Option<Vec<usize>> = wanted.iter().filter(|axis| **axis != 0).map(own).collect();
	let axes = axes.filter(|axes| {
		axes.len() == wanted.len() && !axes.is_empty() && axes.iter().all(|&axis| axis < dims.len())
	});
	let axes = axes.ok_or_else(|| node.unsupported("only over dimensions of the columns"))?;
	let kept = |axis: &usize| !axes.contains(axis);
	let stays: Vec<usize> = (0..dims.len()).filter(kept).collect();
	let goes: Vec<usize> = (0..dims.len()).filter(|axis| !kept(axis)).collect();
	let (_, groups) = permuted(&dims, &[stays.clone(), goes.clone()].concat());
	let count = goes.iter().filter_map(|&axis| dims.get(axis)).product::<usize>().max(1);
	node.check_weights(groups.len() / count, affine.rows.len().max(affine.variables()))?;
	let weight = if mean { 1.0 / count as f64 } else { 1.0 };
	let sum = |group: &[usize]| (group.iter().map(|&at| (at, weight)).collect(), 0.0);
	let combinations: Vec<(Vec<(usize, f64)>, f64)> = groups.chunks(count).map(sum).collect();
	let affine = affine.combined_sparsely(&combinations);
	let length = |axis: usize| if kept(&axis) { dims.get(axis).copied().unwrap_or(1) } else { 1 };
	let dims: Vec<usize> = match node.int("keepdims", 1) {
		0 => stays.into_iter().map(length).collect(),
		_ => (0..dims.len()).map(length).collect(),
	};
	// One number for each row stays a column.
	Ok(Formula::shaped(affine, if dims.is_empty() { &[1] } else { &dims }))
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
