//! What moves, selects or renames columns without computing anything.

use super::operator::{Meaning::One, Operator};
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
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("ArrayFeatureExtractor", 1.., One(array_feature_extractor)),
	Operator::ml("FeatureVectorizer", 1.., One(concat)),
	Operator::ml("ZipMap", 1.., One(identity)),
	Operator::onnx("Cast", 6.., One(cast)),
	Operator::onnx("Concat", 1.., One(concat)),
	Operator::onnx("Constant", 1.., One(|_, node| node.constant())),
	Operator::onnx("Flatten", 1.., One(identity)),
	Operator::onnx("Identity", 1.., One(identity)),
	Operator::onnx("Reshape", 5.., One(reshape)),
	Operator::onnx("Squeeze", 1.., One(identity)),
];

fn identity(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	known.input(node, 0).cloned()
}

/// Numbers may change their precision; what depends on them only by its sign may become a bool.
fn cast(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	const FLOAT: i64 = 1;
	const DOUBLE: i64 = 11;
	let formula = known.input(node, 0)?;
	let to_float = matches!(node.int("to", FLOAT), FLOAT | DOUBLE);
	match formula {
		Formula::Affine(_) | Formula::Scores(_) if !to_float => {
			Err(node.unsupported("on scores, to a type that is not float"))
		},
		Formula::Affine(affine) => {
			let mut affine = affine.clone();
			for chain in &mut affine.chains {
				let precision = chain.as_ref().map(|chain| chain.precision);
				let to_single = node.int("to", FLOAT) == FLOAT;
				match (precision, to_single) {
					(Some(Precision::Double), false) | (None, _) => {},
					// The features themselves, in the new precision.
					(Some(Precision::Single), true) => {},
					(Some(_), _) => {
						*chain = chain
							.take()
							.filter(|chain| chain.steps.is_empty())
							.map(|chain| ScalarChain { precision: Precision::Single, ..chain });
					},
				}
			}
			Ok(Formula::Affine(affine))
		},
		_ => Ok(formula.clone()),
	}
}

/// Tables must keep their columns.
fn reshape(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = known.input(node, 0)?;
	let columns = match formula {
		Formula::Affine(affine) => affine.rows.len(),
		Formula::Scores(scores) => scores.affine.rows.len(),
		_ => return Ok(formula.clone()),
	};
	let keeps_columns =
		columns == 1 || known.numbers(node, 1)?.last().is_some_and(|&last| last == columns as f64);
	if keeps_columns { Ok(formula.clone()) } else { Err(known.cannot(node)) }
}

/// Columns by constant index, or classes by the index of the largest score.
fn array_feature_extractor(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if let (Formula::Constant { value, .. }, Formula::ArgMax(scores)) =
		(known.input(node, 0)?, known.input(node, 1)?)
	{
		let classes = match value {
			Constant::Strings(classes) => Classes::Strings(classes.clone()),
			Constant::Numbers(classes) => {
				Classes::Integers(classes.iter().map(|&class| class as i64).collect())
			},
		};
		return Ok(Formula::Label(scores.clone(), Some(classes)));
	}
	let scores = known.scores(node, 0)?;
	if scores.normalise || scores.transform == Transform::Softmax {
		return Err(known.cannot(node));
	}
	let indices = known.numbers(node, 1)?.iter().map(|&index| {
		let exists = index >= 0.0 && (index as usize) < scores.affine.rows.len();
		let index = exists.then_some(index as usize);
		index.ok_or_else(|| node.malformed("a column index is out of range"))
	});
	let indices: Vec<usize> = indices.collect::<Result<_, _>>()?;
	let affine = Affine {
		basis: scores.affine.basis,
		rows: indices.iter().map(|&at| scores.affine.rows[at].clone()).collect(),
		chains: indices.iter().map(|&at| scores.affine.chains[at].clone()).collect(),
	};
	Ok(match scores.transform {
		Transform::Identity => Formula::Affine(affine),
		_ => Formula::Scores(ScoreFormula { affine, ..scores }),
	})
}

fn concat(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if !matches!(node.int("axis", 1), 1 | -1) {
		return Err(node.unsupported("only along the columns"));
	}
	let mut parts = (0..node.0.input.len()).map(|at| known.scores(node, at));
	let mut whole = parts.next().ok_or_else(|| node.malformed("it has no input"))??;
	for part in parts {
		let part = part?;
		let same = part.transform == whole.transform
			&& part.affine.basis == whole.affine.basis
			&& !part.normalise
			&& !whole.normalise;
		if !same || part.transform == Transform::Softmax {
			return Err(known.cannot(node));
		}
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
		flatten: Example::of(onnx("Flatten", &["x"])).gives(&X);
		identity: Example::of(onnx("Identity", &["x"])).gives(&X);
		reshape: Example::of(onnx("Reshape", &["x", "shape"]))
			.integers("shape", &[-1, 2])
			.gives(&X);
		squeeze: Example::of(onnx("Squeeze", &["x"])).gives(&X);
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
	fn a_table_keeps_its_columns() {
		let transposed = Example::of(onnx("Reshape", &["x", "shape"])).integers("shape", &[2, 1]);
		assert!(transposed.refusal().contains("Reshape in an unsupported way"));
	}
}
