//! Why a model cannot be made private.

use super::grid::GridError;
use crate::{
	artifact::ArtifactError, bounds::BoundsError, model::ModelError, predict::EncodeError,
};
use fhe_ml_engine::PrivateCircuitError;

/// Why a model cannot be made private.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
	/// It is encrypted or an image filter.
	#[error(
		"{0} cannot be made private: import the ONNX file of a linear model, trees or a network"
	)]
	Kind(&'static str),
	/// Ranges or decoys cannot be chosen.
	#[error("a private model needs --calibration rows: they say where its features are")]
	NoCalibration,
	/// A calibration row cannot be encoded.
	#[error("a calibration row does not fit the model: {0}")]
	Row(#[from] EncodeError),
	/// The grid does not fit.
	#[error(transparent)]
	Grid(#[from] GridError),
	/// The circuit does not fit.
	#[error("the model cannot be made private: {0}")]
	Circuit(#[from] PrivateCircuitError),
	/// The model is of no use to a client.
	#[error(transparent)]
	Model(#[from] ModelError),
	/// The artifact or its inputs are larger than a chain takes.
	#[error("the private model does not fit a chain: {0}; take a smaller grid")]
	Bounds(#[from] BoundsError),
	/// The artifact cannot be written.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
}
