//! Which artifact is behind the number of a model: the first one that was seen, or the one that the user
//! names. A node cannot put another one in its place.
//!
//! They are kept in a file beside the client key, one line each: the hash of the chain's first block, the
//! model's number, the artifact's hash. Of two lines for one model the last one counts.

use crate::files::{self, FileError};
use fhe_ml_engine::Hash;
use std::{
	io::Write,
	path::{Path, PathBuf},
	str::FromStr,
};

/// File name in a key directory.
pub const KNOWN_MODELS: &str = "known-models";

/// A hash as polkadot.js shows it, `0x...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexHash(pub Hash);

/// A text that is no hash.
#[derive(Debug, thiserror::Error)]
#[error("a hash is 0x and 64 hexadecimal digits")]
pub struct HexHashError;

impl FromStr for HexHash {
	type Err = HexHashError;

	fn from_str(text: &str) -> Result<Self, HexHashError> {
		let digits = text.strip_prefix("0x").ok_or(HexHashError)?;
		let mut hash = [0; 32];
		hex::decode_to_slice(digits, &mut hash).map_err(|_| HexHashError)?;
		Ok(Self(hash))
	}
}

impl std::fmt::Display for HexHash {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "0x{}", hex::encode(self.0))
	}
}

/// A number of a model on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelName {
	/// Hash of the chain's first block.
	pub genesis: HexHash,
	/// Number of the model.
	pub model: u32,
}

/// Why a model is not used.
#[derive(Debug, thiserror::Error)]
pub enum KnownModelError {
	/// The file cannot be read or written.
	#[error(transparent)]
	File(#[from] FileError),
	/// The file was changed by something else.
	#[error("line {line} of {path} is no chain, model and hash; correct or remove it")]
	Line {
		/// The file.
		path: PathBuf,
		/// Number of the line, from 1.
		line: usize,
	},
	/// Another artifact than the user named.
	#[error(
		"model {model} of this node has the hash {found}, not {named}; the node lies, or you mean another model"
	)]
	NotNamed {
		/// Number of the model.
		model: u32,
		/// Hash of its artifact.
		found: HexHash,
		/// What the user named.
		named: HexHash,
	},
	/// Another artifact than before.
	#[error(
		"model {model} had the hash {known} when it was first used, and this node gives one with {found}, which no honest node of one chain does; ask another node, or name the hash that you mean with --model-hash"
	)]
	Changed {
		/// Number of the model.
		model: u32,
		/// Hash at its first use.
		known: HexHash,
		/// Hash now.
		found: HexHash,
	},
}

/// The models that the owner of a client key has used.
pub struct KnownModels {
	path: PathBuf,
}

impl KnownModels {
	/// Those of the client key in `folder`.
	pub fn of(folder: &Path) -> Self {
		Self { path: folder.join(KNOWN_MODELS) }
	}

	/// Checks the hash of an artifact against what the user named, or else against its first use. Returns
	/// whether this is the first use, which is then on record.
	///
	/// # Errors
	/// If it is another artifact, or the record cannot be kept.
	pub fn check(
		&self,
		name: ModelName,
		found: HexHash,
		named: Option<HexHash>,
	) -> Result<bool, KnownModelError> {
		let model = name.model;
		if let Some(named) = named.filter(|named| *named != found) {
			return Err(KnownModelError::NotNamed { model, found, named });
		}
		match self.known(name)? {
			Some(known) if known == found => Ok(false),
			Some(known) if named.is_none() => Err(KnownModelError::Changed { model, known, found }),
			_ => match self.append(name, found) {
				// Whoever names the hash each time needs no record.
				Err(_) if named.is_some() => Ok(true),
				result => result.map(|()| true),
			},
		}
	}

	fn known(&self, name: ModelName) -> Result<Option<HexHash>, KnownModelError> {
		if !self.path.exists() {
			return Ok(None);
		}
		let bytes = files::read(&self.path)?;
		let mut known = None;
		for (at, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
			let bad = || KnownModelError::Line { path: self.path.clone(), line: at + 1 };
			let (other, hash) = parse(line).ok_or_else(bad)?;
			if other == name {
				known = Some(hash);
			}
		}
		Ok(known)
	}

	/// One line at once: another process that does the same at the same time does no harm.
	fn append(&self, name: ModelName, hash: HexHash) -> Result<(), KnownModelError> {
		let error = |source| FileError::Write { path: self.path.clone(), source };
		let line = format!("{} {} {hash}\n", name.genesis, name.model);
		let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path);
		file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(error)?;
		Ok(())
	}
}

fn parse(line: &str) -> Option<(ModelName, HexHash)> {
	let mut words = line.split_whitespace();
	let genesis = words.next()?.parse().ok()?;
	let model = words.next()?.parse().ok()?;
	let hash = words.next()?.parse().ok()?;
	words.next().is_none().then_some((ModelName { genesis, model }, hash))
}

#[cfg(test)]
mod tests {
	use super::*;

	const NAME: ModelName = ModelName { genesis: HexHash([1; 32]), model: 7 };
	const MINE: HexHash = HexHash([2; 32]);
	const OTHER: HexHash = HexHash([3; 32]);

	fn refused(result: Result<bool, KnownModelError>) -> String {
		result.unwrap_err().to_string()
	}

	#[test]
	fn the_first_use_counts_for_one_model_of_one_chain() {
		let folder = tempfile::tempdir().unwrap();
		let known = KnownModels::of(folder.path());
		assert!(known.check(NAME, MINE, None).unwrap());
		assert!(!KnownModels::of(folder.path()).check(NAME, MINE, None).unwrap());
		let text = refused(known.check(NAME, OTHER, None));
		assert!(text.contains("when it was first used") && text.contains("--model-hash"), "{text}");
		assert!(known.check(ModelName { model: 8, ..NAME }, OTHER, None).unwrap());
		let elsewhere = ModelName { genesis: HexHash([9; 32]), ..NAME };
		assert!(known.check(elsewhere, OTHER, None).unwrap());
		assert!(!known.check(NAME, MINE, None).unwrap());
	}

	#[test]
	fn the_users_word_counts_more_than_the_first_use() {
		let folder = tempfile::tempdir().unwrap();
		let known = KnownModels::of(folder.path());
		known.check(NAME, MINE, None).unwrap();
		let text = refused(known.check(NAME, MINE, Some(OTHER)));
		assert!(text.contains("the node lies"), "{text}");
		assert!(known.check(NAME, OTHER, Some(OTHER)).unwrap());
		assert!(!known.check(NAME, OTHER, None).unwrap());
		refused(known.check(NAME, MINE, None));
	}

	#[test]
	fn a_folder_that_cannot_be_written_needs_the_users_word() {
		let known = KnownModels::of(Path::new("/proc/nowhere"));
		assert!(known.check(NAME, MINE, Some(MINE)).unwrap());
		assert!(refused(known.check(NAME, MINE, None)).contains("cannot write"));
	}

	#[test]
	fn a_damaged_file_is_an_error_and_not_a_first_use() {
		let folder = tempfile::tempdir().unwrap();
		let known = KnownModels::of(folder.path());
		known.check(NAME, MINE, None).unwrap();
		let path = folder.path().join(KNOWN_MODELS);
		let mut text = std::fs::read_to_string(&path).unwrap();
		assert_eq!(text.lines().count(), 1);
		text.push_str("0x12 7\n");
		std::fs::write(&path, text).unwrap();
		assert!(refused(known.check(NAME, MINE, None)).starts_with("line 2 of "));
	}

	#[test]
	fn hashes_are_read_as_they_are_written() {
		assert_eq!(MINE.to_string().parse::<HexHash>().unwrap(), MINE);
		for bad in ["", "0x", "0x12", &MINE.to_string()[2..], &format!("{MINE}0")] {
			assert!(bad.parse::<HexHash>().is_err(), "{bad}");
		}
	}
}
