//! Plain reads of a node's attributes: what is not there has its default.

use super::{
	AttributeProto, NodeProto, TensorProto,
	constants::{Values, text},
	data_type,
};

/// The value of a `Constant`.
pub(crate) enum ConstantValue<'a> {
	Tensor(&'a TensorProto),
	/// One of the short forms, with its `TensorProto.data_type`.
	Short {
		data_type: i32,
		dims: Vec<usize>,
		elements: Values,
	},
}

impl NodeProto {
	/// Its name, or its first output's.
	pub fn display_name(&self) -> &str {
		let output = self.output.first().map(String::as_str).unwrap_or_default();
		if self.name.is_empty() { output } else { &self.name }
	}

	pub fn find(&self, name: &str) -> Option<&AttributeProto> {
		self.attribute.iter().find(|attribute| attribute.name == name)
	}

	/// Whether there is an attribute of this name.
	pub fn has(&self, name: &str) -> bool {
		self.find(name).is_some()
	}

	/// Whether it has an input at this place: those that are left out have an empty name, or none.
	pub fn has_input(&self, at: usize) -> bool {
		self.input.get(at).is_some_and(|name| !name.is_empty())
	}

	pub fn int(&self, name: &str, default: i64) -> i64 {
		self.find(name).map_or(default, |attribute| attribute.i)
	}

	pub fn float(&self, name: &str, default: f64) -> f64 {
		self.find(name).map_or(default, |attribute| attribute.f.into())
	}

	pub fn string(&self, name: &str, default: &str) -> String {
		self.find(name).map_or(default.into(), |attribute| text(&attribute.s))
	}

	pub fn floats(&self, name: &str) -> Vec<f64> {
		self.find(name).map_or(Vec::new(), |attribute| {
			attribute.floats.iter().map(|&value| value.into()).collect()
		})
	}

	pub fn ints(&self, name: &str) -> &[i64] {
		self.find(name).map_or(&[], |attribute| &attribute.ints)
	}

	pub fn strings(&self, name: &str) -> &[Vec<u8>] {
		self.find(name).map_or(&[], |attribute| &attribute.strings)
	}

	pub fn tensor(&self, name: &str) -> Option<&TensorProto> {
		self.find(name)?.t.as_ref()
	}

	/// The value of a `Constant`: a tensor, or one of the short forms; `None` if it has neither.
	pub fn constant_value(&self) -> Option<ConstantValue<'_>> {
		let attribute = self.attribute.first()?;
		let (is_one, data_type, elements) = match (attribute.name.as_str(), &attribute.t) {
			("value", Some(tensor)) => return Some(ConstantValue::Tensor(tensor)),
			("value_float", _) => {
				(true, data_type::FLOAT, Values::Numbers(vec![attribute.f.into()]))
			},
			("value_int", _) => (true, data_type::INT64, Values::Numbers(vec![attribute.i as f64])),
			("value_string", _) => {
				(true, data_type::STRING, Values::Text(vec![text(&attribute.s)]))
			},
			("value_floats", _) => {
				(false, data_type::FLOAT, Values::Numbers(self.floats("value_floats")))
			},
			("value_ints", _) => {
				let ints = attribute.ints.iter().map(|&value| value as f64).collect();
				(false, data_type::INT64, Values::Numbers(ints))
			},
			("value_strings", _) => {
				let texts = attribute.strings.iter().map(|bytes| text(bytes)).collect();
				(false, data_type::STRING, Values::Text(texts))
			},
			_ => return None,
		};
		let dims = if is_one { Vec::new() } else { vec![elements.len()] };
		Some(ConstantValue::Short { data_type, dims, elements })
	}
}
