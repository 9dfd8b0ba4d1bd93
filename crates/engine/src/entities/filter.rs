//! Image filters: every output pixel is an integer combination of the pixels around it.

use crate::{
	entities::{input::EncryptedInput, result::EncryptedResult},
	math::params::MODULUS,
	noise::NoiseBound,
};

/// The largest value of a pixel.
pub const MAX_PIXEL: i64 = 255;

/// Most pixels of all channels together, in and out; as many as a result has room for.
const MAX_PIXELS: usize = 40_000;
const MAX_TAPS: usize = 1 << 10;
const MAX_CHANNELS: u8 = 4;
const FIXED_BYTES: usize = 12;
const TAP_BYTES: usize = 6;

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
/// Pixels lie channel by channel, row by row, in the coefficients of GLWEs. The collator combines the
/// bodies of ciphertexts, and the client their masks, which it knows: there is no product of polynomials,
/// no server key, and no room lost at the borders of GLWEs. The noise has a hard bound, so decryption is
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
	/// A filter with `channels` input channels and as many output channels as there are biases. A rotated
	/// one turns its output by 90 degrees, clockwise.
	pub fn new(
		(width, height): (u16, u16),
		channels: u8,
		rotated: bool,
		taps: Vec<Tap>,
		bias: Vec<i32>,
	) -> Result<Self, FilterCircuitError> {
		let pixels = usize::from(width) * usize::from(height);
		let fit = |channels: usize| {
			(1..=usize::from(MAX_CHANNELS)).contains(&channels)
				&& (1..=MAX_PIXELS).contains(&(pixels * channels))
		};
		if !fit(channels.into()) || !fit(bias.len()) {
			return Err(FilterCircuitError::Size);
		}
		if !(1..=MAX_TAPS).contains(&taps.len()) {
			return Err(FilterCircuitError::Taps);
		}
		let bad = |tap: &Tap| tap.input >= channels || usize::from(tap.output) >= bias.len();
		if let Some(at) = taps.iter().position(bad) {
			return Err(FilterCircuitError::Channel(at));
		}
		let mut norms = vec![0u64; bias.len()];
		for tap in &taps {
			norms[usize::from(tap.output)] += u64::from(tap.weight.unsigned_abs());
		}
		let noise = NoiseBound::of_inner_product(norms.iter().copied().max().unwrap_or_default());
		let shift = noise.shift();
		let capacity = ((MODULUS / 2).saturating_sub(noise.0) >> shift) as i64 - 1;
		let reach = |(&norm, &bias): (&u64, &i32)| norm as i64 * MAX_PIXEL + i64::from(bias).abs();
		let largest = norms.iter().zip(&bias).map(reach).max().unwrap_or_default();
		if largest > capacity {
			return Err(FilterCircuitError::NoRoom(largest));
		}
		Ok(Self { width, height, channels, rotated, taps, bias, shift })
	}

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

	/// Pixels of the output, of all channels.
	pub fn outputs(&self) -> usize {
		usize::from(self.width) * usize::from(self.height) * self.output_channels()
	}

	/// Noise that no output exceeds.
	pub(crate) fn noise_bound(&self) -> NoiseBound {
		let norm = |channel: usize| self.weights_of(channel).map(|w| w.unsigned_abs()).sum::<u64>();
		let norms = (0..self.output_channels()).map(norm);
		NoiseBound::of_inner_product(norms.max().unwrap_or_default())
	}

	fn weights_of(&self, channel: usize) -> impl Iterator<Item = i64> {
		let taps = self.taps.iter().filter(move |tap| usize::from(tap.output) == channel);
		taps.map(|tap| tap.weight.into())
	}

	/// Lowest and highest value of each output, whatever the pixels are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let (width, height) = self.size();
		let channels = self.bias.iter().enumerate().flat_map(|(channel, &bias)| {
			let reach = |sign: i64| {
				let weights = self.weights_of(channel).filter(|weight| weight * sign > 0);
				i64::from(bias) + MAX_PIXEL * weights.sum::<i64>()
			};
			std::iter::repeat_n((reach(-1), reach(1)), width * height)
		});
		channels.collect()
	}

	/// Bits by which pixels are shifted above the noise.
	pub fn message_shift(&self) -> u32 {
		self.shift
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.inputs())
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		EncryptedResult::encoded_len(self.outputs())
	}

	/// Multiplications of one evaluation.
	pub fn multiplications(&self) -> u64 {
		(usize::from(self.width) * usize::from(self.height) * self.taps.len()) as u64
	}

	/// The combinations of `values`, one per input pixel and below 2^51 in absolute value, without biases.
	/// In the order of the outputs.
	pub(crate) fn combine(&self, values: &[i64]) -> Vec<i128> {
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
	pub(crate) fn bias_of_outputs(&self) -> impl Iterator<Item = i64> {
		let (width, height) = self.size();
		self.bias.iter().flat_map(move |&bias| std::iter::repeat_n(bias.into(), width * height))
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

	/// The outputs on plain pixels.
	pub fn evaluate_clear(&self, pixels: &[i64]) -> Vec<i64> {
		let sums = self.combine(pixels).into_iter().zip(self.bias_of_outputs());
		sums.map(|(sum, bias)| sum as i64 + bias).collect()
	}

	/// Width, height (u16), channels in and out, rotated, zero (u8), number of taps (u32); biases (i32);
	/// taps: channels out and in, columns, rows (one byte each), weight (i16).
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(encoded_len(self.bias.len(), self.taps.len()));
		bytes.extend(self.width.to_le_bytes());
		bytes.extend(self.height.to_le_bytes());
		bytes.extend([self.channels, self.bias.len() as u8, self.rotated.into(), 0]);
		bytes.extend((self.taps.len() as u32).to_le_bytes());
		bytes.extend(self.bias.iter().flat_map(|bias| bias.to_le_bytes()));
		for tap in &self.taps {
			bytes.extend([tap.output, tap.input, tap.dx as u8, tap.dy as u8]);
			bytes.extend(tap.weight.to_le_bytes());
		}
		bytes
	}

	/// Reads what [`FilterCircuit::to_bytes`] wrote.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, FilterCircuitError> {
		let too_short = FilterCircuitError::WrongLength { found: bytes.len(), wanted: FIXED_BYTES };
		let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>().ok_or(too_short)?;
		let [w0, w1, h0, h1, channels, outputs, rotated, zero, t0, t1, t2, t3] = *fixed;
		let taps = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
		if outputs > MAX_CHANNELS || rotated > 1 || zero != 0 {
			return Err(FilterCircuitError::Size);
		}
		if taps > MAX_TAPS {
			return Err(FilterCircuitError::Taps);
		}
		let wanted = encoded_len(outputs.into(), taps);
		if bytes.len() != wanted {
			return Err(FilterCircuitError::WrongLength { found: bytes.len(), wanted });
		}
		let (bias, taps) = rest.split_at(4 * usize::from(outputs));
		let (bias, taps) = (bias.as_chunks::<4>().0, taps.as_chunks::<TAP_BYTES>().0);
		let tap = |&[output, input, dx, dy, w0, w1]: &[u8; TAP_BYTES]| Tap {
			output,
			input,
			dx: dx as i8,
			dy: dy as i8,
			weight: i16::from_le_bytes([w0, w1]),
		};
		Self::new(
			(u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1])),
			channels,
			rotated == 1,
			taps.iter().map(tap).collect(),
			bias.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect(),
		)
	}
}

const fn encoded_len(outputs: usize, taps: usize) -> usize {
	FIXED_BYTES + 4 * outputs + TAP_BYTES * taps
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

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

	#[test]
	fn impossible_filters_are_refused() {
		let new = |size, taps| FilterCircuit::new(size, 1, false, taps, vec![0]);
		assert_eq!(new((0, 3), vec![tap(0, 0, 1)]), Err(FilterCircuitError::Size));
		assert_eq!(new((300, 300), vec![tap(0, 0, 1)]), Err(FilterCircuitError::Size));
		assert_eq!(new((3, 3), vec![]), Err(FilterCircuitError::Taps));
		let other = Tap { input: 1, ..tap(0, 0, 1) };
		assert_eq!(new((3, 3), vec![other]), Err(FilterCircuitError::Channel(0)));
		let loud = new((3, 3), vec![tap(0, 0, i16::MIN); 1000]);
		assert!(matches!(loud, Err(FilterCircuitError::NoRoom(_))), "{loud:?}");
	}

	proptest! {
		#[test]
		fn bytes_read_back(
			size in (1u16..40, 1u16..40),
			weights in proptest::collection::vec(any::<i16>(), 1..20),
			rotated in any::<bool>(),
		) {
			let taps = weights.iter().zip(-9..).map(|(&weight, at)| Tap {
				output: (at & 1) as u8, input: (at & 1) as u8, dx: at, dy: -at, weight,
			});
			let circuit = FilterCircuit::new(size, 2, rotated, taps.collect(), vec![5, -7]).unwrap();
			prop_assert_eq!(FilterCircuit::from_bytes(&circuit.to_bytes()), Ok(circuit));
		}

		#[test]
		fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
			let _ = FilterCircuit::from_bytes(&bytes);
		}
	}
}
