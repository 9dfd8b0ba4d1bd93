//! The elements of constant tensors.

use super::{TensorProto, data_type, element::Element};

/// The elements of a tensor, the last dimension first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
	/// Of any kind but text. In programs, singles are rounded to f32, and Booleans are 0 or 1.
	Numbers(Vec<f64>),
	Text(Vec<String>),
}

impl Values {
	/// How many there are.
	pub fn len(&self) -> usize {
		match self {
			Self::Numbers(numbers) => numbers.len(),
			Self::Text(texts) => texts.len(),
		}
	}

	pub fn texts(&self) -> Option<&[String]> {
		match self {
			Self::Numbers(_) => None,
			Self::Text(texts) => Some(texts),
		}
	}
}

/// Why a tensor could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ElementsError {
	#[error("a dimension is negative")]
	NegativeDimension,
	#[error("its data does not fill its dimensions")]
	DoesNotFill,
	#[error("its elements are neither numbers of 8 to 64 bits nor strings")]
	UnknownElements,
}

/// `TensorProto.data_location` of data in another file.
const EXTERNAL: i32 = 1;

impl TensorProto {
	/// Whether its data is in another file.
	pub fn is_external(&self) -> bool {
		self.data_location == EXTERNAL
	}

	/// The dimensions, and the number of elements.
	///
	/// # Errors
	/// If a dimension is negative, or the number overflows.
	pub fn shape(&self) -> Result<(Vec<usize>, usize), ElementsError> {
		let dims = self.dims.iter().map(|&dim| usize::try_from(dim).ok());
		let dims = dims.collect::<Option<Vec<_>>>().ok_or(ElementsError::NegativeDimension)?;
		let len = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
		Ok((dims, len.ok_or(ElementsError::DoesNotFill)?))
	}

	/// So many elements, from the tensor itself or from the data of another file.
	///
	/// # Errors
	/// If they are of an unsupported type, or there are more or fewer.
	pub fn elements(&self, len: usize, external: Option<&[u8]>) -> Result<Values, ElementsError> {
		let elements = match (self.data_type, external) {
			(data_type::STRING, _) => {
				Values::Text(self.string_data.iter().map(|bytes| text(bytes)).collect())
			},
			(_, Some(data)) => Values::Numbers(self.element()?.read(data)),
			_ if !self.raw_data.is_empty() => {
				let element = self.element()?;
				if Some(self.raw_data.len()) != len.checked_mul(element.bytes) {
					return Err(ElementsError::DoesNotFill);
				}
				Values::Numbers(element.read(&self.raw_data))
			},
			_ => Values::Numbers(self.typed(self.element()?)),
		};
		if elements.len() != len {
			return Err(ElementsError::DoesNotFill);
		}
		Ok(elements)
	}

	/// How its elements are read.
	///
	/// # Errors
	/// If they are no numbers of a supported type.
	pub fn element(&self) -> Result<Element, ElementsError> {
		Element::of(self.data_type).ok_or(ElementsError::UnknownElements)
	}

	/// Data in the field for its type; small types have none of their own.
	fn typed(&self, element: Element) -> Vec<f64> {
		match self.data_type {
			data_type::FLOAT => self.float_data.iter().map(|&x| x.into()).collect(),
			data_type::DOUBLE => self.double_data.clone(),
			data_type::INT64 => self.int64_data.iter().map(|&x| x as f64).collect(),
			data_type::UINT32 | data_type::UINT64 => {
				self.uint64_data.iter().map(|&x| (element.number)(x)).collect()
			},
			_ => self.int32_data.iter().map(|&x| (element.number)(x as u64)).collect(),
		}
	}
}

/// Bytes as text; what is no UTF-8 is replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
	String::from_utf8_lossy(bytes).into_owned()
}
