//! Nodes that take the place of others.

use crate::proto::{AttributeProto, NodeProto, TensorProto, data_type};

/// `AttributeProto.type`.
mod kind {
	pub const FLOAT: i32 = 1;
	pub const INT: i32 = 2;
	pub const FLOATS: i32 = 6;
	pub const INTS: i32 = 7;
	pub const STRINGS: i32 = 8;
}

/// Nodes and constants with names of their own.
pub(super) struct Expansion {
	of: String,
	nodes: Vec<NodeProto>,
	constants: Vec<TensorProto>,
}

impl Expansion {
	/// Names begin with that of the tensor which is computed in another way.
	pub fn new(of: &str) -> Self {
		Self { of: of.into(), nodes: Vec::new(), constants: Vec::new() }
	}

	fn name(&self, part: &str) -> String {
		format!("{}/{part}", self.of)
	}

	/// Adds a node of one output, and gives its name.
	pub fn node(&mut self, operator: &str, part: &str, inputs: &[&str]) -> String {
		let output = self.name(part);
		self.nodes.push(NodeProto {
			op_type: operator.into(),
			name: output.clone(),
			input: inputs.iter().map(|&input| input.into()).collect(),
			output: vec![output.clone()],
			..Default::default()
		});
		output
	}

	/// The domain of the last node's operator.
	pub fn domain(&mut self, domain: &str) {
		if let Some(node) = self.nodes.last_mut() {
			node.domain = domain.into();
		}
	}

	/// An attribute of the last node.
	pub fn attribute(&mut self, name: &str, attribute: AttributeProto) {
		if let Some(node) = self.nodes.last_mut() {
			node.attribute.push(AttributeProto { name: name.into(), ..attribute });
		}
	}

	/// Adds a tensor of singles, and gives its name.
	pub fn constant(&mut self, part: &str, dims: &[usize], numbers: &[f64]) -> String {
		let name = self.name(part);
		self.constants.push(TensorProto {
			name: name.clone(),
			dims: dims.iter().map(|&dim| dim as i64).collect(),
			data_type: data_type::FLOAT,
			float_data: numbers.iter().map(|&number| number as f32).collect(),
			..Default::default()
		});
		name
	}

	/// Adds a list of integers, and gives its name.
	pub fn list(&mut self, part: &str, integers: &[i64]) -> String {
		let name = self.name(part);
		self.constants.push(TensorProto {
			name: name.clone(),
			dims: vec![integers.len() as i64],
			data_type: data_type::INT64,
			int64_data: integers.to_vec(),
			..Default::default()
		});
		name
	}

	/// The nodes in order, and the constants.
	pub fn into_parts(self) -> (Vec<NodeProto>, Vec<TensorProto>) {
		(self.nodes, self.constants)
	}

	/// The nodes in order, the last of which gives these outputs; the constants join the others.
	pub fn finish(self, outputs: &[&String], constants: &mut Vec<TensorProto>) -> Vec<NodeProto> {
		let (mut nodes, added) = self.into_parts();
		constants.extend(added);
		if let Some(last) = nodes.last_mut() {
			last.output = outputs.iter().map(|&output| output.clone()).collect();
		}
		nodes
	}
}

pub(super) fn float(f: f64) -> AttributeProto {
	AttributeProto { f: f as f32, r#type: kind::FLOAT, ..Default::default() }
}

pub(super) fn integer(i: i64) -> AttributeProto {
	AttributeProto { i, r#type: kind::INT, ..Default::default() }
}

pub(super) fn floats(floats: impl IntoIterator<Item = f64>) -> AttributeProto {
	let floats = floats.into_iter().map(|float| float as f32).collect();
	AttributeProto { floats, r#type: kind::FLOATS, ..Default::default() }
}

pub(super) fn integers(integers: impl IntoIterator<Item = i64>) -> AttributeProto {
	let ints = integers.into_iter().collect();
	AttributeProto { ints, r#type: kind::INTS, ..Default::default() }
}

pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> AttributeProto {
	let strings = texts.into_iter().map(|text| text.as_bytes().to_vec()).collect();
	AttributeProto { strings, r#type: kind::STRINGS, ..Default::default() }
}
