//! Data of tensors that is in files beside the model.

use crate::proto::{StringStringEntryProto, TensorProto};
use std::{
	fs::File,
	io::{self, Read, Seek, SeekFrom},
	path::{Component, Path},
};

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

#[cfg(test)]
mod tests {
	use super::*;
	use std::{fs, path::PathBuf};

	/// A folder for one test, with `model/weights.bin` of four bytes and a secret beside `model`.
	fn folder(test: &str) -> PathBuf {
		let folder = std::env::temp_dir().join(format!("fhe-ml-{test}-{}", std::process::id()));
		fs::create_dir_all(folder.join("model/inner")).unwrap();
		fs::write(folder.join("model/weights.bin"), [1, 2, 3, 4]).unwrap();
		fs::write(folder.join("secret"), [5, 6, 7, 8]).unwrap();
		folder
	}

	fn read(folder: &Path, entries: &[(&str, &str)], bytes: usize) -> Result<Vec<u8>, String> {
		let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
			key: key.into(),
			value: value.into(),
		};
		let external_data = entries.iter().map(entry).collect();
		let tensor = TensorProto { external_data, ..Default::default() };
		let model = folder.join("model");
		Beside::Folder(&model).read(&tensor, bytes).map_err(|error| error.to_string())
	}

	#[test]
	fn a_part_of_a_file_is_read() {
		let folder = folder("part");
		let at = |offset, bytes| {
			read(&folder, &[("location", "weights.bin"), ("offset", offset)], bytes)
		};
		assert_eq!(read(&folder, &[("location", "weights.bin")], 4), Ok(vec![1, 2, 3, 4]));
		assert_eq!(at("1", 2), Ok(vec![2, 3]));
		for (offset, bytes) in [("3", 2), ("0", 5), ("18446744073709551615", 2), ("0", usize::MAX)]
		{
			let refused = at(offset, bytes).unwrap_err();
			assert!(refused.contains("has other data"), "{refused}");
		}
		for offset in ["-1", "1.5", "x"] {
			assert!(at(offset, 1).unwrap_err().contains("malformed"));
		}
		let other = [("location", "weights.bin"), ("length", "3")];
		assert!(read(&folder, &other, 4).unwrap_err().contains("has other data"));
		fs::remove_dir_all(folder).unwrap();
	}

	#[test]
	fn nothing_outside_of_the_folder_is_read() {
		let folder = folder("outside");
		let absolute = folder.join("secret");
		let mut places = vec!["../secret", "inner/../../secret", "./../secret", "", "/etc/passwd"];
		places.push(absolute.to_str().unwrap());
		#[cfg(unix)]
		{
			std::os::unix::fs::symlink(&absolute, folder.join("model/link")).unwrap();
			std::os::unix::fs::symlink(&folder, folder.join("model/up")).unwrap();
			places.extend(["link", "up/secret"]);
		}
		for place in places {
			let refused = read(&folder, &[("location", place)], 4).unwrap_err();
			assert!(refused.contains("only files in the model's folder"), "{place}: {refused}");
		}
		let missing = read(&folder, &[("location", "missing")], 4).unwrap_err();
		assert!(missing.contains("cannot be read"), "{missing}");
		let inner = read(&folder, &[("location", "inner")], 0).unwrap_err();
		assert!(inner.contains("has other data"), "{inner}");
		fs::remove_dir_all(folder).unwrap();
	}
}
