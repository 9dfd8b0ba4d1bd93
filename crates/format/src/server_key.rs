//! The prefix of a server key.

use crate::{BlobKind, HEADER_BYTES, Header, HeaderError, reader::array_at};

/// What follows the [`Header`] of a server key; then come the bodies, packed at 51 bits.
///
/// | bytes   | field |
/// |---------|-------|
/// | 16..32  | seed of all masks |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKeyPrefix {
	/// Seed from which all masks are expanded.
	pub mask_seed: [u8; 16],
}

impl ServerKeyPrefix {
	/// Length of header and prefix in bytes.
	pub const BYTES: usize = HEADER_BYTES + 16;

	/// RLWE rows of a server key of parameter set 1: 186 for the automorphisms, 2 for s².
	pub const ROWS: usize = 188;

	/// Bytes of the packed body of one row: 2048 coefficients of 51 bits.
	pub const ROW_BYTES: usize = 2048 * 51 / 8;

	/// Exact length in bytes of a whole server key.
	pub const KEY_BYTES: usize = Self::BYTES + Self::ROWS * Self::ROW_BYTES;

	/// Header and prefix as bytes.
	pub fn to_bytes(&self) -> [u8; Self::BYTES] {
		let payload_bytes = (Self::KEY_BYTES - HEADER_BYTES) as u32;
		let header = Header { kind: BlobKind::ServerKey, detail: 0, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..32].copy_from_slice(&self.mask_seed);
		bytes
	}

	/// Reads header and prefix of a whole server key and checks its exact length.
	///
	/// # Errors
	/// If the blob is no server key of exactly that length.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		Header::read(blob, BlobKind::ServerKey)?;
		if blob.len() != Self::KEY_BYTES {
			return Err(HeaderError::WrongLength);
		}
		Ok(Self { mask_seed: array_at(blob, 16)? })
	}
}
