//! Why a file was not understood.

use super::external::ExternalError;
use crate::{float::weights::MAX_WEIGHTS, program::ProgramError};

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
	#[error("node `{node}` has the unsupported operator {operator}: {}", advice(operator))]
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
	/// A part of the graph that the client would run.
	#[error("what the client would compute cannot be computed: {0}")]
	Program(#[source] ProgramError),
	/// A part of the graph that cannot be tried.
	#[error(
		"what the client would compute cannot be tried on an empty row ({0}): import the model with --calibration rows"
	)]
	Sample(ProgramError),
	/// A tensor of the client's part that does not keep the rows apart.
	#[error(
		"`{0}`, which the client would compute, is not one row of numbers for each row of features"
	)]
	NotRows(String),
	/// More numbers than a circuit takes.
	#[error(
		"the client would compute {0} numbers for the core; at most 16384 are supported: use fewer or smaller encoders"
	)]
	TooManyColumns(usize),
	/// A number of the row goes through the core, and nobody knows how large it is.
	#[error(
		"`{tensor}` is computed of the features and needed after decryption, too: import the model with --calibration rows, which show how large it is"
	)]
	NeedsRows {
		/// The tensor.
		tensor: String,
	},
	/// What comes after the decryption needs the row itself.
	#[error(
		"node `{node}` needs both the features and what is computed from them under encryption: export the model without passing features on"
	)]
	NeedsRow {
		/// Name of the node, or its output.
		node: String,
	},
	/// The graph's outputs are not a prediction.
	#[error(
		"the model's outputs are neither the values of a regression nor a label and its scores: {0}"
	)]
	Outputs(String),
}

/// What to do without an operator.
fn advice(operator: &str) -> &'static str {
	match operator {
		"Scan" | "Loop" | "If" | "com.microsoft.CDist" => {
			"a model that is compared with all of its training rows, as nearest neighbours are, has no encrypted form: train trees or a network instead"
		},
		_ => {
			"export the model without it and do its work before encryption or after decryption (`fhe-ml model operators` lists those that are followed)"
		},
	}
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
