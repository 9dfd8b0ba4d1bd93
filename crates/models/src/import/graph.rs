//! The parts of an ONNX file that matter here, with every read checked.

use super::{
	ImportError,
	formula::{Constant, Formula, Precision},
	proto::{AttributeProto, ModelProto, NodeProto, TensorProto, data_type},
};
use crate::card::Classes;
use prost::Message;

/// Most features of a model.
const MAX_FEATURES: usize = fhe_ml_engine::entities::linear::MAX_FEATURES;

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
}

pub(crate) fn malformed(place: impl Into<String>, what: impl Into<String>) -> ImportError {
	ImportError::Malformed { place: place.into(), what: what.into() }
}

impl Graph {
	pub fn parse(onnx: &[u8]) -> Result<Self, ImportError> {
		let model =
			ModelProto::decode(onnx).map_err(|error| ImportError::NotOnnx(error.to_string()))?;
		let graph = model
			.graph
			.filter(|graph| !graph.node.is_empty())
			.ok_or_else(|| ImportError::NotOnnx("it has no graph".into()))?;
		let initializers = graph
			.initializer
			.iter()
			.map(|tensor| Ok((tensor.name.clone(), constant(tensor)?)))
			.collect::<Result<Vec<_>, ImportError>>()?;
		let mut inputs = Vec::new();
		let mut precision = Precision::Single;
		for input in &graph.input {
			if initializers.iter().any(|(name, _)| *name == input.name) {
				continue;
			}
			let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
			if tensor.is_some_and(|tensor| tensor.elem_type == data_type::DOUBLE) {
				precision = Precision::Double;
			}
			let Some(shape) = tensor.and_then(|tensor| tensor.shape.as_ref()) else {
				return Err(malformed(&input.name, "the input is no tensor with a shape"));
			};
			let [_, columns] = shape.dim.as_slice() else {
				return Err(malformed(&input.name, "the input is not a table [rows, features]"));
			};
			let columns =
				columns.fixed().filter(|&columns| columns <= MAX_FEATURES).ok_or_else(|| {
					malformed(&input.name, "its number of features is not 1 to 16384")
				})?;
			inputs.push((input.name.clone(), columns));
		}
		let features: usize = inputs.iter().map(|(_, columns)| columns).sum();
		if !(1..=MAX_FEATURES).contains(&features) {
			return Err(malformed("the inputs", "their number of features is not 1 to 16384"));
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
		})
	}

	/// Whether every feature is an input of its own, so that the names are the model's.
	pub fn features_are_named(&self) -> bool {
		self.inputs.len() > 1 && self.inputs.iter().all(|(_, columns)| *columns == 1)
	}

	/// The classes of a `ZipMap`, for labels whose own list is not in the graph.
	pub fn zipmap_classes(&self) -> Option<Classes> {
		let zipmap = self.nodes.iter().find(|node| node.op_type == "ZipMap")?;
		Node(zipmap).classes("classlabels_int64s", "classlabels_strings")
	}
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

/// A node with checked reads of its attributes.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(pub &'a NodeProto);

impl<'a> Node<'a> {
	/// Its name, or its first output's.
	pub fn name(&self) -> &str {
		let output = self.0.output.first().map(String::as_str).unwrap_or_default();
		if self.0.name.is_empty() { output } else { &self.0.name }
	}

	pub fn unsupported(&self, why: impl Into<String>) -> ImportError {
		ImportError::UnsupportedUse {
			node: self.name().into(),
			operator: self.0.op_type.clone(),
			why: why.into(),
		}
	}

	pub fn malformed(&self, what: impl Into<String>) -> ImportError {
		malformed(format!("node `{}`", self.name()), what)
	}

	fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
		self.0.attribute.iter().find(|attribute| attribute.name == name)
	}

	pub fn int(&self, name: &str, default: i64) -> i64 {
		self.attribute(name).map_or(default, |attribute| attribute.i)
	}

	pub fn float(&self, name: &str, default: f64) -> f64 {
		self.attribute(name).map_or(default, |attribute| attribute.f.into())
	}

	pub fn string(&self, name: &str, default: &str) -> String {
		self.attribute(name)
			.map_or(default.into(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned())
	}

	pub fn floats(&self, name: &str) -> Vec<f64> {
		self.attribute(name).map_or(Vec::new(), |attribute| {
			attribute.floats.iter().map(|&value| value.into()).collect()
		})
	}

	pub fn ints(&self, name: &str) -> &'a [i64] {
		self.attribute(name).map_or(&[], |attribute| &attribute.ints)
	}

	pub fn strings(&self, name: &str) -> Vec<&'a [u8]> {
		self.attribute(name)
			.map_or(Vec::new(), |attribute| attribute.strings.iter().map(Vec::as_slice).collect())
	}

	/// The floats under a name, or the tensor under that name with `_as_tensor`.
	pub fn numbers(&self, name: &str) -> Result<Vec<f64>, ImportError> {
		let tensor = self.attribute(&format!("{name}_as_tensor"));
		match tensor.and_then(|attribute| attribute.t.as_ref()) {
			Some(tensor) => match constant(tensor)? {
				Formula::Constant { value: Constant::Numbers(numbers), .. } => Ok(numbers),
				_ => Err(self.malformed(format!("{name}_as_tensor holds no numbers"))),
			},
			None => Ok(self.floats(name)),
		}
	}

	pub fn classes(&self, integers: &str, strings: &str) -> Option<Classes> {
		let non_empty = |name| self.attribute(name);
		if let Some(attribute) = non_empty(integers).filter(|a| !a.ints.is_empty()) {
			return Some(Classes::Integers(attribute.ints.clone()));
		}
		let strings = &non_empty(strings).filter(|a| !a.strings.is_empty())?.strings;
		let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
		Some(Classes::Strings(strings.iter().map(text).collect()))
	}

	/// The `value` of a `Constant`.
	pub fn constant(&self) -> Result<Formula, ImportError> {
		let tensor = self.attribute("value").and_then(|attribute| attribute.t.as_ref());
		constant(tensor.ok_or_else(|| self.unsupported("only a tensor value"))?)
	}
}

fn constant(tensor: &TensorProto) -> Result<Formula, ImportError> {
	let wrong = |what: &str| malformed(format!("tensor `{}`", tensor.name), what);
	let dims = tensor
		.dims
		.iter()
		.map(|&dim| usize::try_from(dim).ok())
		.collect::<Option<Vec<_>>>()
		.ok_or_else(|| wrong("a dimension is negative"))?;
	let raw = tensor.raw_data.as_slice();
	let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
	let raw_or = |typed: Vec<f64>, read: fn(&[u8]) -> Vec<f64>| {
		Constant::Numbers(if raw.is_empty() { typed } else { read(raw) })
	};
	let value = match tensor.data_type {
		data_type::FLOAT => raw_or(tensor.float_data.iter().map(|&x| x.into()).collect(), |raw| {
			raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect()
		}),
		data_type::DOUBLE => raw_or(tensor.double_data.clone(), |raw| {
			raw.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
		}),
		data_type::INT64 => raw_or(tensor.int64_data.iter().map(|&x| x as f64).collect(), |raw| {
			raw.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect()
		}),
		data_type::INT32 => raw_or(tensor.int32_data.iter().map(|&x| x.into()).collect(), |raw| {
			raw.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect()
		}),
		data_type::STRING => Constant::Strings(tensor.string_data.iter().map(text).collect()),
		_ => return Err(wrong("its element type is not float, double, int32, int64 or string")),
	};
	let len = match &value {
		Constant::Numbers(numbers) => numbers.len(),
		Constant::Strings(strings) => strings.len(),
	};
	let product = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
	if product != Some(len) {
		return Err(wrong("its data does not fill its dimensions"));
	}
	Ok(Formula::Constant { dims, value })
}
