//! Reads an ONNX model and finds out what it computes.
//!
//! Every tensor of the graph is followed as a [`formula`]: an affine function of the features, of the
//! sums of a forest or of a hidden layer; scores made of one; or a label made of scores. What an
//! operator makes of the formulas of its inputs is registered in [`ops`]; a node with any other
//! operator is refused by name. So a model is either understood to the last node, or not imported.

mod error;
mod external;
mod follow;
mod formula;
mod graph;
mod known;
mod node;
mod ops;
mod task;
mod tensor;

pub use error::OnnxError;
pub(crate) use external::Beside;
pub use external::ExternalError;
pub use ops::supported_operators;

use crate::float::{
	affine::Basis,
	model::{Body, FloatModel},
};
use graph::Graph;
use known::Known;

/// What the model in an ONNX file computes, some of whose data may be beside it.
///
/// # Errors
/// If it is no ONNX file, or not understood to the last node.
pub(crate) fn understand(onnx: &[u8], beside: Beside) -> Result<FloatModel, OnnxError> {
	let graph = Graph::parse(onnx, beside)?;
	let known = follow::follow(&graph)?;
	let outputs = follow::outputs(&graph, &known)?;
	let (basis, scores, task) = task::task(&graph, &outputs)?;
	let Known { scalers, forest, hidden, .. } = known;
	let body = match (basis, forest, hidden) {
		(Basis::Features, ..) => Body::Linear,
		(Basis::Forest, Some(forest), _) => Body::Forest(forest, graph.precision),
		(Basis::Hidden, _, Some(layer)) => Body::Hidden(layer),
		_ => return Err(OnnxError::Outputs("they depend on no input".into())),
	};
	Ok(FloatModel {
		features_are_named: graph.features_are_named(),
		producer: graph.producer,
		features: graph.feature_names,
		scalers,
		body,
		scores,
		task,
	})
}
