//! Rows of features in CSV files.

use fhe_ml_models::{Calibration, ModelCard};
use std::{ops::Range, path::Path, str::FromStr};

/// A table of numbers with a header.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
	/// Column names.
	pub names: Vec<String>,
	/// Rows of one number per column.
	pub rows: Vec<Vec<f64>>,
}

/// A CSV file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
	/// It is not CSV.
	#[error("cannot read the table: {0}")]
	Csv(#[from] csv::Error),
	/// A cell is not a number.
	#[error("row {row}, column `{column}`: `{text}` is not a number")]
	NotANumber {
		/// Number of the row, from 0.
		row: usize,
		/// Name of the column.
		column: String,
		/// The cell.
		text: String,
	},
	/// The columns are not the model's features.
	#[error("the columns are not the model's features:{}{}", list(" missing", .missing), list(" unknown", .extra))]
	Columns {
		/// Features without a column.
		missing: Vec<String>,
		/// Columns without a feature.
		extra: Vec<String>,
	},
	/// Two columns have one name.
	#[error("column `{0}` is there twice")]
	Twice(String),
	/// The file has no such rows.
	#[error("the table has {found} rows, so there are no rows {wanted}")]
	NoSuchRows {
		/// Rows that are there.
		found: usize,
		/// Rows that were asked for.
		wanted: RowRange,
	},
}

fn list(what: &str, names: &[String]) -> String {
	if names.is_empty() { String::new() } else { format!("{what}: {}.", names.join(", ")) }
}

/// Rows `a..b` (b excluded), or one row `a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRange(pub Range<usize>);

impl std::fmt::Display for RowRange {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "{}..{}", self.0.start, self.0.end)
	}
}

impl FromStr for RowRange {
	type Err = String;

	fn from_str(text: &str) -> Result<Self, String> {
		let number =
			|text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is not a row number"));
		let range = match text.split_once("..") {
			Some((start, end)) => number(start)?..number(end)?,
			None => {
				let row = number(text)?;
				row..row.saturating_add(1)
			},
		};
		if range.is_empty() { Err("the range has no row".into()) } else { Ok(Self(range)) }
	}
}

impl Table {
	/// Reads a CSV file with a header. An empty cell is a missing value, not a number (NaN).
	///
	/// # Errors
	/// If the file cannot be read, has no header, or a cell is not a number.
	pub fn read(path: &Path) -> Result<Self, TableError> {
		let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)?;
		let names: Vec<String> = reader.headers()?.iter().map(String::from).collect();
		let mut rows = Vec::new();
		for (row, record) in reader.records().enumerate() {
			let record = record?;
			let cells = record.iter().zip(&names).map(|(text, column)| {
				if text.is_empty() {
					return Ok(f64::NAN);
				}
				text.parse::<f64>().map_err(|_| TableError::NotANumber {
					row,
					column: column.clone(),
					text: text.into(),
				})
			});
			rows.push(cells.collect::<Result<_, _>>()?);
		}
		Ok(Self { names, rows })
	}

	/// The columns in the order of the model's features. Every feature must have one column, and
	/// every column a feature. A model that knows no names takes the columns as they come.
	///
	/// # Errors
	/// If a feature has no column, or a column no feature.
	pub fn for_model(&self, card: &ModelCard) -> Result<Self, TableError> {
		if !card.features_are_named {
			return self.by_position(card);
		}
		let features: Vec<&String> = card.features.iter().collect();
		let position = |name: &String| self.names.iter().position(|column| column == name);
		let missing: Vec<String> =
			features.iter().filter(|name| position(name).is_none()).map(|&n| n.clone()).collect();
		let extra: Vec<String> =
			self.names.iter().filter(|name| !features.contains(name)).cloned().collect();
		if !missing.is_empty() || !extra.is_empty() {
			return Err(TableError::Columns { missing, extra });
		}
		if let Some((_, twice)) = self
			.names
			.iter()
			.enumerate()
			.find(|(at, name)| position(name).is_some_and(|first| first < *at))
		{
			return Err(TableError::Twice(twice.clone()));
		}
		let order: Vec<usize> = features.iter().filter_map(|name| position(name)).collect();
		let rows = self
			.rows
			.iter()
			.map(|row| order.iter().filter_map(|&at| row.get(at).copied()).collect())
			.collect();
		Ok(Self { names: features.into_iter().cloned().collect(), rows })
	}

	fn by_position(&self, card: &ModelCard) -> Result<Self, TableError> {
		let missing: Vec<String> = card.features.iter().skip(self.names.len()).cloned().collect();
		let extra: Vec<String> = self.names.iter().skip(card.features.len()).cloned().collect();
		if missing.is_empty() && extra.is_empty() {
			Ok(self.clone())
		} else {
			Err(TableError::Columns { missing, extra })
		}
	}

	/// Rows with their numbers: all, or those in `range`.
	///
	/// # Errors
	/// If there are no such rows.
	pub fn select(&self, range: Option<&RowRange>) -> Result<Vec<(usize, Vec<f64>)>, TableError> {
		let all = RowRange(0..self.rows.len());
		let range = range.unwrap_or(&all);
		let no_such = || TableError::NoSuchRows { found: self.rows.len(), wanted: range.clone() };
		let rows =
			self.rows.get(range.0.clone()).filter(|rows| !rows.is_empty()).ok_or_else(no_such)?;
		Ok(range.0.clone().zip(rows.iter().cloned()).collect())
	}
}

impl From<Table> for Calibration {
	fn from(table: Table) -> Self {
		Self { names: table.names, rows: table.rows }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn ranges_parse() {
		assert_eq!("0..10".parse(), Ok(RowRange(0..10)));
		assert_eq!("7".parse(), Ok(RowRange(7..8)));
		for bad in ["", "a", "3..", "5..5", "9..2", "-1"] {
			assert!(bad.parse::<RowRange>().is_err(), "{bad}");
		}
	}

	#[test]
	fn cells_that_are_no_numbers_are_named() {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), "a,b\n1,2\n3,x\n").unwrap();
		let error = Table::read(file.path()).unwrap_err().to_string();
		assert_eq!(error, "row 1, column `b`: `x` is not a number");
	}

	#[test]
	fn empty_cells_are_missing_values() {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), "a,b\n1,\n,nan\n").unwrap();
		let rows = Table::read(file.path()).unwrap().rows;
		assert!(rows[0][0] == 1.0 && rows[0][1].is_nan());
		assert!(rows[1].iter().all(|value| value.is_nan()));
	}
}
