//! Why a file was not understood.

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
