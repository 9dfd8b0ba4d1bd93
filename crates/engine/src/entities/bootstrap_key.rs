//! The key with which collators bootstrap.

use crate::{
	hash::blake2b_256,
	math::bits::{PackingError, unpack, unpack_bits},
};
use alloc::vec::Vec;
use fhe_ml_format::{BootstrapKeyPrefix, Hash, HeaderError};

/// A seeded bootstrap key; it belongs to a server key, without which it is of no use.
///
/// All masks come from one seed, in this order: the RLWEs with the packed selectors of the first gadget, those of the
/// second, one row per level of [`SQUARE_GADGET`] and one per level of [`SWITCH_GADGET`]
/// ([`bootstrap_params`](crate::math::bootstrap_params)).
///
/// - Selectors of the pairs of bits of a small binary secret z, encrypted under s as those of an input are.
/// - `scale(level)` s², encrypted under s.
/// - `scale(level)` s, encrypted under z with wider noise; only the highest bits of the bodies are kept.
///
/// s is encrypted under z and z under s: as in every TFHE key, circular security is assumed.
///
/// [`SQUARE_GADGET`]: crate::math::bootstrap_params::SQUARE_GADGET
/// [`SWITCH_GADGET`]: crate::math::bootstrap_params::SWITCH_GADGET
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrapKey {
	bytes: Vec<u8>,
}

/// Why the bytes of a bootstrap key were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapKeyError {
	/// The header is not that of a bootstrap key, or the length is wrong.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// The bodies of a part do not decode.
	#[error("{part}: {source}")]
	Bodies {
		/// Which part.
		part: &'static str,
		/// What is wrong with it.
		source: PackingError,
	},
	/// The key belongs to another server key.
	#[error("the bootstrap key belongs to another server key")]
	AnotherServerKey,
}

/// The bodies of a bootstrap key.
pub(crate) struct BootstrapBodies {
	/// One residue per entry of the selectors.
	pub selectors: Vec<u64>,
	/// Coefficients of the rows from s².
	pub square: Vec<u64>,
	/// Highest bits of the coefficients of the rows to the small secret.
	pub switch: Vec<u64>,
}

impl BootstrapBodies {
	fn read(bytes: &[u8]) -> Result<Self, BootstrapKeyError> {
		use BootstrapKeyPrefix as Key;
		let (_, rest) = bytes.split_at_checked(Key::BYTES).ok_or(HeaderError::WrongLength)?;
		let (selectors, rest) =
			rest.split_at_checked(Key::SELECTOR_BYTES).ok_or(HeaderError::WrongLength)?;
		let (square, switch) =
			rest.split_at_checked(Key::SQUARE_BYTES).ok_or(HeaderError::WrongLength)?;
		let failed = |part| move |source| BootstrapKeyError::Bodies { part, source };
		Ok(Self {
			selectors: unpack(selectors, Key::SELECTOR_RESIDUES).map_err(failed("selectors"))?,
			square: unpack(square, Key::SQUARE_RESIDUES).map_err(failed("rows of the square"))?,
			switch: unpack_bits(switch, Key::SWITCH_RESIDUES, Key::SWITCH_BITS)
				.map_err(failed("rows of the key switch"))?,
		})
	}
}

impl BootstrapKey {
	/// Length of a bootstrap key in bytes.
	pub const BYTES: usize = BootstrapKeyPrefix::KEY_BYTES;

	/// With these packed bodies.
	#[cfg(feature = "client")]
	pub(crate) fn from_parts(prefix: &BootstrapKeyPrefix, packed: &[u8]) -> Self {
		Self { bytes: [prefix.to_bytes().as_slice(), packed].concat() }
	}

	/// Reads the bytes of a bootstrap key: [`BootstrapKey::BYTES`] of them.
	///
	/// # Errors
	/// If the header is not that of a bootstrap key, if there are fewer or more bytes, or if a coefficient is not
	/// reduced modulo q.
	pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BootstrapKeyError> {
		BootstrapKeyPrefix::read(&bytes)?;
		BootstrapBodies::read(&bytes)?;
		Ok(Self { bytes })
	}

	/// Header fields and bodies.
	pub(crate) fn read(&self) -> Result<(BootstrapKeyPrefix, BootstrapBodies), BootstrapKeyError> {
		Ok((BootstrapKeyPrefix::read(&self.bytes)?, BootstrapBodies::read(&self.bytes)?))
	}

	/// The bytes of the key.
	pub fn as_bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// BLAKE2b-256 of the bytes; how the chain refers to the key.
	pub fn hash(&self) -> Hash {
		blake2b_256(&self.bytes)
	}
}
