//! Keys, models and ciphertexts as files.

use fhe_ml_engine::{ClientKey, ClientKeyError, ServerKey, ServerKeyError};
use fhe_ml_models::{Artifact, ArtifactError, Model, ModelError};
use std::{
	io::Write,
	path::{Path, PathBuf},
};

/// File name of the client key in a key directory.
pub const CLIENT_KEY: &str = "client.key";
/// File name of the server key in a key directory.
pub const SERVER_KEY: &str = "server.key";

/// A file that cannot be read, written or understood.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
	/// It cannot be read.
	#[error("cannot read {path}: {source}")]
	Read {
		/// The file.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
	/// It cannot be written.
	#[error("cannot write {path}: {source}")]
	Write {
		/// The file.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
	/// It would replace a key.
	#[error(
		"{0} exists already; a lost client key makes its results unreadable, so move it away first or choose another --out"
	)]
	Exists(PathBuf),
	/// There is no key in the directory.
	#[error("there is no {0}; make one with `fhe-ml keygen --out DIR` and name DIR with --key")]
	NoKey(PathBuf),
	/// It is no client key.
	#[error("{path} is not a usable client key: {source}")]
	ClientKey {
		/// The file.
		path: PathBuf,
		/// Why.
		source: ClientKeyError,
	},
	/// It is no server key.
	#[error("{path} is not a usable server key: {source}")]
	ServerKey {
		/// The file.
		path: PathBuf,
		/// Why.
		source: ServerKeyError,
	},
	/// It is no model.
	#[error("{path} is not a usable model: {source}")]
	Artifact {
		/// The file.
		path: PathBuf,
		/// Why.
		source: ArtifactError,
	},
	/// It is of no use with this key and schema.
	#[error("{path} cannot be used: {source}{}", schema_advice(.source))]
	Model {
		/// The artifact.
		path: PathBuf,
		/// Why.
		source: ModelError,
	},
	/// It would replace a schema.
	#[error(
		"{0} exists already; without it the model that it belongs to cannot be used, so move it away first or choose another --output"
	)]
	SchemaExists(PathBuf),
	/// It would replace a private model.
	#[error(
		"{0} exists already; without it nobody can evaluate the model that it belongs to, so move it away first or choose another --output"
	)]
	PrivateExists(PathBuf),
	/// It is no hexadecimal text.
	#[error("{0} begins with 0x but is not hexadecimal")]
	Hex(PathBuf),
}

/// What helps if it is the schema that is missing or wrong.
fn schema_advice(error: &ModelError) -> &'static str {
	match error {
		ModelError::NeedsSchema | ModelError::Schema(_) | ModelError::AnotherModel => {
			"; name the schema's file with --schema"
		},
		_ => "",
	}
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
	std::fs::read(path).map_err(|source| FileError::Read { path: path.into(), source })
}

/// Reads a file of bytes, or of the hexadecimal text (`0x...`) that polkadot.js shows for bytes.
///
/// # Errors
/// If it cannot be read, or is text that is not hexadecimal.
pub fn read_bytes_or_hex(path: &Path) -> Result<Vec<u8>, FileError> {
	let bytes = read(path)?;
	match bytes.trim_ascii().strip_prefix(b"0x") {
		Some(digits) => hex::decode(digits).map_err(|_| FileError::Hex(path.into())),
		None => Ok(bytes),
	}
}

/// Writes a file whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
	let error = |source| FileError::Write { path: path.into(), source };
	let mut file = temporary(path).map_err(error)?;
	file.write_all(bytes).map_err(error)?;
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let permissions = std::fs::Permissions::from_mode(0o644);
		file.as_file().set_permissions(permissions).map_err(error)?;
	}
	file.persist(path).map_err(|failed| error(failed.error))?;
	Ok(())
}

/// Writes a file that only its owner can read (mode 0600), and never over an existing one.
fn write_new(path: &Path, bytes: &[u8], exists: fn(PathBuf) -> FileError) -> Result<(), FileError> {
	let error = |source| FileError::Write { path: path.into(), source };
	let mut file = temporary(path).map_err(error)?;
	file.write_all(bytes).map_err(error)?;
	file.as_file().sync_all().map_err(error)?;
	file.persist_noclobber(path).map_err(|failed| match failed.error.kind() {
		std::io::ErrorKind::AlreadyExists => exists(path.into()),
		_ => error(failed.error),
	})?;
	Ok(())
}

fn temporary(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
	let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
	tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
}

/// Writes both keys into `folder`, which is made if need be. The client key is the last: a folder that has one is whole.
///
/// # Errors
/// If there is a client key already, or they cannot be written.
pub fn write_keys(folder: &Path, client: &ClientKey, server: &ServerKey) -> Result<(), FileError> {
	std::fs::create_dir_all(folder)
		.map_err(|source| FileError::Write { path: folder.into(), source })?;
	let path = folder.join(CLIENT_KEY);
	if path.exists() {
		return Err(FileError::Exists(path));
	}
	write(&folder.join(SERVER_KEY), server.as_bytes())?;
	write_new(&path, &client.to_bytes(), FileError::Exists)
}

/// Whether `folder` has a client key.
pub fn has_client_key(folder: &Path) -> bool {
	folder.join(CLIENT_KEY).exists()
}

/// Reads the client key in `folder`.
///
/// # Errors
/// If there is none, or it does not decode.
pub fn read_client_key(folder: &Path) -> Result<ClientKey, FileError> {
	let path = folder.join(CLIENT_KEY);
	if !path.exists() {
		return Err(FileError::NoKey(path));
	}
	let bytes = read(&path)?;
	ClientKey::from_bytes(&bytes).map_err(|source| FileError::ClientKey { path, source })
}

/// Reads the server key in `folder`.
///
/// # Errors
/// If there is none, or it does not decode.
pub fn read_server_key(folder: &Path) -> Result<ServerKey, FileError> {
	let path = folder.join(SERVER_KEY);
	if !path.exists() {
		return Err(FileError::NoKey(path));
	}
	let bytes = read(&path)?;
	ServerKey::from_bytes(bytes).map_err(|source| FileError::ServerKey { path, source })
}

/// Reads a `.fheml` file.
///
/// # Errors
/// If it cannot be read, or is no artifact.
pub fn read_artifact(path: &Path) -> Result<Artifact, FileError> {
	let bytes = read(path)?;
	Artifact::from_bytes(bytes).map_err(|source| FileError::Artifact { path: path.into(), source })
}

/// Where the schema of an encrypted model lies, next to its artifact.
pub fn schema_path(artifact: &Path) -> PathBuf {
	artifact.with_extension("schema")
}

/// Writes an encrypted model: its artifact, and its schema next to it, never over another one.
///
/// # Errors
/// If there is a schema already, or they cannot be written.
pub fn write_encrypted_model(
	path: &Path,
	artifact: &Artifact,
	schema: &[u8],
) -> Result<PathBuf, FileError> {
	let schema_path = schema_path(path);
	write_new(&schema_path, schema, FileError::SchemaExists)?;
	write(path, artifact.as_bytes())?;
	Ok(schema_path)
}

/// Where the file of a private model lies, next to its artifact.
pub fn private_path(artifact: &Path) -> PathBuf {
	artifact.with_extension("fhemlp")
}

/// Writes a private model: its artifact, and the file for its evaluators next to it (mode 0600), never over another
/// one.
///
/// # Errors
/// If there is such a file already, or they cannot be written.
pub fn write_private_model(
	path: &Path,
	artifact: &Artifact,
	private: &[u8],
) -> Result<PathBuf, FileError> {
	let private_path = private_path(path);
	write_new(&private_path, private, FileError::PrivateExists)?;
	write(path, artifact.as_bytes())?;
	Ok(private_path)
}

/// Reads a `.fheml` file with its schema, if it is encrypted: `schema`, or the file next to it.
///
/// # Errors
/// If a file cannot be read or does not decode, or if the model is encrypted and has no schema.
pub fn read_model(path: &Path, schema: Option<&Path>, key: &ClientKey) -> Result<Model, FileError> {
	let artifact = read_artifact(path)?;
	let beside = schema_path(path);
	let schema = schema.or_else(|| {
		(artifact.encrypted_for.is_some() && beside.exists()).then_some(beside.as_path())
	});
	let schema = schema.map(read).transpose()?;
	Model::new(artifact, schema.as_deref().map(|schema| (schema, key)))
		.map_err(|source| FileError::Model { path: path.into(), source })
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::new_seeder;
	use fhe_ml_models::{FilterKind, image_filter};

	#[test]
	fn a_filter_is_no_model_for_rows_whatever_the_schema() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("blur.fheml");
		let filter = image_filter(FilterKind::Blur, "blur", (8, 6)).unwrap();
		write(&path, filter.as_bytes()).unwrap();
		let (key, _) = ClientKey::generate(new_seeder().as_mut());
		let error = read_model(&path, None, &key).unwrap_err().to_string();
		assert!(error.ends_with("is an image filter: it takes images, not rows of features"));
	}

	#[test]
	fn keys_are_private_read_back_and_never_overwritten() {
		let folder = tempfile::tempdir().unwrap();
		let folder = folder.path().join("keys");
		let (client, server) = ClientKey::generate(new_seeder().as_mut());
		write_keys(&folder, &client, &server).unwrap();
		#[cfg(unix)]
		{
			use std::os::unix::fs::PermissionsExt;
			let mode = std::fs::metadata(folder.join(CLIENT_KEY)).unwrap().permissions().mode();
			assert_eq!(mode & 0o777, 0o600);
		}
		assert_eq!(*read_client_key(&folder).unwrap().to_bytes(), *client.to_bytes());
		assert_eq!(read_server_key(&folder).unwrap(), server);
		let again = write_keys(&folder, &client, &server);
		assert!(matches!(again, Err(FileError::Exists(_))), "{again:?}");
	}

	#[test]
	fn hexadecimal_text_is_read_as_bytes() {
		let folder = tempfile::tempdir().unwrap();
		let path = folder.path().join("result");
		std::fs::write(&path, "0x0102ff\n").unwrap();
		assert_eq!(read_bytes_or_hex(&path).unwrap(), [1, 2, 255]);
		std::fs::write(&path, [1, 2]).unwrap();
		assert_eq!(read_bytes_or_hex(&path).unwrap(), [1, 2]);
		std::fs::write(&path, "0xzz").unwrap();
		assert!(matches!(read_bytes_or_hex(&path), Err(FileError::Hex(_))));
	}
}
