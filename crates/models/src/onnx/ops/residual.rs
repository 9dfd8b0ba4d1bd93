//! Sums of what comes from different hidden layers, as residual connections are.

use super::layers::layer_input;
use crate::onnx::{error::OnnxError, formula::Formula, known::Known, node::Node};

/// a + factor b, if both are hidden layers or affine functions of them.
///
/// # Errors
/// If they are something else, or have different numbers of columns.
pub(super) fn sum(known: &mut Known, node: Node, factor: f64) -> Result<Formula, OnnxError> {
	let [a, b] = [known.input(node, 0)?.clone(), known.input(node, 1)?.clone()];
	let [a, b] = [layer_input(known, node, &a)?, layer_input(known, node, &b)?];
	if a.rows.len() != b.rows.len() {
		return Err(known.cannot(node));
	}
	let (Some(of_a), Some(of_b)) = (a.basis.layers(), b.basis.layers()) else {
		return Err(node.unsupported(
			"on the features and a hidden layer: put a layer with an activation before the first branch",
		));
	};
	let wanted = (of_a.0.min(of_b.0), of_a.1.max(of_b.1));
	let a = known.among(node, &a, wanted)?;
	let b = known.among(node, &b, wanted)?;
	Ok(Formula::Affine(a.plus(&b, factor)))
}

#[cfg(test)]
mod tests {
	use crate::onnx::ops::examples::{Example, onnx};

	/// Hidden layers h = relu(x), of which g = relu(h w), and a sum, whose activation is read again.
	fn layers(sum: &str, a: &str, b: &str) -> Example {
		Example::of(onnx("MatMul", &["activated", "w"]))
			.constant("w", &[2, 2], &[1.0, -2.0, 0.5, 1.0])
			.after(onnx("Relu", &["x"]).called("h"))
			.after(onnx("MatMul", &["h", "w"]).called("z"))
			.after(onnx("Tanh", &["z"]).called("g"))
			.after(onnx("MatMul", &["g", "w"]).called("y"))
			.after(onnx(sum, &[a, b]).called("sum"))
			.after(onnx("Relu", &["sum"]).called("activated"))
	}

	/// For h = (2, 0), z = (2, -4), g = tanh z and y = g w.
	#[test]
	fn sums_of_layers_far_apart() {
		let (g0, g1) = (2f64.tanh(), (-4f64).tanh());
		let y = [g0 + 0.5 * g1, -2.0 * g0 + g1];
		let after = |sum: [f64; 2]| {
			let [a, b] = sum.map(|x| x.max(0.0));
			[a + 0.5 * b, -2.0 * a + b]
		};
		layers("Add", "y", "h").gives(&after([y[0] + 2.0, y[1]])).check();
		layers("Add", "h", "y").gives(&after([y[0] + 2.0, y[1]])).check();
		layers("Sub", "y", "z").gives(&after([y[0] - 2.0, y[1] + 4.0])).check();
		layers("Add", "h", "g").gives(&after([2.0 + g0, g1])).check();
		layers("Add", "z", "g").gives(&after([2.0 + g0, -4.0 + g1])).check();
	}

	#[test]
	fn outputs_read_several_layers() {
		Example::of(onnx("Add", &["h", "g"]))
			.constant("w", &[2, 2], &[1.0, -2.0, 0.5, 1.0])
			.after(onnx("Relu", &["x"]).called("h"))
			.after(onnx("MatMul", &["h", "w"]).called("z"))
			.after(onnx("Tanh", &["z"]).called("g"))
			.gives(&[2.0 + 2f64.tanh(), (-4f64).tanh()])
			.check();
	}

	#[test]
	fn the_features_are_no_branch() {
		let refused = layers("Add", "x", "y").refusal();
		assert!(refused.contains("put a layer with an activation"), "{refused}");
	}
}
