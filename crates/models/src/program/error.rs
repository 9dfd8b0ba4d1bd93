//! Why a program was not read or run.

use super::limits::{MAX_BYTES, MAX_CREATED, MAX_ELEMENTS, MAX_NODES, MAX_OPERATIONS, MAX_RANK};

/// Why a program was not read, or did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
	/// The bytes are no ONNX model.
	#[error("the model's card: a program is malformed: {0}")]
	Malformed(String),
	/// More bytes than any program has.
	#[error("the model's card: a program of {0} bytes; at most {MAX_BYTES} are supported")]
	TooManyBytes(usize),
	/// More nodes than any program has.
	#[error("the model's card: a program of {0} nodes; at most {MAX_NODES} are supported")]
	TooManyNodes(usize),
	/// An operator that programs do not have, or not in this version.
	#[error(
		"the model's card: node `{node}` ({operator}): programs do not have this operator in version {version}"
	)]
	UnknownOperator {
		/// Name of the node, or its output.
		node: String,
		/// With its domain if that is not ONNX's own.
		operator: String,
		/// Of the operator set; `newest` if the program does not say.
		version: String,
	},
	/// A node that cannot be run on its inputs.
	#[error("the model's card: node `{node}` ({operator}): {fault}")]
	Node {
		/// Name of the node, or its output.
		node: String,
		/// With its domain if that is not ONNX's own.
		operator: String,
		/// Why not.
		fault: Fault,
	},
	/// More or fewer inputs than the program has.
	#[error("the model's card: the program has {wanted} inputs, and {found} are here")]
	InputCount {
		/// Of the program.
		wanted: usize,
		/// How many are here.
		found: usize,
	},
	/// A tensor of another type or size than the input.
	#[error("the model's card: input `{input}` takes {wanted}, and this is {found}")]
	Input {
		/// Its name.
		input: String,
		/// Elements and dimensions.
		wanted: String,
		/// Elements and dimensions.
		found: String,
	},
	/// More or fewer cells than the inputs take.
	#[error(
		"the model's card: the program takes rows of {wanted} columns, and this one has {found}"
	)]
	RowLength {
		/// Of all inputs.
		wanted: usize,
		/// How many are here.
		found: usize,
	},
	/// A number where a text is wanted.
	#[error("column {cell}, input `{input}`: it takes a text, and this is a number")]
	NotText {
		/// Its name.
		input: String,
		/// From 0, in the row.
		cell: usize,
	},
	/// A text where a number is wanted.
	#[error("column {cell}, input `{input}`: it takes a number, and this is a text")]
	NotNumber {
		/// Its name.
		input: String,
		/// From 0, in the row.
		cell: usize,
	},
	/// A number that is not whole.
	#[error("column {cell}, input `{input}`: it takes whole numbers, and this is {value}")]
	NotWhole {
		/// Its name.
		input: String,
		/// From 0, in the row or the tensor.
		cell: usize,
		/// The number.
		value: String,
	},
}

/// Why an operator did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
	/// The operator does not take these inputs or attributes.
	#[error("{0}")]
	Unfit(String),
	/// A tensor with more elements than any has.
	#[error("a tensor of more than {MAX_ELEMENTS} elements")]
	TooManyElements,
	/// A tensor with more dimensions than any has.
	#[error("a tensor of more than {MAX_RANK} dimensions")]
	TooManyDimensions,
	/// More memory than a run takes.
	#[error("the program takes more memory than that of {MAX_CREATED} numbers")]
	TooMuchMemory,
	/// More operations than a run takes.
	#[error("the program takes more than {MAX_OPERATIONS} operations")]
	TooManyOperations,
}

/// That an operator does not take what it was given.
pub(crate) fn unfit<T>(why: impl Into<String>) -> Result<T, Fault> {
	Err(Fault::Unfit(why.into()))
}
