//! Client and server keys.

use crate::errors::{Exception, KeyFileError};
use fhe_ml_client::files::{self, FileError};
use fhe_ml_engine::{ClientKey, PreparedServerKey, ServerKey, new_seeder};
use fhe_ml_primitives::format::CircuitKind;
use pyo3::prelude::*;
use std::{
	path::{Path, PathBuf},
	sync::{Mutex, OnceLock, PoisonError},
};
use tempfile::TempDir;

/// A client key (secret) and its server key (public).
#[pyclass(frozen, module = "fhe_ml._native")]
pub struct Keys {
	pub client: ClientKey,
	server: ServerKey,
	prepared: OnceLock<PreparedServerKey>,
	folder: Mutex<Folder>,
}

/// Where keys are on disk.
enum Folder {
	/// Nowhere.
	None,
	/// Where their owner said.
	Named(PathBuf),
	/// In a folder of this process, for what takes a folder.
	Temporary(TempDir),
}

impl Keys {
	fn new(client: ClientKey, server: ServerKey, folder: Folder) -> Self {
		Self { client, server, prepared: OnceLock::new(), folder: folder.into() }
	}

	/// The server key, ready for evaluation, of deep networks, too.
	pub fn prepared(&self) -> Result<&PreparedServerKey, Exception> {
		if let Some(prepared) = self.prepared.get() {
			return Ok(prepared);
		}
		let prepared = self.client.prepare(&self.server, CircuitKind::Deep)?;
		Ok(self.prepared.get_or_init(|| prepared))
	}

	/// The bytes of the server key.
	pub fn server_key(&self) -> &ServerKey {
		&self.server
	}

	/// A folder that has the keys; one that goes with the process if they were not saved.
	pub fn folder_for_tool(&self) -> Result<PathBuf, Exception> {
		let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
		match &*folder {
			Folder::Named(path) => Ok(path.clone()),
			Folder::Temporary(temporary) => Ok(temporary.path().into()),
			Folder::None => {
				let temporary = TempDir::with_prefix("fhe-ml-keys-")?;
				files::write_keys(temporary.path(), &self.client, &self.server)?;
				let path = temporary.path().into();
				*folder = Folder::Temporary(temporary);
				Ok(path)
			},
		}
	}

	/// The folder that their owner named.
	///
	/// # Errors
	/// If they were not saved.
	pub fn named_folder(&self) -> Result<PathBuf, Exception> {
		match &*self.folder.lock().unwrap_or_else(PoisonError::into_inner) {
			Folder::Named(path) => Ok(path.clone()),
			_ => Err(Exception(KeyFileError::new_err(
				"answers of a private model are counted beside the keys: save these first, with keys.save(FOLDER)",
			))),
		}
	}
}

#[pymethods]
impl Keys {
	/// Makes new keys.
	#[staticmethod]
	fn generate(py: Python<'_>) -> Self {
		py.detach(|| {
			let (client, server) = ClientKey::generate(new_seeder().as_mut());
			Self::new(client, server, Folder::None)
		})
	}

	/// Reads keys from a folder.
	#[staticmethod]
	fn load(py: Python<'_>, folder: PathBuf) -> Result<Self, Exception> {
		py.detach(|| {
			let client = files::read_client_key(&folder)?;
			let server = files::read_server_key(&folder)?;
			if server.hash() != client.server_key_hash() {
				let sentence = format!(
					"{} is not the server key of {}: put back the one that was made with it",
					folder.join(files::SERVER_KEY).display(),
					folder.join(files::CLIENT_KEY).display(),
				);
				return Err(Exception(KeyFileError::new_err(sentence)));
			}
			Ok(Self::new(client, server, Folder::Named(absolute(&folder))))
		})
	}

	/// Writes `client.key` (mode 0600) and `server.key` into a folder, never over a client key.
	fn save(&self, py: Python<'_>, folder: PathBuf) -> Result<(), Exception> {
		py.detach(|| {
			if files::has_client_key(&folder) {
				let sentence = FileError::Exists(folder.join(files::CLIENT_KEY)).to_string();
				let sentence = sentence.replace("another --out", "another folder");
				return Err(Exception(KeyFileError::new_err(sentence)));
			}
			files::write_keys(&folder, &self.client, &self.server)?;
			let named = Folder::Named(absolute(&folder));
			*self.folder.lock().unwrap_or_else(PoisonError::into_inner) = named;
			Ok(())
		})
	}

	/// The folder that the keys were loaded from or saved to.
	#[getter]
	fn folder(&self) -> Option<PathBuf> {
		self.named_folder().ok()
	}

	/// Hash of the server key (0x...): what the chain knows the keys by.
	#[getter]
	fn fingerprint(&self) -> String {
		format!("0x{}", hex::encode(self.server.hash()))
	}

	/// The server key, which is public.
	fn server_key_bytes(&self) -> Vec<u8> {
		self.server.as_bytes().to_vec()
	}

	/// The bootstrap key, which is public and follows from the client key.
	fn bootstrap_key_bytes(&self, py: Python<'_>) -> Vec<u8> {
		py.detach(|| self.client.bootstrap_key().as_bytes().to_vec())
	}
}

fn absolute(folder: &Path) -> PathBuf {
	folder.canonicalize().unwrap_or_else(|_| folder.into())
}
