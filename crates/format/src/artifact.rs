//! The prefix of a model artifact: all that the chain needs to know of a model.

use crate::{
	BlobKind, HEADER_BYTES, Hash, Header, HeaderError,
	reader::{array_at, u32_at, u64_at},
};

/// Longest model name in bytes of UTF-8.
pub const MODEL_NAME_BYTES: usize = 64;

/// Which evaluation a model compiles to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CircuitKind {
	/// Inner products with integer weights; needs no server key.
	Linear = 1,
	/// Sums of decision trees.
	Forest = 2,
	/// Networks with one hidden layer.
	Network = 3,
	/// Inner products with encrypted weights; needs no server key.
	EncryptedLinear = 4,
	/// Sums of decision trees with encrypted leaves.
	EncryptedForest = 5,
	/// Linear filters on images; needs no server key.
	Filter = 6,
	/// What a user of a private model needs: its circuit is with its owner's evaluators.
	Private = 7,
}

impl CircuitKind {
	/// Whether evaluation needs the user's server key.
	pub const fn needs_server_key(self) -> bool {
		match self {
			Self::Linear | Self::EncryptedLinear | Self::Filter => false,
			Self::Forest | Self::Network | Self::EncryptedForest | Self::Private => true,
		}
	}

	/// Whether the model itself is encrypted under a client key.
	pub const fn is_encrypted(self) -> bool {
		match self {
			Self::Linear | Self::Forest | Self::Network | Self::Filter | Self::Private => false,
			Self::EncryptedLinear | Self::EncryptedForest => true,
		}
	}

	/// Whether the circuit is with its owner's evaluators only.
	pub const fn is_private(self) -> bool {
		matches!(self, Self::Private)
	}

	fn from_byte(byte: u8) -> Option<Self> {
		match byte {
			1 => Some(Self::Linear),
			2 => Some(Self::Forest),
			3 => Some(Self::Network),
			4 => Some(Self::EncryptedLinear),
			5 => Some(Self::EncryptedForest),
			6 => Some(Self::Filter),
			7 => Some(Self::Private),
			_ => None,
		}
	}
}

/// What follows the [`Header`] of an artifact; then come the card and the circuit.
///
/// | bytes    | field |
/// |----------|-------|
/// | 16..20   | exact length of an input blob |
/// | 20..24   | exact length of a result blob |
/// | 24..32   | work units of one evaluation |
/// | 32..36   | length of the model card (JSON) |
/// | 36..40   | length of the circuit |
/// | 40..104  | name, UTF-8, zero-padded |
/// | 104..136 | only for encrypted models: hash of the server key whose client key they need |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactPrefix {
	/// Which evaluation the model compiles to.
	pub circuit: CircuitKind,
	/// Exact length in bytes of every input blob for this model.
	pub input_bytes: u32,
	/// Exact length in bytes of every result blob of this model.
	pub result_bytes: u32,
	/// Cost of one evaluation: about one unit per microsecond of one core.
	pub work: u64,
	/// Length of the JSON model card that follows.
	pub card_bytes: u32,
	/// Length of the encoded circuit that follows the card.
	pub circuit_bytes: u32,
	/// Name in UTF-8, padded with zeros.
	pub name: [u8; MODEL_NAME_BYTES],
	/// For an encrypted model, and for no other: hash of the server key whose client key encrypted
	/// it.
	pub encrypted_for: Option<Hash>,
}

impl ArtifactPrefix {
	/// Length of header and prefix in bytes, without the key of encrypted models.
	pub const BYTES: usize = HEADER_BYTES + 24 + MODEL_NAME_BYTES;

	/// Length of header and prefix in bytes.
	pub const fn encoded_len(&self) -> usize {
		match self.encrypted_for {
			Some(key) => Self::BYTES + key.len(),
			None => Self::BYTES,
		}
	}

	/// Header and prefix as bytes; for an encrypted model its key must follow.
	pub fn to_bytes(&self) -> [u8; Self::BYTES] {
		let rest = (self.encoded_len() - HEADER_BYTES) as u32;
		let payload_bytes = rest.saturating_add(self.card_bytes).saturating_add(self.circuit_bytes);
		let header = Header { kind: BlobKind::Artifact, detail: self.circuit as u8, payload_bytes };
		let mut bytes = [0; Self::BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..20].copy_from_slice(&self.input_bytes.to_le_bytes());
		bytes[20..24].copy_from_slice(&self.result_bytes.to_le_bytes());
		bytes[24..32].copy_from_slice(&self.work.to_le_bytes());
		bytes[32..36].copy_from_slice(&self.card_bytes.to_le_bytes());
		bytes[36..40].copy_from_slice(&self.circuit_bytes.to_le_bytes());
		bytes[40..].copy_from_slice(&self.name);
		bytes
	}

	/// Reads header and prefix of a whole artifact.
	///
	/// # Errors
	/// If the blob is no artifact, is not as long as its header says, or has a kind of circuit that is unknown.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		let header = Header::read(blob, BlobKind::Artifact)?;
		let circuit = CircuitKind::from_byte(header.detail).ok_or(HeaderError::Malformed)?;
		let prefix = Self {
			circuit,
			input_bytes: u32_at(blob, 16)?,
			result_bytes: u32_at(blob, 20)?,
			work: u64_at(blob, 24)?,
			card_bytes: u32_at(blob, 32)?,
			circuit_bytes: u32_at(blob, 36)?,
			name: array_at(blob, 40)?,
			encrypted_for: match circuit.is_encrypted() {
				true => Some(array_at(blob, Self::BYTES)?),
				false => None,
			},
		};
		let announced = prefix.encoded_len() as u64
			+ u64::from(prefix.card_bytes)
			+ u64::from(prefix.circuit_bytes);
		if announced != blob.len() as u64 {
			return Err(HeaderError::WrongLength);
		}
		if prefix.name_str().is_none_or(str::is_empty) || prefix.work == 0 {
			return Err(HeaderError::Malformed);
		}
		Ok(prefix)
	}

	/// The name without its padding; `None` when it is not UTF-8 or has bytes after a zero.
	pub fn name_str(&self) -> Option<&str> {
		let len = self.name.iter().position(|&byte| byte == 0).unwrap_or(MODEL_NAME_BYTES);
		let (name, padding) = self.name.split_at(len);
		padding.iter().all(|&byte| byte == 0).then_some(())?;
		core::str::from_utf8(name).ok()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn prefix() -> ArtifactPrefix {
		let mut name = [0; MODEL_NAME_BYTES];
		name[..4].copy_from_slice(b"iris");
		ArtifactPrefix {
			circuit: CircuitKind::Linear,
			input_bytes: 120,
			result_bytes: 38,
			work: 7,
			card_bytes: 0,
			circuit_bytes: 0,
			name,
			encrypted_for: None,
		}
	}

	#[test]
	fn prefix_reads_back() {
		assert_eq!(ArtifactPrefix::read(&prefix().to_bytes()), Ok(prefix()));
	}

	#[test]
	fn prefix_of_an_encrypted_model_has_its_key() {
		let key = [9; 32];
		let circuit = CircuitKind::EncryptedForest;
		let prefix = ArtifactPrefix { circuit, encrypted_for: Some(key), ..prefix() };
		let mut bytes = [9; ArtifactPrefix::BYTES + 32];
		bytes[..ArtifactPrefix::BYTES].copy_from_slice(&prefix.to_bytes());
		assert_eq!(ArtifactPrefix::read(&bytes), Ok(prefix));
		let truncated = &bytes[..ArtifactPrefix::BYTES];
		assert_eq!(ArtifactPrefix::read(truncated), Err(HeaderError::WrongLength));
	}

	#[test]
	fn bad_names_and_lengths_are_refused() {
		let mut nameless = prefix();
		nameless.name = [0; MODEL_NAME_BYTES];
		assert_eq!(ArtifactPrefix::read(&nameless.to_bytes()), Err(HeaderError::Malformed));
		let mut hole = prefix();
		hole.name[10] = b'x';
		assert_eq!(ArtifactPrefix::read(&hole.to_bytes()), Err(HeaderError::Malformed));
		let mut long = prefix();
		long.card_bytes = u32::MAX;
		assert_eq!(ArtifactPrefix::read(&long.to_bytes()), Err(HeaderError::WrongLength));
	}
}
