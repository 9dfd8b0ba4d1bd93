//! What moves, selects or renames columns without computing anything.

use super::{
	operator::{
		Meaning::{One, Several},
		Operator,
	},
	shapes::{from_end, list, shape},
};
use crate::{
	card::{Classes, Transform},
	float::{
		affine::Affine,
		chain::{Precision, ScalarChain},
	},
	onnx::{
		error::OnnxError,
		formula::{Constant, Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
	proto::{
		data_type,
		element::{to_bfloat, to_half},
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("ArrayFeatureExtractor", 1.., One(array_feature_extractor)),
	Operator::ml("FeatureVectorizer", 1.., One(concat)),
	Operator::ml("ZipMap", 1.., One(identity)),
	Operator::onnx("Cast", 6.., One(cast)),
	Operator::onnx("Concat", 1.., One(concat)),
	Operator::onnx("Constant", 1.., One(|_, node| node.constant())),
	Operator::onnx("Dropout", 7.., One(dropout)),
	Operator::onnx("Gather", 1.., One(gather)),
	Operator::onnx("Identity", 1.., One(identity)),
	Operator::onnx("Slice", 1.., One(slice)),
	Operator::onnx("Split", 2.., Several(split)),
];

fn identity(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	known.input(node, 0).cloned()
}

/// It drops nothing but in training.
fn dropout(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if node.has_input(2) && known.numbers(node, 2)?.iter().any(|&training| training != 0.0) {
		return Err(node.unsupported("in training mode: export the model for inference"));
	}
	identity(known, node)
}

/// Numbers may change their precision; what depends on them only by its sign may become a bool.
fn cast(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let to = node.int("to", FLOAT);
	let to_float = matches!(to, FLOAT | FLOAT16 | DOUBLE | BFLOAT16);
	match known.input(node, 0)? {
		Formula::Affine(_) | Formula::Folded(..) | Formula::Scores(_) if !to_float => {
			Err(node.unsupported("on scores, to a type that is not float"))
		},
		Formula::Affine(affine) => Ok(Formula::Affine(cast_affine(affine, to))),
		Formula::Folded(table, dims) => match table.as_ref() {
			Formula::Affine(affine) => Ok(Formula::shaped(cast_affine(affine, to), dims)),
			_ => identity(known, node),
		},
		Formula::Constant { dims, value: Constant::Numbers(numbers) } => {
			let cast: Option<Vec<f64>> = numbers.iter().map(|&x| cast_number(x, to)).collect();
			let cast = cast.ok_or_else(|| node.unsupported("of constants to text"))?;
			Ok(Formula::Constant { dims: dims.clone(), value: Constant::Numbers(cast.into()) })
		},
		other => Ok(other.clone()),
	}
}

const FLOAT: i64 = data_type::FLOAT as i64;
const DOUBLE: i64 = data_type::DOUBLE as i64;
const FLOAT16: i64 = data_type::FLOAT16 as i64;
const BFLOAT16: i64 = data_type::BFLOAT16 as i64;
const STRING: i64 = data_type::STRING as i64;
const BOOL: i64 = data_type::BOOL as i64;

fn cast_affine(affine: &Affine, to: i64) -> Affine {
	let mut affine = affine.clone();
	for chain in &mut affine.chains {
		let precision = chain.as_ref().map(|chain| chain.precision);
		match (precision, to) {
			(_, FLOAT16 | BFLOAT16) => *chain = None,
			(Some(Precision::Double), DOUBLE) | (None, _) => {},
			// The features themselves, in the new precision.
			(Some(Precision::Single), FLOAT) => {},
			(Some(_), _) => {
				*chain = chain
					.take()
					.filter(|chain| chain.steps.is_empty())
					.map(|chain| ScalarChain { precision: Precision::Single, ..chain });
			},
		}
	}
	affine
}

fn cast_number(number: f64, to: i64) -> Option<f64> {
	Some(match to {
		DOUBLE => number,
		FLOAT => f64::from(number as f32),
		FLOAT16 => to_half(number),
		BFLOAT16 => to_bfloat(number),
		BOOL => f64::from(u8::from(number != 0.0)),
		STRING => return None,
		_ => number.trunc(),
	})
}

/// Columns by constant index, or classes by the index of the largest score.
fn array_feature_extractor(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if let (Formula::Constant { value, .. }, Formula::ArgMax(scores)) =
		(known.input(node, 0)?, known.input(node, 1)?)
	{
		let classes = match value {
			Constant::Strings(classes) => Classes::Strings(classes.to_vec()),
			Constant::Numbers(classes) => {
				Classes::Integers(classes.iter().map(|&class| class as i64).collect())
			},
		};
		return Ok(Formula::Label(scores.clone(), Some(classes)));
	}
	let indices: Vec<i64> = known.integers(node, 1)?;
	let columns = columns(known, node)?;
	select(known, node, &positions(node, &indices, columns)?)
}

/// How many columns a node's first input has, and none if it has other dimensions.
fn columns(known: &Known, node: Node) -> Result<usize, OnnxError> {
	match known.input(node, 0)? {
		Formula::Affine(affine) => Ok(affine.rows.len()),
		Formula::Scores(scores) => Ok(scores.affine.rows.len()),
		_ => Err(known.cannot(node)),
	}
}

/// Indices of which negative ones count from the end.
fn positions(node: Node, indices: &[i64], len: usize) -> Result<Vec<usize>, OnnxError> {
	from_end(indices, len).ok_or_else(|| node.malformed("an index is out of range"))
}

/// Columns of a node's first input.
fn select(known: &Known, node: Node, columns: &[usize]) -> Result<Formula, OnnxError> {
	let scores = known.scores(node, 0)?;
	// Every other one may be asked for any number of times.
	node.check_weights(columns.len(), scores.affine.size() / scores.affine.rows.len().max(1))?;
	let no_column = || node.malformed("a column index is out of range");
	let affine = scores.affine.selected(columns).ok_or_else(no_column)?;
	if affine.rows.is_empty() {
		return Err(node.malformed("it selects no column"));
	}
	Ok(match scores.transform {
		_ if scores.normalise => return Err(known.cannot(node)),
		Transform::Softmax | Transform::SoftmaxZero => return Err(known.cannot(node)),
		Transform::Identity => Formula::Affine(affine),
		_ => Formula::Scores(ScoreFormula { affine, ..scores }),
	})
}

/// Columns of a table, or entries of a list.
fn gather(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let (dims, _) = known.tensor(node, 1)?;
	if dims.len() > 1 {
		return Err(node.unsupported("with a table of indices"));
	}
	let indices = known.integers(node, 1)?;
	if let Some(list) = list(known.input(node, 0)?) {
		let positions = positions(node, &indices, list.len())?;
		let taken = positions.into_iter().filter_map(|at| list.get(at).copied()).collect();
		return Ok(shape(taken));
	}
	match node.int("axis", 0) {
		1 | -1 => select(known, node, &positions(node, &indices, columns(known, node)?)?),
		_ => Err(node.unsupported("of rows: only columns are selected")),
	}
}

/// A range of columns of a table, or of entries of a list.
fn slice(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let wrong = || node.malformed("its ranges do not fit");
	let range = |name, at| known.integers_or(node, name, at);
	let one = |list: Option<Vec<i64>>, default: Option<i64>| match list.as_deref() {
		None => default.ok_or_else(wrong),
		Some([one]) => Ok(*one),
		Some(_) => Err(node.unsupported("of several dimensions at once")),
	};
	let (start, end) = (one(range("starts", 1)?, None)?, one(range("ends", 2)?, None)?);
	let (axis, step) = (one(range("axes", 3)?, Some(0))?, one(range("steps", 4)?, Some(1))?);
	let list = list(known.input(node, 0)?);
	let len = match &list {
		Some(list) => list.len(),
		None if matches!(axis, 1 | -1) => columns(known, node)?,
		None => return Err(node.unsupported("of rows: only columns are selected")),
	} as i64;
	let at = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
	let indices: Vec<usize> = match step {
		0 => return Err(wrong()),
		1.. => {
			let (start, end) = (at(start).clamp(0, len), at(end).clamp(0, len));
			(start..end).step_by(step as usize).map(|at| at as usize).collect()
		},
		_ => {
			let (start, end) = (at(start).clamp(-1, len - 1), at(end).clamp(-1, len - 1));
			let step = step.unsigned_abs() as usize;
			(end + 1..=start).rev().step_by(step).map(|at| at as usize).collect()
		},
	};
	match list {
		Some(list) => {
			Ok(shape(indices.into_iter().filter_map(|at| list.get(at).copied()).collect()))
		},
		None => select(known, node, &indices),
	}
}

/// Neighbouring columns, so many for each output.
fn split(known: &mut Known, node: Node) -> Result<Vec<Formula>, OnnxError> {
	if !matches!(node.int("axis", 0), 1 | -1) {
		return Err(node.unsupported("of rows: only columns are split"));
	}
	let (columns, parts) = (columns(known, node)?, node.0.output.len().max(1));
	let lengths = match known.integers_or(node, "split", 1)? {
		Some(lengths) => lengths.iter().map(|&len| usize::try_from(len).ok()).collect(),
		None => {
			// The last part is smaller if they cannot be equal.
			let len = columns.div_ceil(parts);
			let rest = |part: usize| columns.saturating_sub(part * len).min(len);
			Some((0..parts).map(rest).collect::<Vec<_>>())
		},
	};
	let lengths: Vec<usize> = lengths.ok_or_else(|| node.malformed("a part has no length"))?;
	if lengths.len() != parts
		|| lengths.iter().fold(0, |sum: usize, &len| sum.saturating_add(len)) != columns
	{
		return Err(node.malformed("its parts are not the columns"));
	}
	let mut from = 0;
	let mut part = |&len: &usize| {
		let columns: Vec<usize> = (from..from + len).collect();
		from += len;
		select(known, node, &columns)
	};
	lengths.iter().map(&mut part).collect()
}

fn concat(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let inputs = (0..node.0.input.len()).map(|at| known.input(node, at));
	let inputs = inputs.collect::<Result<Vec<_>, OnnxError>>()?;
	if node.int("axis", 1) == 0
		&& let Some(lists) = inputs.into_iter().map(list).collect::<Option<Vec<_>>>()
	{
		return Ok(shape(lists.concat()));
	}
	if !matches!(node.int("axis", 1), 1 | -1) {
		return Err(node.unsupported("only along the columns"));
	}
	let mut parts = (0..node.0.input.len()).map(|at| known.scores(node, at));
	let mut whole = parts.next().ok_or_else(|| node.malformed("it has no input"))??;
	let mut size = whole.affine.size();
	for part in parts {
		let part = part?;
		let same = part.transform == whole.transform
			&& part.affine.basis == whole.affine.basis
			&& !part.normalise
			&& !whole.normalise;
		if !same || matches!(part.transform, Transform::Softmax | Transform::SoftmaxZero) {
			return Err(known.cannot(node));
		}
		size += part.affine.size();
		node.check_weights(1, size)?;
		whole.affine.rows.extend(part.affine.rows);
		whole.affine.chains.extend(part.affine.chains);
	}
	Ok(if whole.is_plain() { Formula::Affine(whole.affine) } else { Formula::Scores(whole) })
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, ml, onnx};

	const X: [f64; 2] = [2.0, -0.5];

	examples! {
		array_feature_extractor: Example::of(ml("ArrayFeatureExtractor", &["x", "second"]))
			.integers("second", &[1])
			.gives(&[-0.5]);
		cast: Example::of(onnx("Cast", &["x"]).int("to", 11)).gives(&X);
		concat: Example::of(onnx("Concat", &["x", "x"]).int("axis", 1)).gives(&[2.0, -0.5, 2.0, -0.5]);
		constant: Example::of(onnx("Constant", &[]).tensor("value", &[3.0, 4.0])).gives(&[3.0, 4.0]);
		feature_vectorizer: Example::of(
			ml("FeatureVectorizer", &["x", "x"]).ints("inputdimensions", &[2, 2])
		)
		.gives(&[2.0, -0.5, 2.0, -0.5]);
		dropout: Example::of(onnx("Dropout", &["x", "ratio"])).constant("ratio", &[], &[0.5]).gives(&X);
		gather: Example::of(onnx("Gather", &["x", "last"]).int("axis", 1))
			.integers("last", &[-1, 0])
			.gives(&[-0.5, 2.0]);
		identity: Example::of(onnx("Identity", &["x"])).gives(&X);
		slice: Example::of(onnx("Slice", &["x", "from", "to", "axis", "step"]))
			.integers("from", &[-1])
			.integers("to", &[-9])
			.integers("axis", &[1])
			.integers("step", &[-1])
			.gives(&[-0.5, 2.0]);
		slice_by_attributes: Example::of(
			onnx("Slice", &["x"]).ints("starts", &[1]).ints("ends", &[99]).ints("axes", &[1])
		)
		.version(9)
		.gives(&[-0.5]);
		split: Example::of(onnx("Split", &["x"]).int("axis", 1)).gives(&[2.0]).gives(&[-0.5]);
		zip_map: Example::of(ml("ZipMap", &["x"]).ints("classlabels_int64s", &[7, 8])).gives(&X);
	}

	#[test]
	fn the_class_with_the_largest_score() {
		Example::of(ml("ArrayFeatureExtractor", &["classes", "index"]))
			.integers("classes", &[7, 8])
			.after(onnx("ArgMax", &["x"]).int("axis", 1).called("index"))
			.gives(&[7.0])
			.check();
	}

	#[test]
	fn lengths_of_parts() {
		Example::of(onnx("Split", &["both", "lengths"]).int("axis", -1))
			.integers("lengths", &[1, 3])
			.after(onnx("Concat", &["x", "x"]).int("axis", 1).called("both"))
			.gives(&[2.0])
			.gives(&[-0.5, 2.0, -0.5])
			.check();
	}

	#[test]
	fn rows_are_not_selected_and_columns_exist() {
		let gather = |axis, index| {
			Example::of(onnx("Gather", &["x", "index"]).int("axis", axis))
				.integers("index", &[index])
				.refusal()
		};
		assert!(gather(0, 0).contains("only columns"), "{}", gather(0, 0));
		for index in [2, -3, i64::MAX, i64::MIN] {
			assert!(gather(1, index).contains("out of range"), "{}", gather(1, index));
		}
		let parts = Example::of(onnx("Split", &["x", "lengths"]).int("axis", 1))
			.integers("lengths", &[i64::MAX, i64::MAX]);
		assert!(parts.gives(&[]).gives(&[]).refusal().contains("its parts are not the columns"));
	}

	#[test]
	fn columns_asked_for_many_times_are_refused_before_they_take_memory() {
		const FEATURES: usize = 16_384;
		let sums = onnx("MatMul", &["x", "w"]).called("sum");
		let refused = Example::of(onnx("Gather", &["sum", "index"]).int("axis", 1))
			.of_features(FEATURES)
			.after(sums)
			.constant("w", &[FEATURES as i64, 1], &vec![1.0; FEATURES])
			.integers("index", &vec![0; 1 << 14])
			.refusal();
		assert!(refused.contains("needs 16384 x 16394 weights"), "{refused}");
	}

	#[test]
	fn dropout_in_training_is_refused() {
		let dropout = Example::of(onnx("Dropout", &["x", "", "training"]));
		let refused = dropout.constant("training", &[], &[1.0]).refusal();
		assert!(refused.contains("in training mode"), "{refused}");
	}

	#[test]
	fn constants_change_their_type() {
		let cast =
			|to| Example::of(onnx("Cast", &["c"]).int("to", to)).constant("c", &[2], &[0.1, -2.7]);
		cast(11).gives(&[0.1, -2.7]).check();
		cast(10).gives(&[0.099_975_586, -2.699_218_75]).check();
		cast(7).gives(&[0.0, -2.0]).check();
		cast(9).gives(&[1.0, 1.0]).check();
		assert!(cast(8).refusal().contains("to text"));
	}

	#[test]
	fn short_forms_of_constants() {
		Example::of(onnx("Constant", &[]).float("value_float", 2.5)).gives(&[2.5]).check();
		Example::of(onnx("Constant", &[]).ints("value_ints", &[1, 2])).gives(&[1.0, 2.0]).check();
		let refused = Example::of(onnx("Constant", &[]).text("sparse_value", "")).refusal();
		assert!(refused.contains("neither a dense tensor"), "{refused}");
	}
}
