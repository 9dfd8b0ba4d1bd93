//! The messages of `onnx.proto3` (ONNX IR), with the fields that the import reads.
//!
//! Field numbers are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>; unknown
//! fields are skipped, as protobuf has it.

pub(crate) mod attributes;
pub(crate) mod constants;
pub(crate) mod element;
pub(crate) mod operator;

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModelProto {
	#[prost(int64, tag = "1")]
	pub ir_version: i64,
	#[prost(string, tag = "2")]
	pub producer_name: String,
	#[prost(string, tag = "3")]
	pub producer_version: String,
	#[prost(message, optional, tag = "7")]
	pub graph: Option<GraphProto>,
	#[prost(message, repeated, tag = "8")]
	pub opset_import: Vec<OperatorSetIdProto>,
	#[prost(message, repeated, tag = "25")]
	pub functions: Vec<FunctionProto>,
}

/// An operator that the model brings along, of which only the name is read.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct FunctionProto {
	#[prost(string, tag = "1")]
	pub name: String,
	#[prost(string, tag = "10")]
	pub domain: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct OperatorSetIdProto {
	#[prost(string, tag = "1")]
	pub domain: String,
	#[prost(int64, tag = "2")]
	pub version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphProto {
	#[prost(message, repeated, tag = "1")]
	pub node: Vec<NodeProto>,
	#[prost(string, tag = "2")]
	pub name: String,
	#[prost(message, repeated, tag = "5")]
	pub initializer: Vec<TensorProto>,
	#[prost(message, repeated, tag = "11")]
	pub input: Vec<ValueInfoProto>,
	#[prost(message, repeated, tag = "12")]
	pub output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeProto {
	#[prost(string, repeated, tag = "1")]
	pub input: Vec<String>,
	#[prost(string, repeated, tag = "2")]
	pub output: Vec<String>,
	#[prost(string, tag = "3")]
	pub name: String,
	#[prost(string, tag = "4")]
	pub op_type: String,
	#[prost(message, repeated, tag = "5")]
	pub attribute: Vec<AttributeProto>,
	#[prost(string, tag = "7")]
	pub domain: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributeProto {
	#[prost(string, tag = "1")]
	pub name: String,
	#[prost(float, tag = "2")]
	pub f: f32,
	#[prost(int64, tag = "3")]
	pub i: i64,
	#[prost(bytes = "vec", tag = "4")]
	pub s: Vec<u8>,
	#[prost(message, optional, tag = "5")]
	pub t: Option<TensorProto>,
	#[prost(float, repeated, tag = "7")]
	pub floats: Vec<f32>,
	#[prost(int64, repeated, tag = "8")]
	pub ints: Vec<i64>,
	#[prost(bytes = "vec", repeated, tag = "9")]
	pub strings: Vec<Vec<u8>>,
	/// Which of the fields counts; only other readers of the ONNX that we write want it.
	#[prost(int32, tag = "20")]
	pub r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorProto {
	#[prost(int64, repeated, tag = "1")]
	pub dims: Vec<i64>,
	#[prost(int32, tag = "2")]
	pub data_type: i32,
	#[prost(float, repeated, tag = "4")]
	pub float_data: Vec<f32>,
	#[prost(int32, repeated, tag = "5")]
	pub int32_data: Vec<i32>,
	#[prost(bytes = "vec", repeated, tag = "6")]
	pub string_data: Vec<Vec<u8>>,
	#[prost(int64, repeated, tag = "7")]
	pub int64_data: Vec<i64>,
	#[prost(string, tag = "8")]
	pub name: String,
	#[prost(bytes = "vec", tag = "9")]
	pub raw_data: Vec<u8>,
	#[prost(double, repeated, tag = "10")]
	pub double_data: Vec<f64>,
	#[prost(uint64, repeated, tag = "11")]
	pub uint64_data: Vec<u64>,
	#[prost(message, repeated, tag = "13")]
	pub external_data: Vec<StringStringEntryProto>,
	/// 1 if the data is in another file.
	#[prost(int32, tag = "14")]
	pub data_location: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StringStringEntryProto {
	#[prost(string, tag = "1")]
	pub key: String,
	#[prost(string, tag = "2")]
	pub value: String,
}

/// The domain of trees, linear models and what belongs to them.
pub(crate) const ML: &str = "ai.onnx.ml";

/// The domain of operators that ONNX does not have.
pub(crate) const OWN: &str = "fhe-ml";

/// Values of `TensorProto.data_type`.
pub(crate) mod data_type {
	pub const FLOAT: i32 = 1;
	pub const UINT8: i32 = 2;
	pub const INT8: i32 = 3;
	pub const UINT16: i32 = 4;
	pub const INT16: i32 = 5;
	pub const INT32: i32 = 6;
	pub const INT64: i32 = 7;
	pub const STRING: i32 = 8;
	pub const BOOL: i32 = 9;
	pub const FLOAT16: i32 = 10;
	pub const DOUBLE: i32 = 11;
	pub const UINT32: i32 = 12;
	pub const UINT64: i32 = 13;
	pub const BFLOAT16: i32 = 16;
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueInfoProto {
	#[prost(string, tag = "1")]
	pub name: String,
	#[prost(message, optional, tag = "2")]
	pub r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TypeProto {
	#[prost(message, optional, tag = "1")]
	pub tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorType {
	#[prost(int32, tag = "1")]
	pub elem_type: i32,
	#[prost(message, optional, tag = "2")]
	pub shape: Option<TensorShapeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorShapeProto {
	#[prost(message, repeated, tag = "1")]
	pub dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Dimension {
	#[prost(oneof = "DimensionValue", tags = "1, 2")]
	pub value: Option<DimensionValue>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum DimensionValue {
	#[prost(int64, tag = "1")]
	Value(i64),
	#[prost(string, tag = "2")]
	Parameter(String),
}

impl Dimension {
	/// The length, if it is fixed and positive.
	pub fn fixed(&self) -> Option<usize> {
		match self.value {
			Some(DimensionValue::Value(value)) => usize::try_from(value).ok().filter(|&v| v > 0),
			_ => None,
		}
	}
}
