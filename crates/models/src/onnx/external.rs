//! Data of tensors that is in files beside the model.

use super::proto::{StringStringEntryProto, TensorProto};
use std::{
	fs::File,
	io::{self, Read, Seek, SeekFrom},
	path::{Component, Path},
};

/// `TensorProto.data_location` of data in another file.
const EXTERNAL: i32 = 1;

/// Where a model's other files are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Beside<'a> {
	/// There is only the model's own file.
	Nothing,
	/// In its folder.
	Folder(&'a Path),
}

/// Why the data of a tensor could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
	/// Only the model's own bytes are here.
	#[error("it is in the file `{0}`, which is not here: save the model as one file")]
	NotHere(String),
	/// A path that leads out of the model's folder.
	#[error("it is in the file `{0}`, and only files in the model's folder are read")]
	Outside(String),
	/// The place in the file is not written as numbers.
	#[error("its place in the file is malformed")]
	Malformed,
	/// The file ends before the data does, or the place has another size than the tensor.
	#[error("the file `{0}` has other data: take the one that was written with the model")]
	Size(String),
	/// The file cannot be read.
	#[error("the file `{location}` cannot be read: {source}")]
	Read {
		/// Its path in the model's folder.
		location: String,
		/// Why.
		source: io::Error,
	},
}

/// Whether a tensor's data is in another file.
pub(crate) fn is_external(tensor: &TensorProto) -> bool {
	tensor.data_location == EXTERNAL
}

impl Beside<'_> {
	/// Reads the data of a tensor of so many bytes.
	///
	/// # Errors
	/// If the file is not here, not in the model's folder, or too short.
	pub fn read(self, tensor: &TensorProto, bytes: usize) -> Result<Vec<u8>, ExternalError> {
		let location = entry(&tensor.external_data, "location").unwrap_or_default();
		let Self::Folder(folder) = self else {
			return Err(ExternalError::NotHere(location.into()));
		};
		let number = |key| match entry(&tensor.external_data, key) {
			Some(text) => text.parse().map(Some).map_err(|_| ExternalError::Malformed),
			None => Ok(None),
		};
		let offset: u64 = number("offset")?.unwrap_or_default();
		let length: Option<u64> = number("length")?;
		let is_inside = |path: &Path| path.components().all(|c| matches!(c, Component::Normal(_)));
		if location.is_empty() || !is_inside(Path::new(location)) {
			return Err(ExternalError::Outside(location.into()));
		}
		let failed = |source| ExternalError::Read { location: location.into(), source };
		// A link could lead out of the folder.
		let folder = folder.canonicalize().map_err(failed)?;
		let path = folder.join(location).canonicalize().map_err(failed)?;
		if !path.starts_with(&folder) {
			return Err(ExternalError::Outside(location.into()));
		}
		// Not a pipe, which could be waited for without end.
		let size = path.metadata().map_err(failed)?;
		let end = offset.checked_add(bytes as u64);
		let fits = size.is_file() && end.is_some_and(|end| end <= size.len());
		if !fits || length.is_some_and(|length| length != bytes as u64) {
			return Err(ExternalError::Size(location.into()));
		}
		let mut file = File::open(&path).map_err(failed)?;
		file.seek(SeekFrom::Start(offset)).map_err(failed)?;
		let mut data = vec![0; bytes];
		file.read_exact(&mut data).map_err(failed)?;
		Ok(data)
	}
}

fn entry<'a>(entries: &'a [StringStringEntryProto], key: &str) -> Option<&'a str> {
	entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
}
