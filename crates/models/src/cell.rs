//! What stands in one column of a row: a number or a text.

use serde::{Deserialize, Serialize};
use std::num::ParseFloatError;

/// A value of a row; a missing number is not a number (NaN), and `null` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Cell {
	/// A number.
	Number(f64),
	/// A text.
	Text(String),
}

impl Cell {
	/// A number as it is written; no text at all is a missing one.
	///
	/// # Errors
	/// If it is no number.
	pub fn number(text: &str) -> Result<Self, ParseFloatError> {
		match text.trim() {
			"" => Ok(Self::Number(f64::NAN)),
			digits => digits.parse().map(Self::Number),
		}
	}
}

// Read by hand: if a crate asks serde_json for `arbitrary_precision`, serde finds no number in an untagged enum.
impl TryFrom<serde_json::Value> for Cell {
	type Error = &'static str;

	fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
		match value {
			serde_json::Value::Null => Ok(Self::Number(f64::NAN)),
			serde_json::Value::String(text) => Ok(Self::Text(text)),
			value => value.as_f64().map(Self::Number).ok_or("a cell is a number, a text or null"),
		}
	}
}

impl From<Cell> for serde_json::Value {
	fn from(cell: Cell) -> Self {
		match cell {
			Cell::Text(text) => text.into(),
			Cell::Number(number) => number.into(),
		}
	}
}

impl From<f64> for Cell {
	fn from(number: f64) -> Self {
		Self::Number(number)
	}
}

impl From<&f64> for Cell {
	fn from(number: &f64) -> Self {
		Self::Number(*number)
	}
}

impl From<&str> for Cell {
	fn from(text: &str) -> Self {
		Self::Text(text.into())
	}
}

impl From<String> for Cell {
	fn from(text: String) -> Self {
		Self::Text(text)
	}
}

impl From<&Cell> for Cell {
	fn from(cell: &Cell) -> Self {
		cell.clone()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn cells_in_json() {
		let cells: Vec<Cell> =
			serde_json::from_str(r#"[1, -0.25, "red", "", null, 1e300]"#).unwrap();
		assert_eq!(cells[..4], [1.0.into(), (-0.25).into(), "red".into(), "".into()]);
		assert!(matches!(cells[4], Cell::Number(missing) if missing.is_nan()));
		let json = serde_json::to_string(&cells).unwrap();
		assert_eq!(json, r#"[1.0,-0.25,"red","",null,1e+300]"#);
		assert!(
			serde_json::from_str::<Cell>("[1]").is_err()
				&& serde_json::from_str::<Cell>("true").is_err()
		);
	}
}
