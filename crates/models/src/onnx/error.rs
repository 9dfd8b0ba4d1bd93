//! Why a file was not understood.

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
	/// A node that cannot be followed.
	#[error("node `{node}` has the unsupported operator {operator}; supported are: {supported}")]
	UnsupportedOperator {
		/// Name of the node, or its output.
		node: String,
		/// Operator with its domain.
		operator: String,
		/// Those that could be.
		supported: String,
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
