//! The native part of the Python package `fhe_ml`: models, keys and the chain, as the tool has them.

mod chain;
mod errors;
mod keys;
mod model;
mod table;
mod wait;

use pyo3::prelude::*;

/// The native part of fhe_ml.
#[pymodule]
mod _native {
	#[pymodule_export]
	use crate::{
		chain::Chain,
		keys::Keys,
		model::Model,
		table::{Matrix, Predictions},
		wait::Cancel,
	};
	use pyo3::prelude::*;

	#[pymodule_init]
	fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
		module.add("__version__", env!("CARGO_PKG_VERSION"))
	}
}
