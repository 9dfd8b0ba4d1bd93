//! Max pools: max(a, b) = b + relu(a - b), so each comparison is a unit of a hidden layer.

use super::{
	convolution::check_products,
	layers::{channels_input, tensor_input},
	operator::{Meaning::One, Operator},
	pooling::kernel,
	window::windows,
};
use crate::{
	float::{activation::Activation, affine::Affine},
	onnx::{error::OnnxError, formula::Formula, known::Known, node::Node},
};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("MaxPool", 8.., One(max_pool))];

/// Coefficients of columns, and nothing that is added.
type Combination = (Vec<(usize, f64)>, f64);

fn max_pool(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	if node.0.output.len() > 1 || node.int("storage_order", 0) != 0 {
		return Err(node.unsupported("with the places of the largest numbers: export without them"));
	}
	let (mut inner, dims) = tensor_input(known, node)?;
	let [channels, pixels @ ..] = dims.as_slice() else { return Err(known.cannot(node)) };
	if inner.basis.layers().is_none() {
		return Err(node.unsupported(
			"on features: put a convolution with an activation before it, or take an average pool",
		));
	}
	let (places, windows) = windows(node, pixels, &kernel(node)?)?;
	node.check_weights(channels.saturating_mul(windows.len()), inner.variables())?;
	let of_channel: usize = pixels.iter().product();
	let columns = |channel: usize| {
		windows.iter().map(move |window| {
			let pixels = window.cells.iter().map(|(_, pixel)| channel * of_channel + pixel);
			pixels.collect::<Vec<usize>>()
		})
	};
	let mut groups: Vec<Vec<usize>> = (0..*channels).flat_map(columns).collect();
	if groups.iter().any(Vec::is_empty) {
		return Err(node.malformed("a window has no pixel"));
	}
	loop {
		inner = halved(known, node, &inner, &mut groups, *channels)?;
		if groups.iter().all(|group| group.len() < 2) {
			break;
		}
	}
	Ok(Formula::Folded(Formula::Affine(inner).into(), [&[*channels], places.as_slice()].concat()))
}

/// The columns of groups, neighbours compared: `groups` has their new numbers. Groups of one keep it.
fn halved(
	known: &mut Known,
	node: Node,
	inner: &Affine,
	groups: &mut [Vec<usize>],
	channels: usize,
) -> Result<Affine, OnnxError> {
	let (mut differences, mut kept): (Vec<Combination>, Vec<(usize, Option<usize>)>) =
		Default::default();
	for group in groups.iter_mut() {
		let first = kept.len();
		for pair in group.chunks(2) {
			match *pair {
				[a, b] => {
					kept.push((b, Some(differences.len())));
					differences.push((vec![(a, 1.0), (b, -1.0)], 0.0));
				},
				_ => kept.extend(pair.iter().map(|&single| (single, None))),
			}
		}
		*group = (first..kept.len()).collect();
	}
	node.check_weights(kept.len(), inner.variables())?;
	let columns = inner.rows.len();
	let (inner, units) = match differences.is_empty() {
		true => (inner.clone(), None),
		false => {
			check_products(node, inner, &differences)?;
			let arguments = inner.combined_sparsely(&differences);
			let relu = Formula::Activated(arguments, Activation::Clip(0.0, f64::INFINITY));
			let pairs = differences.len() / channels.max(1);
			let units = channels_input(known, node, &relu, pairs)?;
			let last = units.basis.layers().map_or(0, |(_, last)| last);
			let first = inner.basis.layers().map_or(0, |(first, _)| first);
			let inner = known.among(node, inner, (first, last))?;
			(inner, Some(known.among(node, &units, (first, last))?))
		},
	};
	let mut all = inner;
	let of_units = units.into_iter().flat_map(|units| units.rows);
	all.rows.extend(of_units);
	node.check_weights(all.rows.len(), all.variables())?;
	let sum = |&(column, unit): &(usize, Option<usize>)| {
		let unit = unit.map(|unit| (columns + unit, 1.0));
		([(column, 1.0)].into_iter().chain(unit).collect(), 0.0)
	};
	let sums: Vec<Combination> = kept.iter().map(sum).collect();
	check_products(node, &all, &sums)?;
	Ok(all.combined_sparsely(&sums))
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, TestNode, examples, onnx};

	/// Pixels 2, -0.5, 3, 0, 1, 5 behind an activation, in one channel of `[2, 3]`.
	fn pooled(node: TestNode) -> Example {
		Example::of(node)
			.after(onnx("MatMul", &["x", "w"]).called("z"))
			.after(onnx("LeakyRelu", &["z"]).float("alpha", 1.0).called("six"))
			.after(onnx("Reshape", &["six", "shape"]).called("pixels"))
			.constant("w", &[2, 6], &[1.0, 0.0, 1.5, 0.0, 0.5, 2.5, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0])
			.integers("shape", &[-1, 1, 2, 3])
	}

	fn pool(kernel: &[i64]) -> TestNode {
		onnx("MaxPool", &["pixels"]).ints("kernel_shape", kernel)
	}

	examples! {
		max_pool: pooled(pool(&[2, 2])).gives(&[2.0, 5.0]);
	}

	#[test]
	fn windows_of_any_size() {
		pooled(pool(&[1, 1])).gives(&[2.0, -0.5, 3.0, 0.0, 1.0, 5.0]).check();
		pooled(pool(&[2, 3])).gives(&[5.0]).check();
		pooled(pool(&[1, 3])).gives(&[3.0, 5.0]).check();
		let padded = pool(&[1, 2]).ints("strides", &[1, 2]).ints("pads", &[0, 1, 0, 0]);
		pooled(padded).gives(&[2.0, 3.0, 0.0, 5.0]).check();
	}

	#[test]
	fn a_layer_reads_it() {
		Example::of(onnx("MatMul", &["flat", "v"]))
			.after(onnx("Relu", &["x"]).called("hidden"))
			.after(onnx("Reshape", &["hidden", "shape"]).called("pixels"))
			.after(pool(&[2]).called("largest"))
			.after(onnx("Flatten", &["largest"]).called("flat"))
			.integers("shape", &[-1, 1, 2])
			.constant("v", &[1, 2], &[3.0, -1.0])
			.gives(&[6.0, -2.0])
			.check();
	}

	#[test]
	fn what_is_no_maximum_of_units_is_refused() {
		let features = Example::of(onnx("MaxPool", &["folded"]).ints("kernel_shape", &[1]));
		let features = features.folded(&[1, 2]).refusal();
		assert!(features.contains("put a convolution with an activation"), "{features}");
		let places = pooled(pool(&[2, 2])).gives(&[]).gives(&[]).refusal();
		assert!(places.contains("the places of the largest"), "{places}");
		let lengths = pooled(pool(&[-1, 2])).refusal();
		assert!(lengths.contains("no list of lengths"), "{lengths}");
	}
}
