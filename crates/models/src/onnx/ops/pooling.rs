//! Average pools: sparse combinations, as convolutions are, so they cost no bootstrap.

use super::{
	convolution::check_products,
	layers::tensor_input,
	operator::{Meaning::One, Operator},
	window::{Window, windows},
};
use crate::onnx::{error::OnnxError, formula::Formula, known::Known, node::Node};

pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("AveragePool", 7.., One(average_pool)),
	Operator::onnx("GlobalAveragePool", 1.., One(global_average_pool)),
];

fn average_pool(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let kernel = kernel(node)?;
	let counts_padding = node.int("count_include_pad", 0) != 0;
	pooled(known, node, |pixels| {
		let (places, windows) = windows(node, pixels, &kernel)?;
		let of_window = |window: Window| {
			let count = if counts_padding { window.covered } else { window.cells.len() };
			(window.cells.into_iter().map(|(_, pixel)| pixel).collect(), count)
		};
		Ok((places, windows.into_iter().map(of_window).collect()))
	})
}

/// Lengths of the windows of a pool.
///
/// # Errors
/// If they are no lengths.
pub(super) fn kernel(node: Node) -> Result<Vec<usize>, OnnxError> {
	let kernel = node.ints("kernel_shape").iter().map(|&length| usize::try_from(length).ok());
	let kernel: Option<Vec<usize>> = kernel.collect();
	kernel.ok_or_else(|| node.malformed("its kernel_shape is no list of lengths"))
}

fn global_average_pool(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	pooled(known, node, |pixels| {
		let count = pixels.iter().product();
		Ok((vec![1; pixels.len()], vec![((0..count).collect(), count)]))
	})
}

/// Dimensions, and for each place in them the pixels that are added up, and the number that divides their sum.
type Places = (Vec<usize>, Vec<(Vec<usize>, usize)>);

/// Means of some pixels of each channel.
fn pooled(
	known: &mut Known,
	node: Node,
	of: impl Fn(&[usize]) -> Result<Places, OnnxError>,
) -> Result<Formula, OnnxError> {
	let (inner, dims) = tensor_input(known, node)?;
	let (channels, pixels) = match dims.as_slice() {
		[channels, pixels @ ..] if !pixels.is_empty() => (*channels, pixels),
		_ => return Err(known.cannot(node)),
	};
	let (places, means) = of(pixels)?;
	let rows = channels.saturating_mul(means.len());
	node.check_weights(rows, inner.rows.len().max(inner.variables()))?;
	let of_channel: usize = pixels.iter().product();
	let mut combinations = Vec::with_capacity(rows);
	for channel in 0..channels {
		for (pixels, count) in &means {
			let weight = 1.0 / (*count).max(1) as f64;
			let term = |pixel: &usize| (channel * of_channel + pixel, weight);
			combinations.push((pixels.iter().map(term).collect(), 0.0));
		}
	}
	check_products(node, &inner, &combinations)?;
	let affine = inner.combined_sparsely(&combinations);
	Ok(Formula::Folded(Formula::Affine(affine).into(), [&[channels], places.as_slice()].concat()))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, TestNode, examples, onnx};

	examples! {
		average_pool: Example::of(onnx("AveragePool", &["folded"]).ints("kernel_shape", &[1, 2]))
			.folded(&[1, 1, 2])
			.gives(&[0.75]);
		global_average_pool: Example::of(onnx("GlobalAveragePool", &["folded"]))
			.folded(&[1, 1, 2])
			.gives(&[0.75]);
	}

	/// Of `[rows, 2, 3]`: 2, -0.5, 2 and -0.5, 2, -0.5.
	fn of_three(node: TestNode) -> Example {
		Example::of(node)
			.after(onnx("Concat", &["x", "x", "x"]).int("axis", 1).called("six"))
			.after(onnx("Reshape", &["six", "shape"]).called("three"))
			.integers("shape", &[-1, 2, 3])
	}

	fn pool() -> TestNode {
		onnx("AveragePool", &["three"]).ints("kernel_shape", &[2])
	}

	#[test]
	fn windows_that_reach_over_the_end() {
		let stride = || pool().ints("strides", &[2]);
		of_three(stride()).gives(&[0.75, 0.75]).check();
		let up = stride().int("ceil_mode", 1);
		of_three(up).gives(&[0.75, 2.0, 0.75, -0.5]).check();
		let padded = || stride().ints("pads", &[1, 0]);
		of_three(padded()).gives(&[2.0, 0.75, -0.5, 0.75]).check();
		let counted = padded().int("count_include_pad", 1);
		of_three(counted).gives(&[1.0, 0.75, -0.25, 0.75]).check();
		// What is beyond the padding is not counted.
		let both = stride().int("count_include_pad", 1).int("ceil_mode", 1);
		of_three(both).gives(&[0.75, 2.0, 0.75, -0.5]).check();
	}

	#[test]
	fn a_pool_reads_activations() {
		of_three(onnx("GlobalAveragePool", &["hidden"]))
			.after(onnx("Relu", &["three"]).called("hidden"))
			.gives(&[4.0 / 3.0, 2.0 / 3.0])
			.check();
	}

	#[test]
	fn hostile_pools_are_refused() {
		for (why, node) in [
			("no list of lengths", onnx("AveragePool", &["three"]).ints("kernel_shape", &[-1])),
			("do not fit its pixels", onnx("AveragePool", &["three"]).ints("kernel_shape", &[0])),
			(
				"do not fit its pixels",
				onnx("AveragePool", &["three"]).ints("kernel_shape", &[i64::MAX]),
			),
			("one or two dimensions", onnx("AveragePool", &["three"])),
			("pads are not 2", pool().ints("pads", &[1, -1])),
			("do not fit its pixels", pool().ints("pads", &[2, 0])),
		] {
			let refused = of_three(node).refusal();
			assert!(refused.contains(why), "{why}: {refused}");
		}
		let table = Example::of(onnx("GlobalAveragePool", &["x"])).refusal();
		assert!(table.contains("uses GlobalAveragePool in an unsupported way"), "{table}");
	}
}
