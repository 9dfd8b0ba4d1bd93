//! Bytes that are sealed with XChaCha20-Poly1305 behind others that are only authenticated.

use chacha20poly1305::{
	XChaCha20Poly1305, XNonce,
	aead::{Aead, Payload},
};
use fhe_ml_engine::{HeaderError, Seeder};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Why sealed bytes were not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
	/// There are too few.
	Length,
	/// They were changed, or the key is another one.
	NotAuthentic,
}

impl OpenError {
	/// The error of a file whose own is `header` if it is too short, and `not_authentic` if it was changed.
	pub(crate) fn into<E: From<HeaderError>>(self, not_authentic: E) -> E {
		match self {
			Self::Length => HeaderError::WrongLength.into(),
			Self::NotAuthentic => not_authentic,
		}
	}
}

/// Bytes that sealing adds to a message.
pub(crate) const OVERHEAD: usize = NONCE_BYTES + TAG_BYTES;

/// `associated` bytes, a fresh nonce, and the sealed `message`; `None` if the cipher refuses, which it does not.
pub(crate) fn seal(
	cipher: &XChaCha20Poly1305,
	associated: Vec<u8>,
	message: &[u8],
	seeder: &mut dyn Seeder,
) -> Option<Vec<u8>> {
	let fresh = [seeder.seed().0.to_le_bytes(), seeder.seed().0.to_le_bytes()].concat();
	let nonce = XNonce::from_slice(&fresh[..NONCE_BYTES]);
	let sealed = cipher.encrypt(nonce, Payload { msg: message, aad: &associated }).ok()?;
	Some([associated.as_slice(), nonce.as_slice(), sealed.as_slice()].concat())
}

/// The message that [`seal`] sealed behind this many associated bytes.
///
/// # Errors
/// If there are too few bytes, they were changed, or the key is another one.
pub(crate) fn open(
	cipher: &XChaCha20Poly1305,
	bytes: &[u8],
	associated: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
	let (associated, rest) = bytes.split_at_checked(associated).ok_or(OpenError::Length)?;
	let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or(OpenError::Length)?;
	let payload = Payload { msg: sealed, aad: associated };
	let message = cipher.decrypt(XNonce::from_slice(nonce), payload);
	message.map(Zeroizing::new).map_err(|_| OpenError::NotAuthentic)
}
