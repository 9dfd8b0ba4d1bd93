//! From one type to another.

use super::operator::{Operator, Run::One};
use crate::{
	program::{
		call::Call,
		error::{Fault, unfit},
		tensor::{Kind, Tensor, Values},
	},
	proto::{
		data_type,
		element::{to_bfloat, to_half},
	},
};

pub(super) const OPERATORS: &[Operator] =
	&[Operator::onnx("Cast", 6.., One(cast)), Operator::onnx("CastLike", 15.., One(cast_like))];

fn cast(call: &mut Call) -> Result<Tensor, Fault> {
	let to = i32::try_from(call.node.int("to", 0)).unwrap_or_default();
	cast_to(call, to)
}

/// To the type of the second input, of which only the kind is known.
fn cast_like(call: &mut Call) -> Result<Tensor, Fault> {
	let to = match call.input(1)?.kind {
		Kind::Single => data_type::FLOAT,
		Kind::Double => data_type::DOUBLE,
		Kind::Integer => data_type::INT64,
		Kind::Bool => data_type::BOOL,
		Kind::Text => data_type::STRING,
	};
	cast_to(call, to)
}

fn cast_to(call: &mut Call, to: i32) -> Result<Tensor, Fault> {
	let Some(kind) = Kind::of(to) else {
		return unfit(format!("to a type ({to}) that programs do not have"));
	};
	let input = call.input(0)?;
	match (&input.values, kind) {
		(Values::Text(_), Kind::Text) => call.budget.copy(input),
		(Values::Text(texts), _) => {
			call.budget.room(&input.dims)?;
			let number = |text: &String| match parse(text, kind) {
				Some(number) => Ok(converted(number, Kind::Text, to)),
				None => unfit(format!("`{}` is no number", shortened(text))),
			};
			let numbers = texts.iter().map(number).collect::<Result<_, _>>()?;
			Ok(Tensor::numbers(kind, input.dims.clone(), numbers))
		},
		(Values::Numbers(numbers), Kind::Text) => {
			call.budget.room(&input.dims)?;
			let mut texts = Vec::with_capacity(numbers.len());
			for &number in numbers {
				let text = print(number, input.kind);
				call.budget.text(&text)?;
				texts.push(text);
			}
			Ok(Tensor::texts(input.dims.clone(), texts))
		},
		(Values::Numbers(_), _) => {
			call.map(input, kind, |number| converted(number, input.kind, to))
		},
	}
}

/// A number of another kind as an element of this type.
fn converted(number: f64, from: Kind, to: i32) -> f64 {
	let bits: u32 = match to {
		data_type::BOOL => return f64::from(number != 0.0),
		data_type::FLOAT16 => return to_half(number),
		data_type::BFLOAT16 => return to_bfloat(number),
		data_type::INT8 | data_type::UINT8 => 8,
		data_type::INT16 | data_type::UINT16 => 16,
		data_type::INT32 | data_type::UINT32 => 32,
		data_type::INT64 | data_type::UINT64 => 64,
		_ => return number,
	};
	let is_unsigned =
		matches!(to, data_type::UINT8 | data_type::UINT16 | data_type::UINT32 | data_type::UINT64);
	let span = 2f64.powi(bits as i32);
	let (least, most) = if is_unsigned { (0.0, span) } else { (-span / 2.0, span / 2.0) };
	let whole = number.trunc();
	if (least..most).contains(&whole) {
		// Not minus zero.
		return whole + 0.0;
	}
	match from {
		// Integers keep their lower bits.
		Kind::Integer => {
			let rest = whole.rem_euclid(span);
			if rest >= most { rest - span } else { rest }
		},
		// What is no number is the least, as on x86.
		_ if whole.is_nan() => least,
		_ => whole.clamp(least, most - if bits < 64 { 1.0 } else { 0.0 }),
	}
}

/// The start of a text as a number, as C++ reads it (`stof`, `stoll`): what comes after it does not count.
fn parse(text: &str, kind: Kind) -> Option<f64> {
	let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
	let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
	let is_negative = text.starts_with('-');
	let lower: String = unsigned.chars().take(3).map(|c| c.to_ascii_lowercase()).collect();
	let whole = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
	let magnitude: f64 = match (kind.is_float(), lower.as_str()) {
		(true, "nan") => f64::NAN,
		(true, "inf") => f64::INFINITY,
		(true, _) => unsigned.get(..decimal(unsigned, whole))?.parse().ok()?,
		(false, _) => unsigned.get(..whole)?.parse().ok()?,
	};
	Some(if is_negative { -magnitude } else { magnitude })
}

/// The length of a decimal number with so many digits before the point.
fn decimal(text: &str, whole: usize) -> usize {
	let digits = |from: usize| {
		let rest = text.get(from..).unwrap_or_default();
		rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
	};
	let at = |at: usize| text.as_bytes().get(at).copied();
	let mut end = whole;
	if at(end) == Some(b'.') {
		end += 1 + digits(end + 1);
	}
	if matches!(at(end), Some(b'e' | b'E')) {
		let sign = usize::from(matches!(at(end + 1), Some(b'+' | b'-')));
		let exponent = digits(end + 1 + sign);
		if exponent > 0 {
			end += 1 + sign + exponent;
		}
	}
	end
}

/// A number as ONNX Runtime writes it: floats of both sizes with `%.8g`.
fn print(number: f64, kind: Kind) -> String {
	match kind {
		_ if number.is_nan() => "NaN".into(),
		_ if number.is_infinite() => if number > 0.0 { "INF" } else { "-INF" }.into(),
		Kind::Single | Kind::Double => significant(number, 8),
		Kind::Integer | Kind::Bool | Kind::Text => format!("{number:.0}"),
	}
}

/// `%g` of C with so many digits.
fn significant(number: f64, digits: usize) -> String {
	let scientific = format!("{number:.*e}", digits - 1);
	let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
	let exponent: i32 = exponent.parse().unwrap_or_default();
	let without_zeros = |text: &str| match text.contains('.') {
		true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
		false => text.to_string(),
	};
	match usize::try_from(digits as i32 - 1 - exponent) {
		Ok(decimals) if exponent >= -4 => without_zeros(&format!("{number:.decimals$}")),
		_ => {
			let sign = if exponent < 0 { '-' } else { '+' };
			format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs())
		},
	}
}

/// The start of a text, for messages.
fn shortened(text: &str) -> String {
	text.chars().take(20).collect()
}
