//! Programs against ONNX Runtime, and against those who write hostile ones.

mod hostile;

use super::{Kind, Program, Tensor, Values, operators};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// Kind, dimensions and elements.
type Written = (String, Vec<usize>, Vec<Value>);

/// A program with inputs and what ONNX Runtime makes of them (`tests/programs/make_programs.py`).
#[derive(Deserialize)]
pub(super) struct Case {
	operator: String,
	model: String,
	inputs: Vec<Written>,
	outputs: Vec<Written>,
}

impl Case {
	pub fn bytes(&self) -> Vec<u8> {
		STANDARD.decode(&self.model).unwrap()
	}

	pub fn tensors(&self) -> Vec<Tensor> {
		self.inputs.iter().map(tensor).collect()
	}
}

pub(super) fn cases() -> Vec<Case> {
	serde_json::from_str(include_str!("../../tests/programs/programs.json")).unwrap()
}

fn tensor((kind, dims, values): &Written) -> Tensor {
	// What JSON does not have is written as text.
	let number = |value: &Value| match value.as_str() {
		Some(text) => text.parse().unwrap(),
		None => value.as_f64().unwrap(),
	};
	let text = |value: &Value| value.as_str().unwrap().to_string();
	let kind = match kind.as_str() {
		"single" => Kind::Single,
		"double" => Kind::Double,
		"integer" => Kind::Integer,
		"bool" => Kind::Bool,
		"text" => return Tensor::texts(dims.clone(), values.iter().map(text).collect()),
		other => panic!("{other}"),
	};
	Tensor::rounded(kind, dims.clone(), values.iter().map(number).collect())
}

/// Whether a tensor is what ONNX Runtime computes: floats to a few of the last bits of f32, all else exactly.
fn is_close(found: &Tensor, wanted: &Tensor) -> bool {
	let close = |(a, b): (&f64, &f64)| {
		a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-6 * a.abs().max(b.abs()) + 1e-37
	};
	let values = match (&found.values, &wanted.values) {
		(Values::Numbers(found), Values::Numbers(wanted)) if found.len() == wanted.len() => {
			found.iter().zip(wanted).all(close)
		},
		(found, wanted) => found == wanted,
	};
	values && (found.kind, &found.dims) == (wanted.kind, &wanted.dims)
}

#[test]
fn programs_compute_what_onnx_runtime_does() {
	let mut wrong = Vec::new();
	for (at, case) in cases().iter().enumerate() {
		let wanted: Vec<Tensor> = case.outputs.iter().map(tensor).collect();
		let found =
			Program::from_bytes(&case.bytes()).and_then(|program| program.run(case.tensors()));
		let is_right = found.as_ref().is_ok_and(|found| {
			found.len() == wanted.len()
				&& found.iter().zip(&wanted).all(|(found, wanted)| is_close(found, wanted))
		});
		if !is_right {
			wrong.push(format!(
				"{at} {} of {:?}:\n  {found:?}\n  {wanted:?}",
				case.operator,
				case.tensors()
			));
		}
	}
	assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_operator_has_a_case() {
	let cases = cases();
	for operator in operators() {
		let has_it = cases.iter().any(|case| case.operator == operator);
		assert!(has_it, "{operator} has no case in tests/programs/make_programs.py");
	}
}
