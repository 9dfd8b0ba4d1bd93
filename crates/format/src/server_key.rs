//! The prefix of a server key.

use crate::{BlobKind, HEADER_BYTES, Header, HeaderError, reader::array_at};

/// What follows the [`Header`] of a server key; then come the bodies, packed at 51 bits.
///
/// | bytes   | field |
/// |---------|-------|
/// | 16..32  | seed of all masks |
///
/// There are two versions, which the detail of the header tells apart: keys of version 2 (detail 1) have one
/// more row, an encryption of zero. Without it a result cannot be sanitised, so keys of version 1 (detail 0)
/// do for all models but private ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKeyPrefix {
	/// Seed from which all masks are expanded.
	pub mask_seed: [u8; 16],
	/// Whether the key has an encryption of zero as its last row.
	pub has_zero_row: bool,
}

impl ServerKeyPrefix {
	/// Length of header and prefix in bytes.
	pub const BYTES: usize = HEADER_BYTES + 16;

	/// RLWE rows of a server key of parameter set 1 with which ciphertexts are switched between keys: 186
	/// for the automorphisms, 2 for s².
	pub const SWITCHING_ROWS: usize = 188;

	/// Bytes of the packed body of one row: 2048 coefficients of 51 bits.
	pub const ROW_BYTES: usize = 2048 * 51 / 8;

	/// Exact length in bytes of a whole server key.
	pub const KEY_BYTES: usize = Self::KEY_BYTES_BEFORE_ZERO_ROW + Self::ROW_BYTES;

	/// Exact length in bytes of a server key of version 1.
	pub const KEY_BYTES_BEFORE_ZERO_ROW: usize =
		Self::BYTES + Self::SWITCHING_ROWS * Self::ROW_BYTES;

	/// Exact length in bytes of the whole key.
	pub const fn key_bytes(&self) -> usize {
		if self.has_zero_row { Self::KEY_BYTES } else { Self::KEY_BYTES_BEFORE_ZERO_ROW }
	}

	/// Header and prefix as bytes.
	pub fn to_bytes(&self) -> [u8; Self::BYTES] {
		let payload_bytes = (self.key_bytes() - HEADER_BYTES) as u32;
		let detail = self.has_zero_row.into();
		let header = Header { kind: BlobKind::ServerKey, detail, more: 0, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..32].copy_from_slice(&self.mask_seed);
		bytes
	}

	/// Reads header and prefix of a whole server key and checks its exact length.
	///
	/// # Errors
	/// If the blob is no server key of exactly the length that its version has.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		let header = Header::read(blob, BlobKind::ServerKey)?;
		let has_zero_row = match header.detail {
			0 => false,
			1 => true,
			_ => return Err(HeaderError::WrongVersion),
		};
		let prefix = Self { mask_seed: array_at(blob, 16)?, has_zero_row };
		if blob.len() == prefix.key_bytes() { Ok(prefix) } else { Err(HeaderError::WrongLength) }
	}
}

#[cfg(test)]
mod tests {
	extern crate std;
	use super::*;

	#[test]
	fn both_versions_read_back_and_no_other_does() {
		for has_zero_row in [false, true] {
			let prefix = ServerKeyPrefix { mask_seed: [7; 16], has_zero_row };
			let mut key = prefix.to_bytes().to_vec();
			key.resize(prefix.key_bytes(), 0);
			assert_eq!(ServerKeyPrefix::read(&key), Ok(prefix));
			let mut other_version = key.clone();
			other_version[9] ^= 1;
			assert_eq!(ServerKeyPrefix::read(&other_version), Err(HeaderError::WrongLength));
			key[9] = 2;
			assert_eq!(ServerKeyPrefix::read(&key), Err(HeaderError::WrongVersion));
		}
	}
}
