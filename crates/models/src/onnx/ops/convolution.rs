//! Convolutions: every pixel of every output channel is a sparse combination of what the layer sees.

use super::{
	layers::tensor_input,
	operator::{Meaning::One, Operator},
	window::{Window, windows},
};
use crate::{
	float::affine::Affine,
	onnx::{error::OnnxError, formula::Formula, known::Known, node::Node},
};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("Conv", 1.., One(convolution))];

fn convolution(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let (inner, dims) = tensor_input(known, node)?;
	known.note_scalers(&inner);
	let [channels, pixels @ ..] = dims.as_slice() else { return Err(known.cannot(node)) };
	let (shape, weights) = known.tensor(node, 1)?;
	let [outputs, of_group, kernel @ ..] = shape else {
		return Err(node.malformed("its weights have no channels"));
	};
	if kernel.len() != pixels.len() {
		return Err(node.unsupported(
			"on other dimensions than its weights have: reshape the features to channels and pixels before",
		));
	}
	let says = |&(own, said): &(&usize, &i64)| usize::try_from(*said) != Ok(*own);
	let said = node.ints("kernel_shape");
	if !said.is_empty() && (said.len() != kernel.len() || kernel.iter().zip(said).any(|x| says(&x)))
	{
		return Err(node.malformed("its kernel_shape is not that of its weights"));
	}
	let groups = usize::try_from(node.int("group", 1)).unwrap_or_default();
	let fits = groups > 0
		&& *outputs > 0
		&& outputs.is_multiple_of(groups)
		&& of_group.checked_mul(groups) == Some(*channels);
	if !fits {
		return Err(node.malformed("its groups and channels do not fit its weights"));
	}
	let bias = match node.has_input(2) {
		true => known.numbers(node, 2)?.to_vec(),
		false => vec![0.0; *outputs],
	};
	if bias.len() != *outputs {
		return Err(node.malformed("it has not one bias for each channel"));
	}
	let (places, windows) = windows(node, pixels, kernel)?;
	let rows = outputs.saturating_mul(windows.len());
	node.check_weights(rows, inner.rows.len().max(inner.variables()))?;
	let geometry = Geometry {
		of_group: *of_group,
		outputs_of_group: outputs / groups,
		pixels: pixels.iter().product(),
		cells: kernel.iter().product(),
	};
	let mut combinations = Vec::with_capacity(rows);
	for (output, &bias) in bias.iter().enumerate() {
		for window in &windows {
			combinations.push((geometry.terms(output, window, weights), bias));
		}
	}
	check_products(node, &inner, &combinations)?;
	let affine = inner.combined_sparsely(&combinations);
	Ok(Formula::Folded(Formula::Affine(affine).into(), [&[*outputs], places.as_slice()].concat()))
}

/// How channels, pixels and weights are numbered.
struct Geometry {
	of_group: usize,
	outputs_of_group: usize,
	pixels: usize,
	cells: usize,
}

impl Geometry {
	/// The columns that a pixel of an output channel takes, with their weights.
	fn terms(&self, output: usize, window: &Window, weights: &[f64]) -> Vec<(usize, f64)> {
		let first = output / self.outputs_of_group * self.of_group;
		let of_channel = |channel: usize| {
			let weight = (output * self.of_group + channel) * self.cells;
			window.cells.iter().filter_map(move |&(cell, pixel)| {
				let column = (first + channel) * self.pixels + pixel;
				Some((column, *weights.get(weight + cell)?))
			})
		};
		(0..self.of_group).flat_map(of_channel).collect()
	}
}

/// Most products of a weight with one of a row, some seconds: a file of few bytes can ask for any number of them.
const MAX_PRODUCTS: u64 = 1 << 32;

/// That combinations take no more than seconds.
///
/// # Errors
/// If they do.
pub(super) fn check_products(
	node: Node,
	inner: &Affine,
	combinations: &[(Vec<(usize, f64)>, f64)],
) -> Result<(), OnnxError> {
	let terms: u64 = combinations.iter().map(|(terms, _)| terms.len() as u64).sum();
	let of_row = (inner.size() / inner.rows.len().max(1)) as u64;
	match terms.saturating_mul(of_row) <= MAX_PRODUCTS {
		true => Ok(()),
		false => Err(node.unsupported(
			"with more weights than any model that fits: use fewer channels, or larger strides",
		)),
	}
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, TestNode, examples, onnx};

	examples! {
		conv: Example::of(onnx("Conv", &["folded", "w", "b"]))
			.folded(&[1, 1, 2])
			.constant("w", &[2, 1, 1, 2], &[3.0, 4.0, 1.0, 2.0])
			.constant("b", &[2], &[0.5, 10.0])
			.gives(&[4.5, 11.0]);
	}

	/// A convolution of `[rows, 4, 3, 4]` pixels, of which number i is the feature i mod 2 times (i + 1) / 4.
	fn picture(node: TestNode) -> Example {
		let scale: Vec<f32> = (0..48).map(|at| (at + 1) as f32 / 4.0).collect();
		let copies = ["x"; 24];
		Example::of(node)
			.after(onnx("Concat", &copies).int("axis", 1).called("all"))
			.after(onnx("Mul", &["all", "scale"]).called("scaled"))
			.after(onnx("Reshape", &["scaled", "shape"]).called("picture"))
			.constant("scale", &[48], &scale)
			.integers("shape", &[-1, 4, 3, 4])
	}

	fn pixel(channel: usize, y: i64, x: i64) -> f64 {
		if !(0..3).contains(&y) || !(0..4).contains(&x) {
			return 0.0;
		}
		let at = channel * 12 + y as usize * 4 + x as usize;
		[2.0, -0.5][at % 2] * (at + 1) as f64 / 4.0
	}

	/// Strides, paddings that differ at all ends, dilations and groups, against the definition.
	#[test]
	fn convolutions_are_their_definition() {
		for (groups, strides, dilations, pads) in [
			(1, [1, 1], [1, 1], [0, 0, 0, 0]),
			(1, [2, 1], [1, 1], [1, 1, 1, 1]),
			(2, [1, 2], [1, 2], [0, 2, 1, 1]),
			(4, [1, 3], [2, 1], [1, 0, 1, 1]),
		] {
			let (of_group, outputs) = (4 / groups, 4);
			let weights: Vec<f32> =
				(0..outputs * of_group * 4).map(|at| (at * 7 % 11) as f32 - 5.0).collect();
			let mut expected = Vec::new();
			let out = |n: usize, len: i64| {
				(len + pads[n] + pads[n + 2] - dilations[n] - 1) / strides[n] + 1
			};
			for output in 0..outputs {
				for (y, x) in (0..out(0, 3)).flat_map(|y| (0..out(1, 4)).map(move |x| (y, x))) {
					let mut sum = output as f64;
					for channel in 0..of_group {
						for (v, u) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
							let weight = weights[(output * of_group + channel) * 4 + v * 2 + u];
							let first = output / (outputs / groups) * of_group;
							let at_y = y * strides[0] + v as i64 * dilations[0] - pads[0];
							let at_x = x * strides[1] + u as i64 * dilations[1] - pads[1];
							sum += f64::from(weight) * pixel(first + channel, at_y, at_x);
						}
					}
					expected.push(sum);
				}
			}
			let conv = onnx("Conv", &["picture", "w", "b"])
				.int("group", groups as i64)
				.ints("strides", &strides)
				.ints("dilations", &dilations)
				.ints("pads", &pads);
			picture(conv)
				.constant("w", &[outputs as i64, of_group as i64, 2, 2], &weights)
				.constant("b", &[4], &[0.0, 1.0, 2.0, 3.0])
				.gives(&expected)
				.check();
		}
	}

	#[test]
	fn one_dimension_and_the_same_length() {
		let conv = |auto_pad: &str| {
			Example::of(onnx("Conv", &["folded", "w"]).text("auto_pad", auto_pad))
				.folded(&[1, 2])
				.constant("w", &[1, 1, 2], &[3.0, 4.0])
		};
		conv("VALID").gives(&[4.0]).check();
		conv("SAME_UPPER").gives(&[4.0, -1.5]).check();
		conv("SAME_LOWER").gives(&[8.0, 4.0]).check();
		assert!(conv("OTHER").refusal().contains("auto_pad OTHER"), "{}", conv("OTHER").refusal());
	}

	#[test]
	fn a_convolution_reads_activations_of_another_one() {
		Example::of(onnx("Conv", &["hidden", "v"]))
			.folded(&[1, 1, 2])
			.after(onnx("Conv", &["folded", "w"]).called("z"))
			.after(onnx("Relu", &["z"]).called("hidden"))
			.constant("w", &[2, 1, 1, 1], &[1.0, -1.0])
			.constant("v", &[1, 2, 1, 2], &[1.0, 2.0, 3.0, 4.0])
			.gives(&[2.0 + 0.5 * 4.0])
			.check();
	}

	#[test]
	fn hostile_convolutions_are_refused() {
		let conv = || onnx("Conv", &["picture", "w", "b"]);
		let with = |node: TestNode, dims: &[i64]| {
			let len = dims.iter().product::<i64>() as usize;
			let example = picture(node).constant("w", dims, &vec![1.0; len]);
			example.constant("b", &[4], &[0.0; 4]).refusal()
		};
		let good = [4, 4, 2, 2];
		assert!(with(conv(), &good).contains("found only"), "the outputs alone are missing");
		for (why, node, dims) in [
			("groups and channels", conv().int("group", 0), good),
			("groups and channels", conv().int("group", -1), good),
			("groups and channels", conv().int("group", i64::MAX), good),
			("groups and channels", conv().int("group", 3), good),
			("groups and channels", conv(), [4, 3, 2, 2]),
			("one bias for each", conv(), [3, 4, 2, 2]),
			("do not fit its pixels", conv(), [4, 4, 9, 2]),
			("do not fit its pixels", conv().ints("pads", &[9, 0, 0, 0]), good),
			("strides are not 2", conv().ints("strides", &[0, 1]), good),
			("strides are not 2", conv().ints("strides", &[1]), good),
			("strides are not 2", conv().ints("strides", &[i64::MAX, 1]), good),
			("dilations are not 2", conv().ints("dilations", &[-1, 1]), good),
			("do not fit its pixels", conv().ints("dilations", &[1 << 14, 1]), good),
			("pads are not 4", conv().ints("pads", &[0, 0, 0, -1]), good),
			("kernel_shape", conv().ints("kernel_shape", &[2, 3]), good),
		] {
			let refused = with(node, &dims);
			assert!(refused.contains(why), "{why}: {refused}");
		}
		let table = Example::of(onnx("Conv", &["x", "w"])).constant("w", &[1, 2, 1], &[1.0; 2]);
		assert!(table.refusal().contains("reshape the features"), "{}", table.refusal());
		let cube = Example::of(onnx("Conv", &["folded", "w"])).folded(&[1, 1, 1, 2]);
		let cube = cube.constant("w", &[1, 1, 1, 1, 1], &[1.0]);
		assert!(cube.refusal().contains("one or two dimensions"), "{}", cube.refusal());
		let computed = Example::of(onnx("Conv", &["folded", "folded"])).folded(&[1, 1, 2]);
		assert!(computed.refusal().contains("not constant numbers"), "{}", computed.refusal());
	}

	#[test]
	fn more_weights_than_fit_are_refused_before_they_take_memory() {
		const FEATURES: usize = 16_384;
		let conv = onnx("Conv", &["picture", "w"]).ints("pads", &[1, 1, 1, 1]);
		let large = Example::of(conv)
			.of_features(FEATURES)
			.after(onnx("Reshape", &["x", "shape"]).called("picture"))
			.integers("shape", &[-1, 1, 128, 128])
			.constant("w", &[64, 1, 3, 3], &[1.0; 64 * 9]);
		let refused = large.gives(&[]).refusal();
		assert!(refused.contains("needs 1048576 x 16384 weights"), "{refused}");
	}
}
