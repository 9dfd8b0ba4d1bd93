//! The bytes of linear circuits.

use super::{LinearCircuit, LinearCircuitError, compile::check_size};
use alloc::vec::Vec;

const FIXED_BYTES: usize = 12;

impl LinearCircuit {
	/// Features, outputs (u32), bits of a limb, limbs (u8), two zeros, weights (i32), biases (i64).
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(encoded_len(self.features, self.outputs()));
		bytes.extend((self.features as u32).to_le_bytes());
		bytes.extend((self.outputs() as u32).to_le_bytes());
		bytes.extend([self.limb_bits as u8, self.limbs as u8, 0, 0]);
		bytes.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
		bytes.extend(self.bias.iter().flat_map(|bias| bias.to_le_bytes()));
		bytes
	}

	/// Reads what [`LinearCircuit::to_bytes`] wrote.
	///
	/// # Errors
	/// If there are fewer or more bytes than the circuit takes, or if [`LinearCircuit::new`] refuses it.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinearCircuitError> {
		let too_short = LinearCircuitError::WrongLength { found: bytes.len(), wanted: FIXED_BYTES };
		let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>().ok_or(too_short)?;
		let [f0, f1, f2, f3, o0, o1, o2, o3, limb_bits, limbs, zero0, zero1] = *fixed;
		let features = u32::from_le_bytes([f0, f1, f2, f3]) as usize;
		let outputs = u32::from_le_bytes([o0, o1, o2, o3]) as usize;
		check_size(features, outputs)?;
		if (zero0, zero1) != (0, 0) {
			return Err(LinearCircuitError::Limbs);
		}
		let wanted = encoded_len(features, outputs);
		if bytes.len() != wanted {
			return Err(LinearCircuitError::WrongLength { found: bytes.len(), wanted });
		}
		let (weights, bias) = rest.split_at(features * outputs * 4);
		let (weights, _) = weights.as_chunks::<4>();
		let (bias, _) = bias.as_chunks::<8>();
		Self::new(
			features,
			limb_bits.into(),
			limbs.into(),
			weights.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect(),
			bias.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
		)
	}
}

const fn encoded_len(features: usize, outputs: usize) -> usize {
	FIXED_BYTES + features * outputs * 4 + outputs * 8
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn truncated_and_oversized_bytes_are_refused() {
		let circuit = LinearCircuit::new(2, 8, 1, vec![1, 2], vec![3]).unwrap();
		let mut bytes = circuit.to_bytes();
		bytes.push(0);
		for len in (0..bytes.len() - 1).chain([bytes.len()]) {
			assert!(LinearCircuit::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
		}
	}
}
