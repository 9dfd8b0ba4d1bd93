//! Values of a program.

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

/// The elements of a tensor, the last dimension first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
	/// Of any kind but text. Singles are rounded to f32; Booleans are 0 or 1.
	Numbers(Vec<f64>),
	Text(Vec<String>),
}

/// A tensor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
	pub kind: Kind,
	pub dims: Vec<usize>,
	pub values: Values,
}
