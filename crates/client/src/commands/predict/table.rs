//! Predictions as a CSV file, and the books with which a run that was interrupted goes on.
//!
//! Beside `scores.csv` there are, until it is finished, `scores.csv.part` with the rows that are there, and the
//! folder `scores.csv.run` with the books and the inputs whose results are not there. A request is in the books
//! before it is sent, so that none is ever made twice.

use super::row::Row;
use crate::error::CommandError;
use fhe_ml_client::files;
use fhe_ml_engine::blake2b_256;
use fhe_ml_models::{
	Label, ModelCard,
	card::{Classes, Task},
};
use serde::{Deserialize, Serialize};
use std::{
	fs::{File, OpenOptions},
	io::{Read, Write},
	ops::Range,
	path::{Path, PathBuf},
};

/// What a run is about: another run must not go on with its books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
	/// Hash of the genesis block.
	pub chain: String,
	/// Hash of the model's artifact.
	pub model: String,
	/// Hash of the server key.
	pub key: String,
	/// Address of the account that pays.
	pub account: String,
	/// Path of the table.
	pub table: PathBuf,
	/// Its length.
	pub table_bytes: u64,
	/// When it was last written, in seconds since 1970.
	pub table_modified: u64,
	/// First row and the one after the last.
	pub rows: (usize, usize),
	/// Workers of a request.
	pub redundancy: u8,
	/// Whether scores are written.
	pub scores: bool,
}

/// A request in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
	/// Its first row.
	pub first: usize,
	/// How many it has.
	pub rows: usize,
	/// The nonce that it was sent with.
	pub nonce: u64,
	/// Best block before it was sent.
	pub since: u64,
}

/// A line of the books.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
	Run(Run),
	Asked(Booked),
	/// The rows of the request with this first row are in the part file, which has so many bytes now.
	Done {
		first: usize,
		bytes: u64,
		job: u64,
	},
}

/// A CSV file of predictions that is being written.
pub struct Scores {
	path: PathBuf,
	part: File,
	books: File,
	/// Requests whose rows are not in the file.
	open: Vec<Booked>,
	/// Rows that are in the file.
	done: Range<usize>,
	/// Jobs of the requests whose rows are in the file.
	jobs: Vec<u64>,
	header_written: bool,
}

/// `scores.csv` with another ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
	let mut name = path.as_os_str().to_owned();
	name.push(ending);
	name.into()
}

impl Scores {
	/// Begins, or goes on where a run was interrupted.
	///
	/// # Errors
	/// If the file is there already, the books are those of another run, or files cannot be read or written.
	pub fn begin(path: &Path, run: &Run) -> Result<Self, CommandError> {
		let failed = |source| CommandError::Scores { path: path.into(), source };
		if path.exists() {
			return Err(CommandError::ScoresExist(path.into()));
		}
		let folder = beside(path, ".run");
		std::fs::create_dir_all(&folder).map_err(failed)?;
		let books_path = folder.join("books.jsonl");
		let mut books = OpenOptions::new()
			.read(true)
			.append(true)
			.create(true)
			.open(&books_path)
			.map_err(failed)?;
		if books.try_lock().is_err() {
			return Err(CommandError::ScoresInUse(path.into()));
		}
		let (mut found, mut open, mut jobs) = (None, Vec::<Booked>::new(), Vec::new());
		let (mut end, mut bytes) = (run.rows.0, 0);
		let mut text = String::new();
		books.read_to_string(&mut text).map_err(failed)?;
		// The last line may be cut off by a crash; nothing was sent before it was whole.
		let whole = text.rfind('\n').map_or(0, |end| end + 1);
		books.set_len(whole as u64).map_err(failed)?;
		for line in text[..whole].lines() {
			let damaged = |_| CommandError::BooksDamaged(books_path.clone());
			match serde_json::from_str(line).map_err(damaged)? {
				Line::Run(run) => found = Some(run),
				Line::Asked(booked) => {
					open.retain(|other| other.first != booked.first);
					open.push(booked);
				},
				Line::Done { first, bytes: now, job } => {
					jobs.push(job);
					if let Some(at) = open.iter().position(|booked| booked.first == first) {
						end = first + open.remove(at).rows;
					}
					bytes = now;
				},
			}
		}
		match found {
			Some(found) if found != *run => {
				return Err(CommandError::AnotherRun { books: folder });
			},
			Some(_) => {},
			None => write_line(&mut books, &Line::Run(run.clone())).map_err(failed)?,
		}
		let part = OpenOptions::new()
			.append(true)
			.create(true)
			.open(beside(path, ".part"))
			.map_err(failed)?;
		part.set_len(bytes).map_err(failed)?;
		open.sort_by_key(|booked| booked.first);
		Ok(Self {
			path: path.into(),
			part,
			books,
			open,
			done: run.rows.0..end,
			jobs,
			header_written: bytes > 0,
		})
	}

	/// Rows that are in the file already.
	pub fn done(&self) -> Range<usize> {
		self.done.clone()
	}

	/// Requests that an earlier run has sent, perhaps, and whose rows are not in the file; in their order.
	pub fn open(&self) -> &[Booked] {
		&self.open
	}

	/// Jobs of the requests whose rows an earlier run has written.
	pub fn jobs(&self) -> &[u64] {
		&self.jobs
	}

	/// The row behind the last one that an earlier run has asked for.
	pub fn planned(&self) -> usize {
		let ends = self.open.iter().map(|booked| booked.first + booked.rows);
		ends.max().unwrap_or_default().max(self.done.end)
	}

	fn input_path(path: &Path, first: usize) -> PathBuf {
		beside(path, ".run").join(format!("{first}.input"))
	}

	/// The input of a request in the books.
	///
	/// # Errors
	/// If it cannot be read.
	pub fn input(&self, booked: &Booked) -> Result<Vec<u8>, CommandError> {
		Ok(files::read(&Self::input_path(&self.path, booked.first))?)
	}

	/// Enters a request, before it is sent.
	///
	/// # Errors
	/// If files cannot be written.
	pub fn asked(&mut self, booked: &Booked, input: &[u8]) -> Result<(), CommandError> {
		let path = Self::input_path(&self.path, booked.first);
		let is_there = path.exists()
			&& files::read(&path).is_ok_and(|found| blake2b_256(&found) == blake2b_256(input));
		if !is_there {
			files::write(&path, input)?;
		}
		let failed = |source| CommandError::Scores { path: self.path.clone(), source };
		write_line(&mut self.books, &Line::Asked(booked.clone())).map_err(failed)
	}

	/// Writes the rows of a request.
	///
	/// # Errors
	/// If files cannot be written.
	pub fn write(&mut self, card: &ModelCard, rows: &[Row], job: u64) -> Result<(), CommandError> {
		let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
		let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
		if !self.header_written {
			writer.write_record(header(card, first)).map_err(CommandError::Csv)?;
		}
		for row in rows {
			writer.write_record(record(row)).map_err(CommandError::Csv)?;
		}
		let failed = |source| CommandError::Scores { path: self.path.clone(), source };
		let bytes = writer.into_inner().map_err(|error| failed(error.into_error()))?;
		self.part.write_all(&bytes).and_then(|()| self.part.sync_data()).map_err(failed)?;
		self.header_written = true;
		let bytes = self.part.metadata().map_err(failed)?.len();
		let done = Line::Done { first: first.row, bytes, job };
		write_line(&mut self.books, &done).map_err(failed)?;
		self.done.end = last.row + 1;
		// It was needed to decrypt these rows, which are there now.
		let _ = std::fs::remove_file(Self::input_path(&self.path, first.row));
		Ok(())
	}

	/// All rows are there.
	///
	/// # Errors
	/// If files cannot be moved.
	pub fn finish(&self) -> Result<(), CommandError> {
		let failed = |source| CommandError::Scores { path: self.path.clone(), source };
		std::fs::rename(beside(&self.path, ".part"), &self.path).map_err(failed)?;
		std::fs::remove_dir_all(beside(&self.path, ".run")).map_err(failed)
	}
}

/// Writes a line, and sees to it that it is on the disk.
fn write_line(books: &mut File, line: &Line) -> std::io::Result<()> {
	let mut text = serde_json::to_string(line)?;
	text.push('\n');
	books.write_all(text.as_bytes())?;
	books.sync_data()
}

/// Names of the columns: `prediction` (or `prediction_0`, ... of several targets), and `score_CLASS` for classes.
fn header(card: &ModelCard, row: &Row) -> Vec<String> {
	let mut names = vec!["row".to_string()];
	match &row.prediction {
		Label::Values(values) => {
			names.extend((0..values.len()).map(|at| format!("prediction_{at}")))
		},
		_ => names.push("prediction".into()),
	}
	let scores = scores_of(row);
	let classes: Vec<String> = match &card.task {
		Task::Classification { classes: Classes::Integers(classes), .. } => {
			classes.iter().map(ToString::to_string).collect()
		},
		Task::Classification { classes: Classes::Strings(classes), .. } => classes.clone(),
		_ => Vec::new(),
	};
	let name = |at: usize| match classes.get(at).filter(|_| classes.len() == scores.len()) {
		Some(class) => format!("score_{class}"),
		None => format!("score_{at}"),
	};
	names.extend((0..scores.len()).map(name));
	names
}

/// Scores that say more than the prediction.
fn scores_of(row: &Row) -> &[f64] {
	match row.prediction {
		Label::Integer(_) | Label::String(_) => row.scores.as_deref().unwrap_or_default(),
		Label::Value(_) | Label::Values(_) => &[],
	}
}

fn record(row: &Row) -> Vec<String> {
	let mut cells = vec![row.row.to_string()];
	match &row.prediction {
		Label::Values(values) => cells.extend(values.iter().map(ToString::to_string)),
		label => cells.push(label.to_string()),
	}
	cells.extend(scores_of(row).iter().map(ToString::to_string));
	cells
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_models::{ImportOptions, Model, import_onnx};

	fn run() -> Run {
		Run {
			chain: "0x1".into(),
			model: "0x2".into(),
			key: "0x3".into(),
			account: "0x4".into(),
			table: "rows.csv".into(),
			table_bytes: 9,
			table_modified: 7,
			rows: (10, 19),
			redundancy: 1,
			scores: true,
		}
	}

	fn card() -> ModelCard {
		let onnx = include_bytes!("../../../../../models/wine_logistic.onnx");
		let options = ImportOptions { name: "wine".into(), calibration: None };
		Model::new(import_onnx(onnx, &options).unwrap(), None).unwrap().card
	}

	fn rows(range: Range<usize>) -> Vec<Row> {
		let row = |row| Row {
			row,
			prediction: Label::Integer(1),
			scores: Some(vec![0.25, 0.5, 0.25]),
			raw_scores: None,
			tie: false,
			job: 5,
			rows: 3,
			requested_in_block: 1,
			result_in_block: 2,
			fee: "1".into(),
			input_bytes: 1,
			result_bytes: 1,
			verified: true,
			verify_ms: None,
		};
		range.map(row).collect()
	}

	fn booked(first: usize) -> Booked {
		Booked { first, rows: 3, nonce: first as u64, since: 1 }
	}

	/// Three requests of which the first is answered, then a crash in the middle of a line.
	fn interrupted(folder: &Path) -> PathBuf {
		let path = folder.join("scores.csv");
		let mut scores = Scores::begin(&path, &run()).unwrap();
		for first in [10, 13, 16] {
			scores.asked(&booked(first), &[first as u8]).unwrap();
		}
		scores.write(&card(), &rows(10..13), 5).unwrap();
		scores.part.write_all(b"half a row").unwrap();
		scores.books.write_all(b"{\"asked\":{\"first\":1").unwrap();
		path
	}

	#[test]
	fn a_run_goes_on_behind_a_line_that_was_cut_off_and_the_next_one_too() {
		let folder = tempfile::tempdir().unwrap();
		let path = interrupted(folder.path());
		let mut scores = Scores::begin(&path, &run()).unwrap();
		assert_eq!((scores.done(), scores.planned(), scores.jobs()), (10..13, 19, &[5][..]));
		assert_eq!(scores.open(), [booked(13), booked(16)]);
		assert_eq!(scores.input(&booked(13)).unwrap(), [13]);
		scores.write(&card(), &rows(13..16), 6).unwrap();
		drop(scores);

		let mut scores = Scores::begin(&path, &run()).unwrap();
		assert_eq!((scores.done(), scores.jobs()), (10..16, &[5, 6][..]));
		assert_eq!(scores.open(), [booked(16)]);
		scores.write(&card(), &rows(16..19), 7).unwrap();
		scores.finish().unwrap();
		let text = std::fs::read_to_string(&path).unwrap();
		let lines: Vec<&str> = text.lines().collect();
		assert_eq!(lines[..2], ["row,prediction,score_0,score_1,score_2", "10,1,0.25,0.5,0.25"]);
		assert_eq!(lines.len(), 10);
		let left = std::fs::read_dir(folder.path()).unwrap().count();
		assert_eq!(left, 1, "nothing but the table is left");
	}

	#[test]
	fn books_of_others_and_damaged_ones_are_refused_and_stay() {
		let folder = tempfile::tempdir().unwrap();
		let path = interrupted(folder.path());
		let other = Run { table_bytes: 10, ..run() };
		let refused = Scores::begin(&path, &other);
		assert!(matches!(refused, Err(CommandError::AnotherRun { .. })));
		let held = Scores::begin(&path, &run()).unwrap();
		let refused = Scores::begin(&path, &run());
		assert!(matches!(refused, Err(CommandError::ScoresInUse(_))));
		drop(held);
		let books = beside(&path, ".run").join("books.jsonl");
		let damaged = std::fs::read_to_string(&books).unwrap().replace("asked", "axed");
		std::fs::write(&books, &damaged).unwrap();
		let refused = Scores::begin(&path, &run());
		assert!(matches!(refused, Err(CommandError::BooksDamaged(_))));
		assert_eq!(std::fs::read_to_string(&books).unwrap(), damaged);
		std::fs::write(&path, "").unwrap();
		let refused = Scores::begin(&path, &run());
		assert!(matches!(refused, Err(CommandError::ScoresExist(_))));
	}
}
