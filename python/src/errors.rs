//! Errors as Python exceptions, which `fhe_ml/errors.py` defines.

use fhe_ml_client::{
	chain::ChainError,
	files::FileError,
	known_models::HexHashError,
	local::LocalError,
	owner_keys::OwnerKeyError,
	programs::{FailureKind, ToolError},
	rows::TableError,
};
use fhe_ml_engine::BootstrapKeyError;
use fhe_ml_models::{ArtifactError, EncryptModelError, ImportError, PrivateError};
use pyo3::{PyErr, import_exception};

import_exception!(fhe_ml.errors, InputError);
import_exception!(fhe_ml.errors, ModelError);
import_exception!(fhe_ml.errors, KeyFileError);
import_exception!(fhe_ml.errors, ChainUnavailable);
import_exception!(fhe_ml.errors, PriceError);
import_exception!(fhe_ml.errors, WrongResultError);
import_exception!(fhe_ml.errors, InterruptedRun);
import_exception!(fhe_ml.errors, Cancelled);

/// The exception for an error, with its sentence.
pub trait IntoException {
	/// The exception.
	fn into_exception(self) -> PyErr;
}

macro_rules! exceptions {
	($($error:ty => $exception:ident),* $(,)?) => {$(
		impl IntoException for $error {
			fn into_exception(self) -> PyErr {
				$exception::new_err(self.to_string())
			}
		}
	)*};
}

exceptions! {
	ImportError => ModelError,
	ArtifactError => ModelError,
	fhe_ml_models::ModelError => ModelError,
	EncryptModelError => ModelError,
	PrivateError => ModelError,
	fhe_ml_models::PrivateFileError => ModelError,
	fhe_ml_models::SchemaError => ModelError,
	FileError => KeyFileError,
	OwnerKeyError => KeyFileError,
	BootstrapKeyError => KeyFileError,
	TableError => InputError,
	HexHashError => InputError,
	fhe_ml_models::StepError => InputError,
	fhe_ml_client::chain::AccountError => InputError,
	ChainError => ChainUnavailable,
	rayon::ThreadPoolBuildError => InputError,
	std::io::Error => KeyFileError,
	serde_json::Error => ModelError,
}

impl IntoException for LocalError {
	fn into_exception(self) -> PyErr {
		match self {
			Self::Encrypt { .. } | Self::Predict { .. } => InputError::new_err(self.to_string()),
			_ => ModelError::new_err(self.to_string()),
		}
	}
}

impl IntoException for ToolError {
	fn into_exception(self) -> PyErr {
		let sentence = self.to_string();
		match self.kind() {
			FailureKind::Input => InputError::new_err(sentence),
			FailureKind::Chain => ChainUnavailable::new_err(sentence),
			FailureKind::WrongResult => WrongResultError::new_err(sentence),
			FailureKind::Price => PriceError::new_err(sentence),
			FailureKind::Interrupted => InterruptedRun::new_err(sentence),
		}
	}
}

impl IntoException for PyErr {
	fn into_exception(self) -> PyErr {
		self
	}
}

impl<T: IntoException> From<T> for Exception {
	fn from(error: T) -> Self {
		Self(error.into_exception())
	}
}

/// An exception that `?` makes of any error of ours.
pub struct Exception(pub PyErr);

impl From<Exception> for PyErr {
	fn from(Exception(error): Exception) -> Self {
		error
	}
}
