//! The bytes of image filters.

use super::{
	FilterCircuit, FilterCircuitError, Tap,
	compile::{MAX_CHANNELS, MAX_TAPS},
};
use alloc::vec::Vec;

const FIXED_BYTES: usize = 12;
const TAP_BYTES: usize = 6;

impl FilterCircuit {
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
	///
	/// # Errors
	/// If there are fewer or more bytes than the circuit takes, or if [`FilterCircuit::new`] refuses it.
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
