//! Where the windows of convolutions and pools lie.

use crate::onnx::{error::OnnxError, node::Node};

/// Most pixels, with padding, along one dimension, and largest step.
const MAX_LENGTH: i64 = 1 << 14;

/// Windows along one dimension.
#[derive(Clone, Copy, Debug)]
struct Axis {
	input: usize,
	kernel: usize,
	stride: usize,
	dilation: usize,
	/// Padding at both ends.
	before: usize,
	after: usize,
	outputs: usize,
}

/// A window: for each of its cells that is a pixel the number of the cell and that of the pixel, and how many cells are
/// pixels or padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
	pub cells: Vec<(usize, usize)>,
	pub covered: usize,
}

impl Axis {
	fn windows(&self) -> Vec<Window> {
		let window = |output: usize| {
			// From the start of the padding.
			let places =
				(0..self.kernel).map(|cell| (cell, output * self.stride + cell * self.dilation));
			let padded = self.before + self.input + self.after;
			let covered = places.clone().filter(|(_, place)| *place < padded).count();
			let pixel = |(cell, place): (usize, usize)| {
				let pixel = place.checked_sub(self.before)?;
				(pixel < self.input).then_some((cell, pixel))
			};
			Window { cells: places.filter_map(pixel).collect(), covered }
		};
		(0..self.outputs).map(window).collect()
	}
}

/// The windows of a node over pixels in these dimensions, with a kernel of these lengths; and the dimensions in which
/// the windows lie.
///
/// # Errors
/// If a number of the node is malformed, or too large.
pub(super) fn windows(
	node: Node,
	pixels: &[usize],
	kernel: &[usize],
) -> Result<(Vec<usize>, Vec<Window>), OnnxError> {
	let axes = axes(node, pixels, kernel)?;
	let outputs: Vec<usize> = axes.iter().map(|axis| axis.outputs).collect();
	let product = |lengths: &mut dyn Iterator<Item = usize>| lengths.fold(1, usize::saturating_mul);
	let cells = product(&mut kernel.iter().copied());
	node.check_weights(product(&mut outputs.iter().copied()), cells)?;
	let one = Window { cells: vec![(0, 0)], covered: 1 };
	let mut all = vec![one];
	for axis in &axes {
		let of_axis = axis.windows();
		let pair = |outer: &Window, inner: &Window| {
			let cells = outer.cells.iter().flat_map(|&(cell, pixel)| {
				let cell_and_pixel = move |&(c, p): &(usize, usize)| {
					(cell * axis.kernel + c, pixel * axis.input + p)
				};
				inner.cells.iter().map(cell_and_pixel)
			});
			Window { cells: cells.collect(), covered: outer.covered * inner.covered }
		};
		all = all.iter().flat_map(|outer| of_axis.iter().map(|inner| pair(outer, inner))).collect();
	}
	Ok((outputs, all))
}

/// The numbers under a name, one for each dimension, each from `least` on.
fn numbers(node: Node, name: &str, count: usize, least: i64) -> Result<Vec<usize>, OnnxError> {
	let found = match node.ints(name) {
		[] => return Ok(vec![usize::try_from(least).unwrap_or_default(); count]),
		found => found,
	};
	let number = |x: &i64| (least..=MAX_LENGTH).contains(x).then(|| usize::try_from(*x).ok())?;
	let numbers: Option<Vec<usize>> = found.iter().map(number).collect();
	numbers.filter(|numbers| numbers.len() == count).ok_or_else(|| {
		node.malformed(format!("its {name} are not {count} numbers from {least} to {MAX_LENGTH}"))
	})
}

fn axes(node: Node, pixels: &[usize], kernel: &[usize]) -> Result<Vec<Axis>, OnnxError> {
	let count = pixels.len();
	if !(1..=2).contains(&count) || kernel.len() != count {
		return Err(node.unsupported("over other than one or two dimensions of pixels"));
	}
	let strides = numbers(node, "strides", count, 1)?;
	let dilations = numbers(node, "dilations", count, 1)?;
	let pads = numbers(node, "pads", 2 * count, 0)?;
	let auto = node.string("auto_pad", "NOTSET");
	let rounds_up = node.int("ceil_mode", 0) != 0;
	let at = |list: &[usize], at: usize| list.get(at).copied().unwrap_or_default();
	let axis = |n: usize| {
		let (input, kernel, stride) = (at(pixels, n), at(kernel, n), at(&strides, n).max(1));
		let dilation = at(&dilations, n).max(1);
		let wrong = || node.malformed("its windows do not fit its pixels");
		let limit = MAX_LENGTH as usize;
		if kernel == 0 || kernel > limit || input == 0 || input > limit {
			return Err(wrong());
		}
		let reach = dilation * (kernel - 1) + 1;
		let (before, after) = match auto.as_str() {
			"NOTSET" => (at(&pads, n), at(&pads, n + count)),
			"VALID" => (0, 0),
			"SAME_UPPER" | "SAME_LOWER" => {
				let wanted = (input.div_ceil(stride) - 1) * stride + reach;
				let both = wanted.saturating_sub(input);
				let small = both / 2;
				if auto == "SAME_UPPER" { (small, both - small) } else { (both - small, small) }
			},
			_ => return Err(node.unsupported(format!("with auto_pad {auto}"))),
		};
		let room = (before + input + after).checked_sub(reach).ok_or_else(wrong)?;
		let mut outputs = room / stride + 1;
		// A window that would start in the padding behind the pixels is none.
		if rounds_up && !room.is_multiple_of(stride) && outputs * stride < before + input {
			outputs += 1;
		}
		// A window of nothing but padding is what no exporter writes.
		if before >= reach || after >= reach {
			return Err(wrong());
		}
		Ok(Axis { input, kernel, stride, dilation, before, after, outputs })
	};
	(0..count).map(axis).collect()
}
