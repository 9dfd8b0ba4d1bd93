//! Rows, as columns of numbers or texts on the way in, and as arrays on the way out.

use crate::errors::Exception;
use fhe_ml_client::rows::column_order;
use fhe_ml_models::{Calibration, Cell, Label, ModelCard};
use pyo3::{prelude::*, pybacked::PyBackedBytes, types::PyBytes};

/// A column of a table.
#[derive(FromPyObject)]
pub enum Column {
	/// Doubles, in the machine's order of bytes.
	Numbers(PyBackedBytes),
	/// Texts; `None` is a missing one.
	Texts(Vec<Option<String>>),
}

/// A table of rows, column by column; only tables with a header have names.
#[derive(FromPyObject)]
pub struct Table {
	rows: usize,
	columns: Vec<Column>,
	names: Option<Vec<String>>,
}

fn cells_of(column: &Column, rows: usize) -> Vec<Cell> {
	let mut cells: Vec<Cell> = match column {
		Column::Numbers(bytes) => {
			let numbers = bytes.as_chunks::<8>().0.iter();
			numbers.map(|bytes| Cell::Number(f64::from_ne_bytes(*bytes))).collect()
		},
		Column::Texts(texts) => {
			let text = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
			texts.iter().map(text).collect()
		},
	};
	cells.resize(rows, Cell::Number(f64::NAN));
	cells
}

fn transposed(columns: Vec<Vec<Cell>>, rows: usize) -> Vec<Vec<Cell>> {
	let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
	(0..rows).map(|_| columns.iter_mut().filter_map(Iterator::next).collect()).collect()
}

impl Table {
	/// The rows in the order of a model's features.
	pub fn for_model(self, card: &ModelCard) -> Result<Vec<Vec<Cell>>, Exception> {
		let Self { rows, columns, names } = self;
		let cells: Vec<_> = columns.iter().map(|column| cells_of(column, rows)).collect();
		Ok(match names {
			None => transposed(cells, rows),
			Some(names) => {
				let order = column_order(&names, card)?;
				let mut cells: Vec<_> = cells.into_iter().map(Some).collect();
				let ordered = order.into_iter().filter_map(|at| cells.get_mut(at)?.take());
				transposed(ordered.collect(), rows)
			},
		})
	}
}

impl From<Table> for Calibration {
	fn from(Table { rows, columns, names }: Table) -> Self {
		let names =
			names.unwrap_or_else(|| (0..columns.len()).map(|at| format!("f{at}")).collect());
		let cells = columns.iter().map(|column| cells_of(column, rows)).collect();
		Self { names, rows: transposed(cells, rows) }
	}
}

/// Predictions of many rows: matrices as bytes, with their width.
#[pyclass(frozen, get_all, module = "fhe_ml._native")]
pub struct Predictions {
	/// Numbers of the rows: not all are here if a run has failed.
	pub rows: Vec<usize>,
	/// One for each row: `int`, `str`, `float`, or a list of `float`.
	pub labels: Vec<Labelled>,
	/// Scores of each row, if there are any.
	pub scores: Option<Matrix>,
	/// Outputs of the circuit of each row, if they are shown.
	pub raw_scores: Option<Matrix>,
	/// Whether a row's two best classes are closer than scores are exact.
	pub ties: Vec<bool>,
	/// The job of each row, if it was on a chain.
	pub jobs: Vec<u64>,
	/// Milliseconds of each row: encryption, evaluation, decryption.
	pub milliseconds: Vec<(f64, f64, f64)>,
}

/// Rows of doubles of one width.
#[pyclass(frozen, module = "fhe_ml._native", skip_from_py_object)]
#[derive(Clone)]
pub struct Matrix {
	width: usize,
	numbers: Vec<f64>,
}

#[pymethods]
impl Matrix {
	/// Numbers of a row.
	#[getter]
	fn width(&self) -> usize {
		self.width
	}

	/// Doubles in the machine's order of bytes, row by row.
	fn tobytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
		let bytes: Vec<u8> = self.numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
		PyBytes::new(py, &bytes)
	}
}

impl Matrix {
	/// The rows, if there are any and all have one width.
	pub fn of<'a>(rows: impl Iterator<Item = Option<&'a [f64]>>) -> Option<Self> {
		let (mut width, mut numbers) = (None, Vec::new());
		for row in rows {
			let row = row?;
			if *width.get_or_insert(row.len()) != row.len() {
				return None;
			}
			numbers.extend_from_slice(row);
		}
		width.map(|width| Self { width, numbers })
	}
}

/// A label as a Python object.
#[derive(Clone, IntoPyObject, IntoPyObjectRef)]
pub enum Labelled {
	/// A class that is an integer.
	Integer(i64),
	/// A class that is a text.
	Text(String),
	/// A value.
	Value(f64),
	/// Several values.
	Values(Vec<f64>),
}

impl From<Label> for Labelled {
	fn from(label: Label) -> Self {
		match label {
			Label::Integer(class) => Self::Integer(class),
			Label::String(class) => Self::Text(class),
			Label::Value(value) => Self::Value(value),
			Label::Values(values) => Self::Values(values),
		}
	}
}
