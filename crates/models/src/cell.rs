//! What stands in one column of a row: a number or a text.

use serde::{Deserialize, Serialize};

/// A value of a row; a missing number is not a number (NaN), and `null` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "CellJson", into = "CellJson")]
pub enum Cell {
	/// A number.
	Number(f64),
	/// A text.
	Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum CellJson {
	Missing(()),
	Text(String),
	Number(serde_json::Number),
}

impl From<CellJson> for Cell {
	fn from(json: CellJson) -> Self {
		match json {
			CellJson::Missing(()) => Self::Number(f64::NAN),
			CellJson::Text(text) => Self::Text(text),
			CellJson::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
		}
	}
}

impl From<Cell> for CellJson {
	fn from(cell: Cell) -> Self {
		match cell {
			Cell::Text(text) => Self::Text(text),
			Cell::Number(number) => {
				serde_json::Number::from_f64(number).map_or(Self::Missing(()), Self::Number)
			},
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
