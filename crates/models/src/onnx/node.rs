//! A node with checked reads of its attributes.

use super::{
	error::{OnnxError, check_weights},
	external::Beside,
	formula::{Constant, Formula},
	tensor::constant,
};
use crate::{
	card::Classes,
	proto::{NodeProto, attributes::ConstantValue, constants::text},
};
use std::sync::Arc;

/// A node of the graph.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(pub &'a NodeProto);

impl<'a> Node<'a> {
	/// Its name, or its first output's.
	pub fn name(&self) -> &str {
		self.0.display_name()
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

	pub fn int(&self, name: &str, default: i64) -> i64 {
		self.0.int(name, default)
	}

	pub fn float(&self, name: &str, default: f64) -> f64 {
		self.0.float(name, default)
	}

	pub fn string(&self, name: &str, default: &str) -> String {
		self.0.string(name, default)
	}

	pub fn floats(&self, name: &str) -> Vec<f64> {
		self.0.floats(name)
	}

	pub fn ints(&self, name: &str) -> &'a [i64] {
		self.0.ints(name)
	}

	pub fn strings(&self, name: &str) -> Vec<&'a [u8]> {
		self.0.strings(name).iter().map(Vec::as_slice).collect()
	}

	/// The numbers of the tensor under a name; none if there is no such attribute.
	///
	/// # Errors
	/// If the tensor is malformed, or holds strings.
	pub fn tensor(&self, name: &str) -> Result<Arc<[f64]>, OnnxError> {
		match self.0.tensor(name) {
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
		self.0.has(name)
	}

	/// Whether it has an input at this place: those that are left out have an empty name, or none.
	pub fn has_input(&self, at: usize) -> bool {
		self.0.has_input(at)
	}

	/// The classes under one of two names.
	pub fn classes(&self, integers: &str, strings: &str) -> Option<Classes> {
		let integers = self.0.ints(integers);
		if !integers.is_empty() {
			return Some(Classes::Integers(integers.to_vec()));
		}
		let strings = self.0.strings(strings);
		(!strings.is_empty())
			.then(|| Classes::Strings(strings.iter().map(|bytes| text(bytes)).collect()))
	}

	/// The value of a `Constant`: a tensor, or one of the short forms.
	///
	/// # Errors
	/// If it has none of these, or a malformed tensor.
	pub fn constant(&self) -> Result<Formula, OnnxError> {
		if self.0.attribute.is_empty() {
			return Err(self.malformed("it has no value"));
		}
		match self.0.constant_value() {
			Some(ConstantValue::Tensor(tensor)) => constant(tensor, Beside::Nothing),
			Some(ConstantValue::Short { dims, elements, .. }) => {
				Ok(Formula::Constant { dims, value: elements.into() })
			},
			None => {
				Err(self.unsupported("its value is neither a dense tensor nor numbers or strings"))
			},
		}
	}
}
