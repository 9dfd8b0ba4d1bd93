//! Encrypted feature vectors.

use crate::math::bits::{PackingError, pack, packed_len, unpack};
use alloc::vec::Vec;
use fhe_ml_format::{HeaderError, InputPrefix};

/// A seeded RLWE encryption of integers in the coefficients, cut off behind the last used one.
///
/// Coefficient i of polynomial p is number 2048 p + i. The mask of polynomial p is number p under the
/// seed in the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedInput {
	/// Which model and key the input is for, and the seed of its masks.
	pub prefix: InputPrefix,
	/// One residue per coefficient.
	pub bodies: Vec<u64>,
}

/// Why the bytes of an input were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
	/// The header is not that of an input.
	#[error("input: {0}")]
	Header(#[from] HeaderError),
	/// The bodies do not decode.
	#[error("input: {0}")]
	Bodies(#[from] PackingError),
}

impl EncryptedInput {
	/// Length in bytes of an input with this many coefficients.
	pub const fn encoded_len(coefficients: usize) -> usize {
		InputPrefix::BYTES + packed_len(coefficients)
	}

	/// Prefix and packed bodies.
	pub fn to_bytes(&self) -> Vec<u8> {
		let body_bytes = packed_len(self.bodies.len()) as u32;
		let mut bytes = self.prefix.to_bytes(body_bytes).to_vec();
		pack(&self.bodies, &mut bytes);
		bytes
	}

	/// Reads an input with this many coefficients.
	///
	/// # Errors
	/// If the header is not that of an input, or if the bodies are truncated, oversized or not reduced
	/// modulo q.
	pub fn from_bytes(bytes: &[u8], coefficients: usize) -> Result<Self, InputError> {
		let prefix = InputPrefix::read(bytes)?;
		Ok(Self { prefix, bodies: unpack(&bytes[InputPrefix::BYTES..], coefficients)? })
	}
}
