//! The prefix of a model artifact: all that the chain needs to know of a model.

use crate::{
	BlobKind, HEADER_BYTES, Hash, Header, HeaderError, RowLayout,
	reader::{array_at, u32_at, u64_at},
};

/// Longest model name in bytes of UTF-8.
pub const MODEL_NAME_BYTES: usize = 64;

/// Bytes of a [`RowLayout`].
const ROW_LAYOUT_BYTES: usize = 12;

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
	/// Networks with any number of hidden layers, by bootstrapping.
	Deep = 8,
}

impl CircuitKind {
	/// Whether evaluation needs the user's server key.
	pub const fn needs_server_key(self) -> bool {
		match self {
			Self::Linear | Self::EncryptedLinear | Self::Filter => false,
			Self::Forest | Self::Network | Self::EncryptedForest | Self::Private | Self::Deep => {
				true
			},
		}
	}

	/// Whether evaluation needs the user's bootstrap key, too.
	pub const fn needs_bootstrap_key(self) -> bool {
		matches!(self, Self::Deep)
	}

	/// Whether the model itself is encrypted under a client key.
	pub const fn is_encrypted(self) -> bool {
		match self {
			Self::Linear
			| Self::Forest
			| Self::Network
			| Self::Filter
			| Self::Private
			| Self::Deep => false,
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
			8 => Some(Self::Deep),
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
/// | 104..116 | only with a [`RowLayout`]: bytes of a row of a result, rows that share a mask, work of that |
/// | then 32  | only for encrypted models: hash of the server key whose client key they need |
///
/// Artifacts of before inputs of many rows have no layout of rows; their models take one row at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactPrefix {
	/// Which evaluation the model compiles to.
	pub circuit: CircuitKind,
	/// Exact length in bytes of an input of one row for this model.
	pub input_bytes: u32,
	/// Exact length in bytes of a result of one row of this model.
	pub result_bytes: u32,
	/// Cost of evaluating one row: about one unit per microsecond of one core.
	pub work: u64,
	/// Length of the JSON model card that follows.
	pub card_bytes: u32,
	/// Length of the encoded circuit that follows the card.
	pub circuit_bytes: u32,
	/// Name in UTF-8, padded with zeros.
	pub name: [u8; MODEL_NAME_BYTES],
	/// How many rows lie in a result; none if the model takes one row at a time.
	pub row_layout: Option<RowLayout>,
	/// For an encrypted model, and for no other: hash of the server key whose client key encrypted
	/// it.
	pub encrypted_for: Option<Hash>,
}

impl ArtifactPrefix {
	/// Length of header and prefix in bytes, without what not every model has.
	pub const BYTES: usize = HEADER_BYTES + 24 + MODEL_NAME_BYTES;

	/// Most bytes of header and prefix.
	pub const MAX_BYTES: usize = Self::BYTES + ROW_LAYOUT_BYTES + size_of::<Hash>();

	/// Length of header and prefix in bytes.
	pub const fn encoded_len(&self) -> usize {
		let key = if self.encrypted_for.is_some() { size_of::<Hash>() } else { 0 };
		let layout = if self.row_layout.is_some() { ROW_LAYOUT_BYTES } else { 0 };
		Self::BYTES + layout + key
	}

	/// Header and prefix: the first [`encoded_len`](Self::encoded_len) of these bytes.
	pub fn to_bytes(&self) -> [u8; Self::MAX_BYTES] {
		let rest = (self.encoded_len() - HEADER_BYTES) as u32;
		let payload_bytes = rest.saturating_add(self.card_bytes).saturating_add(self.circuit_bytes);
		let (detail, more) = (self.circuit as u8, self.row_layout.is_some().into());
		let header = Header { kind: BlobKind::Artifact, detail, more, payload_bytes };
		let mut bytes = [0; Self::MAX_BYTES];
		bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
		bytes[16..20].copy_from_slice(&self.input_bytes.to_le_bytes());
		bytes[20..24].copy_from_slice(&self.result_bytes.to_le_bytes());
		bytes[24..32].copy_from_slice(&self.work.to_le_bytes());
		bytes[32..36].copy_from_slice(&self.card_bytes.to_le_bytes());
		bytes[36..40].copy_from_slice(&self.circuit_bytes.to_le_bytes());
		bytes[40..Self::BYTES].copy_from_slice(&self.name);
		let mut rest = Self::BYTES;
		if let Some(layout) = self.row_layout {
			bytes[rest..rest + 4].copy_from_slice(&layout.row_bytes.to_le_bytes());
			bytes[rest + 4..rest + 8].copy_from_slice(&layout.rows_per_mask.to_le_bytes());
			bytes[rest + 8..rest + 12].copy_from_slice(&layout.packing_work.to_le_bytes());
			rest += ROW_LAYOUT_BYTES;
		}
		if let Some(key) = self.encrypted_for {
			bytes[rest..rest + key.len()].copy_from_slice(&key);
		}
		bytes
	}

	/// Reads header and prefix of a whole artifact.
	///
	/// # Errors
	/// If the blob is no artifact, is not as long as its header says, or has a kind of circuit that is unknown or
	/// a layout of rows that cannot be.
	pub fn read(blob: &[u8]) -> Result<Self, HeaderError> {
		let header = Header::read(blob, BlobKind::Artifact)?;
		let circuit = CircuitKind::from_byte(header.detail).ok_or(HeaderError::Malformed)?;
		let row_layout = match header.more {
			0 => None,
			_ => Some(RowLayout {
				row_bytes: u32_at(blob, Self::BYTES)?,
				rows_per_mask: u32_at(blob, Self::BYTES + 4)?,
				packing_work: u32_at(blob, Self::BYTES + 8)?,
			}),
		};
		let key_at = Self::BYTES + row_layout.map_or(0, |_| ROW_LAYOUT_BYTES);
		let prefix = Self {
			circuit,
			input_bytes: u32_at(blob, 16)?,
			result_bytes: u32_at(blob, 20)?,
			work: u64_at(blob, 24)?,
			card_bytes: u32_at(blob, 32)?,
			circuit_bytes: u32_at(blob, 36)?,
			name: array_at(blob, 40)?,
			row_layout,
			encrypted_for: match circuit.is_encrypted() {
				true => Some(array_at(blob, key_at)?),
				false => None,
			},
		};
		let announced = prefix.encoded_len() as u64
			+ u64::from(prefix.card_bytes)
			+ u64::from(prefix.circuit_bytes);
		if announced != blob.len() as u64 {
			return Err(HeaderError::WrongLength);
		}
		let layout_fits = row_layout.is_none_or(|layout| layout.fits(prefix.result_bytes));
		if prefix.name_str().is_none_or(str::is_empty) || prefix.work == 0 || !layout_fits {
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
			row_layout: None,
			encrypted_for: None,
		}
	}

	fn read(prefix: &ArtifactPrefix) -> Result<ArtifactPrefix, HeaderError> {
		ArtifactPrefix::read(&prefix.to_bytes()[..prefix.encoded_len()])
	}

	#[test]
	fn prefix_reads_back() {
		let row_layout = Some(RowLayout { row_bytes: 14, rows_per_mask: 1, packing_work: 5 });
		for row_layout in [None, row_layout] {
			for (circuit, encrypted_for) in
				[(CircuitKind::Linear, None), (CircuitKind::EncryptedForest, Some([9; 32]))]
			{
				let prefix = ArtifactPrefix { circuit, row_layout, encrypted_for, ..prefix() };
				let bytes = prefix.to_bytes();
				let bytes = &bytes[..prefix.encoded_len()];
				assert_eq!(ArtifactPrefix::read(bytes), Ok(prefix));
				let truncated = &bytes[..bytes.len() - 1];
				assert_eq!(ArtifactPrefix::read(truncated), Err(HeaderError::WrongLength));
			}
		}
	}

	#[test]
	fn a_layout_that_cannot_be_is_refused() {
		for (row_bytes, rows_per_mask) in [(0, 1), (15, 1), (14, 0), (14, u32::MAX)] {
			let row_layout = Some(RowLayout { row_bytes, rows_per_mask, packing_work: 0 });
			let prefix = ArtifactPrefix { row_layout, ..prefix() };
			let bytes = prefix.to_bytes();
			let read = ArtifactPrefix::read(&bytes[..prefix.encoded_len()]);
			assert_eq!(read, Err(HeaderError::Malformed));
		}
	}

	#[test]
	fn bad_names_and_lengths_are_refused() {
		let mut nameless = prefix();
		nameless.name = [0; MODEL_NAME_BYTES];
		assert_eq!(read(&nameless), Err(HeaderError::Malformed));
		let mut hole = prefix();
		hole.name[10] = b'x';
		assert_eq!(read(&hole), Err(HeaderError::Malformed));
		let mut long = prefix();
		long.card_bytes = u32::MAX;
		assert_eq!(read(&long), Err(HeaderError::WrongLength));
	}
}
