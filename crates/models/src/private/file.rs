//! The file that the evaluators of a private model have.
//!
//! | bytes    | field |
//! |----------|-------|
//! | 0..16    | header; detail 0 |
//! | 16..48   | hash of the artifact |
//! | 48..     | secret and circuit ([`PrivateEvaluator::to_bytes`]) |
//!
//! At rest it is sealed under a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 seals.
//!
//! | bytes    | field |
//! |----------|-------|
//! | 0..16    | header; detail 1 |
//! | 16..32   | salt |
//! | 32..56   | nonce |
//! | 56..     | sealed file, 16 bytes of authentication |

use crate::sealed;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use fhe_ml_engine::{
	Hash, HeaderError, PrivateCircuitError, Seeder, blake2b_256,
	circuits::private::PrivateEvaluator,
};
use fhe_ml_format::{BlobKind, HEADER_BYTES, Header};
use zeroize::Zeroizing;

/// What the evaluators of a private model have.
#[derive(Debug)]
pub struct PrivateFile {
	/// Hash of the artifact that users see.
	pub artifact: Hash,
	/// The model.
	pub evaluator: PrivateEvaluator,
}

/// Why the bytes of a private model were refused.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
	/// The header is not that of a private model.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// It is sealed.
	#[error("the private model is sealed: its passphrase is needed")]
	Sealed,
	/// It was changed, or the passphrase is another one.
	#[error("the passphrase is wrong, or the private model was damaged")]
	NotAuthentic,
	/// There is nothing to seal or open with.
	#[error("the first line of the passphrase's file is empty")]
	NoPassphrase,
	/// The circuit does not decode.
	#[error("the private model does not decode: {0}")]
	Circuit(#[from] PrivateCircuitError),
}

const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const SALT_BYTES: usize = 16;
const ASSOCIATED_BYTES: usize = HEADER_BYTES + SALT_BYTES;
/// Domain of the commitment.
const OF_COMMITMENT: &[u8] = b"fhe-ml/private-model/1";

impl PrivateFile {
	/// What the chain holds the owner to: BLAKE2b-256 of the file, which the secret in it hides.
	pub fn commitment(&self) -> Hash {
		blake2b_256(&Zeroizing::new([OF_COMMITMENT, &self.to_bytes()].concat()))
	}

	/// The bytes of the file, open.
	pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
		let evaluator = self.evaluator.to_bytes();
		let payload_bytes = (self.artifact.len() + evaluator.len()) as u32;
		let header = Header { kind: BlobKind::PrivateModel, detail: PLAIN, more: 0, payload_bytes };
		Zeroizing::new(
			[header.to_bytes().as_slice(), self.artifact.as_slice(), evaluator.as_slice()].concat(),
		)
	}

	/// Reads an open file.
	///
	/// # Errors
	/// If the bytes are no private model, are sealed, or do not decode.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, PrivateFileError> {
		let header = Header::read(bytes, BlobKind::PrivateModel)?;
		if header.detail != PLAIN {
			return Err(PrivateFileError::Sealed);
		}
		let rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
		let (artifact, evaluator) =
			rest.split_first_chunk::<32>().ok_or(HeaderError::WrongLength)?;
		Ok(Self { artifact: *artifact, evaluator: PrivateEvaluator::from_bytes(evaluator)? })
	}

	/// The bytes of the file, sealed under a passphrase.
	///
	/// # Errors
	/// If the cipher refuses, which it does not.
	pub fn seal(
		&self,
		passphrase: &[u8],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, PrivateFileError> {
		let plain = self.to_bytes();
		let payload_bytes = (SALT_BYTES + plain.len() + sealed::OVERHEAD) as u32;
		let header =
			Header { kind: BlobKind::PrivateModel, detail: SEALED, more: 0, payload_bytes };
		let mut bytes = header.to_bytes().to_vec();
		bytes.extend(seeder.seed().0.to_le_bytes());
		let cipher = cipher(passphrase, &bytes[HEADER_BYTES..])?;
		sealed::seal(&cipher, bytes, &plain, seeder).ok_or(PrivateFileError::NotAuthentic)
	}

	/// Reads a file, sealed under this passphrase or open.
	///
	/// # Errors
	/// If the bytes are no private model, the passphrase is missing or another one, or they do not decode.
	pub fn open(bytes: &[u8], passphrase: Option<&[u8]>) -> Result<Self, PrivateFileError> {
		let header = Header::read(bytes, BlobKind::PrivateModel)?;
		let (PLAIN | SEALED) = header.detail else {
			return Err(HeaderError::WrongVersion.into());
		};
		if header.detail == PLAIN {
			return Self::from_bytes(bytes);
		}
		let passphrase = passphrase.ok_or(PrivateFileError::Sealed)?;
		let salt = bytes.get(HEADER_BYTES..ASSOCIATED_BYTES).ok_or(HeaderError::WrongLength)?;
		let plain = sealed::open(&cipher(passphrase, salt)?, bytes, ASSOCIATED_BYTES)
			.map_err(|error| error.into(PrivateFileError::NotAuthentic))?;
		Self::from_bytes(&plain)
	}
}

/// The passphrase in the bytes of a file: its first line.
///
/// # Errors
/// If that is empty.
pub fn passphrase_of(file: &[u8]) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
	let line = file.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
	if line.is_empty() {
		Err(PrivateFileError::NoPassphrase)
	} else {
		Ok(Zeroizing::new(line.to_vec()))
	}
}

/// Argon2id with 64 MiB, 3 passes and one lane: the second choice of RFC 9106, section 4.
fn cipher(passphrase: &[u8], salt: &[u8]) -> Result<XChaCha20Poly1305, PrivateFileError> {
	let refused = |_| PrivateFileError::NotAuthentic;
	let parameters = argon2::Params::new(1 << 16, 3, 1, Some(32)).map_err(refused)?;
	let argon2 =
		argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
	let mut key = Zeroizing::new([0; 32]);
	argon2
		.hash_password_into(passphrase, salt, key.as_mut())
		.map_err(|_| PrivateFileError::NotAuthentic)?;
	Ok(XChaCha20Poly1305::new(&(*key).into()))
}
