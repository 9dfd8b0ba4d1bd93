//! What rounding is chosen and measured on.

use super::{
	ranges::{FeatureRange, drawn_rows, feature_ranges},
	weight::ErrorWeight,
};
use crate::{
	card::Task,
	float::{
		calibration::{Calibration, Scaler, extremes},
		network::FloatNetwork,
	},
	quantise::{error::QuantiseNetworkError, reported::Reported},
};

/// Most rows that are used, and most products of rows, features and units, so that an import takes
/// seconds.
const MAX_ROWS: usize = 2048;
const MAX_PRODUCTS: usize = 1 << 28;

/// The weight of a score's squared error, relative to its range, beside that of what is reported: a
/// row that is sure of its class may have neighbours that are not.
const SCORE_SHARE: f64 = 0.25;

/// A network with rows of its features, and what it makes of them.
pub(super) struct Sample<'a> {
	pub network: FloatNetwork<'a>,
	pub ranges: Vec<FeatureRange>,
	/// Whether the rows are those of a calibration file, not drawn ones.
	pub is_calibrated: bool,
	pub rows: Vec<Vec<f64>>,
	/// Of the activations, for each row.
	pub arguments: Vec<Vec<f64>>,
	/// The outputs with their biases, for each row.
	pub scores: Vec<Vec<f64>>,
	pub reported: Reported<'a>,
	/// For each output and row, how much a squared error of the output matters.
	pub output_weights: Vec<Vec<f64>>,
	/// For each unit and row, how much a squared error of the unit's argument matters.
	pub unit_weights: Vec<Vec<ErrorWeight>>,
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
		task: &'a Task,
	) -> Result<Self, QuantiseNetworkError> {
		let ranges = feature_ranges(scalers, calibration, &network.used_features())?;
		let rows: Vec<Vec<f64>> = match calibration {
			Some(calibration) => {
				let products = (network.hidden.rows.len() * ranges.len()).max(1);
				let most = (MAX_PRODUCTS / products).clamp(1, MAX_ROWS);
				let stride = calibration.rows.len().div_ceil(most).max(1);
				calibration.rows.iter().step_by(stride).cloned().collect()
			},
			None => drawn_rows(&ranges),
		};
		let arguments: Vec<Vec<f64>> = rows.iter().map(|row| network.arguments(row)).collect();
		let scores: Vec<Vec<f64>> =
			arguments.iter().map(|arguments| network.scores(arguments)).collect();
		let without_bias = |scores: &Vec<f64>| -> Vec<f64> {
			scores.iter().zip(network.outputs).map(|(score, output)| score - output.bias).collect()
		};
		let raw: Vec<Vec<f64>> = scores.iter().map(without_bias).collect();
		let reported = Reported::new(task, &raw);
		let spans = spans(&scores, network.outputs.len());
		let slopes: Vec<Vec<Vec<f64>>> =
			raw.iter().map(|raw| reported_slopes(&reported, raw, &spans)).collect();
		let is_calibrated = calibration.is_some();
		let mut sample = Self {
			network,
			ranges,
			is_calibrated,
			rows,
			arguments,
			scores,
			reported,
			output_weights: Vec::new(),
			unit_weights: Vec::new(),
		};
		let of_rows: Vec<Vec<f64>> =
			slopes.iter().map(|slopes| output_weights(slopes, &spans)).collect();
		sample.output_weights = (0..network.outputs.len())
			.map(|output| flattened(of_rows.iter().map(|row| row[output]).collect()))
			.collect();
		let units = 0..network.hidden.rows.len();
		sample.unit_weights =
			units.map(|unit| sample.weights_of_unit(unit, &slopes, &spans)).collect();
		Ok(sample)
	}

	/// For each row, how much a squared error of a unit's argument matters.
	pub fn weights_of(&self, unit: usize) -> Vec<f64> {
		self.unit_weights[unit].iter().map(|weight| weight.to_all).collect()
	}

	fn weights_of_unit(
		&self,
		unit: usize,
		slopes: &[Vec<Vec<f64>>],
		spans: &[f64],
	) -> Vec<ErrorWeight> {
		const STEP: f64 = 1e-4;
		let FloatNetwork { hidden, outputs } = self.network;
		let value = |z: f64| hidden.activation.at(z);
		let slope = |z: f64| (value(z + STEP) - value(z - STEP)) / 2.0 / STEP;
		let of_outputs: Vec<f64> = outputs.iter().map(|output| output.weights[unit]).collect();
		let to_scores: f64 =
			of_outputs.iter().zip(spans).map(|(weight, span)| (weight / span).powi(2)).sum::<f64>()
				/ of_outputs.len().max(1) as f64;
		let rows = self.rows.len().max(1) as f64;
		let to_reported = |slopes: &Vec<Vec<f64>>| {
			let column = |slopes: &Vec<f64>| {
				slopes.iter().zip(&of_outputs).map(|(slope, w)| slope * w).sum::<f64>().powi(2)
			};
			slopes.iter().map(column).sum::<f64>() / slopes.len().max(1) as f64
		};
		let to_reported = flattened(slopes.iter().map(to_reported).collect());
		let weight = |(arguments, to_reported): (&Vec<f64>, f64)| {
			let squared = slope(arguments[unit]).powi(2) / rows;
			let to_all = squared * (to_reported + SCORE_SHARE * to_scores);
			ErrorWeight { to_reported: squared * to_reported, to_all }
		};
		self.arguments.iter().zip(to_reported).map(weight).collect()
	}
}

/// How even the weights of rows are: few rows alone would be learnt by heart.
const FLAT: f64 = 0.5;

/// Weights that are nearer to their mean.
fn flattened(weights: Vec<f64>) -> Vec<f64> {
	let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
	weights.into_iter().map(|weight| (1.0 - FLAT) * weight + FLAT * mean).collect()
}

/// The range of each score.
fn spans(scores: &[Vec<f64>], outputs: usize) -> Vec<f64> {
	let span = |at: usize| {
		let (low, high) = extremes(scores.iter().map(|scores| scores[at]));
		(high - low).max(1e-9)
	};
	(0..outputs).map(span).collect()
}

/// For each class or target, how fast it changes with each output.
fn reported_slopes(reported: &Reported, raw: &[f64], spans: &[f64]) -> Vec<Vec<f64>> {
	let here = reported.of(raw);
	let mut slopes = vec![Vec::with_capacity(raw.len()); here.len()];
	for (output, span) in spans.iter().enumerate() {
		// As far as an error may go; scores of probabilities have a scale of their own.
		let step = (span * 0.01).min(0.25);
		let mut moved = raw.to_vec();
		moved[output] += step;
		for ((slopes, there), here) in slopes.iter_mut().zip(reported.of(&moved)).zip(&here) {
			let slope = (there - here) / step;
			slopes.push(if slope.is_finite() { slope } else { 0.0 });
		}
	}
	slopes
}

fn output_weights(slopes: &[Vec<f64>], spans: &[f64]) -> Vec<f64> {
	let columns = slopes.len().max(1) as f64;
	let weight = |(output, span): (usize, &f64)| {
		let squares: f64 = slopes.iter().map(|slopes| slopes[output].powi(2)).sum();
		squares / columns + SCORE_SHARE / (span * span) / spans.len() as f64
	};
	spans.iter().enumerate().map(weight).collect()
}
