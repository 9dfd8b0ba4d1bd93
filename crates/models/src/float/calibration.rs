//! Where the features of a model are expected.

use crate::cell::Cell;

/// Rows that show the ranges of the features.
#[derive(Clone, Debug, Default)]
pub struct Calibration<C = Cell> {
	/// Names of the columns, in the order of the model's features.
	pub names: Vec<String>,
	/// One value per column and row, in the units in which the model takes its features.
	pub rows: Vec<Vec<C>>,
}

impl From<Calibration<f64>> for Calibration {
	fn from(numbers: Calibration<f64>) -> Self {
		let cells = |row: Vec<f64>| row.into_iter().map(Cell::Number).collect();
		Self { names: numbers.names, rows: numbers.rows.into_iter().map(cells).collect() }
	}
}

impl Calibration<f64> {
	/// Whether the rows tell a range: there is one, and all values are finite.
	pub(crate) fn tells_ranges(&self) -> bool {
		!self.rows.is_empty() && self.rows.iter().flatten().all(|value| value.is_finite())
	}
}

/// The interval \[centre - half_width, centre + half_width\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
	pub centre: f64,
	pub half_width: f64,
}

/// What a model makes of a feature x before it looks at it: slope x + shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scaler {
	pub slope: f64,
	pub shift: f64,
}

/// Half width, in standard deviations, of the expected range of a scaled feature.
const SCALED_HALF_WIDTH: f64 = 4.0;

impl Scaler {
	/// Where x is if slope x + shift is in [-4, 4].
	pub fn expected(self) -> Interval {
		let Self { slope, shift } = self;
		Interval { centre: -shift / slope, half_width: SCALED_HALF_WIDTH / slope.abs() }
	}
}

/// The smallest and the largest of finite values.
pub(crate) fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
	values.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
}
