//! Parts of a graph as programs, which the client runs.

use super::{
	error::OnnxError,
	external::Beside,
	graph::{Graph, Input},
	tensor::whole,
};
use crate::{
	program::Program,
	proto::{
		Dimension, DimensionValue, GraphProto, ModelProto, OperatorSetIdProto, TensorShapeProto,
		TensorType, TypeProto, ValueInfoProto,
	},
};
use prost::Message;
use std::collections::{BTreeSet, HashSet};

/// A tensor that a part takes.
#[derive(Clone, Debug)]
pub(super) struct Taken {
	pub name: String,
	/// A `TensorProto.data_type`.
	pub elements: i32,
	/// All of them; one row.
	pub dims: Vec<usize>,
}

impl Taken {
	/// An input of the whole graph, for one row.
	pub fn of(input: &Input) -> Self {
		let dims = [&[1], input.dims.as_slice()].concat();
		Self { name: input.name.clone(), elements: input.elements, dims }
	}
}

/// Nodes of a graph that compute some tensors from others, for one row.
///
/// # Errors
/// If the part is larger than a program may be, or a constant of it cannot be read.
pub(super) fn program(
	graph: &Graph,
	beside: Beside,
	nodes: &BTreeSet<usize>,
	inputs: &[Taken],
	outputs: &[String],
) -> Result<Program, OnnxError> {
	let nodes: Vec<_> = nodes.iter().filter_map(|&at| graph.nodes.get(at)).cloned().collect();
	let used: HashSet<&str> =
		nodes.iter().flat_map(|node| &node.input).chain(outputs).map(String::as_str).collect();
	let constants = graph.tensors.iter().filter(|tensor| used.contains(tensor.name.as_str()));
	let initializer = constants.map(|tensor| whole(tensor, beside)).collect::<Result<_, _>>()?;
	let domains: HashSet<&str> = nodes.iter().map(|node| node.domain.as_str()).collect();
	let is_used = |set: &&OperatorSetIdProto| match set.domain.as_str() {
		"" | "ai.onnx" => domains.contains(""),
		domain => domains.contains(domain),
	};
	let opset_import = graph.operator_sets.iter().filter(is_used).cloned().collect();
	let model = ModelProto {
		ir_version: 8,
		graph: Some(GraphProto {
			name: "part".into(),
			input: inputs.iter().map(value_info).collect(),
			output: outputs.iter().map(|name| unknown(name)).collect(),
			initializer,
			node: nodes,
		}),
		opset_import,
		..Default::default()
	};
	Program::from_bytes(&model.encode_to_vec()).map_err(OnnxError::Program)
}

fn value_info(taken: &Taken) -> ValueInfoProto {
	let dim = |&dim: &usize| Dimension { value: Some(DimensionValue::Value(dim as i64)) };
	let shape = Some(TensorShapeProto { dim: taken.dims.iter().map(dim).collect() });
	let tensor_type = Some(TensorType { elem_type: taken.elements, shape });
	ValueInfoProto { name: taken.name.clone(), r#type: Some(TypeProto { tensor_type }) }
}

fn unknown(name: &str) -> ValueInfoProto {
	ValueInfoProto { name: name.into(), r#type: None }
}
