//! The prefix of an encrypted input.

use crate::{BlobKind, HEADER_BYTES, Hash, Header, HeaderError, more, reader::array_at};

/// What follows the [`Header`] of an input; then come the rows, the bodies of each packed at 51 bits.
///
/// | bytes   | field |
/// |---------|-------|
/// | 16..48  | hash of the artifact that this input is for |
/// | 48..80  | hash of the server key whose client key encrypted it |
/// | 80..96  | seed of the masks |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputPrefix {
	/// Hash of the model artifact that the input is for.
	pub artifact: Hash,
	/// Hash of the server key that belongs to the encrypting client key.
	pub server_key: Hash,
	/// Seed from which the GLWE masks are expanded.
	pub mask_seed: [u8; 16],
	/// Number of rows, from 1 to [`MAX_ROWS`](crate::MAX_ROWS); it is in the header.
	pub rows: u32,
}

impl InputPrefix {
	/// Length of header and prefix in bytes.
	pub const BYTES: usize = HEADER_BYTES + 80;

	/// Header and prefix as bytes, for an input with `body_bytes` bytes of bodies.
	pub fn to_bytes(&self, body_bytes: u32) -> [u8; Self::BYTES] {
		let payload_bytes = body_bytes.saturating_add((Self::BYTES - HEADER_BYTES) as u32);
		let more = more(self.rows);
		let header = Header { kind: BlobKind::Input, detail: 0, more, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..48].copy_from_slice(&self.artifact);
		bytes[48..80].copy_from_slice(&self.server_key);
		bytes[80..96].copy_from_slice(&self.mask_seed);
		bytes
	}

	/// Reads header and prefix of a whole input.
	///
	/// # Errors
	/// If the blob is no input, or not as long as its header says.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		let header = Header::read(blob, BlobKind::Input)?;
		Ok(Self {
			artifact: array_at(blob, 16)?,
			server_key: array_at(blob, 48)?,
			mask_seed: array_at(blob, 80)?,
			rows: u32::from(header.more) + 1,
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::MAX_ROWS;

	#[test]
	fn prefix_reads_back() {
		for rows in [1, 2, 300, MAX_ROWS] {
			let prefix =
				InputPrefix { artifact: [1; 32], server_key: [2; 32], mask_seed: [3; 16], rows };
			assert_eq!(InputPrefix::read(&prefix.to_bytes(0)), Ok(prefix));
			assert_eq!(InputPrefix::read(&prefix.to_bytes(1)), Err(HeaderError::WrongLength));
		}
		let one =
			InputPrefix { artifact: [1; 32], server_key: [2; 32], mask_seed: [3; 16], rows: 1 };
		let mut too_many = one.to_bytes(0);
		too_many[10..12].copy_from_slice(&(MAX_ROWS as u16).to_le_bytes());
		assert_eq!(InputPrefix::read(&too_many), Err(HeaderError::Malformed));
	}
}
