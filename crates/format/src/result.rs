//! The prefix of an encrypted result.

use crate::{BlobKind, HEADER_BYTES, Header, HeaderError, more, reader::array_at};

/// What follows the [`Header`] of a result; then come the bodies, packed.
///
/// | bytes   | field |
/// |---------|-------|
/// | 16..24  | first eight bytes of the hash of the input that was evaluated |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultPrefix {
	/// First eight bytes of the BLAKE2b-256 hash of the input blob, so that a result is not
	/// decrypted with the wrong input by mistake.
	pub input_tag: [u8; 8],
	/// Number of rows, from 1 to [`MAX_ROWS`](crate::MAX_ROWS); it is in the header.
	pub rows: u32,
}

impl ResultPrefix {
	/// Length of header and prefix in bytes.
	pub const BYTES: usize = HEADER_BYTES + 8;

	/// Header and prefix as bytes, for a result with `body_bytes` bytes of bodies.
	pub fn to_bytes(&self, body_bytes: u32) -> [u8; Self::BYTES] {
		let payload_bytes = body_bytes.saturating_add((Self::BYTES - HEADER_BYTES) as u32);
		let more = more(self.rows);
		let header = Header { kind: BlobKind::Result, detail: 0, more, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..24].copy_from_slice(&self.input_tag);
		bytes
	}

	/// Reads header and prefix of a whole result.
	///
	/// # Errors
	/// If the blob is no result, or not as long as its header says.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		let header = Header::read(blob, BlobKind::Result)?;
		Ok(Self { input_tag: array_at(blob, 16)?, rows: u32::from(header.more) + 1 })
	}
}
