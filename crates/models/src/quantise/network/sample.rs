//! What rounding is chosen and measured on.

use super::ranges::{FeatureRange, drawn_rows, feature_ranges};
use crate::{
	float::{
		calibration::{Calibration, Scaler, extremes},
		network::FloatNetwork,
	},
	quantise::error::QuantiseNetworkError,
};

/// Most rows that are used.
const MAX_ROWS: usize = 2048;

/// A network with rows of its features, and what it makes of them.
pub(super) struct Sample<'a> {
	pub network: FloatNetwork<'a>,
	pub ranges: Vec<FeatureRange>,
	/// Whether the rows are those of a calibration file, not drawn ones.
	pub is_calibrated: bool,
	pub rows: Vec<Vec<f64>>,
	/// Of the activations, for each row.
	pub arguments: Vec<Vec<f64>>,
	/// The outputs, for each row.
	pub scores: Vec<Vec<f64>>,
}

impl<'a> Sample<'a> {
	/// A network with the rows of the calibration file, or drawn ones.
	///
	/// # Errors
	/// If nothing tells the range of a feature that is used.
	pub fn new(
		network: FloatNetwork<'a>,
		scalers: &[Option<Scaler>],
		calibration: Option<&Calibration<f64>>,
	) -> Result<Self, QuantiseNetworkError> {
		let ranges = feature_ranges(scalers, calibration, &network.used_features())?;
		let rows: Vec<Vec<f64>> = match calibration {
			Some(calibration) => {
				let stride = calibration.rows.len().div_ceil(MAX_ROWS).max(1);
				calibration.rows.iter().step_by(stride).cloned().collect()
			},
			None => drawn_rows(&ranges),
		};
		let arguments: Vec<Vec<f64>> = rows.iter().map(|row| network.arguments(row)).collect();
		let scores = arguments.iter().map(|arguments| network.scores(arguments)).collect();
		let is_calibrated = calibration.is_some();
		Ok(Self { network, ranges, is_calibrated, rows, arguments, scores })
	}

	/// For each feature the squared slope of the scores, relative to their ranges, averaged over
	/// scores and rows.
	pub fn sensitivities(&self) -> Vec<f64> {
		let factors = self.unit_sensitivities();
		let sensitivity = |feature: usize| {
			let units = self.network.hidden.rows.iter().zip(&factors);
			units.map(|(unit, factor)| unit.weights[feature].powi(2) * factor).sum()
		};
		(0..self.ranges.len()).map(sensitivity).collect()
	}

	/// Of each hidden unit: the mean squared slope of its activation, times its squared weights.
	fn unit_sensitivities(&self) -> Vec<f64> {
		const STEP: f64 = 1e-4;
		let FloatNetwork { hidden, outputs } = self.network;
		let value = |z: f64| hidden.activation.at(z);
		let slope = |z: f64| (value(z + STEP) - value(z - STEP)) / 2.0 / STEP;
		let mut factors = vec![0.0; hidden.rows.len()];
		for (at, output) in outputs.iter().enumerate() {
			let (low, high) = extremes(self.scores.iter().map(|scores| scores[at]));
			let share = 1.0 / ((high - low).max(1e-9).powi(2) * outputs.len() as f64);
			for (factor, weight) in factors.iter_mut().zip(output.weights.iter()) {
				*factor += weight * weight * share;
			}
		}
		for (unit, factor) in factors.iter_mut().enumerate() {
			let squares = self.arguments.iter().map(|row| slope(row[unit]).powi(2)).sum::<f64>();
			*factor *= squares / self.rows.len().max(1) as f64;
		}
		factors
	}
}
