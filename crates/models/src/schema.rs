//! The schema of an encrypted model: what its owner knows and the chain does not.
//!
//! It is a [`ModelCard`], with features, thresholds, scales, classes and post-processing, sealed with
//! XChaCha20-Poly1305 under a key that HKDF-SHA256 derives from the client key. Whoever has the client
//! key can open it, and nobody else.
//!
//! | bytes    | field |
//! |----------|-------|
//! | 0..16    | header |
//! | 16..48   | hash of the artifact that it belongs to |
//! | 48..80   | hash of the server key of the client key that opens it |
//! | 80..104  | nonce |
//! | 104..    | sealed card (JSON), 16 bytes of authentication |

use crate::{card::ModelCard, sealed};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use fhe_ml_engine::{ClientKey, Hash, HeaderError, Seeder};
use fhe_ml_format::{BlobKind, HEADER_BYTES, Header};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// An opened schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
	/// Hash of the artifact that it belongs to.
	pub artifact: Hash,
	/// What the artifact does not say.
	pub card: ModelCard,
}

/// Why a schema cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
	/// The header is not that of a schema.
	#[error(transparent)]
	Header(#[from] HeaderError),
	/// It is sealed for another client key.
	#[error("the schema is sealed for another client key")]
	AnotherKey,
	/// It was changed, or the key is not the one that it names.
	#[error("the schema was changed or damaged: it does not authenticate")]
	NotAuthentic,
	/// Its card is not valid JSON of this version.
	#[error("the schema's model card does not decode: {0}")]
	Card(#[from] serde_json::Error),
}

const ASSOCIATED_BYTES: usize = HEADER_BYTES + 32 + 32;
const PURPOSE: &[u8] = b"fhe-ml schema 1";

fn cipher(key: &ClientKey) -> Result<XChaCha20Poly1305, SchemaError> {
	let mut derived = Zeroizing::new([0; 32]);
	Hkdf::<Sha256>::new(None, &key.to_bytes())
		.expand(PURPOSE, derived.as_mut())
		.map_err(|_| SchemaError::NotAuthentic)?;
	Ok(XChaCha20Poly1305::new(&(*derived).into()))
}

impl Schema {
	/// The bytes of a schema file, for the owner of `key`.
	///
	/// # Errors
	/// If the card cannot be written as JSON.
	pub fn seal(&self, key: &ClientKey, seeder: &mut dyn Seeder) -> Result<Vec<u8>, SchemaError> {
		let card = Zeroizing::new(self.card.to_json()?);
		let sealed = card.len() + sealed::OVERHEAD;
		let payload_bytes = (ASSOCIATED_BYTES - HEADER_BYTES + sealed) as u32;
		let header = Header { kind: BlobKind::Schema, detail: 0, more: 0, payload_bytes };
		let mut bytes = header.to_bytes().to_vec();
		bytes.extend(self.artifact);
		bytes.extend(key.server_key_hash());
		sealed::seal(&cipher(key)?, bytes, &card, seeder).ok_or(SchemaError::NotAuthentic)
	}

	/// Opens the bytes of a schema file.
	///
	/// # Errors
	/// If the bytes are no schema, it is sealed for another key, or it was changed.
	pub fn open(bytes: &[u8], key: &ClientKey) -> Result<Self, SchemaError> {
		Header::read(bytes, BlobKind::Schema)?;
		let too_short = HeaderError::WrongLength;
		let associated = bytes.get(HEADER_BYTES..ASSOCIATED_BYTES).ok_or(too_short)?;
		let [artifact, server_key] = associated.as_chunks::<32>().0 else {
			return Err(too_short.into());
		};
		if *server_key != key.server_key_hash() {
			return Err(SchemaError::AnotherKey);
		}
		let card = sealed::open(&cipher(key)?, bytes, ASSOCIATED_BYTES)
			.map_err(|error| error.into(SchemaError::NotAuthentic))?;
		Ok(Self { artifact: *artifact, card: serde_json::from_slice(&card)? })
	}
}
