//! What each supported operator does to the formulas of its inputs.

use super::{
	ImportError,
	activation::{ACTIVATIONS, Activation},
	formula::{Affine, Basis, Constant, Formula, Precision, Row, ScalarChain, ScoreFormula, Step},
	graph::{Graph, Node},
	trees::FloatForest,
};
use crate::card::{Classes, Transform};
use std::collections::HashMap;

/// Operators that the import follows.
pub const SUPPORTED_OPERATORS: &[&str] = &[
	"ai.onnx.ml.ArrayFeatureExtractor",
	"ai.onnx.ml.FeatureVectorizer",
	"ai.onnx.ml.LinearClassifier",
	"ai.onnx.ml.LinearRegressor",
	"ai.onnx.ml.Normalizer",
	"ai.onnx.ml.Scaler",
	"ai.onnx.ml.TreeEnsembleClassifier",
	"ai.onnx.ml.TreeEnsembleRegressor",
	"ai.onnx.ml.ZipMap",
	"Abs",
	"Add",
	"ArgMax",
	"Cast",
	"Celu",
	"Clip",
	"Concat",
	"Constant",
	"Cos",
	"Div",
	"Elu",
	"Erf",
	"Exp",
	"Flatten",
	"Gelu",
	"Gemm",
	"HardSigmoid",
	"HardSwish",
	"Identity",
	"LeakyRelu",
	"MatMul",
	"Mish",
	"Mul",
	"Neg",
	"Not",
	"Reciprocal",
	"ReduceSum",
	"Relu",
	"Reshape",
	"Selu",
	"Sigmoid",
	"Sin",
	"Softmax",
	"Softplus",
	"Softsign",
	"Squeeze",
	"Sub",
	"Tanh",
	"ThresholdedRelu",
];

/// What following the graph found.
pub(crate) struct Solved {
	/// The formulas of the graph's outputs.
	pub outputs: Vec<Formula>,
	/// For each feature, (a, b) if the linear part sees a x + b of it: the scaler.
	pub scalers: Vec<Option<(f64, f64)>>,
	/// The forest, if there is one.
	pub forest: Option<FloatForest>,
	/// The hidden layer, if there is one.
	pub hidden: Option<HiddenLayer>,
}

/// A layer of activations of affine functions of the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HiddenLayer {
	pub rows: Vec<Row>,
	pub activation: Activation,
}

pub(super) struct Follower {
	formulas: HashMap<String, Formula>,
	scalers: Vec<Option<(f64, f64)>>,
	pub(super) forest: Option<FloatForest>,
	hidden: Option<HiddenLayer>,
}

/// Follows every node from the inputs to the outputs.
pub(crate) fn follow(graph: &Graph) -> Result<Solved, ImportError> {
	let features = graph.feature_names.len();
	let mut follower = Follower {
		formulas: graph.initializers.iter().cloned().collect(),
		scalers: vec![None; features],
		forest: None,
		hidden: None,
	};
	let mut from = 0;
	for (name, columns) in &graph.inputs {
		let formula = Formula::Affine(Affine::features(from, *columns, features, graph.precision));
		follower.formulas.insert(name.clone(), formula);
		from += columns;
	}
	for node in &graph.nodes {
		let node = Node(node);
		let outputs = follower.apply(node)?;
		for (name, formula) in node.0.output.iter().zip(outputs) {
			follower.formulas.insert(name.clone(), formula);
		}
	}
	let outputs = graph.outputs.iter().map(|name| {
		let found = follower.formulas.get(name).cloned();
		found.ok_or_else(|| ImportError::Outputs(format!("no node computes `{name}`")))
	});
	let outputs = outputs.collect::<Result<_, _>>()?;
	let Follower { scalers, forest, hidden, .. } = follower;
	Ok(Solved { outputs, scalers, forest, hidden })
}

/// One number per column, from one number or a constant with as many.
fn per_column(node: Node, numbers: &[f64], columns: usize) -> Result<Vec<f64>, ImportError> {
	match numbers {
		[number] => Ok(vec![*number; columns]),
		_ if numbers.len() == columns => Ok(numbers.to_vec()),
		_ => Err(node.malformed(format!("{} numbers for {columns} columns", numbers.len()))),
	}
}

/// The transform of a classifier's scores.
pub(super) fn post_transform(node: Node) -> Result<Transform, ImportError> {
	Ok(match node.string("post_transform", "NONE").as_str() {
		"NONE" => Transform::Identity,
		"LOGISTIC" => Transform::Sigmoid,
		"SOFTMAX" => Transform::Softmax,
		"SOFTMAX_ZERO" => Transform::SoftmaxZero,
		"PROBIT" => Transform::Probit,
		other => return Err(node.unsupported(format!("post_transform {other}"))),
	})
}

pub(super) fn scores(affine: Affine, transform: Transform) -> Formula {
	match transform {
		Transform::Identity => Formula::Affine(affine),
		_ => Formula::Scores(ScoreFormula { affine, transform, normalise: false }),
	}
}

/// (-s, s).
pub(super) fn two_sided(score: &Affine) -> Affine {
	let mut both = score.negated();
	both.rows.extend(score.rows.iter().cloned());
	both.chains = vec![None; both.rows.len()];
	both
}

impl Follower {
	fn input(&self, node: Node, at: usize) -> Result<&Formula, ImportError> {
		let name = node.0.input.get(at).ok_or_else(|| node.malformed("an input is missing"))?;
		self.formulas
			.get(name)
			.ok_or_else(|| node.malformed(format!("its input `{name}` is not computed before it")))
	}

	fn numbers(&self, node: Node, at: usize) -> Result<&[f64], ImportError> {
		match self.input(node, at)? {
			Formula::Constant { value: Constant::Numbers(numbers), .. } => Ok(numbers),
			other => Err(node.unsupported(format!(
				"its input {at} is {}, not constant numbers",
				other.describe()
			))),
		}
	}

	pub(super) fn affine(&self, node: Node, at: usize) -> Result<&Affine, ImportError> {
		match self.input(node, at)? {
			Formula::Affine(affine) => Ok(affine),
			other => Err(node.unsupported(format!(
				"its input {at} is {}, not affine in the features",
				other.describe()
			))),
		}
	}

	fn scores(&self, node: Node, at: usize) -> Result<ScoreFormula, ImportError> {
		match self.input(node, at)? {
			Formula::Affine(affine) => Ok(ScoreFormula::plain(affine.clone())),
			Formula::Scores(scores) => Ok(scores.clone()),
			other => {
				Err(node.unsupported(format!("its input {at} is {}, not scores", other.describe())))
			},
		}
	}

	fn cannot(&self, node: Node) -> ImportError {
		let inputs: Vec<&str> = (0..node.0.input.len())
			.filter_map(|at| self.input(node, at).ok().map(Formula::describe))
			.collect();
		node.unsupported(format!("on {}", inputs.join(" and ")))
	}

	fn apply(&mut self, node: Node) -> Result<Vec<Formula>, ImportError> {
		let domain = node.0.domain.as_str();
		let operator = node.0.op_type.as_str();
		let one = |formula| Ok(vec![formula]);
		match (domain, operator) {
			("ai.onnx.ml", "Scaler") => one(self.scaler(node)?),
			("ai.onnx.ml", "LinearClassifier") => self.linear_classifier(node),
			("ai.onnx.ml", "TreeEnsembleClassifier") => self.tree_classifier(node),
			("ai.onnx.ml", "TreeEnsembleRegressor") => one(self.tree_regressor(node)?),
			("ai.onnx.ml", "LinearRegressor") => one(self.linear_regressor(node)?),
			("ai.onnx.ml", "Normalizer") => one(self.normalizer(node)?),
			("ai.onnx.ml", "ArrayFeatureExtractor") => one(self.array_feature_extractor(node)?),
			("ai.onnx.ml", "ZipMap") => one(self.input(node, 0)?.clone()),
			("ai.onnx.ml", "FeatureVectorizer") | ("", "Concat") => one(self.concat(node)?),
			("", "Identity" | "Squeeze" | "Flatten") => one(self.input(node, 0)?.clone()),
			("", "Cast") => one(self.cast(node)?),
			("", "Reshape") => one(self.reshape(node)?),
			("", "Not") => one(self.not(node)?),
			("", "Constant") => one(node.constant()?),
			("", "MatMul") => one(self.mat_mul(node)?),
			("", "Gemm") => one(self.gemm(node)?),
			("", "Add" | "Sub") => one(self.add_or_sub(node)?),
			("", "Mul") => one(self.mul(node)?),
			("", "Div") => one(self.div(node)?),
			("", "Neg") => one(Formula::Affine(self.affine(node, 0)?.negated())),
			("", "Exp") => one(Formula::Exp(self.affine(node, 0)?.clone())),
			("", "Reciprocal") => one(self.reciprocal(node)?),
			("", "Sigmoid") => one(self.transform(node, Transform::Sigmoid)?),
			("", "Softmax") => one(self.transform(node, Transform::Softmax)?),
			("", "Clip") => one(self.clip(node)?),
			("", operator) if ACTIVATIONS.contains(&operator) => {
				let affine = self.affine(node, 0)?.clone();
				one(Formula::Activated(affine, Activation::of(node)?))
			},
			("", "ReduceSum") => one(Formula::ScoreSum(self.scores(node, 0)?)),
			("", "ArgMax") => one(Formula::ArgMax(self.scores(node, 0)?)),
			_ => Err(ImportError::UnsupportedOperator {
				node: node.name().into(),
				operator: if domain.is_empty() {
					operator.into()
				} else {
					format!("{domain}.{operator}")
				},
			}),
		}
	}

	/// Numbers may change their precision; what depends on them only by its sign may become a bool.
	fn cast(&self, node: Node) -> Result<Formula, ImportError> {
		const FLOAT: i64 = 1;
		const DOUBLE: i64 = 11;
		let formula = self.input(node, 0)?;
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
	fn reshape(&self, node: Node) -> Result<Formula, ImportError> {
		let formula = self.input(node, 0)?;
		let columns = match formula {
			Formula::Affine(affine) => affine.rows.len(),
			Formula::Scores(scores) => scores.affine.rows.len(),
			_ => return Ok(formula.clone()),
		};
		let keeps_columns = columns == 1
			|| self.numbers(node, 1)?.last().is_some_and(|&last| last == columns as f64);
		if keeps_columns { Ok(formula.clone()) } else { Err(self.cannot(node)) }
	}

	fn not(&self, node: Node) -> Result<Formula, ImportError> {
		match self.input(node, 0)? {
			Formula::ScoreSum(_) => Ok(Formula::AllZero),
			_ => Err(self.cannot(node)),
		}
	}

	/// (x - offset) * scale.
	fn scaler(&self, node: Node) -> Result<Formula, ImportError> {
		let affine = self.affine(node, 0)?;
		let columns = affine.rows.len();
		let scale = per_column(node, &node.floats("scale"), columns)?;
		let offset = per_column(node, &node.floats("offset"), columns)?;
		let shifted = affine.stepped(Step::Subtract, &offset);
		Ok(Formula::Affine(shifted.stepped(Step::Multiply, &scale)))
	}

	fn linear_classifier(&mut self, node: Node) -> Result<Vec<Formula>, ImportError> {
		let mut affine = self.linear(node, "intercepts")?;
		let classes = node
			.classes("classlabels_ints", "classlabels_strings")
			.ok_or_else(|| node.malformed("it has no class labels"))?;
		let transform = post_transform(node)?;
		if affine.rows.len() == 1 && classes.len() == 2 {
			affine = two_sided(&affine);
		}
		if affine.rows.len() != classes.len() {
			return Err(node.malformed("it has not one row of coefficients per class"));
		}
		let label = Formula::Label(ScoreFormula::plain(affine.clone()), Some(classes));
		Ok(vec![label, scores(affine, transform)])
	}

	fn linear_regressor(&mut self, node: Node) -> Result<Formula, ImportError> {
		match node.string("post_transform", "NONE").as_str() {
			"NONE" => Ok(Formula::Affine(self.linear(node, "intercepts")?)),
			other => Err(node.unsupported(format!("post_transform {other}"))),
		}
	}

	/// `coefficients` (one row per output) and biases of an `ai.onnx.ml` linear model.
	fn linear(&mut self, node: Node, bias: &str) -> Result<Affine, ImportError> {
		let inner = self.affine(node, 0)?.clone();
		let columns = inner.rows.len();
		let coefficients = node.floats("coefficients");
		if coefficients.is_empty() || !coefficients.len().is_multiple_of(columns) {
			return Err(node.malformed("its coefficients do not fit the features"));
		}
		let matrix: Vec<Vec<f64>> = coefficients.chunks(columns).map(<[f64]>::to_vec).collect();
		let mut bias = node.floats(bias);
		if bias.is_empty() {
			bias = vec![0.0; matrix.len()];
		}
		if bias.len() != matrix.len() {
			return Err(node.malformed("it has not one intercept per output"));
		}
		self.note_scaler(&inner);
		Ok(inner.combined(&matrix, &bias))
	}

	/// Remembers what a linear layer sees of each feature, if that is a x + b.
	fn note_scaler(&mut self, seen: &Affine) {
		if seen.basis != Basis::Features {
			return;
		}
		for Row { weights, bias } in &seen.rows {
			let mut used = weights.iter().enumerate().filter(|(_, w)| **w != 0.0);
			if let (Some((feature, &a)), None) = (used.next(), used.next())
				&& (a, *bias) != (1.0, 0.0)
			{
				self.scalers[feature] = Some((a, *bias));
			}
		}
	}

	fn mat_mul(&mut self, node: Node) -> Result<Formula, ImportError> {
		let matrix = self.matrix(node, 1, false)?;
		let bias = vec![0.0; matrix.len()];
		self.dense(node, &matrix, &bias)
	}

	fn gemm(&mut self, node: Node) -> Result<Formula, ImportError> {
		if node.int("transA", 0) != 0 {
			return Err(node.unsupported("transA"));
		}
		let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
		let mut matrix = self.matrix(node, 1, node.int("transB", 0) != 0)?;
		matrix.iter_mut().flatten().for_each(|w| *w *= alpha);
		let mut bias = vec![0.0; matrix.len()];
		if node.0.input.get(2).is_some_and(|name| !name.is_empty()) {
			bias = per_column(node, self.numbers(node, 2)?, matrix.len())?;
			bias.iter_mut().for_each(|b| *b *= beta);
		}
		self.dense(node, &matrix, &bias)
	}

	fn dense(
		&mut self,
		node: Node,
		matrix: &[Vec<f64>],
		bias: &[f64],
	) -> Result<Formula, ImportError> {
		let inner = self.layer_input(node)?;
		if matrix.iter().any(|row| row.len() != inner.rows.len()) {
			return Err(node.malformed("its weights do not fit the features"));
		}
		self.note_scaler(&inner);
		Ok(Formula::Affine(inner.combined(matrix, bias)))
	}

	/// What a dense layer sees: affine columns, or the activations of a hidden layer.
	fn layer_input(&mut self, node: Node) -> Result<Affine, ImportError> {
		let (affine, activation) = match self.input(node, 0)? {
			Formula::Activated(affine, activation) => (affine.clone(), *activation),
			Formula::Clipped(affine) => (affine.clone(), Activation::Clip(-1.0, 1.0)),
			Formula::Scores(scores)
				if scores.transform == Transform::Sigmoid && !scores.normalise =>
			{
				(scores.affine.clone(), Activation::Sigmoid)
			},
			_ => return Ok(self.affine(node, 0)?.clone()),
		};
		if affine.basis != Basis::Features {
			return Err(node.unsupported("after more than one hidden layer; one is supported"));
		}
		let layer = HiddenLayer { rows: affine.rows, activation };
		let units = layer.rows.len();
		// Two dense layers may read the same hidden layer, but not different ones.
		if self.hidden.as_ref().is_some_and(|known| *known != layer) {
			return Err(node.unsupported("a second hidden layer beside the first"));
		}
		self.hidden = Some(layer);
		Ok(Affine::variables(Basis::Hidden, 0, units, units))
	}

	/// A constant matrix with one row per output column.
	fn matrix(
		&self,
		node: Node,
		at: usize,
		rows_are_outputs: bool,
	) -> Result<Vec<Vec<f64>>, ImportError> {
		let Formula::Constant { dims, value: Constant::Numbers(numbers) } = self.input(node, at)?
		else {
			return Err(node.unsupported("its weights are not constant numbers"));
		};
		let (rows, columns) = match dims.as_slice() {
			[rows, columns] => (*rows, *columns),
			[rows] => (*rows, 1),
			_ => return Err(node.unsupported("its weights are not a matrix")),
		};
		if rows == 0 || columns == 0 {
			return Err(node.malformed("its weights are empty"));
		}
		if rows_are_outputs {
			return Ok(numbers.chunks(columns).map(<[f64]>::to_vec).collect());
		}
		let column = |at| numbers.chunks(columns).map(|row| row[at]).collect();
		Ok((0..columns).map(column).collect())
	}

	fn add_or_sub(&self, node: Node) -> Result<Formula, ImportError> {
		let plus = node.0.op_type == "Add";
		let is_one = |at| self.numbers(node, at).is_ok_and(|numbers| numbers == [1.0]);
		match (self.input(node, 0)?, self.input(node, 1)?) {
			(Formula::Affine(affine), Formula::Constant { .. }) => {
				let shift = per_column(node, self.numbers(node, 1)?, affine.rows.len())?;
				let step = if plus { Step::Add } else { Step::Subtract };
				Ok(Formula::Affine(affine.stepped(step, &shift)))
			},
			(Formula::Constant { .. }, Formula::Affine(affine)) => {
				let shift = per_column(node, self.numbers(node, 0)?, affine.rows.len())?;
				let step = if plus { Step::Add } else { Step::SubtractFrom };
				Ok(Formula::Affine(affine.stepped(step, &shift)))
			},
			(Formula::Exp(affine), Formula::Constant { .. }) if plus && is_one(1) => {
				Ok(Formula::OnePlusExp(affine.clone()))
			},
			(Formula::Clipped(affine), Formula::Constant { .. }) if plus && is_one(1) => {
				Ok(Formula::OnePlusClipped(affine.clone()))
			},
			// 1 - p(z) = p(-z) for the sigmoid and for the modified Huber probability.
			(Formula::Constant { .. }, Formula::Scores(scores))
				if !plus
					&& is_one(0) && !scores.normalise
					&& matches!(
						scores.transform,
						Transform::Sigmoid | Transform::ModifiedHuber
					) =>
			{
				Ok(Formula::Scores(ScoreFormula {
					affine: scores.affine.negated(),
					..scores.clone()
				}))
			},
			// Guards against a division by zero; the client's normalisation has its own.
			(Formula::Scores(scores), Formula::AllZero) if plus => {
				Ok(Formula::Scores(scores.clone()))
			},
			(Formula::ScoreSum(scores), Formula::AllZero) if plus => {
				Ok(Formula::ScoreSum(scores.clone()))
			},
			_ => Err(self.cannot(node)),
		}
	}

	fn mul(&self, node: Node) -> Result<Formula, ImportError> {
		let (affine, constant) = match (self.input(node, 0)?, self.input(node, 1)?) {
			(Formula::Affine(affine), Formula::Constant { .. }) => (affine, 1),
			(Formula::Constant { .. }, Formula::Affine(affine)) => (affine, 0),
			(Formula::AllZero, Formula::Constant { .. }) => return Ok(Formula::AllZero),
			_ => return Err(self.cannot(node)),
		};
		let factors = per_column(node, self.numbers(node, constant)?, affine.rows.len())?;
		Ok(Formula::Affine(affine.stepped(Step::Multiply, &factors)))
	}

	fn div(&self, node: Node) -> Result<Formula, ImportError> {
		match (self.input(node, 0)?, self.input(node, 1)?) {
			(Formula::Affine(affine), Formula::Constant { .. }) => {
				let divisors = per_column(node, self.numbers(node, 1)?, affine.rows.len())?;
				Ok(Formula::Affine(affine.stepped(Step::Divide, &divisors)))
			},
			(Formula::OnePlusClipped(affine), Formula::Constant { .. })
				if self.numbers(node, 1)? == [2.0] =>
			{
				Ok(Formula::Scores(ScoreFormula {
					affine: affine.clone(),
					transform: Transform::ModifiedHuber,
					normalise: false,
				}))
			},
			(Formula::Scores(scores), Formula::ScoreSum(sum)) if scores == sum => {
				Ok(Formula::Scores(ScoreFormula { normalise: true, ..scores.clone() }))
			},
			_ => Err(self.cannot(node)),
		}
	}

	/// 1 / (1 + e^z) = sigmoid(-z).
	fn reciprocal(&self, node: Node) -> Result<Formula, ImportError> {
		match self.input(node, 0)? {
			Formula::OnePlusExp(affine) => Ok(Formula::Scores(ScoreFormula {
				affine: affine.negated(),
				transform: Transform::Sigmoid,
				normalise: false,
			})),
			_ => Err(self.cannot(node)),
		}
	}

	fn transform(&self, node: Node, transform: Transform) -> Result<Formula, ImportError> {
		let affine = self.affine(node, 0)?.clone();
		Ok(Formula::Scores(ScoreFormula { affine, transform, normalise: false }))
	}

	fn clip(&self, node: Node) -> Result<Formula, ImportError> {
		let affine = self.affine(node, 0)?.clone();
		let (low, high) = if node.0.input.len() > 1 {
			(self.numbers(node, 1)?.to_vec(), self.numbers(node, 2)?.to_vec())
		} else {
			(vec![node.float("min", f64::MIN)], vec![node.float("max", f64::MAX)])
		};
		match (low.as_slice(), high.as_slice()) {
			([-1.0], [1.0]) => Ok(Formula::Clipped(affine)),
			([low], [high]) if low < high => {
				Ok(Formula::Activated(affine, Activation::Clip(*low, *high)))
			},
			_ => Err(node.malformed("its bounds are not two numbers")),
		}
	}

	fn normalizer(&self, node: Node) -> Result<Formula, ImportError> {
		let scores = self.scores(node, 0)?;
		let positive = scores.transform != Transform::Identity;
		if node.string("norm", "MAX") != "L1" || !positive {
			return Err(node.unsupported("only norm L1 of probabilities"));
		}
		// A softmax has the sum 1 already.
		let normalise = scores.transform != Transform::Softmax;
		Ok(Formula::Scores(ScoreFormula { normalise, ..scores }))
	}

	/// Columns by constant index, or classes by the index of the largest score.
	fn array_feature_extractor(&self, node: Node) -> Result<Formula, ImportError> {
		if let (Formula::Constant { value, .. }, Formula::ArgMax(scores)) =
			(self.input(node, 0)?, self.input(node, 1)?)
		{
			let classes = match value {
				Constant::Strings(classes) => Classes::Strings(classes.clone()),
				Constant::Numbers(classes) => {
					Classes::Integers(classes.iter().map(|&class| class as i64).collect())
				},
			};
			return Ok(Formula::Label(scores.clone(), Some(classes)));
		}
		let scores = self.scores(node, 0)?;
		if scores.normalise || scores.transform == Transform::Softmax {
			return Err(self.cannot(node));
		}
		let indices = self.numbers(node, 1)?.iter().map(|&index| {
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

	fn concat(&self, node: Node) -> Result<Formula, ImportError> {
		if !matches!(node.int("axis", 1), 1 | -1) {
			return Err(node.unsupported("only along the columns"));
		}
		let mut parts = (0..node.0.input.len()).map(|at| self.scores(node, at));
		let mut whole = parts.next().ok_or_else(|| node.malformed("it has no input"))??;
		for part in parts {
			let part = part?;
			let same = part.transform == whole.transform
				&& part.affine.basis == whole.affine.basis
				&& !part.normalise
				&& !whole.normalise;
			if !same || part.transform == Transform::Softmax {
				return Err(self.cannot(node));
			}
			whole.affine.rows.extend(part.affine.rows);
			whole.affine.chains.extend(part.affine.chains);
		}
		Ok(if whole.is_plain() { Formula::Affine(whole.affine) } else { Formula::Scores(whole) })
	}
}
