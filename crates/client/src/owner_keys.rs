//! The keys for private models: every owner gets one of its own, and another one after so many answers.
//!
//! Nobody but the owner's evaluators can check an answer. A crafted one tells whoever sees the user's reaction to it
//! bits of the client key: at most as many as the reaction has. So every owner is asked under a key that is derived
//! from the one in the key folder, which tells nothing of that one or of another owner's, and serves a bounded number
//! of answers.
//!
//! They are in `private/CHAIN/OWNER/NUMBER` of the key folder, each a key folder itself.

use crate::files::{self, FileError};
use fhe_ml_engine::ClientKey;
use fhe_ml_models::{MOST_ANSWERS, owner_key};
use std::{
	fs::{File, OpenOptions},
	io::{Read, Seek, Write},
	path::{Path, PathBuf},
};

/// Folder in the key folder.
const FOLDER: &str = "private";
/// File with the number of answers, in the folder of a derived key.
const ANSWERS: &str = "answers";
/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum OwnerKeyError {
	/// Files cannot be read or written.
	#[error(transparent)]
	File(#[from] FileError),
	/// The count of answers is damaged.
	#[error(
		"{0} is not a number of answers: make the owner's next key with `fhe-ml key register --for-model N --next`"
	)]
	Answers(PathBuf),
	/// The key has no answers left.
	#[error(
		"the key in {folder} has {left} of {MOST_ANSWERS} answers of this owner's private models left, and {wanted} are asked for: ask for fewer rows, or make and register the next key with `fhe-ml key register --for-model N --next`"
	)]
	UsedUp {
		/// Folder of the key.
		folder: PathBuf,
		/// Answers that are left.
		left: u32,
		/// Answers that are asked for.
		wanted: usize,
	},
}

/// The keys of one owner of private models on one chain.
pub struct OwnerKeys {
	folder: PathBuf,
	main: ClientKey,
	chain: [u8; 32],
	owner: [u8; 32],
}

/// One of them.
pub struct OwnerKey {
	/// Folder with `client.key` and `server.key`.
	pub folder: PathBuf,
	/// The client key.
	pub client: ClientKey,
}

impl OwnerKeys {
	/// Those in a key folder. `chain` is the hash of the genesis block, `owner` an account.
	///
	/// # Errors
	/// If there is no client key in the folder.
	pub fn of(folder: &Path, chain: &[u8; 32], owner: &[u8; 32]) -> Result<Self, FileError> {
		let main = files::read_client_key(folder)?;
		let folder = folder.join(FOLDER).join(hex::encode(chain)).join(hex::encode(owner));
		Ok(Self { folder, main, chain: *chain, owner: *owner })
	}

	/// How many have been made.
	fn count(&self) -> u32 {
		(0..u32::MAX).find(|number| !files::has_client_key(&self.at(*number))).unwrap_or(u32::MAX)
	}

	fn at(&self, number: u32) -> PathBuf {
		self.folder.join(number.to_string())
	}

	fn read(&self, number: u32) -> Result<OwnerKey, FileError> {
		let folder = self.at(number);
		Ok(OwnerKey { client: files::read_client_key(&folder)?, folder })
	}

	/// The newest key; the first one is made.
	///
	/// # Errors
	/// If it cannot be read or written.
	pub fn newest(&self) -> Result<OwnerKey, FileError> {
		match self.count() {
			0 => self.make_next(),
			count => self.read(count - 1),
		}
	}

	/// Makes the next key.
	///
	/// # Errors
	/// If it cannot be written.
	pub fn make_next(&self) -> Result<OwnerKey, FileError> {
		let number = self.count();
		let folder = self.at(number);
		let (client, server) = owner_key(&self.main, &self.chain, &self.owner, number);
		files::write_keys(&folder, &client, &server)?;
		Ok(OwnerKey { folder, client })
	}

	/// All that have been made, the newest first.
	///
	/// # Errors
	/// If one cannot be read.
	pub fn all(&self) -> Result<Vec<OwnerKey>, FileError> {
		(0..self.count()).rev().map(|number| self.read(number)).collect()
	}
}

impl OwnerKey {
	/// Counts `rows` more answers, before they are asked for or decrypted; returns how many there are then.
	///
	/// # Errors
	/// If there are not so many left, or the count cannot be kept.
	pub fn count_answers(&self, rows: usize) -> Result<u32, OwnerKeyError> {
		let path = self.folder.join(ANSWERS);
		let failed = |source| FileError::Write { path: path.clone(), source };
		let options =
			OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
		let mut file = options.map_err(failed)?;
		// Two processes with one key count one after the other.
		file.lock().map_err(failed)?;
		let mut text = String::new();
		file.read_to_string(&mut text).map_err(failed)?;
		let count = match text.trim() {
			"" => Some(0),
			text => text.parse().ok().filter(|count| *count <= MOST_ANSWERS),
		};
		let count: u32 = count.ok_or_else(|| OwnerKeyError::Answers(path.clone()))?;
		let left = MOST_ANSWERS - count;
		let more = u32::try_from(rows).ok().filter(|more| *more <= left);
		let Some(more) = more else {
			return Err(OwnerKeyError::UsedUp { folder: self.folder.clone(), left, wanted: rows });
		};
		overwrite(&mut file, count + more).map_err(failed)?;
		Ok(count + more)
	}
}

/// Writes a count over the last one, always with the same length: no crash leaves half of it.
fn overwrite(file: &mut File, count: u32) -> std::io::Result<()> {
	file.rewind()?;
	file.write_all(format!("{count:>10}\n").as_bytes())?;
	file.sync_data()
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::new_seeder;

	fn key_folder() -> tempfile::TempDir {
		let folder = tempfile::tempdir().unwrap();
		let (client, server) = ClientKey::generate(new_seeder().as_mut());
		files::write_keys(folder.path(), &client, &server).unwrap();
		folder
	}

	#[test]
	fn every_owner_on_every_chain_gets_a_key_of_its_own_which_the_folder_gives_again() {
		let folder = key_folder();
		let newest = |chain, owner| {
			let keys = OwnerKeys::of(folder.path(), &[chain; 32], &[owner; 32]).unwrap();
			keys.newest().unwrap().client.to_bytes().to_vec()
		};
		let main = files::read_client_key(folder.path()).unwrap().to_bytes().to_vec();
		let keys = [newest(1, 1), newest(1, 2), newest(2, 1), main];
		for (at, key) in keys.iter().enumerate() {
			assert!(keys[..at].iter().all(|other| other != key));
		}
		// As after a crash between the two files of a key.
		let folder_of = OwnerKeys::of(folder.path(), &[1; 32], &[1; 32]).unwrap().at(0);
		std::fs::remove_file(folder_of.join(files::CLIENT_KEY)).unwrap();
		assert_eq!(newest(1, 1), keys[0]);
		// As after the loss of all but client.key.
		std::fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
		assert_eq!(newest(1, 1), keys[0]);
	}

	#[test]
	fn a_key_has_so_many_answers_and_the_next_one_is_another() {
		let folder = key_folder();
		let keys = OwnerKeys::of(folder.path(), &[1; 32], &[2; 32]).unwrap();
		let first = keys.newest().unwrap();
		assert_eq!(first.count_answers(100).unwrap(), 100);
		assert_eq!(keys.newest().unwrap().count_answers(156).unwrap(), 256);
		let error = first.count_answers(1).unwrap_err();
		assert!(matches!(error, OwnerKeyError::UsedUp { left: 0, wanted: 1, .. }), "{error}");
		assert_eq!(first.count_answers(0).unwrap(), 256);
		assert!(first.count_answers(usize::MAX).is_err());
		let second = keys.make_next().unwrap();
		assert_ne!(second.client.server_key_hash(), first.client.server_key_hash());
		assert_eq!(keys.newest().unwrap().count_answers(3).unwrap(), 3);
		assert_eq!(keys.all().unwrap().len(), 2);
		std::fs::write(second.folder.join(ANSWERS), "300").unwrap();
		assert!(matches!(second.count_answers(1), Err(OwnerKeyError::Answers(_))));
	}

	#[test]
	fn processes_that_count_at_one_time_count_all_answers() {
		let folder = key_folder();
		let key = OwnerKeys::of(folder.path(), &[1; 32], &[2; 32]).unwrap().newest().unwrap();
		std::thread::scope(|scope| {
			for _ in 0..8 {
				scope.spawn(|| (0..32).for_each(|_| assert!(key.count_answers(1).is_ok())));
			}
		});
		assert!(matches!(key.count_answers(1), Err(OwnerKeyError::UsedUp { left: 0, .. })));
	}
}
