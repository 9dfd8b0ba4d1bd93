//! A node with checked reads of its attributes.

use super::{
	error::{OnnxError, check_weights},
	external::Beside,
	formula::{Constant, Formula},
	tensor::constant,
};
use crate::{
	card::Classes,
	proto::{AttributeProto, NodeProto},
};
use std::sync::Arc;

/// A node of the graph.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(pub &'a NodeProto);

impl<'a> Node<'a> {
	/// Its name, or its first output's.
	pub fn name(&self) -> &str {
		let output = self.0.output.first().map(String::as_str).unwrap_or_default();
		if self.0.name.is_empty() { output } else { &self.0.name }
	}

	pub fn unsupported(&self, why: impl Into<String>) -> OnnxError {
		OnnxError::UnsupportedUse {
			node: self.name().into(),
			operator: self.0.op_type.clone(),
			why: why.into(),
		}
	}

	/// That a matrix of weights is not larger than what is written out.
	///
	/// # Errors
	/// If it is.
	pub fn check_weights(&self, rows: usize, columns: usize) -> Result<(), OnnxError> {
		check_weights(self.name(), rows, columns)
	}

	pub fn malformed(&self, what: impl Into<String>) -> OnnxError {
		OnnxError::malformed(format!("node `{}`", self.name()), what)
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

	/// The numbers of the tensor under a name; none if there is no such attribute.
	///
	/// # Errors
	/// If the tensor is malformed, or holds strings.
	pub fn tensor(&self, name: &str) -> Result<Arc<[f64]>, OnnxError> {
		match self.attribute(name).and_then(|attribute| attribute.t.as_ref()) {
			Some(tensor) => match constant(tensor, Beside::Nothing)? {
				Formula::Constant { value: Constant::Numbers(numbers), .. } => Ok(numbers),
				_ => Err(self.malformed(format!("{name} holds no numbers"))),
			},
			None => Ok(Arc::default()),
		}
	}

	/// The floats under a name, or the tensor under that name with `_as_tensor`.
	///
	/// # Errors
	/// If the tensor is malformed, or holds strings.
	pub fn numbers(&self, name: &str) -> Result<Arc<[f64]>, OnnxError> {
		let as_tensor = format!("{name}_as_tensor");
		match self.has(&as_tensor) {
			true => self.tensor(&as_tensor),
			false => Ok(self.floats(name).into()),
		}
	}

	/// Whether there is an attribute of this name.
	pub fn has(&self, name: &str) -> bool {
		self.attribute(name).is_some()
	}

	/// Whether it has an input at this place: those that are left out have an empty name, or none.
	pub fn has_input(&self, at: usize) -> bool {
		self.0.input.get(at).is_some_and(|name| !name.is_empty())
	}

	/// The classes under one of two names.
	pub fn classes(&self, integers: &str, strings: &str) -> Option<Classes> {
		if let Some(attribute) = self.attribute(integers).filter(|a| !a.ints.is_empty()) {
			return Some(Classes::Integers(attribute.ints.clone()));
		}
		let strings = &self.attribute(strings).filter(|a| !a.strings.is_empty())?.strings;
		let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
		Some(Classes::Strings(strings.iter().map(text).collect()))
	}

	/// The value of a `Constant`: a tensor, or one of the short forms.
	///
	/// # Errors
	/// If it has none of these, or a malformed tensor.
	pub fn constant(&self) -> Result<Formula, OnnxError> {
		let Some(attribute) = self.0.attribute.first() else {
			return Err(self.malformed("it has no value"));
		};
		let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
		let numbers = |numbers: Vec<f64>| Constant::Numbers(numbers.into());
		let strings = |strings: Vec<String>| Constant::Strings(strings.into());
		let (is_one, value) = match (attribute.name.as_str(), &attribute.t) {
			("value", Some(tensor)) => return constant(tensor, Beside::Nothing),
			("value_float", _) => (true, numbers(vec![attribute.f.into()])),
			("value_int", _) => (true, numbers(vec![attribute.i as f64])),
			("value_string", _) => (true, strings(vec![text(&attribute.s)])),
			("value_floats", _) => (false, numbers(self.floats("value_floats"))),
			("value_ints", _) => {
				(false, numbers(attribute.ints.iter().map(|&value| value as f64).collect()))
			},
			("value_strings", _) => (false, strings(attribute.strings.iter().map(text).collect())),
			_ => {
				return Err(
					self.unsupported("its value is neither a dense tensor nor numbers or strings")
				);
			},
		};
		let dims = if is_one { Vec::new() } else { vec![value.len()] };
		Ok(Formula::Constant { dims, value })
	}
}
