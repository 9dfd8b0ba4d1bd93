//! Why a file was not understood.

use super::external::ExternalError;
use crate::float::weights::MAX_WEIGHTS;

/// Why an ONNX file was not understood to the last node.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
	/// Not ONNX.
	#[error("this is not an ONNX model: {0}")]
	NotOnnx(String),
	/// The graph contradicts itself.
	#[error("the ONNX graph is malformed at {place}: {what}")]
	Malformed {
		/// Node, input or initializer.
		place: String,
		/// What is wrong.
		what: String,
	},
	/// Data in another file that could not be read.
	#[error("the data of {place} is missing: {source}")]
	External {
		/// The tensor.
		place: String,
		/// Why.
		source: ExternalError,
	},
	/// A node that cannot be followed.
	#[error(
		"node `{node}` has the unsupported operator {operator}: export the model without it and do its work before encryption or after decryption (`fhe-ml model operators` lists those that are followed)"
	)]
	UnsupportedOperator {
		/// Name of the node, or its output.
		node: String,
		/// Operator with its domain.
		operator: String,
	},
	/// A node that calls a function that is in the file.
	#[error(
		"node `{node}` calls the model's own function {operator}: write its operators in its place, as onnx.inliner does, and import again"
	)]
	OwnFunction {
		/// Name of the node, or its output.
		node: String,
		/// The function with its domain.
		operator: String,
	},
	/// A supported operator in a use that cannot be followed.
	#[error("node `{node}` uses {operator} in an unsupported way: {why}")]
	UnsupportedUse {
		/// Name of the node, or its output.
		node: String,
		/// Operator.
		operator: String,
		/// Which way.
		why: String,
	},
	/// More weights than an import writes out; no artifact has room for a tenth of them.
	#[error(
		"{place} needs {rows} x {columns} weights; at most {MAX_WEIGHTS} are supported: use fewer features or outputs"
	)]
	TooManyWeights {
		/// Node, or outputs.
		place: String,
		/// Outputs of the matrix.
		rows: usize,
		/// Its inputs.
		columns: usize,
	},
	/// A graph of copies that take more memory than any model that fits.
	#[error(
		"the graph takes too much memory at `{0}`: use fewer features, or fewer steps before the weights"
	)]
	TooLarge(String),
	/// The graph's outputs are not a prediction.
	#[error(
		"the model's outputs are neither the values of a regression nor a label and its scores: {0}"
	)]
	Outputs(String),
}

impl OnnxError {
	pub(crate) fn malformed(place: impl Into<String>, what: impl Into<String>) -> Self {
		Self::Malformed { place: place.into(), what: what.into() }
	}
}

/// That a matrix of weights is not larger than what is written out.
///
/// # Errors
/// If it is.
pub(crate) fn check_weights(place: &str, rows: usize, columns: usize) -> Result<(), OnnxError> {
	if rows.saturating_mul(columns) > MAX_WEIGHTS {
		return Err(OnnxError::TooManyWeights { place: place.into(), rows, columns });
	}
	Ok(())
}
