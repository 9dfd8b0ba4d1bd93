//! Where features are, and how many bits each of them gets.

use crate::{
	card::ScaledFeature,
	float::calibration::{Calibration, Scaler},
	quantise::error::QuantiseNetworkError,
};

/// Most bits of a feature.
const MAX_FEATURE_BITS: u32 = 8;

/// Rows that are drawn if there are none.
const DRAWN_ROWS: usize = 256;

/// What a feature's range is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FeatureRange {
	pub low: f64,
	pub high: f64,
	/// The distance of its values, if all of them are on a grid.
	grid: Option<f64>,
	/// Mean squared error of rounding to 0, 1, ... bits.
	squared_errors: [f64; MAX_FEATURE_BITS as usize + 1],
}

/// Most values of a grid.
const MAX_GRID: f64 = 255.0;

impl FeatureRange {
	fn of(values: impl Iterator<Item = f64>) -> Self {
		let all: Vec<f64> = values.collect();
		let mut values = all.clone();
		values.sort_by(f64::total_cmp);
		values.dedup();
		let low = values.first().copied().unwrap_or_default();
		let high = values.last().copied().unwrap_or_default();
		let gaps = values.windows(2).map(|pair| pair[1] - pair[0]);
		let gap = gaps.fold(f64::INFINITY, f64::min);
		let on_grid = |x: &f64| ((x - low) / gap - ((x - low) / gap).round()).abs() < 0.01;
		let is_grid =
			gap.is_finite() && (high - low) / gap <= MAX_GRID && values.iter().all(on_grid);
		let grid = is_grid.then_some(gap);
		let mut range = Self { low, high, grid, squared_errors: Default::default() };
		let count = all.len().max(1) as f64;
		let mean = all.iter().sum::<f64>() / count;
		range.squared_errors = std::array::from_fn(|bits| {
			let (_, scale, largest) = range.levels(bits as u32);
			let feature = ScaledFeature { offset: low, scale };
			let rounded = |x: f64| match largest {
				0 => mean,
				_ => low + feature.level(x, largest) as f64 / scale,
			};
			all.iter().map(|&x| (rounded(x) - x).powi(2)).sum::<f64>() / count
		});
		range
	}

	/// A range of which only the ends and the variance are known.
	fn uniform(low: f64, high: f64, variance: f64) -> Self {
		let error = |bits: usize| match bits {
			0 => variance,
			_ => ((high - low) / ((1u64 << bits) - 1) as f64).powi(2) / 12.0,
		};
		Self { low, high, grid: None, squared_errors: std::array::from_fn(error) }
	}

	/// Bits, integers per unit, and largest integer, with at most this many bits.
	pub fn levels(&self, bits: u32) -> (u32, f64, i64) {
		let width = self.high - self.low;
		let largest = (1i64 << bits) - 1;
		match self.grid.map(|grid| (width / grid).round()) {
			_ if width <= 0.0 => (0, 0.0, 0),
			Some(steps) if steps <= largest as f64 => {
				let steps = steps as i64;
				(steps.ilog2() + 1, steps as f64 / width, steps)
			},
			_ => (bits, largest as f64 / width, largest),
		}
	}
}

/// Bits of each feature, such that the squared errors times `sensitivities` (of the scores, relative
/// to their ranges) add up to at most `wanted`: always one more bit where it helps most.
pub(super) fn allocate_bits(
	ranges: &[FeatureRange],
	sensitivities: &[f64],
	wanted: f64,
) -> Vec<u32> {
	let mut bits = vec![0usize; ranges.len()];
	let error =
		|feature: usize, bits: usize| ranges[feature].squared_errors[bits] * sensitivities[feature];
	// The gain per bit of the best number of further bits: one alone may be worse than none.
	let gain = |feature: usize, bits: usize| {
		let more = 1..=MAX_FEATURE_BITS as usize - bits;
		let per_bit =
			|&more: &usize| (error(feature, bits) - error(feature, bits + more)) / more as f64;
		more.map(|more| (per_bit(&more), more)).max_by(|a, b| a.0.total_cmp(&b.0))
	};
	let mut total: f64 = (0..ranges.len()).map(|feature| error(feature, 0)).sum();
	while total > wanted {
		let gains = (0..ranges.len()).filter_map(|feature| {
			gain(feature, bits[feature]).map(|(gain, more)| (gain, more, feature))
		});
		let best = gains.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(gain, ..)| *gain > 0.0);
		let Some((_, more, feature)) = best else { break };
		total += error(feature, bits[feature] + more) - error(feature, bits[feature]);
		bits[feature] += more;
	}
	bits.into_iter().map(|bits| bits as u32).collect()
}

/// The range of each feature: of the calibration rows, else of the model's scalers.
///
/// # Errors
/// If neither tells the range of a feature that is used.
pub(super) fn feature_ranges(
	scalers: &[Option<Scaler>],
	calibration: Option<&Calibration<f64>>,
	used: &[bool],
) -> Result<Vec<FeatureRange>, QuantiseNetworkError> {
	if let Some(calibration) = calibration {
		if !calibration.tells_ranges() {
			return Err(QuantiseNetworkError::NoRanges);
		}
		let range =
			|feature: usize| FeatureRange::of(calibration.rows.iter().map(|row| row[feature]));
		return Ok((0..scalers.len()).map(range).collect());
	}
	let range = |(scaler, &used): (&Option<Scaler>, &bool)| match scaler {
		Some(scaler) => {
			let range = scaler.expected();
			let (low, high) = (range.centre - range.half_width, range.centre + range.half_width);
			Ok(FeatureRange::uniform(low, high, 1.0 / (scaler.slope * scaler.slope)))
		},
		None if !used => Ok(FeatureRange::uniform(0.0, 0.0, 0.0)),
		None => Err(QuantiseNetworkError::NoRanges),
	};
	scalers.iter().zip(used).map(range).collect()
}

/// Rows over the ranges of the features, denser in the middle, the same on every machine.
pub(super) fn drawn_rows(ranges: &[FeatureRange]) -> Vec<Vec<f64>> {
	let mut state = 0x9e37_79b9_7f4a_7c15u64;
	let mut uniform = || {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		(state >> 11) as f64 / (1u64 << 53) as f64
	};
	let mut row = || -> Vec<f64> {
		ranges
			.iter()
			.map(|range| {
				let bell = (uniform() + uniform() + uniform() + uniform()) / 4.0;
				range.low + (range.high - range.low) * bell
			})
			.collect()
	};
	(0..DRAWN_ROWS).map(|_| row()).collect()
}
