//! Encrypted results of levelled circuits.

use crate::{
	entities::result::ResultError,
	math::{
		bits::{pack_bits, packed_bits_len, unpack_bits},
		params::POLYNOMIAL_SIZE,
	},
};
use alloc::vec::Vec;
use fhe_ml_format::ResultPrefix;

/// A ciphertext whose modulus has been switched from q to 2^`bits`: the whole mask, and the first
/// coefficients of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedResult {
	/// Ties the result to its input.
	pub prefix: ResultPrefix,
	/// Bits of a coefficient.
	pub bits: u32,
	/// N coefficients.
	pub mask: Vec<u64>,
	/// One coefficient per output and limb.
	pub bodies: Vec<u64>,
}

impl SwitchedResult {
	/// Length in bytes of a result with `bodies` bodies.
	pub const fn encoded_len(bodies: usize, bits: u32) -> usize {
		ResultPrefix::BYTES + packed_bits_len(POLYNOMIAL_SIZE + bodies, bits)
	}

	/// Prefix, packed mask and bodies.
	pub fn to_bytes(&self) -> Vec<u8> {
		let values = self.mask.iter().chain(&self.bodies).copied();
		let packed = packed_bits_len(self.mask.len() + self.bodies.len(), self.bits);
		let mut bytes = self.prefix.to_bytes(packed as u32).to_vec();
		pack_bits(values, self.bits, &mut bytes);
		bytes
	}

	/// Reads a result with `bodies` bodies of `bits` bits.
	///
	/// # Errors
	/// If the header is not that of a result, or if mask and bodies are truncated or oversized.
	pub fn from_bytes(bytes: &[u8], bodies: usize, bits: u32) -> Result<Self, ResultError> {
		let prefix = ResultPrefix::read(bytes)?;
		let packed = &bytes[ResultPrefix::BYTES..];
		let mut mask = unpack_bits(packed, POLYNOMIAL_SIZE + bodies, bits)?;
		let bodies = mask.split_off(POLYNOMIAL_SIZE);
		Ok(Self { prefix, bits, mask, bodies })
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn bytes_read_back() {
		let result = SwitchedResult {
			prefix: ResultPrefix { input_tag: [3; 8], rows: 1 },
			bits: 19,
			mask: (0..POLYNOMIAL_SIZE as u64).collect(),
			bodies: vec![7, (1 << 19) - 1],
		};
		let bytes = result.to_bytes();
		assert_eq!(bytes.len(), SwitchedResult::encoded_len(2, 19));
		assert_eq!(SwitchedResult::from_bytes(&bytes, 2, 19), Ok(result));
		assert!(SwitchedResult::from_bytes(&bytes[1..], 2, 19).is_err());
		assert!(SwitchedResult::from_bytes(&bytes, 3, 19).is_err());
	}
}
