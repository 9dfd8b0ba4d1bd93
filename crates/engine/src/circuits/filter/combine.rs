//! The combinations of pixels, in the clear and on ciphertexts alike.

use super::FilterCircuit;
use alloc::{vec, vec::Vec};

impl FilterCircuit {
	/// The combinations of `values`, one per input pixel and below 2^51 in absolute value, without biases.
	/// In the order of the outputs.
	pub(super) fn combine(&self, values: &[i64]) -> Vec<i128> {
		let (width, height) = self.size();
		let pixels = width * height;
		let mut outputs = vec![0i128; self.outputs()];
		for tap in &self.taps {
			let source = values.chunks_exact(pixels).nth(tap.input.into()).unwrap_or_default();
			let target = outputs.chunks_exact_mut(pixels).nth(tap.output.into());
			let weight = i128::from(tap.weight);
			let rows = target.unwrap_or_default().chunks_exact_mut(width).enumerate();
			for (y, row) in rows {
				let y = y.saturating_add_signed(tap.dy.into()).min(height - 1);
				let source = source.get(y * width..(y + 1) * width).unwrap_or_default();
				for (x, output) in row.iter_mut().enumerate() {
					let x = x.saturating_add_signed(tap.dx.into()).min(width - 1);
					*output += weight * i128::from(source.get(x).copied().unwrap_or_default());
				}
			}
		}
		if self.rotated { self.rotate(&outputs) } else { outputs }
	}

	/// The bias of each output.
	pub(super) fn bias_of_outputs(&self) -> impl Iterator<Item = i64> {
		let (width, height) = self.size();
		self.bias.iter().flat_map(move |&bias| core::iter::repeat_n(bias.into(), width * height))
	}

	/// Turns each channel by 90 degrees, clockwise.
	fn rotate(&self, outputs: &[i128]) -> Vec<i128> {
		let (width, height) = self.size();
		let mut rotated = Vec::with_capacity(outputs.len());
		for channel in outputs.chunks_exact(width * height) {
			for x in 0..width {
				rotated.extend(channel.iter().skip(x).step_by(width).rev());
			}
		}
		rotated
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::circuits::filter::Tap;

	fn tap(dx: i8, dy: i8, weight: i16) -> Tap {
		Tap { output: 0, input: 0, dx, dy, weight }
	}

	#[test]
	fn borders_go_on_and_rotation_is_clockwise() {
		let shifted = FilterCircuit::new((3, 2), 1, false, vec![tap(1, 0, 1)], vec![10]).unwrap();
		assert_eq!(shifted.evaluate_clear(&[1, 2, 3, 4, 5, 6]), [12, 13, 13, 15, 16, 16]);
		let rotated = FilterCircuit::new((3, 2), 1, true, vec![tap(0, 0, 1)], vec![0]).unwrap();
		assert_eq!(rotated.output_size(), (2, 3));
		assert_eq!(rotated.evaluate_clear(&[1, 2, 3, 4, 5, 6]), [4, 1, 5, 2, 6, 3]);
	}
}
