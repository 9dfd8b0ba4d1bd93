//! Constant tensors.

use super::{
	error::OnnxError,
	formula::{Constant, Formula},
	proto::{TensorProto, data_type},
};

/// A tensor as a constant.
///
/// # Errors
/// If its elements are of an unsupported type, or do not fill its dimensions.
pub(crate) fn constant(tensor: &TensorProto) -> Result<Formula, OnnxError> {
	let wrong = |what: &str| OnnxError::malformed(format!("tensor `{}`", tensor.name), what);
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
