//! The key with which collators compute on ciphertexts.

use crate::{
	hash::blake2b_256,
	math::{
		bits::{PackingError, unpack},
		params::POLYNOMIAL_SIZE,
	},
};
use alloc::vec::Vec;
use fhe_ml_format::{HEADER_BYTES, Hash, HeaderError, ServerKeyPrefix};

/// A seeded server key: RLWE rows whose masks come from one seed and whose bodies are packed at 51
/// bits.
///
/// Rows, in this order: the automorphism keys, for each stage of
/// [`EXPANSION_STAGES`](crate::math::params::EXPANSION_STAGES) and each of its automorphisms
/// encryptions of `scale(level)` times the image of the secret, one per level of the stage's gadget;
/// then the relinearisation key, encryptions of `scale(level)` s², one per level of
/// [`RELINEARISATION_GADGET`](crate::math::params::RELINEARISATION_GADGET); then, in keys of version 2, an
/// encryption of zero, with which results of private models are sanitised. Its mask comes from the seed like
/// all others: a mask that the key's owner chose would let the fresh encryptions of zero lie in a subspace.
///
/// The ciphertexts depend on the secret that encrypts them; as in every TFHE key, circular security
/// is assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKey {
	bytes: Vec<u8>,
}

/// The packed bodies of the rows in the bytes of a server key.
pub(super) fn bodies_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
	bytes.get(ServerKeyPrefix::BYTES..).unwrap_or_default().chunks(ServerKeyPrefix::ROW_BYTES)
}

/// Why the bytes of a server key were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerKeyError {
	/// The header is not that of a server key, or the length is wrong.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// A row does not decode.
	#[error("row {row}: {source}")]
	Row {
		/// Number of the row.
		row: usize,
		/// What is wrong with it.
		source: PackingError,
	},
}

impl ServerKey {
	/// Length of a server key as [`ClientKey::generate`](crate::ClientKey::generate) makes it.
	pub const BYTES: usize = ServerKeyPrefix::KEY_BYTES;

	/// Of version 2.
	pub(crate) fn from_parts(mask_seed: [u8; 16], packed_rows: &[u8]) -> Self {
		let prefix = ServerKeyPrefix { mask_seed, has_zero_row: true };
		Self { bytes: [prefix.to_bytes().as_slice(), packed_rows].concat() }
	}

	/// The same key in version 1.
	pub(crate) fn without_zero_row(&self) -> Self {
		let prefix = ServerKeyPrefix { mask_seed: self.mask_seed(), has_zero_row: false };
		let rows = self.bytes.get(ServerKeyPrefix::BYTES..).unwrap_or_default();
		let kept = ServerKeyPrefix::SWITCHING_ROWS * ServerKeyPrefix::ROW_BYTES;
		let rows = rows.get(..kept).unwrap_or_default();
		Self { bytes: [prefix.to_bytes().as_slice(), rows].concat() }
	}

	/// Reads the bytes of `server.key`: [`ServerKey::BYTES`] of them, or one row less in keys of version 1.
	///
	/// # Errors
	/// If the header is not that of a server key, if there are fewer or more bytes, or if a coefficient
	/// is not reduced modulo q.
	pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ServerKeyError> {
		ServerKeyPrefix::read(&bytes)?;
		for (row, body) in bodies_of(&bytes).enumerate() {
			unpack(body, POLYNOMIAL_SIZE).map_err(|source| ServerKeyError::Row { row, source })?;
		}
		Ok(Self { bytes })
	}

	/// The public seed of the masks.
	pub(crate) fn mask_seed(&self) -> [u8; 16] {
		self.bytes.get(HEADER_BYTES..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
	}

	/// The bytes of `server.key`.
	pub fn as_bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// BLAKE2b-256 of the bytes; how the chain refers to the key.
	pub fn hash(&self) -> Hash {
		blake2b_256(&self.bytes)
	}
}
