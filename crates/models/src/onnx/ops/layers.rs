//! Dense layers.

use super::operator::{Meaning::One, Operator};
use crate::{
	card::Transform,
	float::{
		activation::Activation,
		affine::{Affine, Basis},
		chain::ScalarStep,
		network::FloatLayer,
	},
	onnx::{
		error::OnnxError,
		formula::{Constant, Formula},
		known::Known,
		node::Node,
	},
};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("BatchNormalization", 9.., One(batch_normalization)),
	Operator::onnx("Gemm", 7.., One(gemm)),
	Operator::onnx("MatMul", 1.., One(mat_mul)),
];

fn mat_mul(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	product(known, node, Product { transposed: [false; 2], alpha: 1.0, beta: 0.0 })
}

fn gemm(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let transposed = ["transA", "transB"].map(|name| node.int(name, 0) != 0);
	let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
	product(known, node, Product { transposed, alpha, beta })
}

/// alpha A B + beta C.
struct Product {
	/// Whether A and B are taken with rows as columns.
	transposed: [bool; 2],
	alpha: f64,
	beta: f64,
}

/// A product of a table of rows and constant weights, in either order.
fn product(known: &mut Known, node: Node, product: Product) -> Result<Formula, OnnxError> {
	let [a, b] = [known.input(node, 0)?, known.input(node, 1)?];
	let data_at = usize::from(matches!(a, Formula::Constant { .. }));
	let data = if data_at == 0 { a } else { b };
	let (table, has_columns_as_rows) = match data {
		Formula::Transposed(table) => (table.as_ref().clone(), true),
		table => (table.clone(), false),
	};
	// On the left of its weights each row of the table is one, on the right each column.
	let turned = has_columns_as_rows != product.transposed[data_at];
	if turned != (data_at == 1) {
		return Err(node.unsupported("over the rows of the data: transpose it"));
	}
	let weights_at = 1 - data_at;
	let rows_are_outputs = (weights_at == 0) != product.transposed[weights_at];
	let mut matrix = matrix(known, node, weights_at, rows_are_outputs)?;
	matrix.iter_mut().flatten().for_each(|w| *w *= product.alpha);
	let mut bias = vec![0.0; matrix.len()];
	if product.beta != 0.0 && node.has_input(2) {
		bias = match turned {
			true => per_row(known, node, 2, matrix.len())?,
			false => known.per_column(node, 2, matrix.len())?,
		};
		bias.iter_mut().for_each(|b| *b *= product.beta);
	}
	let result = dense(known, node, &table, &matrix, &bias)?;
	Ok(if turned { Formula::Transposed(result.into()) } else { result })
}

/// Constant numbers for the columns of a transposed table, which are its rows.
pub(super) fn per_row(
	known: &Known,
	node: Node,
	at: usize,
	columns: usize,
) -> Result<Vec<f64>, OnnxError> {
	let (dims, numbers) = known.tensor(node, at)?;
	match (dims, &numbers[..]) {
		([] | [1] | [1, 1], [number]) => Ok(vec![*number; columns]),
		([rows, 1], _) if *rows == columns => Ok(numbers.to_vec()),
		_ => Err(node.unsupported(format!("its input {at} has other numbers for other rows"))),
	}
}

/// scale (x - mean) / sqrt(variance + epsilon) + bias of each column, or of all columns of a channel.
fn batch_normalization(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if node.int("training_mode", 0) != 0 {
		return Err(node.unsupported("in training mode: export the model for inference"));
	}
	let epsilon = node.float("epsilon", f64::from(1e-5f32));
	let (inner, dims) = tensor_input(known, node)?;
	let (columns, channels) = (inner.rows.len(), dims.first().copied().unwrap_or(1).max(1));
	let numbers = |at| -> Result<Vec<f64>, OnnxError> {
		let numbers = known.per_column(node, at, channels)?;
		Ok(numbers.into_iter().flat_map(|x| vec![x; columns / channels]).collect())
	};
	let (scale, bias, mean, variance) = (numbers(1)?, numbers(2)?, numbers(3)?, numbers(4)?);
	let slopes: Vec<f64> =
		scale.iter().zip(variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
	let shifted = inner.stepped(ScalarStep::Subtract, &mean).stepped(ScalarStep::Multiply, &slopes);
	Ok(Formula::shaped(shifted.stepped(ScalarStep::Add, &bias).without_chains(), &dims))
}

/// A node's first input as affine columns, and its dimensions after that of the rows.
pub(super) fn tensor_input(
	known: &mut Known,
	node: Node,
) -> Result<(Affine, Vec<usize>), OnnxError> {
	match known.input(node, 0)?.clone() {
		Formula::Folded(table, dims) => {
			// Pixels of a channel have one unit, and one range.
			let pixels = dims.iter().skip(1).product();
			Ok((channels_input(known, node, &table, pixels)?, dims))
		},
		table => {
			let affine = layer_input(known, node, &table)?;
			let dims = vec![affine.rows.len()];
			Ok((affine, dims))
		},
	}
}

fn dense(
	known: &mut Known,
	node: Node,
	table: &Formula,
	matrix: &[Vec<f64>],
	bias: &[f64],
) -> Result<Formula, OnnxError> {
	let inner = layer_input(known, node, table)?;
	if matrix.iter().any(|row| row.len() != inner.rows.len()) {
		return Err(node.malformed("its weights do not fit the features"));
	}
	known.note_scalers(&inner);
	node.check_weights(matrix.len(), inner.variables())?;
	Ok(Formula::Affine(inner.combined(matrix, bias)))
}

/// What a dense layer sees: affine columns, or the activations of a hidden layer.
pub(super) fn layer_input(
	known: &mut Known,
	node: Node,
	table: &Formula,
) -> Result<Affine, OnnxError> {
	channels_input(known, node, table, 1)
}

/// The same of a layer in which so many neighbouring units are one channel.
pub(super) fn channels_input(
	known: &mut Known,
	node: Node,
	table: &Formula,
	pixels: usize,
) -> Result<Affine, OnnxError> {
	let (affine, activation) = match table {
		Formula::Affine(affine) => return Ok(affine.clone()),
		Formula::Activated(affine, activation) => (affine.clone(), activation.clone()),
		Formula::Clipped(affine) => (affine.clone(), Activation::Clip(-1.0, 1.0)),
		Formula::Scores(scores) if scores.transform == Transform::Sigmoid && !scores.normalise => {
			(scores.affine.clone(), Activation::Sigmoid)
		},
		Formula::Folded(..) => {
			return Err(
				node.unsupported("on a tensor of more than two dimensions: flatten it before")
			);
		},
		_ => return Err(known.cannot(node)),
	};
	let units = affine.rows.len();
	node.check_weights(units, affine.variables())?;
	let channels = vec![pixels.max(1); units / pixels.max(1)];
	let from = affine.basis.layers().map_or(0, |(first, _)| first);
	let layer = FloatLayer { from, rows: affine.rows, activation, channels };
	match (affine.basis, affine.basis.layers()) {
		(_, Some((_, last))) => known.units_behind(node, last, layer),
		(Basis::Forest, _) => {
			Err(node.unsupported("a hidden layer over trees: train models of one kind"))
		},
		_ => known.units(node, layer),
	}
}

/// A constant matrix with one row per output column.
fn matrix(
	known: &Known,
	node: Node,
	at: usize,
	rows_are_outputs: bool,
) -> Result<Vec<Vec<f64>>, OnnxError> {
	let Formula::Constant { dims, value: Constant::Numbers(numbers) } = known.input(node, at)?
	else {
		return Err(node.unsupported("its weights are not constant numbers"));
	};
	let (rows, columns) = match dims.as_slice() {
		[rows, columns] => (*rows, *columns),
		// A vector gives one output, on whichever side it is.
		[inputs] if rows_are_outputs => (1, *inputs),
		[inputs] => (*inputs, 1),
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

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, TestNode, examples, ml, onnx};

	fn batch_normalized(input: &str) -> TestNode {
		onnx("BatchNormalization", &[input, "scale", "bias", "mean", "variance"])
			.float("epsilon", 0.25)
	}

	/// Of variances such that the square roots are 2 and 0.5.
	fn with_statistics(example: Example) -> Example {
		example
			.constant("scale", &[2], &[4.0, 1.0])
			.constant("bias", &[2], &[10.0, 20.0])
			.constant("mean", &[2], &[1.0, 0.5])
			.constant("variance", &[2], &[3.75, 0.0])
	}

	examples! {
		batch_normalization: with_statistics(Example::of(batch_normalized("x"))).gives(&[12.0, 18.0]);
		gemm: Example::of(onnx("Gemm", &["x", "w", "b"]).int("transB", 1).float("alpha", 2.0))
			.constant("w", &[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0])
			.constant("b", &[3], &[0.0, 10.0, 20.0])
			.gives(&[4.0, 9.0, 23.0]);
		mat_mul: Example::of(onnx("MatMul", &["x", "w"]))
			.constant("w", &[2, 3], &[1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
			.gives(&[2.0, -0.5, 1.5]);
	}

	/// [[1, 0], [0, 1], [1, 1]] has a row per output; the products are 2, -0.5 and 1.5.
	const ROWS: [f32; 6] = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
	const COLUMNS: [f32; 6] = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0];

	#[test]
	fn products_in_every_arrangement() {
		let turned = || onnx("Transpose", &["x"]).called("turned");
		for (input, transposes_x) in [("x", false), ("turned", true)] {
			for transposes_weights in [false, true] {
				let on_left = onnx("Gemm", &[input, "w", "b"])
					.int("transA", transposes_x.into())
					.int("transB", transposes_weights.into());
				let weights = if transposes_weights { ROWS } else { COLUMNS };
				let dims = if transposes_weights { [3, 2] } else { [2, 3] };
				Example::of(on_left.float("alpha", 2.0).float("beta", 3.0))
					.after(turned())
					.constant("w", &dims, &weights)
					.constant("b", &[1, 3], &[0.0, 10.0, 20.0])
					.gives(&[4.0, 29.0, 63.0])
					.check();
				let on_right = onnx("Gemm", &["w", input, "b"])
					.int("transA", (!transposes_weights).into())
					.int("transB", (!transposes_x).into());
				Example::of(onnx("Transpose", &["product"]))
					.after(turned())
					.after(on_right.float("alpha", 2.0).called("product"))
					.constant("w", &dims, &weights)
					.constant("b", &[3, 1], &[0.0, 10.0, 20.0])
					.gives(&[4.0, 9.0, 23.0])
					.check();
			}
		}
	}

	#[test]
	fn a_network_with_its_weights_on_the_left() {
		Example::of(onnx("Transpose", &["z"]))
			.after(onnx("Transpose", &["x"]).called("turned"))
			.after(onnx("MatMul", &["w", "turned"]).called("y"))
			.after(onnx("Add", &["y", "b"]).called("y + b"))
			.after(onnx("Relu", &["y + b"]).called("hidden"))
			.after(onnx("MatMul", &["v", "hidden"]).called("z"))
			.constant("w", &[3, 2], &ROWS)
			.constant("b", &[3, 1], &[1.0, 0.0, 1.0])
			.constant("v", &[2, 3], &[1.0, 1.0, 1.0, 0.0, 0.0, 2.0])
			.gives(&[5.5, 5.0])
			.check();
	}

	#[test]
	fn a_vector_of_weights_makes_one_column() {
		let weights = |example: Example| example.constant("w", &[2], &[3.0, 4.0]).gives(&[4.0]);
		weights(Example::of(onnx("MatMul", &["x", "w"]))).check();
		let turned = onnx("Transpose", &["x"]).called("turned");
		weights(Example::of(onnx("MatMul", &["w", "turned"])).after(turned)).check();
	}

	#[test]
	fn a_product_over_the_rows_is_refused() {
		for (a, b, transposed) in [("x", "w", "transA"), ("w", "x", "transA")] {
			let gemm = onnx("Gemm", &[a, b]).int(transposed, 1);
			let refused = Example::of(gemm).constant("w", &[2, 2], &[1.0; 4]).refusal();
			assert!(refused.contains("over the rows of the data"), "{refused}");
		}
		let bias = Example::of(onnx("Gemm", &["x", "w", "b"]))
			.constant("w", &[2, 2], &[1.0; 4])
			.constant("b", &[2, 1], &[1.0; 2]);
		assert!(bias.refusal().contains("other numbers for other rows"), "{}", bias.refusal());
	}

	#[test]
	fn activations_are_normalised_like_features() {
		let hidden = onnx("Relu", &["x"]).called("hidden");
		with_statistics(Example::of(batch_normalized("hidden")).after(hidden))
			.gives(&[12.0, 19.0])
			.check();
	}

	#[test]
	fn a_batch_is_not_normalised_by_its_own_statistics() {
		let training = batch_normalized("x").int("training_mode", 1);
		let refused = with_statistics(Example::of(training)).refusal();
		assert!(refused.contains("in training mode: export the model for inference"), "{refused}");
	}

	#[test]
	fn a_layer_reads_activations() {
		Example::of(onnx("MatMul", &["hidden", "w"]))
			.constant("w", &[2, 1], &[3.0, 4.0])
			.after(onnx("Relu", &["x"]).called("hidden"))
			.gives(&[6.0])
			.check();
	}

	#[test]
	fn matrices_that_fit_no_artifact_are_refused_before_they_take_memory() {
		const FEATURES: usize = 16_384;
		let product = Example::of(onnx("MatMul", &["one", "w"]))
			.of_features(FEATURES)
			.after(onnx("Neg", &["x"]).called("negated"))
			.after(ml("ArrayFeatureExtractor", &["negated", "first"]).called("one"))
			.integers("first", &[0])
			.constant("w", &[1, FEATURES as i64], &vec![1.0; FEATURES]);
		let unchanged = Example::of(onnx("Neg", &["x"])).of_features(FEATURES);
		let hidden = Example::of(onnx("MatMul", &["hidden", "w"]))
			.of_features(FEATURES)
			.after(onnx("Relu", &["x"]).called("hidden"))
			.constant("w", &[FEATURES as i64, 1], &vec![1.0; FEATURES]);
		for example in [product, unchanged, hidden] {
			let refused = example.gives(&[]).refusal();
			assert!(refused.contains("needs 16384 x 16384 weights"), "{refused}");
		}
	}

	#[test]
	fn many_features_with_few_outputs_are_not() {
		const FEATURES: usize = 16_384;
		let sum = Example::of(onnx("MatMul", &["negated", "w"]))
			.of_features(FEATURES)
			.after(onnx("Neg", &["x"]).called("negated"))
			.constant("w", &[FEATURES as i64, 2], &vec![1.0; 2 * FEATURES])
			.gives(&[]);
		assert_eq!(sum.refusal(), "");
	}

	#[test]
	fn hidden_layers_side_by_side_are_one() {
		let both = |second: &str| {
			Example::of(onnx("Add", &["y", "z"]))
				.constant("w", &[2, 1], &[3.0, 4.0])
				.constant("v", &[2, 1], &[1.0, 8.0])
				.after(onnx("Relu", &["x"]).called("hidden"))
				.after(onnx("MatMul", &["hidden", "w"]).called("y"))
				.after(onnx("Neg", &["x"]).called("-x"))
				.after(onnx(second, &["-x"]).called("other"))
				.after(onnx("MatMul", &["other", "v"]).called("z"))
		};
		both("Relu").gives(&[10.0]).check();
		let refused = both("Tanh").refusal();
		assert!(refused.contains("train both with the same"), "{refused}");
	}

	#[test]
	fn hidden_layers_are_followed_one_behind_the_other() {
		let deep = |second: &str| {
			Example::of(onnx("MatMul", &["hidden 3", "w"]))
				.constant("w", &[2, 2], &[1.0, -2.0, 0.5, 1.0])
				.after(onnx("Relu", &["x"]).called("hidden 1"))
				.after(onnx("MatMul", &["hidden 1", "w"]).called("between"))
				.after(onnx(second, &["between"]).called("hidden 2"))
				.after(onnx("MatMul", &["hidden 2", "w"]).called("behind"))
				.after(onnx("Relu", &["behind"]).called("hidden 3"))
		};
		deep("Relu").gives(&[2.0, -4.0]).check();
		deep("Tanh").gives(&[0.464362930, -0.928725860]).check();
	}

	#[test]
	fn only_first_layers_are_side_by_side() {
		let both = Example::of(onnx("Add", &["y", "z"]))
			.constant("w", &[2, 2], &[1.0, -2.0, 0.5, 1.0])
			.constant("v", &[2, 1], &[1.0, 8.0])
			.after(onnx("Relu", &["x"]).called("hidden"))
			.after(onnx("MatMul", &["hidden", "w"]).called("between"))
			.after(onnx("Relu", &["between"]).called("one"))
			.after(onnx("MatMul", &["one", "v"]).called("y"))
			.after(onnx("Tanh", &["between"]).called("other"))
			.after(onnx("MatMul", &["other", "v"]).called("z"));
		assert!(both.refusal().contains("beside another one"), "{}", both.refusal());
	}
}
