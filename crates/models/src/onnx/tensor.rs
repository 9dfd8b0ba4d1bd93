//! Constant tensors.

use super::{
	error::{OnnxError, check_weights},
	external::Beside,
	formula::{Constant, Formula},
};
use crate::proto::{
	TensorProto,
	constants::{ElementsError, Values},
	data_type,
};

/// A tensor as a constant.
///
/// # Errors
/// If its elements are of an unsupported type, do not fill its dimensions, are too many, or are in another file that
/// cannot be read.
pub(crate) fn constant(tensor: &TensorProto, beside: Beside) -> Result<Formula, OnnxError> {
	let place = || format!("tensor `{}`", tensor.name);
	let wrong = |error: ElementsError| OnnxError::malformed(place(), error.to_string());
	let (dims, len) = tensor.shape().map_err(wrong)?;
	check_weights(&place(), 1, len)?;
	let data = data(tensor, len, beside)?;
	let elements = tensor.elements(len, data.as_deref()).map_err(wrong)?;
	Ok(Formula::Constant { dims, value: elements.into() })
}

/// A tensor with its data, which may be in another file.
///
/// # Errors
/// If that file cannot be read, or the tensor does not fill its dimensions.
pub(crate) fn whole(tensor: &TensorProto, beside: Beside) -> Result<TensorProto, OnnxError> {
	let Formula::Constant { value, .. } = constant(tensor, beside)? else {
		return Ok(tensor.clone());
	};
	let Some(raw_data) = data(tensor, value.len(), beside)? else { return Ok(tensor.clone()) };
	let (external_data, data_location) = Default::default();
	Ok(TensorProto { raw_data, external_data, data_location, ..tensor.clone() })
}

/// The bytes of a tensor of so many elements, if they are in another file.
fn data(tensor: &TensorProto, len: usize, beside: Beside) -> Result<Option<Vec<u8>>, OnnxError> {
	if !tensor.is_external() || tensor.data_type == data_type::STRING {
		return Ok(None);
	}
	let place = || format!("tensor `{}`", tensor.name);
	let element = tensor.element();
	let element = element.map_err(|error| OnnxError::malformed(place(), error.to_string()))?;
	// No overflow: there are not more than `check_weights` lets through.
	let data = beside.read(tensor, len * element.bytes);
	data.map(Some).map_err(|source| OnnxError::External { place: place(), source })
}

impl From<Values> for Constant {
	fn from(elements: Values) -> Self {
		match elements {
			Values::Numbers(numbers) => Self::Numbers(numbers.into()),
			Values::Text(texts) => Self::Strings(texts.into()),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn tensor(data_type: i32, dims: &[i64]) -> TensorProto {
		TensorProto { name: "w".into(), dims: dims.to_vec(), data_type, ..Default::default() }
	}

	fn numbers(tensor: &TensorProto) -> Vec<f64> {
		match constant(tensor, Beside::Nothing) {
			Ok(Formula::Constant { value: Constant::Numbers(numbers), .. }) => numbers.to_vec(),
			other => panic!("{other:?}"),
		}
	}

	#[test]
	fn small_types_are_raw_or_in_the_field_for_32_bits() {
		let of = |data_type, raw_data: &[u8], int32_data: &[i32]| {
			let plain = tensor(data_type, &[2]);
			let typed = TensorProto { int32_data: int32_data.to_vec(), ..plain.clone() };
			let raw = TensorProto { raw_data: raw_data.to_vec(), ..plain };
			let found = numbers(&raw);
			assert_eq!(found, numbers(&typed));
			found
		};
		assert_eq!(of(data_type::FLOAT16, &[0, 0x3c, 0, 0xc0], &[0x3c00, 0xc000]), [1.0, -2.0]);
		assert_eq!(of(data_type::BFLOAT16, &[0x80, 0x3f, 0, 0xc0], &[0x3f80, 0xc000]), [1.0, -2.0]);
		assert_eq!(of(data_type::INT8, &[1, 0xfe], &[1, -2]), [1.0, -2.0]);
		assert_eq!(of(data_type::BOOL, &[1, 0], &[1, 0]), [1.0, 0.0]);
	}

	#[test]
	fn what_does_not_fill_its_dimensions_is_refused_before_it_takes_memory() {
		for dims in [&[3][..], &[1], &[-1], &[i64::MAX, i64::MAX], &[i64::MAX]] {
			for data_type in [data_type::FLOAT, data_type::FLOAT16, data_type::STRING] {
				let raw = TensorProto { raw_data: vec![0; 8], ..tensor(data_type, dims) };
				let refused = constant(&raw, Beside::Nothing);
				assert!(refused.is_err(), "{dims:?} {data_type}");
			}
		}
	}

	#[test]
	fn elements_that_are_no_numbers_are_refused() {
		let complex = TensorProto { raw_data: vec![0; 8], ..tensor(14, &[1]) };
		let refused = constant(&complex, Beside::Nothing).unwrap_err().to_string();
		assert!(refused.contains("tensor `w`: its elements are neither numbers"), "{refused}");
	}

	#[test]
	fn data_in_another_file_needs_the_folder() {
		let location = crate::proto::StringStringEntryProto {
			key: "location".into(),
			value: "weights.bin".into(),
		};
		let external = TensorProto {
			data_location: 1,
			external_data: vec![location],
			..tensor(data_type::FLOAT, &[1])
		};
		let refused = constant(&external, Beside::Nothing).unwrap_err().to_string();
		assert!(refused.contains("in the file `weights.bin`, which is not here"), "{refused}");
	}
}
