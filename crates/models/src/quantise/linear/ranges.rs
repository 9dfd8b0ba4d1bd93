//! Where the features and scores of a linear model are expected.

use crate::{
	card::Ranges,
	float::{
		affine::Row,
		calibration::{Calibration, Interval, Scaler, extremes},
	},
};

/// Where features and scores are expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExpectedRanges {
	/// One per feature.
	pub intervals: Vec<Interval>,
	/// How they were found.
	pub from: Ranges,
	/// Half width of each score's range, if there are rows that tell.
	pub half_spans: Option<Vec<f64>>,
}

impl ExpectedRanges {
	/// From calibration rows, which must tell ranges.
	pub fn of_rows(calibration: &Calibration<f64>, scores: &[Row]) -> Self {
		let interval = |feature: usize| {
			let (low, high) = extremes(calibration.rows.iter().map(|row| row[feature]));
			let half_width = (high - low) / 2.0;
			let centre = low + half_width;
			let half_width = if half_width > 0.0 { half_width } else { centre.abs().max(1.0) };
			Interval { centre, half_width }
		};
		let half_span = |score: &Row| {
			let (low, high) = extremes(calibration.rows.iter().map(|row| score.at(row)));
			(high - low) / 2.0
		};
		Self {
			intervals: (0..calibration.names.len()).map(interval).collect(),
			from: Ranges::Calibration,
			half_spans: Some(scores.iter().map(half_span).collect()),
		}
	}

	/// From the scalers, else guessed such that every feature moves some score equally far.
	pub fn of_model(scalers: &[Option<Scaler>], scores: &[Row]) -> Self {
		let guess = |feature: usize| {
			let weight =
				scores.iter().fold(0.0, |w: f64, score| w.max(score.weights[feature].abs()));
			let bias = scores.iter().fold(0.0, |b: f64, score| b.max(score.bias.abs()));
			let half_width = if weight > 0.0 { bias.max(64.0) / weight } else { 1.0 };
			Interval { centre: 0.0, half_width }
		};
		let intervals = scalers.iter().enumerate().map(|(feature, scaler)| match scaler {
			Some(scaler) => scaler.expected(),
			None => guess(feature),
		});
		let has_scaler = scalers.iter().any(Option::is_some);
		Self {
			intervals: intervals.collect(),
			from: if has_scaler { Ranges::Scaler } else { Ranges::Weights },
			half_spans: None,
		}
	}
}
