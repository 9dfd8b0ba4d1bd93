//! From taps to a shift above their noise.

use super::{FilterCircuit, FilterCircuitError, MAX_PIXEL, Tap};
use crate::{math::params::MODULUS, noise::NoiseBound};
use alloc::{vec, vec::Vec};

/// Most pixels of all channels together, in and out; as many as a result has room for.
const MAX_PIXELS: usize = 40_000;
pub(super) const MAX_TAPS: usize = 1 << 10;
pub(super) const MAX_CHANNELS: u8 = 4;

impl FilterCircuit {
	/// A filter with `channels` input channels and as many output channels as there are biases. A rotated
	/// one turns its output by 90 degrees, clockwise.
	///
	/// # Errors
	/// If the image has no pixel or too many, if there is no tap, too many, or one of a channel that is
	/// not there, or if the outputs would not fit the plaintext space.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{FilterCircuit, Tap};
	///
	/// // Every pixel minus its left neighbour, on one channel of 3 x 1 pixels.
	/// let tap = |dx, weight| Tap { output: 0, input: 0, dx, dy: 0, weight };
	/// let filter = FilterCircuit::new((3, 1), 1, false, vec![tap(0, 1), tap(-1, -1)], vec![0])?;
	/// assert_eq!(filter.evaluate_clear(&[5, 7, 4]), vec![0, 2, -3]);
	/// # Ok::<(), fhe_ml_engine::FilterCircuitError>(())
	/// ```
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

	/// Noise that no output exceeds.
	pub(super) fn noise_bound(&self) -> NoiseBound {
		let norm = |channel: usize| self.weights_of(channel).map(|w| w.unsigned_abs()).sum::<u64>();
		let norms = (0..self.output_channels()).map(norm);
		NoiseBound::of_inner_product(norms.max().unwrap_or_default())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn tap(dx: i8, dy: i8, weight: i16) -> Tap {
		Tap { output: 0, input: 0, dx, dy, weight }
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
}
