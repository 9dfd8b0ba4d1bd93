//! Byte layout of the headers that begin every blob of the system.
//!
//! The pallet (no_std, in WebAssembly) and the engine (native, in the browser) must agree on these
//! bytes to the letter, so they are defined once, here, without any dependency. Only headers are
//! known to this crate: what follows one is the business of `fhe-ml-engine` and `fhe-ml-models`.
//!
//! All integers are little-endian. Every blob begins with the 16-byte [`Header`]; artifacts,
//! server keys, bootstrap keys, inputs and results continue with a prefix of their own.
//!
//! | bytes | field |
//! |-------|-------|
//! | 0..4  | magic `FHML` |
//! | 4..6  | format version |
//! | 6..8  | parameter set |
//! | 8     | [`BlobKind`] |
//! | 9     | [`CircuitKind`] for artifacts, version of a server key, 1 for a sealed private model, otherwise 0 |
//! | 10..12| of inputs and results: rows after the first; 1 for artifacts with a [`RowLayout`]; otherwise 0 |
//! | 12..16| number of bytes after this header |

#![no_std]

mod artifact;
mod bootstrap_key;
pub mod bounds;
mod error;
mod input;
mod reader;
mod result;
mod rows;
mod server_key;

pub use artifact::{ArtifactPrefix, CircuitKind, MODEL_NAME_BYTES};
pub use bootstrap_key::BootstrapKeyPrefix;
pub use error::HeaderError;
pub use input::InputPrefix;
pub use result::ResultPrefix;
pub use rows::{RowLayout, input_bytes};
pub use server_key::ServerKeyPrefix;

use reader::{array, byte, u16_at, u32_at};

/// First four bytes of every blob.
pub const MAGIC: [u8; 4] = *b"FHML";

/// The one format version that this code reads and writes.
pub const FORMAT_VERSION: u16 = 1;

/// Version of the evaluation: raised when the same blobs give other bytes than before, an error included. A job
/// belongs to the oldest version that gives its result, and workers that do not have that version decline it.
///
/// | version | since then |
/// |---------|------------|
/// | 1       | inputs of one row |
/// | 2       | inputs of many rows |
/// | 3       | circuits that take a bootstrap key |
pub const ENGINE_VERSION: u16 = 3;

/// The version of the evaluation that an input of this many rows asks for, of a circuit that takes a bootstrap key or
/// not.
pub const fn engine_of(rows: u32, bootstraps: bool) -> u16 {
	match (bootstraps, rows) {
		(true, _) => 3,
		(false, 0 | 1) => 1,
		(false, _) => 2,
	}
}

/// Whether this build evaluates the jobs of a version.
pub const fn is_known_engine(version: u16) -> bool {
	version >= 1 && version <= ENGINE_VERSION
}

/// Parameter set 1: N = 2048, q = 2251799813640193, binary secret, TUniform(4) noise.
pub const PARAMETER_SET: u16 = 1;

/// Length of the common header in bytes.
pub const HEADER_BYTES: usize = 16;

/// Most rows of one input.
pub const MAX_ROWS: u32 = 4096;

/// A 32-byte BLAKE2b-256 digest.
pub type Hash = [u8; 32];

/// What a blob is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BlobKind {
	/// A compiled model (`.fheml`).
	Artifact = 1,
	/// A user's server key.
	ServerKey = 2,
	/// An encrypted feature vector.
	Input = 3,
	/// An encrypted result.
	Result = 4,
	/// A client key; never leaves its owner's machine.
	ClientKey = 5,
	/// What the owner of an encrypted model knows of it; stays with the client key.
	Schema = 6,
	/// What the evaluators of a private model know of it; never on chain.
	PrivateModel = 7,
	/// A user's key for bootstrapping, beside the server key.
	BootstrapKey = 8,
}

impl BlobKind {
	fn from_byte(byte: u8) -> Option<Self> {
		Some(match byte {
			1 => Self::Artifact,
			2 => Self::ServerKey,
			3 => Self::Input,
			4 => Self::Result,
			5 => Self::ClientKey,
			6 => Self::Schema,
			7 => Self::PrivateModel,
			8 => Self::BootstrapKey,
			_ => return None,
		})
	}
}

/// The header that begins every blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
	/// What the blob is.
	pub kind: BlobKind,
	/// Detail of `kind`: the circuit of an artifact, the version of a server key from 0, otherwise 0.
	pub detail: u8,
	/// Of an input or a result the number of its rows after the first, of an artifact whether it has a
	/// [`RowLayout`] (0 or 1), otherwise 0.
	pub more: u16,
	/// Number of bytes after the header.
	pub payload_bytes: u32,
}

impl Header {
	/// The 16 bytes of this header.
	pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
		let mut bytes = [0; HEADER_BYTES];
		bytes[0..4].copy_from_slice(&MAGIC);
		bytes[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
		bytes[6..8].copy_from_slice(&PARAMETER_SET.to_le_bytes());
		bytes[8] = self.kind as u8;
		bytes[9] = self.detail;
		bytes[10..12].copy_from_slice(&self.more.to_le_bytes());
		bytes[12..16].copy_from_slice(&self.payload_bytes.to_le_bytes());
		bytes
	}

	/// Reads the header of a whole blob and checks that the blob is as long as it says and of the
	/// wanted kind.
	///
	/// # Errors
	/// If the blob is shorter than a header, of another kind or version, or not as long as it says.
	pub fn read(blob: &[u8], wanted: BlobKind) -> Result<Self, HeaderError> {
		if array::<4>(blob, 0).ok_or(HeaderError::WrongLength)? != MAGIC {
			return Err(HeaderError::NotOurs);
		}
		if u16_at(blob, 4)? != FORMAT_VERSION {
			return Err(HeaderError::WrongVersion);
		}
		if u16_at(blob, 6)? != PARAMETER_SET {
			return Err(HeaderError::WrongParameterSet);
		}
		if BlobKind::from_byte(byte(blob, 8)?) != Some(wanted) {
			return Err(HeaderError::WrongKind);
		}
		let has_detail =
			matches!(wanted, BlobKind::Artifact | BlobKind::ServerKey | BlobKind::PrivateModel);
		let most_more = match wanted {
			BlobKind::Input | BlobKind::Result => MAX_ROWS as u16 - 1,
			BlobKind::Artifact => 1,
			_ => 0,
		};
		let more = u16_at(blob, 10)?;
		if more > most_more || (!has_detail && byte(blob, 9)? != 0) {
			return Err(HeaderError::Malformed);
		}
		let header =
			Self { kind: wanted, detail: byte(blob, 9)?, more, payload_bytes: u32_at(blob, 12)? };
		match blob.len().checked_sub(HEADER_BYTES) {
			Some(rest) if rest as u64 == u64::from(header.payload_bytes) => Ok(header),
			_ => Err(HeaderError::WrongLength),
		}
	}
}

/// Rows after the first, as headers have them.
const fn more(rows: u32) -> u16 {
	let rows = if rows > MAX_ROWS { MAX_ROWS } else { rows };
	rows.saturating_sub(1) as u16
}

#[cfg(test)]
mod tests {
	use super::*;

	fn input_blob() -> [u8; HEADER_BYTES + 3] {
		let mut blob = [0; HEADER_BYTES + 3];
		let header = Header { kind: BlobKind::Input, detail: 0, more: 0, payload_bytes: 3 };
		blob[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		blob
	}

	#[test]
	fn header_layout_is_pinned() {
		let header =
			Header { kind: BlobKind::Artifact, detail: 1, more: 0, payload_bytes: 0x0102_0304 };
		assert_eq!(header.to_bytes(), [b'F', b'H', b'M', b'L', 1, 0, 1, 0, 1, 1, 0, 0, 4, 3, 2, 1]);
		let header = Header { kind: BlobKind::Input, detail: 0, more: 0x0203, payload_bytes: 5 };
		assert_eq!(header.to_bytes(), [b'F', b'H', b'M', b'L', 1, 0, 1, 0, 3, 0, 3, 2, 5, 0, 0, 0]);
	}

	#[test]
	fn each_wrong_field_has_its_own_error() {
		let good = input_blob();
		assert!(Header::read(&good, BlobKind::Input).is_ok());
		assert_eq!(Header::read(&good, BlobKind::Result), Err(HeaderError::WrongKind));
		for (at, error) in [
			(0, HeaderError::NotOurs),
			(4, HeaderError::WrongVersion),
			(6, HeaderError::WrongParameterSet),
			(8, HeaderError::WrongKind),
			(9, HeaderError::Malformed),
			(11, HeaderError::Malformed),
			(12, HeaderError::WrongLength),
		] {
			let mut bad = good;
			bad[at] ^= 0x40;
			assert_eq!(Header::read(&bad, BlobKind::Input), Err(error), "byte {at}");
		}
	}

	#[test]
	fn every_truncation_is_refused() {
		let good = input_blob();
		for len in 0..good.len() {
			assert_eq!(
				Header::read(&good[..len], BlobKind::Input),
				Err(HeaderError::WrongLength),
				"{len} bytes"
			);
		}
	}
}
