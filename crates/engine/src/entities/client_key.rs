//! The key that never leaves its owner's machine.

use crate::math::ring::Polynomial;
use fhe_ml_format::{BlobKind, HEADER_BYTES, Hash, Header, HeaderError};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the secret: one bit a coefficient.
const SECRET_BYTES: usize = crate::math::params::POLYNOMIAL_SIZE / 8;

/// A binary RLWE secret (k = 1, N = 2048), and the hash of the server key made with it.
///
/// The secret is wiped from memory when the key is dropped.
#[derive(Clone)]
pub struct ClientKey {
	pub(crate) secret: Polynomial,
	pub(crate) server_key_hash: Hash,
}

/// Why the bytes of a client key were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
	/// The header is not that of a client key.
	#[error(transparent)]
	Header(#[from] HeaderError),
}

impl ClientKey {
	/// Length of the encoded key.
	pub const BYTES: usize = HEADER_BYTES + 32 + SECRET_BYTES;

	/// BLAKE2b-256 hash of the server key that belongs to this key.
	pub fn server_key_hash(&self) -> Hash {
		self.server_key_hash
	}

	/// The same secret with another form of its server key.
	pub(crate) fn with_server_key(&self, server_key_hash: Hash) -> Self {
		Self { secret: self.secret.clone(), server_key_hash }
	}

	/// The bytes of `client.key`: header, hash of the server key, secret bits.
	pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
		let payload_bytes = (Self::BYTES - HEADER_BYTES) as u32;
		let header = Header { kind: BlobKind::ClientKey, detail: 0, more: 0, payload_bytes };
		let mut bytes = Zeroizing::new(Vec::with_capacity(Self::BYTES));
		bytes.extend_from_slice(&header.to_bytes());
		bytes.extend_from_slice(&self.server_key_hash);
		let bits = self.secret.as_ref().chunks_exact(8);
		bytes
			.extend(bits.map(|bits| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | bit as u8)));
		bytes
	}

	/// Reads the bytes of `client.key`: [`ClientKey::BYTES`] of them.
	///
	/// # Errors
	/// If the header is not that of a client key, or if there are fewer or more bytes.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClientKeyError> {
		Header::read(bytes, BlobKind::ClientKey)?;
		let (Some(hash), Some(secret_bits)) =
			(bytes[HEADER_BYTES..].first_chunk::<32>(), bytes.get(HEADER_BYTES + 32..))
		else {
			return Err(HeaderError::WrongLength.into());
		};
		if secret_bits.len() != SECRET_BYTES {
			return Err(HeaderError::WrongLength.into());
		}
		let mut secret = Polynomial::zero();
		for (coefficients, byte) in secret.as_mut().chunks_exact_mut(8).zip(secret_bits) {
			for (bit, coefficient) in coefficients.iter_mut().enumerate() {
				*coefficient = u64::from(byte >> bit & 1);
			}
		}
		Ok(Self { secret, server_key_hash: *hash })
	}
}

impl Drop for ClientKey {
	fn drop(&mut self) {
		self.secret.zeroize();
	}
}

impl std::fmt::Debug for ClientKey {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("ClientKey(..)")
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn bytes_read_back() {
		let key = ClientKey {
			secret: crate::sampling::secrets::secret(&[1; 16]),
			server_key_hash: [7; 32],
		};
		let bytes = key.to_bytes();
		assert_eq!(bytes.len(), ClientKey::BYTES);
		let again = ClientKey::from_bytes(&bytes).unwrap();
		assert_eq!(again.secret, key.secret);
		assert_eq!(again.server_key_hash, [7; 32]);
	}

	#[test]
	fn truncated_and_foreign_bytes_are_refused() {
		let key = ClientKey {
			secret: crate::sampling::secrets::secret(&[1; 16]),
			server_key_hash: [7; 32],
		};
		let bytes = key.to_bytes();
		for len in [0, 5, HEADER_BYTES, HEADER_BYTES + 33, ClientKey::BYTES - 1] {
			assert_eq!(
				ClientKey::from_bytes(&bytes[..len]).err(),
				Some(ClientKeyError::Header(HeaderError::WrongLength)),
			);
		}
		let mut short = Header { kind: BlobKind::ClientKey, detail: 0, more: 0, payload_bytes: 3 }
			.to_bytes()
			.to_vec();
		short.extend([1, 2, 3]);
		assert!(ClientKey::from_bytes(&short).is_err());
	}

	#[test]
	fn debug_output_keeps_the_secret() {
		let key = ClientKey {
			secret: crate::sampling::secrets::secret(&[1; 16]),
			server_key_hash: [7; 32],
		};
		assert_eq!(format!("{key:?}"), "ClientKey(..)");
	}
}
