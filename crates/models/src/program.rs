//! A part of an ONNX graph that the client runs on its own row, before encryption or after decryption.
//!
//! Programs come from the chain, in the cards of strangers' models: everything that they can ask for is bounded, and
//! refused before it takes memory or time. There are no sub-graphs, loops or calls, so that a run ends.
//!
//! All numbers are computed as f64, and rounded to f32 after every operator where the graph says so.

mod budget;
mod call;
mod error;
mod graph;
mod limits;
mod ops;
mod tensor;
#[cfg(test)]
mod tests;
mod walk;

pub use error::{Fault, ProgramError};
pub(crate) use graph::Input;
pub(crate) use ops::has_operator;
pub use ops::operators;
pub(crate) use tensor::{Kind, Tensor, Values};

use crate::cell::Cell;
use base64::{Engine, engine::general_purpose::STANDARD};

use graph::Graph;
use limits::MAX_BYTES;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, sync::Arc};

/// A program: an ONNX model of operators that the client runs itself.
#[derive(Clone)]
pub struct Program {
	bytes: Arc<[u8]>,
	graph: Arc<Graph>,
}

impl Program {
	/// Decodes an ONNX `ModelProto`.
	///
	/// # Errors
	/// If it is malformed, too large, has unknown operators, or uses values before they are computed.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
		if bytes.len() > MAX_BYTES {
			return Err(ProgramError::TooManyBytes(bytes.len()));
		}
		Ok(Self { bytes: bytes.into(), graph: Arc::new(Graph::decode(bytes)?) })
	}

	/// The ONNX `ModelProto`.
	pub fn as_bytes(&self) -> &[u8] {
		&self.bytes
	}

	/// How many operators it has.
	pub fn nodes(&self) -> usize {
		self.graph.nodes()
	}

	/// How many cells a row of its has.
	pub fn cells(&self) -> usize {
		self.inputs().iter().map(|input| walk::product(&input.dims)).fold(0, usize::saturating_add)
	}

	/// What it takes, in order.
	pub(crate) fn inputs(&self) -> &[Input] {
		&self.graph.inputs
	}

	/// The names of what it computes, in order.
	pub fn outputs(&self) -> &[String] {
		&self.graph.outputs
	}

	/// Its outputs for one tensor per input; floats are rounded as the input holds them.
	///
	/// # Errors
	/// If the tensors do not fit the inputs, an operator does not take what it is given, or the run takes too much.
	pub(crate) fn run(&self, mut inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ProgramError> {
		let wanted = self.inputs();
		if inputs.len() != wanted.len() {
			return Err(ProgramError::InputCount { wanted: wanted.len(), found: inputs.len() });
		}
		for (input, tensor) in wanted.iter().zip(&mut inputs) {
			fit(input, tensor)?;
		}
		self.graph.run(inputs)
	}

	/// Its outputs for a row of cells, which fill the inputs in order, the last dimension first.
	///
	/// # Errors
	/// If the row has more or fewer cells, or one that an input does not take, and as [`Self::run`].
	pub(crate) fn run_row(&self, row: &[Cell]) -> Result<Vec<Tensor>, ProgramError> {
		let columns = |input: &Input| walk::product(&input.dims);
		let wanted = self.cells();
		if row.len() != wanted {
			return Err(ProgramError::RowLength { wanted, found: row.len() });
		}
		let mut cells = row.iter().enumerate();
		let tensors = self.inputs().iter().map(|input| {
			let cells = cells.by_ref().take(columns(input));
			let values = match input.kind {
				Kind::Text => {
					Values::Text(cells.map(|cell| text(input, cell)).collect::<Result<_, _>>()?)
				},
				_ => Values::Numbers(
					cells.map(|cell| number(input, cell)).collect::<Result<_, _>>()?,
				),
			};
			Ok(Tensor { kind: input.kind, dims: input.dims.clone(), values })
		});
		let tensors = tensors.collect::<Result<_, _>>()?;
		self.run(tensors)
	}
}

fn text(input: &Input, (at, cell): (usize, &Cell)) -> Result<String, ProgramError> {
	match cell {
		Cell::Text(text) => Ok(text.clone()),
		Cell::Number(_) => Err(ProgramError::NotText { input: input.name.clone(), cell: at }),
	}
}

fn number(input: &Input, (at, cell): (usize, &Cell)) -> Result<f64, ProgramError> {
	match cell {
		Cell::Number(number) => whole(input, at, *number),
		Cell::Text(_) => Err(ProgramError::NotNumber { input: input.name.clone(), cell: at }),
	}
}

/// A number that an input of integers or Booleans takes; others take any.
fn whole(input: &Input, cell: usize, number: f64) -> Result<f64, ProgramError> {
	let takes = match input.kind {
		Kind::Integer => number.is_finite() && number.trunc() == number,
		Kind::Bool => number == 0.0 || number == 1.0,
		Kind::Single | Kind::Double | Kind::Text => true,
	};
	let error =
		|| ProgramError::NotWhole { input: input.name.clone(), cell, value: number.to_string() };
	takes.then_some(number).ok_or_else(error)
}

/// Rounds a tensor to what the input holds.
fn fit(input: &Input, tensor: &mut Tensor) -> Result<(), ProgramError> {
	let is_text = tensor.values.texts().is_some();
	let fits = tensor.kind == input.kind
		&& tensor.dims == input.dims
		&& is_text == (input.kind == Kind::Text)
		&& tensor.len() == walk::product(&input.dims);
	if !fits {
		return Err(ProgramError::Input {
			input: input.name.clone(),
			wanted: tensor::describe(input.kind, &input.dims),
			found: tensor.describe(),
		});
	}
	if let Values::Numbers(numbers) = &mut tensor.values {
		for (at, number) in numbers.iter_mut().enumerate() {
			*number = input.round(whole(input, at, *number)?);
		}
	}
	Ok(())
}

impl fmt::Debug for Program {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		write!(f, "Program({} bytes)", self.bytes.len())
	}
}

impl PartialEq for Program {
	fn eq(&self, other: &Self) -> bool {
		self.bytes == other.bytes
	}
}

impl Serialize for Program {
	fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&STANDARD.encode(&self.bytes))
	}
}

impl<'de> Deserialize<'de> for Program {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let bytes =
			STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
		Self::from_bytes(&bytes).map_err(D::Error::custom)
	}
}
