//! The private models that this node evaluates: files that their owners gave to its operator.
//!
//! The folder is looked through again and again, so files can be added while the node runs. What is in one is
//! never logged but for its hashes.

use crate::LOG_TARGET;
use fhe_ml_models::{PrivateFile, PrivateFileError, passphrase_of};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
	collections::BTreeMap,
	io,
	path::{Path, PathBuf},
	sync::Arc,
	time::{Duration, Instant, SystemTime},
};
use zeroize::Zeroizing;

/// How often the folder is looked through.
const INTERVAL: Duration = Duration::from_secs(5);
/// Files that are larger are none.
const MAX_BYTES: u64 = 16 << 20;
/// How the files end.
const EXTENSION: &str = "fhemlp";

/// Where private models are, and the passphrase that opens them.
#[derive(Clone, Default)]
pub struct PrivateModelsOptions {
	/// Folder of the files; none if this node evaluates no private models.
	pub folder: Option<PathBuf>,
	/// What the files are sealed under, if they are.
	pub passphrase: Option<Zeroizing<Vec<u8>>>,
}

impl PrivateModelsOptions {
	/// Those of a folder, whose files the first line of the file `passphrase` opens.
	///
	/// # Errors
	/// If folder or file cannot be read, or that line is empty.
	pub fn read(folder: Option<PathBuf>, passphrase: Option<&Path>) -> io::Result<Self> {
		let named = |path: &Path, error: io::Error| {
			io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
		};
		if let Some(folder) = &folder {
			std::fs::read_dir(folder).map_err(|error| named(folder, error))?;
		}
		let read = |path: &Path| {
			let text = Zeroizing::new(std::fs::read(path).map_err(|error| named(path, error))?);
			passphrase_of(&text).map_err(|error| named(path, io::Error::other(error)))
		};
		Ok(Self { folder, passphrase: passphrase.map(read).transpose()? })
	}
}

/// Why there is no file for a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotHeld {
	/// No folder was named.
	#[error("this node has no private models: name their folder with --private-models")]
	NoFolder,
	/// There is no file with that commitment.
	#[error(
		"no file in {folder} has the commitment {commitment:?}: copy the model's .{EXTENSION} file there"
	)]
	Missing {
		/// The folder.
		folder: PathBuf,
		/// What the chain holds the owner to.
		commitment: H256,
	},
	/// The file is for another artifact.
	#[error("the file with the commitment {0:?} belongs to another artifact than the chain's")]
	AnotherArtifact(H256),
	/// The chain has no commitment for the model.
	#[error("the chain has no commitment for the model")]
	NoCommitment,
}

/// When a file was written, and its length: what tells that it is another one.
type Stamp = (SystemTime, u64);

#[derive(Default)]
struct Held {
	by_commitment: BTreeMap<H256, Arc<PrivateFile>>,
	/// What has been looked at, and the commitment of what could be read.
	seen: BTreeMap<PathBuf, (Stamp, Option<H256>)>,
	looked_at: Option<Instant>,
}

/// The private models that this node evaluates.
#[derive(Default)]
pub struct PrivateModels {
	options: PrivateModelsOptions,
	held: Mutex<Held>,
}

impl PrivateModels {
	/// Those in a folder, which are read at the first look.
	pub fn new(options: PrivateModelsOptions) -> Self {
		Self { options, held: Mutex::default() }
	}

	/// Looks through the folder if the last look was a while ago; returns how many models there are.
	pub fn refresh(&self) -> usize {
		let mut held = self.held.lock();
		let Some(folder) = &self.options.folder else { return 0 };
		if held.looked_at.is_none_or(|last| last.elapsed() >= INTERVAL) {
			held.looked_at = Some(Instant::now());
			if let Err(error) = self.look_through(folder, &mut held) {
				log::error!(target: LOG_TARGET, "cannot read {}: {error}", folder.display());
			}
		}
		held.by_commitment.len()
	}

	/// The model with this commitment for this artifact.
	pub(crate) fn get(
		&self,
		commitment: Option<H256>,
		artifact: H256,
	) -> Result<Arc<PrivateFile>, NotHeld> {
		let folder = self.options.folder.as_ref().ok_or(NotHeld::NoFolder)?;
		let commitment = commitment.ok_or(NotHeld::NoCommitment)?;
		let file = self.held.lock().by_commitment.get(&commitment).cloned();
		let file = file.ok_or_else(|| NotHeld::Missing { folder: folder.clone(), commitment })?;
		if file.artifact == artifact.0 {
			Ok(file)
		} else {
			Err(NotHeld::AnotherArtifact(commitment))
		}
	}

	fn look_through(&self, folder: &Path, held: &mut Held) -> io::Result<()> {
		let mut seen = BTreeMap::new();
		for entry in std::fs::read_dir(folder)? {
			let path = entry?.path();
			let metadata = match std::fs::metadata(&path) {
				Ok(metadata) if metadata.is_file() => metadata,
				_ => continue,
			};
			if path.extension().is_none_or(|extension| extension != EXTENSION) {
				continue;
			}
			let stamp = (metadata.modified()?, metadata.len());
			let known = held.seen.get(&path).filter(|(last, _)| *last == stamp).copied();
			let found = match known {
				Some((_, commitment)) => commitment,
				None => self.read(&path, metadata.len(), held),
			};
			seen.insert(path, (stamp, found));
		}
		held.seen = seen;
		let kept: Vec<H256> =
			held.seen.values().filter_map(|(_, commitment)| *commitment).collect();
		held.by_commitment.retain(|commitment, _| {
			let is_kept = kept.contains(commitment);
			if !is_kept {
				log::info!(target: LOG_TARGET, "no more evaluations of the private model {commitment:?}");
			}
			is_kept
		});
		Ok(())
	}

	/// Reads a file; what cannot be read is named once, until it changes.
	fn read(&self, path: &Path, len: u64, held: &mut Held) -> Option<H256> {
		let opened = if len > MAX_BYTES {
			Err(format!("it has more than {MAX_BYTES} bytes"))
		} else {
			std::fs::read(path).map(Zeroizing::new).map_err(|error| error.to_string()).and_then(
				|bytes| {
					let passphrase = self.options.passphrase.as_ref();
					PrivateFile::open(&bytes, passphrase.map(|bytes| bytes.as_slice()))
						.map_err(|error| advice(&error))
				},
			)
		};
		match opened {
			Ok(file) => {
				let commitment = H256(file.commitment());
				let artifact = H256(file.artifact);
				log::info!(
					target: LOG_TARGET,
					"evaluates the private model {commitment:?} (artifact {artifact:?}) of {}",
					path.display(),
				);
				held.by_commitment.insert(commitment, Arc::new(file));
				Some(commitment)
			},
			Err(why) => {
				log::error!(target: LOG_TARGET, "{} is no private model: {why}", path.display());
				None
			},
		}
	}
}

fn advice(error: &PrivateFileError) -> String {
	match error {
		PrivateFileError::Sealed => {
			format!("{error}; name a file with it as --private-models-passphrase")
		},
		other => other.to_string(),
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use fhe_ml_engine::new_seeder;
	use fhe_ml_models::{
		Calibration, Grid, ImportOptions, PrivateModel, PrivateOptions, import_onnx, make_private,
	};

	pub(crate) fn forest() -> PrivateModel {
		let options = ImportOptions { name: "model".into(), calibration: None };
		let onnx = include_bytes!("../../../models/wine_forest.onnx");
		let public = import_onnx(onnx, &options).unwrap();
		let names = (0..13).map(|at| at.to_string()).collect();
		let rows = Calibration { names, rows: vec![vec![1.0; 13], vec![2.0; 13]] }.into();
		let options = PrivateOptions { grid: Grid::Exact, ..PrivateOptions::default() };
		make_private(&public, Some(&rows), &options, new_seeder().as_mut()).unwrap()
	}

	fn models(folder: &Path, passphrase: Option<&str>) -> PrivateModels {
		let passphrase = passphrase.map(|text| Zeroizing::new(text.as_bytes().to_vec()));
		PrivateModels::new(PrivateModelsOptions { folder: Some(folder.into()), passphrase })
	}

	/// As if the last look was a while ago.
	fn look(models: &PrivateModels) -> usize {
		models.held.lock().looked_at = None;
		models.refresh()
	}

	#[test]
	fn files_are_found_when_they_come_and_forgotten_when_they_go() {
		let folder = tempfile::tempdir().unwrap();
		let (models, made) = (models(folder.path(), None), forest());
		let (artifact, commitment) = (H256(made.artifact.hash()), H256(made.file.commitment()));
		assert_eq!(look(&models), 0);
		let get = |commitment, artifact| models.get(commitment, artifact);
		assert!(matches!(get(Some(commitment), artifact), Err(NotHeld::Missing { .. })));
		let path = folder.path().join("model.fhemlp");
		std::fs::write(&path, made.file.to_bytes()).unwrap();
		std::fs::write(folder.path().join("notes.txt"), "no model").unwrap();
		std::fs::write(folder.path().join("broken.fhemlp"), "no model").unwrap();
		assert_eq!(look(&models), 1);
		assert_eq!(get(Some(commitment), artifact).unwrap().artifact, artifact.0);
		let another = get(Some(commitment), H256::zero());
		assert!(matches!(another, Err(NotHeld::AnotherArtifact(_))));
		assert!(matches!(get(None, artifact), Err(NotHeld::NoCommitment)));
		std::fs::remove_file(&path).unwrap();
		assert_eq!(look(&models), 0);
		assert!(get(Some(commitment), artifact).is_err());
		let none = PrivateModels::default();
		assert_eq!(none.refresh(), 0);
		assert!(matches!(none.get(Some(commitment), artifact), Err(NotHeld::NoFolder)));
	}

	#[test]
	fn a_passphrase_is_the_first_line_of_its_file_and_not_empty() {
		let folder = tempfile::tempdir().unwrap();
		let file = folder.path().join("passphrase");
		let read = || PrivateModelsOptions::read(Some(folder.path().into()), Some(&file));
		assert!(read().is_err());
		for (text, line) in [("a b\r\nc", Some("a b")), ("a", Some("a")), ("\nc", None), ("", None)]
		{
			std::fs::write(&file, text).unwrap();
			let found = read().ok().and_then(|options| options.passphrase);
			assert_eq!(found.as_ref().map(|bytes| bytes.as_slice()), line.map(str::as_bytes));
		}
		assert!(PrivateModelsOptions::read(Some(file), None).is_err());
	}

	#[test]
	fn sealed_files_take_their_passphrase() {
		let folder = tempfile::tempdir().unwrap();
		let made = forest();
		let sealed = made.file.seal(b"correct horse", new_seeder().as_mut()).unwrap();
		std::fs::write(folder.path().join("model.fhemlp"), sealed).unwrap();
		for (passphrase, found) in [(None, 0), (Some("wrong"), 0), (Some("correct horse"), 1)] {
			assert_eq!(look(&models(folder.path(), passphrase)), found);
		}
	}
}
