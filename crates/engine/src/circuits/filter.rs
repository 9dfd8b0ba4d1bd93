//! Image filters: every output pixel is an integer combination of the pixels around it.

mod combine;
mod compile;
#[cfg(feature = "client")]
mod decrypt;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;

use crate::circuits::{
	compiled::{CompiledCircuit, check_each},
	errors::CircuitInputError,
};
use alloc::vec::Vec;

/// The largest value of a pixel.
pub const MAX_PIXEL: i64 = 255;

/// One term of an output pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
	/// Channel of the output.
	pub output: u8,
	/// Channel of the input.
	pub input: u8,
	/// Columns to the right.
	pub dx: i8,
	/// Rows below.
	pub dy: i8,
	/// What the pixel there is multiplied by.
	pub weight: i16,
}

/// A linear filter on an image of `width` x `height` pixels; beyond its border the image goes on with the
/// pixels of the border.
///
/// Pixels lie channel by channel, row by row, in the coefficients of RLWEs. The collator combines the
/// bodies of ciphertexts, and the client their masks, which it knows: there is no product of polynomials,
/// no server key, and no room lost at the borders of RLWEs. The noise has a hard bound, so decryption is
/// exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterCircuit {
	width: u16,
	height: u16,
	channels: u8,
	rotated: bool,
	taps: Vec<Tap>,
	/// One per channel of the output.
	bias: Vec<i32>,
	shift: u32,
}

/// Why a filter cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterCircuitError {
	/// No pixel, no channel, or more than a result has room for.
	#[error("an image filter has 1 to 4 channels and at most 40000 pixels in all of them")]
	Size,
	/// No tap, or too many.
	#[error("an image filter has 1 to 1024 taps")]
	Taps,
	/// A tap of a channel that is not there.
	#[error("tap {0} belongs to a channel that the image does not have")]
	Channel(usize),
	/// The outputs leave the plaintext space.
	#[error("the filter's outputs, up to {0}, do not fit the plaintext space")]
	NoRoom(i64),
	/// The bytes are truncated or oversized.
	#[error("the circuit is {found} bytes long instead of {wanted}")]
	WrongLength {
		/// Bytes that are there.
		found: usize,
		/// Bytes that there should be.
		wanted: usize,
	},
}

impl FilterCircuit {
	/// Columns and rows of the input.
	pub fn size(&self) -> (usize, usize) {
		(self.width.into(), self.height.into())
	}

	/// Columns and rows of the output.
	pub fn output_size(&self) -> (usize, usize) {
		let (width, height) = self.size();
		if self.rotated { (height, width) } else { (width, height) }
	}

	/// Channels of the input.
	pub fn channels(&self) -> usize {
		self.channels.into()
	}

	/// Channels of the output.
	pub fn output_channels(&self) -> usize {
		self.bias.len()
	}

	/// Pixels of the input, of all channels.
	pub fn inputs(&self) -> usize {
		usize::from(self.width) * usize::from(self.height) * self.channels()
	}

	/// Bits by which pixels are shifted above the noise.
	pub fn message_shift(&self) -> u32 {
		self.shift
	}

	/// Multiplications of one evaluation.
	pub fn multiplications(&self) -> u64 {
		(usize::from(self.width) * usize::from(self.height) * self.taps.len()) as u64
	}

	/// The outputs on plain pixels.
	pub fn evaluate_clear(&self, pixels: &[i64]) -> Vec<i64> {
		let sums = self.combine(pixels).into_iter().zip(self.bias_of_outputs());
		sums.map(|(sum, bias)| sum as i64 + bias).collect()
	}

	fn weights_of(&self, channel: usize) -> impl Iterator<Item = i64> {
		let taps = self.taps.iter().filter(move |tap| usize::from(tap.output) == channel);
		taps.map(|tap| tap.weight.into())
	}
}

impl CompiledCircuit for FilterCircuit {
	fn inputs(&self) -> usize {
		FilterCircuit::inputs(self)
	}

	fn outputs(&self) -> usize {
		usize::from(self.width) * usize::from(self.height) * self.output_channels()
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let (width, height) = self.size();
		let channels = self.bias.iter().enumerate().flat_map(|(channel, &bias)| {
			let reach = |sign: i64| {
				let weights = self.weights_of(channel).filter(|weight| weight * sign > 0);
				i64::from(bias) + MAX_PIXEL * weights.sum::<i64>()
			};
			core::iter::repeat_n((reach(-1), reach(1)), width * height)
		});
		channels.collect()
	}

	fn input_coefficients(&self) -> usize {
		self.inputs()
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		check_each(x, |pixel| (0..=MAX_PIXEL).contains(&pixel))
	}

	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>> {
		Some(self.evaluate_clear(x))
	}

	fn has_noise_bound(&self) -> bool {
		true
	}
}
