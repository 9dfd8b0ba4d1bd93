//! Encrypted results.

use crate::{
	hash::blake2b_256,
	math::bits::{PackingError, pack, packed_len, unpack},
};
use alloc::vec::Vec;
use fhe_ml_format::{HeaderError, ResultPrefix};

/// The bodies of an encrypted result. There is no mask: the owner of the client key computes it
/// from the input's seed and the public weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedResult {
	/// Ties the result to its input.
	pub prefix: ResultPrefix,
	/// One residue per output of the circuit.
	pub bodies: Vec<u64>,
}

/// Why the bytes of a result were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResultError {
	/// The header is not that of a result.
	#[error("result: {0}")]
	Header(#[from] HeaderError),
	/// The bodies do not decode.
	#[error("result: {0}")]
	Bodies(#[from] PackingError),
}

/// The tag of an input blob: the first eight bytes of its hash.
pub fn input_tag(input: &[u8]) -> [u8; 8] {
	let [a, b, c, d, e, f, g, h, ..] = blake2b_256(input);
	[a, b, c, d, e, f, g, h]
}

impl EncryptedResult {
	/// Length in bytes of a result with `bodies` residues.
	pub const fn encoded_len(bodies: usize) -> usize {
		ResultPrefix::BYTES + packed_len(bodies)
	}

	/// Prefix and packed bodies.
	pub fn to_bytes(&self) -> Vec<u8> {
		let body_bytes = packed_len(self.bodies.len()) as u32;
		let mut bytes = self.prefix.to_bytes(body_bytes).to_vec();
		pack(&self.bodies, &mut bytes);
		bytes
	}

	/// Reads a result with `count` residues.
	///
	/// # Errors
	/// If the header is not that of a result, or if the bodies are truncated, oversized or not reduced
	/// modulo q.
	pub fn from_bytes(bytes: &[u8], count: usize) -> Result<Self, ResultError> {
		let prefix = ResultPrefix::read(bytes)?;
		Ok(Self { prefix, bodies: unpack(&bytes[ResultPrefix::BYTES..], count)? })
	}
}
