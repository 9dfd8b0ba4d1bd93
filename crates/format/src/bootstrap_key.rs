//! The prefix of a bootstrap key.

use crate::{BlobKind, HEADER_BYTES, Hash, Header, HeaderError, reader::array_at};

/// What follows the [`Header`] of a bootstrap key; then come the bodies: [`SELECTOR_RESIDUES`] and
/// [`SQUARE_RESIDUES`] at 51 bits, and [`SWITCH_RESIDUES`] at [`SWITCH_BITS`] bits, each from a byte of its own.
///
/// | bytes   | field |
/// |---------|-------|
/// | 16..48  | hash of the server key that the key belongs to |
/// | 48..64  | seed of all masks |
///
/// [`SELECTOR_RESIDUES`]: BootstrapKeyPrefix::SELECTOR_RESIDUES
/// [`SQUARE_RESIDUES`]: BootstrapKeyPrefix::SQUARE_RESIDUES
/// [`SWITCH_RESIDUES`]: BootstrapKeyPrefix::SWITCH_RESIDUES
/// [`SWITCH_BITS`]: BootstrapKeyPrefix::SWITCH_BITS
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapKeyPrefix {
	/// BLAKE2b-256 of the server key, with which selectors are expanded.
	pub server_key: Hash,
	/// Seed from which all masks are expanded.
	pub mask_seed: [u8; 16],
}

impl BootstrapKeyPrefix {
	/// Length of header and prefix in bytes.
	pub const BYTES: usize = HEADER_BYTES + 32 + 16;

	/// Entries of the selectors: three for each of 459 pairs of bits, with 5 digits of one gadget and 6 of the other.
	pub const SELECTOR_RESIDUES: usize = 459 * 3 * (5 + 6);

	/// Coefficients of the rows that switch from s²: four digits.
	pub const SQUARE_RESIDUES: usize = 4 * 2048;

	/// Coefficients of the rows that switch to the small secret: six digits.
	pub const SWITCH_RESIDUES: usize = 6 * 2048;

	/// Highest bits of a coefficient of those rows; the others are below its noise.
	pub const SWITCH_BITS: u32 = 24;

	/// Bytes of the selectors' entries.
	pub const SELECTOR_BYTES: usize = (Self::SELECTOR_RESIDUES * 51).div_ceil(8);

	/// Bytes of the rows that switch from s².
	pub const SQUARE_BYTES: usize = Self::SQUARE_RESIDUES * 51 / 8;

	/// Bytes of the rows that switch to the small secret.
	pub const SWITCH_BYTES: usize = Self::SWITCH_RESIDUES * Self::SWITCH_BITS as usize / 8;

	/// Exact length in bytes of a whole bootstrap key.
	pub const KEY_BYTES: usize =
		Self::BYTES + Self::SELECTOR_BYTES + Self::SQUARE_BYTES + Self::SWITCH_BYTES;

	/// Header and prefix as bytes.
	pub fn to_bytes(&self) -> [u8; Self::BYTES] {
		let payload_bytes = (Self::KEY_BYTES - HEADER_BYTES) as u32;
		let header = Header { kind: BlobKind::BootstrapKey, detail: 0, more: 0, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..48].copy_from_slice(&self.server_key);
		bytes[48..64].copy_from_slice(&self.mask_seed);
		bytes
	}

	/// Reads header and prefix of a whole bootstrap key and checks its exact length.
	///
	/// # Errors
	/// If the blob is no bootstrap key of exactly [`BootstrapKeyPrefix::KEY_BYTES`] bytes.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		Header::read(blob, BlobKind::BootstrapKey)?;
		if blob.len() != Self::KEY_BYTES {
			return Err(HeaderError::WrongLength);
		}
		Ok(Self { server_key: array_at(blob, 16)?, mask_seed: array_at(blob, 48)? })
	}
}

#[cfg(test)]
mod tests {
	extern crate std;
	use super::*;
	use crate::bounds::MAX_BOOTSTRAP_KEY_BYTES;

	#[test]
	fn prefixes_read_back_and_no_other_length_does() {
		let prefix = BootstrapKeyPrefix { server_key: [3; 32], mask_seed: [7; 16] };
		let mut key = prefix.to_bytes().to_vec();
		key.resize(BootstrapKeyPrefix::KEY_BYTES, 0);
		assert!(key.len() <= MAX_BOOTSTRAP_KEY_BYTES);
		assert_eq!(BootstrapKeyPrefix::read(&key), Ok(prefix));
		assert_eq!(BootstrapKeyPrefix::read(&key[..100]), Err(HeaderError::WrongLength));
		// One byte more, and a header that says so.
		let mut longer = key.clone();
		longer.push(0);
		let payload = (longer.len() - HEADER_BYTES) as u32;
		longer[12..16].copy_from_slice(&payload.to_le_bytes());
		assert_eq!(BootstrapKeyPrefix::read(&longer), Err(HeaderError::WrongLength));
		key[9] = 1;
		assert_eq!(BootstrapKeyPrefix::read(&key), Err(HeaderError::Malformed));
	}
}
