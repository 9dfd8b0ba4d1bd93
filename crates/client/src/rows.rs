//! Rows of features in CSV files.

use fhe_ml_engine::{Hash, blake2b_256};
use fhe_ml_models::{Calibration, Cell, ModelCard};
use std::{
	fs::File,
	io::{Cursor, Read},
	iter::{Cloned, Enumerate},
	ops::Range,
	path::{Path, PathBuf},
	slice::Iter,
	str::FromStr,
	sync::Arc,
	time::UNIX_EPOCH,
};

/// A table with a header.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
	/// Column names.
	pub names: Vec<String>,
	/// Rows of one cell per column, as they stand in the file.
	pub rows: Vec<Vec<String>>,
}

/// The rows of a table as features of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows(Vec<Vec<Cell>>);

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
	/// The file has lost rows since they were looked at.
	#[error(
		"the table had {wanted} rows when they were looked at, and {found} when they were encrypted"
	)]
	Changed {
		/// Rows that were there last.
		found: usize,
		/// Rows that were there first.
		wanted: usize,
	},
	/// The file has a header only.
	#[error("the table has no rows")]
	NoRows,
	/// The file cannot be read.
	#[error("cannot read the table: {0}")]
	Io(#[from] std::io::Error),
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
	/// Reads a CSV file with a header.
	///
	/// # Errors
	/// If the file cannot be read, or has no header.
	pub fn read(path: &Path) -> Result<Self, TableError> {
		let mut reader = reader().from_path(path)?;
		let names = reader.headers()?.iter().map(String::from).collect();
		let row = |record: csv::StringRecord| record.iter().map(String::from).collect();
		let rows =
			reader.records().map(|record| Ok(row(record?))).collect::<Result<_, TableError>>()?;
		Ok(Self { names, rows })
	}

	/// The rows as features of a model; see [`Columns::of`].
	///
	/// # Errors
	/// If the columns are not the model's features, or a cell is not a number where the model takes one.
	pub fn for_model(&self, card: &ModelCard) -> Result<Rows, TableError> {
		let columns = Columns::of(&self.names, card)?;
		let cells = |(row, record): (usize, &Vec<String>)| columns.cells(row, record, card);
		Ok(Rows(self.rows.iter().enumerate().map(cells).collect::<Result<_, _>>()?))
	}
}

/// Which column of a table is which feature of a model.
struct Columns {
	names: Vec<String>,
	/// The column of each feature.
	order: Vec<usize>,
}

impl Columns {
	/// The columns in the order of the model's features. Every feature must have one column, and
	/// every column a feature. A model that knows no names takes the columns as they come.
	fn of(names: &[String], card: &ModelCard) -> Result<Self, TableError> {
		let order = match card.features_are_named {
			true => by_name(names, card)?,
			false => by_position(names, card)?,
		};
		Ok(Self { names: names.to_vec(), order })
	}

	/// A row as features. An empty cell is a missing value: not a number (NaN), or no text.
	fn cells(
		&self,
		row: usize,
		record: &[String],
		card: &ModelCard,
	) -> Result<Vec<Cell>, TableError> {
		let cell = |(feature, &column): (usize, &usize)| {
			let text = record.get(column).cloned().unwrap_or_default();
			if card.is_text(feature) {
				return Ok(Cell::Text(text));
			}
			Cell::number(&text).map_err(|_| {
				let column = self.names.get(column).cloned().unwrap_or_default();
				TableError::NotANumber { row, column, text }
			})
		};
		self.order.iter().enumerate().map(cell).collect()
	}
}

/// Which of these columns is which feature of a model: the column's number for each feature.
///
/// # Errors
/// If the columns are not the model's features.
pub fn column_order(names: &[String], card: &ModelCard) -> Result<Vec<usize>, TableError> {
	Ok(Columns::of(names, card)?.order)
}

/// The column of each feature.
fn by_name(names: &[String], card: &ModelCard) -> Result<Vec<usize>, TableError> {
	let features: Vec<&String> = card.features.iter().collect();
	let position = |name: &String| names.iter().position(|column| column == name);
	let missing: Vec<String> =
		features.iter().filter(|name| position(name).is_none()).map(|&n| n.clone()).collect();
	let extra: Vec<String> =
		names.iter().filter(|name| !features.contains(name)).cloned().collect();
	if !missing.is_empty() || !extra.is_empty() {
		return Err(TableError::Columns { missing, extra });
	}
	if let Some((_, twice)) =
		names.iter().enumerate().find(|(at, name)| position(name).is_some_and(|first| first < *at))
	{
		return Err(TableError::Twice(twice.clone()));
	}
	Ok(features.iter().filter_map(|name| position(name)).collect())
}

fn by_position(names: &[String], card: &ModelCard) -> Result<Vec<usize>, TableError> {
	let missing: Vec<String> = card.features.iter().skip(names.len()).cloned().collect();
	let extra: Vec<String> = names.iter().skip(card.features.len()).cloned().collect();
	match missing.is_empty() && extra.is_empty() {
		true => Ok((0..names.len()).collect()),
		false => Err(TableError::Columns { missing, extra }),
	}
}

/// Rows that are read several times: a CSV file with a header, or what is in memory.
pub struct RowSource(Kind);

enum Kind {
	File(PathBuf),
	/// What came through a pipe, which gives it once only.
	Piped(PathBuf, Arc<[u8]>),
	/// Rows in the order of the model's features.
	Cells(Vec<Vec<Cell>>),
}

/// What tells the rows of a source from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceIdentity {
	/// Path of the file; of rows in memory a hash of them.
	pub path: PathBuf,
	/// Bytes of the file, or number of rows in memory.
	pub bytes: u64,
	/// When the file was last written, in seconds since 1970.
	pub modified: u64,
}

impl RowSource {
	/// Looks at the file at `path`; one that is no regular file is read into memory.
	///
	/// # Errors
	/// If there is none, or it cannot be read.
	pub fn open(path: &Path) -> Result<Self, TableError> {
		Ok(Self(match std::fs::metadata(path)?.is_file() {
			true => Kind::File(path.into()),
			false => Kind::Piped(path.into(), std::fs::read(path)?.into()),
		}))
	}

	/// Rows that are in memory, each in the order of the model's features.
	pub fn of_cells(rows: Vec<Vec<Cell>>) -> Self {
		Self(Kind::Cells(rows))
	}

	/// What tells its rows from those of others.
	///
	/// # Errors
	/// If the file cannot be looked at.
	pub fn identity(&self) -> Result<SourceIdentity, TableError> {
		let path = match &self.0 {
			Kind::File(path) | Kind::Piped(path, _) => path,
			Kind::Cells(rows) => {
				let path = format!("rows-{}", hex::encode(hash_of(rows))).into();
				return Ok(SourceIdentity { path, bytes: rows.len() as u64, modified: 0 });
			},
		};
		let metadata = std::fs::metadata(path)?;
		let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
		Ok(SourceIdentity {
			path: path.canonicalize().unwrap_or_else(|_| path.clone()),
			bytes: metadata.len(),
			modified: modified.unwrap_or_default().as_secs(),
		})
	}

	/// Its rows, from the first one on.
	///
	/// # Errors
	/// If the file cannot be read, has no header, or its columns are not the model's features.
	pub fn rows<'a>(&'a self, card: &'a ModelCard) -> Result<RowStream<'a>, TableError> {
		let bytes: Box<dyn Read> = match &self.0 {
			Kind::File(path) => Box::new(File::open(path)?),
			Kind::Piped(_, piped) => Box::new(Cursor::new(piped.clone())),
			Kind::Cells(rows) => return Ok(RowStream::Cells(rows.iter().cloned().enumerate())),
		};
		let mut reader = reader().from_reader(bytes);
		let names: Vec<String> = reader.headers()?.iter().map(String::from).collect();
		let columns = Columns::of(&names, card)?;
		let records = reader.into_records();
		Ok(RowStream::File(RecordStream { records, columns, card, next: 0 }.into()))
	}
}

/// BLAKE2b-256 of rows.
fn hash_of(rows: &[Vec<Cell>]) -> Hash {
	let mut bytes = Vec::new();
	for row in rows {
		bytes.extend((row.len() as u64).to_le_bytes());
		for cell in row {
			match cell {
				Cell::Number(number) => {
					bytes.push(0);
					bytes.extend(number.to_bits().to_le_bytes());
				},
				Cell::Text(text) => {
					bytes.push(1);
					bytes.extend((text.len() as u64).to_le_bytes());
					bytes.extend(text.as_bytes());
				},
			}
		}
	}
	blake2b_256(&bytes)
}

/// How tables are read.
fn reader() -> csv::ReaderBuilder {
	let mut builder = csv::ReaderBuilder::new();
	builder.trim(csv::Trim::All);
	builder
}

/// Rows as features of a model, one after the other: a file may be larger than the memory.
pub enum RowStream<'a> {
	/// Those of a file.
	File(Box<RecordStream<'a>>),
	/// Those in memory.
	Cells(Enumerate<Cloned<Iter<'a, Vec<Cell>>>>),
}

impl Iterator for RowStream<'_> {
	type Item = Result<(usize, Vec<Cell>), TableError>;

	fn next(&mut self) -> Option<Self::Item> {
		match self {
			Self::File(records) => records.next(),
			Self::Cells(rows) => rows.next().map(Ok),
		}
	}
}

/// The rows of a file.
pub struct RecordStream<'a> {
	records: csv::StringRecordsIntoIter<Box<dyn Read>>,
	columns: Columns,
	card: &'a ModelCard,
	/// Number of the next row.
	next: usize,
}

impl Iterator for RecordStream<'_> {
	type Item = Result<(usize, Vec<Cell>), TableError>;

	fn next(&mut self) -> Option<Self::Item> {
		let record = self.records.next()?;
		let row = self.next;
		self.next += 1;
		Some(record.map_err(TableError::from).and_then(|record| {
			let record: Vec<String> = record.iter().map(String::from).collect();
			Ok((row, self.columns.cells(row, &record, self.card)?))
		}))
	}
}

impl Rows {
	/// Rows with their numbers: all, or those in `range`.
	///
	/// # Errors
	/// If there are no such rows.
	pub fn select(&self, range: Option<&RowRange>) -> Result<Vec<(usize, Vec<Cell>)>, TableError> {
		let Self(all) = self;
		let range = range.cloned().unwrap_or(RowRange(0..all.len()));
		let no_such = || TableError::NoSuchRows { found: all.len(), wanted: range.clone() };
		let rows = all.get(range.0.clone()).filter(|rows| !rows.is_empty()).ok_or_else(no_such)?;
		Ok(range.0.clone().zip(rows.iter().cloned()).collect())
	}
}

impl From<Table> for Calibration {
	fn from(table: Table) -> Self {
		let cells = |row: Vec<String>| row.into_iter().map(Cell::Text).collect();
		Self { names: table.names, rows: table.rows.into_iter().map(cells).collect() }
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_models::card::TextFeature;

	#[test]
	fn ranges_parse() {
		assert_eq!("0..10".parse(), Ok(RowRange(0..10)));
		assert_eq!("7".parse(), Ok(RowRange(7..8)));
		for bad in ["", "a", "3..", "5..5", "9..2", "-1"] {
			assert!(bad.parse::<RowRange>().is_err(), "{bad}");
		}
	}

	fn card(features: &[&str], text: &[usize]) -> ModelCard {
		let onnx = include_bytes!("../../../models/wine_logistic.onnx");
		let options = fhe_ml_models::ImportOptions { name: "wine".into(), calibration: None };
		let artifact = fhe_ml_models::import_onnx(onnx, &options).unwrap();
		let fhe_ml_models::Card::Public(card) = artifact.card else { panic!("it is public") };
		let features: Vec<String> = features.iter().map(|&name| name.into()).collect();
		let text = text.iter().map(|&feature| TextFeature { feature, known: vec![] }).collect();
		ModelCard { features, text, features_are_named: true, ..*card }
	}

	fn rows(csv: &str, card: &ModelCard) -> Result<Vec<Vec<Cell>>, String> {
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), csv).unwrap();
		let rows = Table::read(file.path()).unwrap().for_model(card);
		rows.map(|Rows(rows)| rows).map_err(|error| error.to_string())
	}

	#[test]
	fn cells_that_are_no_numbers_are_named() {
		let refused = rows("a,b\n1,2\n3,x\n", &card(&["a", "b"], &[]));
		assert_eq!(refused.unwrap_err(), "row 1, column `b`: `x` is not a number");
	}

	#[test]
	fn empty_cells_are_missing_values() {
		let rows = rows("a,b\n1,\n,nan\n", &card(&["a", "b"], &[])).unwrap();
		let missing = |cell: &Cell| matches!(cell, Cell::Number(number) if number.is_nan());
		assert!(rows[0][0] == Cell::Number(1.0) && missing(&rows[0][1]));
		assert!(rows[1].iter().all(missing));
	}

	#[test]
	fn a_stream_gives_the_rows_of_the_table() {
		let card = card(&["b", "a"], &[]);
		let file = tempfile::NamedTempFile::new().unwrap();
		std::fs::write(file.path(), "a,b\n1,2\n3,4\n5,x\n7,8\n").unwrap();
		let source = RowSource::open(file.path()).unwrap();
		let stream = || source.rows(&card).unwrap();
		let found: Vec<_> = stream().skip(1).take(1).map(Result::unwrap).collect();
		assert_eq!(found, [(1, vec![Cell::Number(4.0), Cell::Number(3.0)])]);
		let all: Vec<_> = stream().map(|row| row.map(|(row, _)| row)).collect();
		assert_eq!(all.len(), 4);
		assert!(matches!(&all[2], Err(TableError::NotANumber { row: 2, .. })));
		assert_eq!(all[3].as_ref().unwrap(), &3);
	}

	#[test]
	fn rows_in_memory_are_read_again_and_told_from_others() {
		let card = card(&["a", "colour"], &[1]);
		let rows = vec![vec![Cell::Number(1.0), "red".into()], vec![f64::NAN.into(), "".into()]];
		let source = RowSource::of_cells(rows.clone());
		for _ in 0..2 {
			let found: Vec<_> = source.rows(&card).unwrap().map(Result::unwrap).collect();
			assert_eq!((found[0].clone(), found.len()), ((0, rows[0].clone()), 2));
		}
		let identity = |rows| RowSource::of_cells(rows).identity().unwrap();
		assert_eq!(identity(rows.clone()), source.identity().unwrap());
		for (row, column, other) in [(0, 0, 2.0.into()), (1, 1, "x".into()), (0, 1, 1.0.into())] {
			let mut changed = rows.clone();
			changed[row][column] = other;
			assert_ne!(identity(changed), source.identity().unwrap());
		}
	}

	#[test]
	#[cfg(unix)]
	fn what_comes_through_a_pipe_is_there_a_second_time() {
		let folder = tempfile::tempdir().unwrap();
		let pipe = folder.path().join("pipe");
		assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
		let writer = std::thread::spawn({
			let pipe = pipe.clone();
			move || std::fs::write(pipe, "a,b\n1,2\n3,4\n").unwrap()
		});
		let (source, card) = (RowSource::open(&pipe).unwrap(), card(&["a", "b"], &[]));
		writer.join().unwrap();
		for _ in 0..2 {
			assert_eq!(source.rows(&card).unwrap().map(Result::unwrap).count(), 2);
		}
	}

	#[test]
	fn columns_of_text_are_found_by_name_and_stay_as_they_are() {
		let rows = rows("colour,x\nred,1\n7,2\n,3\n", &card(&["x", "colour"], &[1])).unwrap();
		let text = |row: usize| rows[row][1].clone();
		assert_eq!([text(0), text(1), text(2)], ["red".into(), "7".into(), "".into()]);
	}
}
