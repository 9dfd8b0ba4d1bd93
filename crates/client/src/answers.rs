//! Which owner of private models a client key answers to, and how often it has.
//!
//! Nobody but the owner's evaluators can check an answer. A crafted one tells whoever sees the user's reaction to it
//! bits of the client key: at most as many as the reaction has. So a key folder serves one owner, and a bounded
//! number of answers.

use crate::files::{self, FileError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// File in the key folder.
const FILE: &str = "private-answers.json";

/// Answers after which a key is used up. A reaction to one of two classes has a bit, so an owner learns at most
/// 256 of the 2048 bits of the key.
pub const MOST_ANSWERS: u32 = 256;

/// What a key has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answers {
	/// Genesis block of the chain, in hex.
	chain: String,
	/// Account of the owner, in hex.
	owner: String,
	/// Answers that were decrypted or may have been.
	count: u32,
}

/// Why a key is not used.
#[derive(Debug, thiserror::Error)]
pub enum AnswersError {
	/// The count cannot be read or written.
	#[error(transparent)]
	File(#[from] FileError),
	/// It is no count.
	#[error("{path} is no count of private answers: {source}")]
	Json {
		/// The file.
		path: PathBuf,
		/// Why.
		source: serde_json::Error,
	},
	/// The key serves another owner.
	#[error(
		"the key in {folder} serves the private models of another owner ({owner}), and two owners who work together would learn more of it: make a key for this one with `fhe-ml keygen --out DIR` and register it"
	)]
	AnotherOwner {
		/// The key folder.
		folder: PathBuf,
		/// The other owner.
		owner: String,
	},
	/// The key is used up.
	#[error(
		"the key in {folder} has decrypted {count} answers of this owner's private models, and {wanted} more would be over {MOST_ANSWERS}: make a new key with `fhe-ml keygen --out DIR` and register it"
	)]
	UsedUp {
		/// The key folder.
		folder: PathBuf,
		/// Answers so far.
		count: u32,
		/// Answers that are asked for.
		wanted: usize,
	},
}

/// Counts `rows` more answers of an owner, before they are asked for.
///
/// # Errors
/// If the key serves another owner, is used up, or the count cannot be kept.
pub fn count(
	folder: &Path,
	chain: &[u8; 32],
	owner: &[u8; 32],
	rows: usize,
) -> Result<u32, AnswersError> {
	let path = folder.join(FILE);
	let json = |source| AnswersError::Json { path: path.clone(), source };
	let (chain, owner) = (hex::encode(chain), hex::encode(owner));
	let mut answers = if path.exists() {
		serde_json::from_slice(&files::read(&path)?).map_err(json)?
	} else {
		Answers { chain: chain.clone(), owner: owner.clone(), count: 0 }
	};
	if (&answers.chain, &answers.owner) != (&chain, &owner) {
		let folder = folder.into();
		return Err(AnswersError::AnotherOwner { folder, owner: format!("0x{}", answers.owner) });
	}
	let after = u32::try_from(rows).ok().and_then(|rows| answers.count.checked_add(rows));
	let Some(after) = after.filter(|after| *after <= MOST_ANSWERS) else {
		let (folder, count) = (folder.into(), answers.count);
		return Err(AnswersError::UsedUp { folder, count, wanted: rows });
	};
	answers.count = after;
	let bytes = serde_json::to_vec(&answers).map_err(json)?;
	files::write(&path, &bytes)?;
	Ok(after)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_key_serves_one_owner_and_so_many_answers() {
		let folder = tempfile::tempdir().unwrap();
		let count = |owner, rows| count(folder.path(), &[1; 32], &[owner; 32], rows);
		assert_eq!(count(2, 100).unwrap(), 100);
		assert_eq!(count(2, 156).unwrap(), 256);
		assert!(matches!(count(2, 1), Err(AnswersError::UsedUp { count: 256, .. })));
		assert!(matches!(count(3, 1), Err(AnswersError::AnotherOwner { .. })));
		assert_eq!(count(2, 0).unwrap(), 256);
		std::fs::write(folder.path().join(FILE), "no json").unwrap();
		assert!(matches!(count(2, 1), Err(AnswersError::Json { .. })));
	}
}
