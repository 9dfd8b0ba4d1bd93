//! The parts of an ONNX file that matter here, with every read checked.

use super::{
	error::OnnxError, external::Beside, formula::Formula, kernels, node::Node, tensor::constant,
};
use crate::{
	card::Classes,
	proto::{
		Dimension, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorType,
		ValueInfoProto, data_type,
	},
};
use prost::Message;
use std::collections::HashSet;

/// Most features of a model.
const MAX_FEATURES: usize = fhe_ml_engine::circuits::linear::MAX_FEATURES;

/// Most numbers in all constants of a file, 512 MiB.
const MAX_CONSTANTS: usize = 1 << 26;

/// A table of features.
#[derive(Clone, Debug)]
pub(crate) struct Input {
	pub name: String,
	/// After that of the rows.
	pub dims: Vec<usize>,
	/// A `TensorProto.data_type`.
	pub elements: i32,
	/// Whether its first dimension is that of the rows.
	pub is_table: bool,
}

impl Input {
	/// How many features it has.
	pub fn columns(&self) -> usize {
		self.dims.iter().product()
	}

	/// Whether its numbers have half precision.
	pub fn is_half(&self) -> bool {
		matches!(self.elements, data_type::FLOAT16 | data_type::BFLOAT16)
	}

	/// Whether its numbers have double precision.
	pub fn is_double(&self) -> bool {
		self.elements == data_type::DOUBLE
	}

	/// Whether only the client works with it.
	pub fn is_opaque(&self) -> bool {
		self.is_text() || !self.is_table
	}

	/// Whether it holds text.
	pub fn is_text(&self) -> bool {
		self.elements == data_type::STRING
	}
}

/// An ONNX graph.
pub(crate) struct Graph {
	pub nodes: Vec<NodeProto>,
	pub inputs: Vec<Input>,
	pub outputs: Vec<String>,
	pub initializers: Vec<(String, Formula)>,
	/// The same as they are in the file.
	pub tensors: Vec<TensorProto>,
	pub feature_names: Vec<String>,
	pub producer: String,
	pub operator_sets: Vec<OperatorSetIdProto>,
	/// Domains and names of those that the model brings along.
	functions: HashSet<(String, String)>,
}

impl Graph {
	/// Reads the parts of an ONNX file, and of the files beside it.
	///
	/// # Errors
	/// If the file is no ONNX, or its inputs are no tables of features.
	pub fn parse(onnx: &[u8], beside: Beside) -> Result<Self, OnnxError> {
		let model =
			ModelProto::decode(onnx).map_err(|error| OnnxError::NotOnnx(error.to_string()))?;
		let graph = model
			.graph
			.filter(|graph| !graph.node.is_empty())
			.ok_or_else(|| OnnxError::NotOnnx("it has no graph".into()))?;
		let constant_names: HashSet<&str> =
			graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
		let is_input = |input: &&ValueInfoProto| !constant_names.contains(input.name.as_str());
		let inputs = graph.input.iter().filter(is_input);
		let inputs = inputs.map(input).collect::<Result<Vec<_>, OnnxError>>()?;
		let features = inputs.iter().map(Input::columns).fold(0, usize::saturating_add);
		if !(1..=MAX_FEATURES).contains(&features) {
			return Err(OnnxError::malformed(
				"the inputs",
				"their number of features is not 1 to 16384",
			));
		}
		let mut tensors = graph.initializer;
		let nodes = kernels::expand(graph.node, &mut tensors)?;
		let initializers = constants(&tensors, &nodes, beside)?;
		let feature_names = feature_names(&inputs);
		Ok(Self {
			nodes,
			inputs,
			outputs: graph.output.iter().map(|output| output.name.clone()).collect(),
			initializers,
			tensors,
			feature_names,
			producer: format!("{} {}", model.producer_name, model.producer_version).trim().into(),
			operator_sets: model.opset_import,
			functions: model.functions.into_iter().map(|f| (f.domain, f.name)).collect(),
		})
	}

	/// Whether a node calls a function that the model brings along.
	pub fn has_function(&self, node: Node) -> bool {
		!self.functions.is_empty()
			&& self.functions.contains(&(node.0.domain.clone(), node.0.op_type.clone()))
	}

	/// Whether every feature is an input of its own, so that the names are the model's.
	pub fn features_are_named(&self) -> bool {
		self.inputs.len() > 1 && self.inputs.iter().all(|input| input.columns() == 1)
	}

	/// Adds constants.
	///
	/// # Errors
	/// If one is malformed.
	pub fn add_constants(&mut self, constants: Vec<TensorProto>) -> Result<(), OnnxError> {
		for tensor in constants {
			self.initializers.push((tensor.name.clone(), constant(&tensor, Beside::Nothing)?));
			self.tensors.push(tensor);
		}
		Ok(())
	}

	/// Whether some features are text.
	pub fn has_text(&self) -> bool {
		self.inputs.iter().any(Input::is_text)
	}

	/// The version of a domain's operators, if the file says it.
	pub fn operator_set(&self, domain: &str) -> Option<i64> {
		let names: &[&str] = if domain.is_empty() { &["", "ai.onnx"] } else { &[domain] };
		let mut sets = self.operator_sets.iter();
		sets.find(|set| names.contains(&set.domain.as_str())).map(|set| set.version)
	}

	/// The classes of a `ZipMap`, for labels whose own list is not in the graph.
	pub fn zipmap_classes(&self) -> Option<Classes> {
		let zipmap = self.nodes.iter().find(|node| node.op_type == "ZipMap")?;
		Node(zipmap).classes("classlabels_int64s", "classlabels_strings")
	}
}

/// The constants that a node takes; others can be of any type.
fn constants(
	tensors: &[TensorProto],
	nodes: &[NodeProto],
	beside: Beside,
) -> Result<Vec<(String, Formula)>, OnnxError> {
	let used: HashSet<&str> =
		nodes.iter().flat_map(|node| &node.input).map(String::as_str).collect();
	let mut size = 0;
	let mut constants = Vec::new();
	for tensor in tensors.iter().filter(|tensor| used.contains(tensor.name.as_str())) {
		let formula = constant(tensor, beside)?;
		size += formula.size();
		if size > MAX_CONSTANTS {
			return Err(OnnxError::TooLarge(tensor.name.clone()));
		}
		constants.push((tensor.name.clone(), formula));
	}
	Ok(constants)
}

fn tensor_type(input: &ValueInfoProto) -> Option<&TensorType> {
	input.r#type.as_ref()?.tensor_type.as_ref()
}

fn elements(input: &ValueInfoProto) -> i32 {
	tensor_type(input).map_or(data_type::FLOAT, |tensor| tensor.elem_type)
}

fn input(input: &ValueInfoProto) -> Result<Input, OnnxError> {
	let malformed = |what| OnnxError::malformed(&input.name, what);
	let Some(shape) = tensor_type(input).and_then(|tensor| tensor.shape.as_ref()) else {
		return Err(malformed("the input is no tensor with a shape"));
	};
	let elements = elements(input);
	let (Some(_), Some(dims @ [_, ..])) = (shape.dim.first(), shape.dim.get(1..)) else {
		return Err(malformed("the input is not a table [rows, features]"));
	};
	let dims = dims.iter().map(Dimension::fixed).collect::<Option<Vec<_>>>();
	let columns = |dims: &Vec<usize>| dims.iter().try_fold(1, |p: usize, &dim| p.checked_mul(dim));
	let dims = dims
		.filter(|dims| columns(dims).is_some_and(|columns| columns <= MAX_FEATURES))
		.ok_or_else(|| malformed("its number of features is not 1 to 16384"))?;
	Ok(Input { name: input.name.clone(), dims, elements, is_table: true })
}

/// One column: the input's own name. Several: `f0`, `f1`, ... or `<input>0`, ... if there are
/// several inputs.
pub(crate) fn feature_names(inputs: &[Input]) -> Vec<String> {
	let prefix = |name: &str| if inputs.len() == 1 { "f".to_string() } else { name.to_string() };
	let names = |input: &Input| match input.columns() {
		1 if inputs.len() > 1 => vec![input.name.clone()],
		columns => (0..columns).map(|column| format!("{}{column}", prefix(&input.name))).collect(),
	};
	inputs.iter().flat_map(names).collect()
}
