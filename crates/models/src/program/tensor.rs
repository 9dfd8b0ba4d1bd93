//! Values of a program.

use super::error::{Fault, unfit};
pub(crate) use crate::proto::constants::Values;
use crate::proto::data_type;

/// The elements of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
	/// f32 (half precision is computed in it, too).
	Single,
	/// f64.
	Double,
	/// Integers of 8 to 64 bits.
	Integer,
	Bool,
	Text,
}

/// 2^63 and 2^64: integers beyond them do not exist.
const LEAST_INTEGER: f64 = -9_223_372_036_854_775_808.0;
const MOST_INTEGER: f64 = 18_446_744_073_709_551_616.0;

impl Kind {
	/// Of a `TensorProto.data_type`, if programs have it.
	pub fn of(data_type: i32) -> Option<Self> {
		Some(match data_type {
			data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 => Self::Single,
			data_type::DOUBLE => Self::Double,
			data_type::BOOL => Self::Bool,
			data_type::STRING => Self::Text,
			data_type::UINT8
			| data_type::INT8
			| data_type::UINT16
			| data_type::INT16
			| data_type::INT32
			| data_type::INT64
			| data_type::UINT32
			| data_type::UINT64 => Self::Integer,
			_ => return None,
		})
	}

	/// A result as a tensor of this kind holds it; integers are cut towards zero.
	pub fn round(self, value: f64) -> f64 {
		match self {
			Self::Single => f64::from(value as f32),
			Self::Integer => value.trunc().clamp(LEAST_INTEGER, MOST_INTEGER),
			Self::Bool | Self::Double | Self::Text => value,
		}
	}

	pub fn is_float(self) -> bool {
		matches!(self, Self::Single | Self::Double)
	}

	/// For messages.
	pub fn describe(self) -> &'static str {
		match self {
			Self::Single => "floats",
			Self::Double => "doubles",
			Self::Integer => "integers",
			Self::Bool => "Booleans",
			Self::Text => "texts",
		}
	}
}

/// A tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
	pub kind: Kind,
	pub dims: Vec<usize>,
	pub values: Values,
}

impl Tensor {
	/// Of numbers as the kind holds them.
	pub fn numbers(kind: Kind, dims: Vec<usize>, numbers: Vec<f64>) -> Self {
		Self { kind, dims, values: Values::Numbers(numbers) }
	}

	/// Of numbers that are rounded to the kind.
	pub fn rounded(kind: Kind, dims: Vec<usize>, mut numbers: Vec<f64>) -> Self {
		numbers.iter_mut().for_each(|number| *number = kind.round(*number));
		Self::numbers(kind, dims, numbers)
	}

	pub fn texts(dims: Vec<usize>, texts: Vec<String>) -> Self {
		Self { kind: Kind::Text, dims, values: Values::Text(texts) }
	}

	/// How many elements it has.
	pub fn len(&self) -> usize {
		self.values.len()
	}

	/// Its elements as numbers.
	///
	/// # Errors
	/// If they are texts.
	pub fn as_numbers(&self) -> Result<&[f64], Fault> {
		match &self.values {
			Values::Numbers(numbers) => Ok(numbers),
			Values::Text(_) => unfit("it takes numbers, and an input is text"),
		}
	}

	/// Its elements as texts.
	///
	/// # Errors
	/// If they are numbers.
	pub fn as_texts(&self) -> Result<&[String], Fault> {
		match &self.values {
			Values::Text(texts) => Ok(texts),
			Values::Numbers(_) => unfit("it takes texts, and an input is numbers"),
		}
	}

	/// Its elements as integers.
	///
	/// # Errors
	/// If it is no tensor of integers.
	pub fn as_integers(&self) -> Result<Vec<i64>, Fault> {
		match (self.kind, &self.values) {
			(Kind::Integer, Values::Numbers(numbers)) => {
				Ok(numbers.iter().map(|&number| number as i64).collect())
			},
			_ => unfit(format!("it takes integers, and an input is {}", self.kind.describe())),
		}
	}

	/// Its only element.
	///
	/// # Errors
	/// If it has more or none, or a text.
	pub fn as_number(&self) -> Result<f64, Fault> {
		match self.as_numbers()? {
			[number] => Ok(*number),
			_ => unfit("it takes one number, and an input has more or none"),
		}
	}

	/// Elements and dimensions, for messages.
	pub fn describe(&self) -> String {
		describe(self.kind, &self.dims)
	}
}

/// Elements and dimensions, for messages.
pub(crate) fn describe(kind: Kind, dims: &[usize]) -> String {
	format!("{} of dimensions {dims:?}", kind.describe())
}
