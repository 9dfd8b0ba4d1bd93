//! The parts of an ONNX file that matter here, with every read checked.

use super::{
	error::OnnxError,
	formula::Formula,
	node::Node,
	proto::{ModelProto, NodeProto, OperatorSetIdProto, TensorType, ValueInfoProto, data_type},
	tensor::constant,
};
use crate::{card::Classes, float::chain::Precision};
use prost::Message;

/// Most features of a model.
const MAX_FEATURES: usize = fhe_ml_engine::circuits::linear::MAX_FEATURES;

/// An ONNX graph.
pub(crate) struct Graph {
	pub nodes: Vec<NodeProto>,
	/// Name and number of columns of each input.
	pub inputs: Vec<(String, usize)>,
	/// In which precision the features enter.
	pub precision: Precision,
	pub outputs: Vec<String>,
	pub initializers: Vec<(String, Formula)>,
	pub feature_names: Vec<String>,
	pub producer: String,
	operator_sets: Vec<OperatorSetIdProto>,
}

impl Graph {
	/// Reads the parts of an ONNX file.
	///
	/// # Errors
	/// If the file is no ONNX, or its inputs are no tables of features.
	pub fn parse(onnx: &[u8]) -> Result<Self, OnnxError> {
		let model =
			ModelProto::decode(onnx).map_err(|error| OnnxError::NotOnnx(error.to_string()))?;
		let graph = model
			.graph
			.filter(|graph| !graph.node.is_empty())
			.ok_or_else(|| OnnxError::NotOnnx("it has no graph".into()))?;
		let initializers = graph
			.initializer
			.iter()
			.map(|tensor| Ok((tensor.name.clone(), constant(tensor)?)))
			.collect::<Result<Vec<_>, OnnxError>>()?;
		let mut inputs = Vec::new();
		let mut precision = Precision::Single;
		for input in &graph.input {
			if initializers.iter().any(|(name, _)| *name == input.name) {
				continue;
			}
			if is_double(input) {
				precision = Precision::Double;
			}
			inputs.push((input.name.clone(), columns(input)?));
		}
		let features: usize = inputs.iter().map(|(_, columns)| columns).sum();
		if !(1..=MAX_FEATURES).contains(&features) {
			return Err(OnnxError::malformed(
				"the inputs",
				"their number of features is not 1 to 16384",
			));
		}
		let feature_names = feature_names(&inputs);
		Ok(Self {
			nodes: graph.node,
			inputs,
			precision,
			outputs: graph.output.iter().map(|output| output.name.clone()).collect(),
			initializers,
			feature_names,
			producer: format!("{} {}", model.producer_name, model.producer_version).trim().into(),
			operator_sets: model.opset_import,
		})
	}

	/// Whether every feature is an input of its own, so that the names are the model's.
	pub fn features_are_named(&self) -> bool {
		self.inputs.len() > 1 && self.inputs.iter().all(|(_, columns)| *columns == 1)
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

fn tensor_type(input: &ValueInfoProto) -> Option<&TensorType> {
	input.r#type.as_ref()?.tensor_type.as_ref()
}

fn is_double(input: &ValueInfoProto) -> bool {
	tensor_type(input).is_some_and(|tensor| tensor.elem_type == data_type::DOUBLE)
}

/// How many features an input has.
fn columns(input: &ValueInfoProto) -> Result<usize, OnnxError> {
	let malformed = |what| OnnxError::malformed(&input.name, what);
	let Some(shape) = tensor_type(input).and_then(|tensor| tensor.shape.as_ref()) else {
		return Err(malformed("the input is no tensor with a shape"));
	};
	let [_, columns] = shape.dim.as_slice() else {
		return Err(malformed("the input is not a table [rows, features]"));
	};
	columns
		.fixed()
		.filter(|&columns| columns <= MAX_FEATURES)
		.ok_or_else(|| malformed("its number of features is not 1 to 16384"))
}

/// One column: the input's own name. Several: `f0`, `f1`, ... or `<input>0`, ... if there are
/// several inputs.
fn feature_names(inputs: &[(String, usize)]) -> Vec<String> {
	let prefix = |name: &str| if inputs.len() == 1 { "f".to_string() } else { name.to_string() };
	let names = |(name, columns): &(String, usize)| match columns {
		1 if inputs.len() > 1 => vec![name.clone()],
		_ => (0..*columns).map(|column| format!("{}{column}", prefix(name))).collect(),
	};
	inputs.iter().flat_map(names).collect()
}
