//! Reads an ONNX model and finds out what it computes.
//!
//! Every tensor of the graph is followed as a [`formula`]: an affine function of the features, of the
//! sums of a forest or of a hidden layer; scores made of one; or a label made of scores. What an
//! operator makes of the formulas of its inputs is registered in [`ops`]. What cannot be followed is
//! [`cut`] off: the client runs it as a [`program`](crate::program), before the encrypted core or
//! after it, if programs have the operator; a node with any other operator is refused by name. So a
//! model is either understood to the last node, or not imported.

mod after;
mod carry;
mod cut;
mod error;
mod expansion;
mod external;
mod follow;
mod formula;
mod graph;
mod kernels;
mod known;
mod node;
mod ops;
mod order;
mod part;
mod sample;
mod task;
mod tensor;

pub use error::OnnxError;
pub(crate) use external::Beside;
pub use external::ExternalError;
pub use ops::supported_operators;

use crate::{
	card::{Before, Task, TextFeature},
	cell::Cell,
	float::{
		affine::{Basis, Row},
		model::{Body, FloatModel},
	},
};
use after::After;
use carry::Carried;
use cut::Parts;
use graph::{Graph, Input};
use known::{Known, precision};

/// A model in an ONNX file, some of whose data may be beside it.
pub(crate) struct Source<'a> {
	graph: Graph,
	beside: Beside<'a>,
}

impl<'a> Source<'a> {
	/// Reads a file.
	///
	/// # Errors
	/// If it is no ONNX file of a table of features.
	pub fn read(onnx: &[u8], beside: Beside<'a>) -> Result<Self, OnnxError> {
		Ok(Self { graph: Graph::parse(onnx, beside)?, beside })
	}

	/// Names of the features.
	pub fn features(&self) -> &[String] {
		&self.graph.feature_names
	}

	/// Whether the file names them.
	pub fn features_are_named(&self) -> bool {
		self.graph.features_are_named()
	}

	/// The features that are text.
	pub fn text_features(&self) -> Vec<TextFeature> {
		sample::text_features(&self.graph)
	}

	/// What the model computes; rows of features show what the client's part takes.
	///
	/// # Errors
	/// If it is not understood to the last node.
	pub fn understand(mut self, rows: &[Vec<Cell>]) -> Result<FloatModel, OnnxError> {
		let understood = match self.cut(rows)? {
			Cut::Understood(understood) => *understood,
			Cut::Carry(carried) => {
				carry::carry(&mut self.graph, self.beside, &carried, rows)?;
				match self.cut(rows)? {
					Cut::Understood(understood) => *understood,
					Cut::Carry(again) => {
						let node = again.tensors.into_iter().next().unwrap_or_default();
						return Err(OnnxError::NeedsRow { node });
					},
				}
			},
		};
		let Understood { basis, scores, task, known, before, inputs } = understood;
		let Known { scalers, forest, hidden, mut further, .. } = known;
		let body = match (basis, forest, hidden) {
			(Basis::Features, ..) => Body::Linear,
			(Basis::Forest, Some(forest), _) => Body::Forest(forest, precision(&inputs)),
			(Basis::Hidden, _, Some(layer)) => Body::Hidden(layer),
			(basis, _, first) => match (basis.layers(), first) {
				(Some((outputs_from, last)), Some(first)) => {
					further.truncate(last.into());
					Body::Deep { first, further, outputs_from }
				},
				_ => return Err(OnnxError::Outputs("they depend on no input".into())),
			},
		};
		let graph = self.graph;
		let text = match &before {
			Some(before) => {
				sample::known_texts(&graph, &before.program, rows.first().map(Vec::as_slice))
			},
			None => sample::text_features(&graph),
		};
		Ok(FloatModel {
			features_are_named: graph.features_are_named(),
			text,
			producer: graph.producer,
			features: graph.feature_names,
			before,
			scalers,
			body,
			scores,
			task,
		})
	}

	/// Cuts the graph, and finds out what the parts compute.
	fn cut(&self, rows: &[Vec<Cell>]) -> Result<Cut, OnnxError> {
		let Self { graph, beside } = self;
		let mut parts = cut::cut(graph, *beside, rows.first().map(Vec::as_slice))?;
		let outputs = match parts.is_followed {
			true => follow::outputs(graph, &parts.known).ok(),
			false => None,
		};
		let (basis, scores, task) =
			match outputs.and_then(|outputs| task::task(graph, &outputs).ok()) {
				Some(found) => found,
				None => match after::task(graph, *beside, &mut parts)? {
					After::Task(basis, scores, task) => (basis, scores, task),
					After::Carry(carried) => return Ok(Cut::Carry(carried)),
				},
			};
		let Parts { program, known, inputs, .. } = parts;
		let numbers: Vec<_> = inputs.iter().filter(|input| !input.is_opaque()).cloned().collect();
		let columns = graph::feature_names(&numbers);
		let before = program.map(|program| Before { program, columns });
		let understood = Understood { basis, scores, task, known, before, inputs };
		Ok(Cut::Understood(Box::new(understood)))
	}
}

/// What became of a cut.
enum Cut {
	Understood(Box<Understood>),
	/// These numbers must go through the core, too.
	Carry(Carried),
}

/// What a graph computes.
struct Understood {
	basis: Basis,
	scores: Vec<Row>,
	task: Task,
	known: Known,
	before: Option<Before>,
	inputs: Vec<Input>,
}
