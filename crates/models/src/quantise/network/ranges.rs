//! Where features are, and to which integers they are rounded.

use super::weight::ErrorWeight;
use crate::{
	card::ScaledFeature,
	float::calibration::{Calibration, Scaler},
	quantise::error::QuantiseNetworkError,
};

/// Most bits of a feature.
pub(super) const MAX_FEATURE_BITS: usize = 8;

/// Rows that are drawn if there are none.
const DRAWN_ROWS: usize = 256;

/// Most values of a grid.
const MAX_GRID: f64 = 255.0;

/// Parts of the rows that may lie beyond the range of a feature's integers, on each side.
const CLIPPED_PARTS: [f64; 7] = [0.0, 0.003, 0.006, 0.0125, 0.025, 0.05, 0.1];

/// How far beyond the rows' values a range goes on each side, relative to it.
const SPARE: f64 = 0.1;

/// What a feature's range is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FeatureRange {
	low: f64,
	high: f64,
	/// The distance of its values, if all of them are on a grid.
	grid: Option<f64>,
}

/// The integers of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
	pub bits: u32,
	pub feature: ScaledFeature,
	/// The largest integer.
	pub largest: i64,
}

impl Levels {
	/// That of a feature which is not looked at.
	pub const NONE: Self =
		Self { bits: 0, feature: ScaledFeature { offset: 0.0, scale: 0.0 }, largest: 0 };

	fn over(low: f64, high: f64, bits: u32, largest: i64) -> Self {
		let scale = largest as f64 / (high - low);
		Self { bits, feature: ScaledFeature { offset: low, scale }, largest }
	}

	/// The value that stands for x.
	fn rounded(&self, x: f64) -> f64 {
		self.feature.offset + self.feature.level(x, self.largest) as f64 / self.feature.scale
	}

	/// The value in the range that is next to x.
	pub fn clipped(&self, x: f64) -> f64 {
		let ScaledFeature { offset, scale } = self.feature;
		if self.bits == 0 { x } else { x.max(offset).min(offset + self.largest as f64 / scale) }
	}
}

impl FeatureRange {
	fn of(values: impl Iterator<Item = f64>) -> Self {
		let mut values: Vec<f64> = values.collect();
		values.sort_by(f64::total_cmp);
		values.dedup();
		let low = values.first().copied().unwrap_or_default();
		let high = values.last().copied().unwrap_or_default();
		let gaps = values.windows(2).map(|pair| pair[1] - pair[0]);
		let gap = gaps.fold(f64::INFINITY, f64::min);
		let on_grid = |x: &f64| ((x - low) / gap - ((x - low) / gap).round()).abs() < 0.01;
		let is_grid =
			gap.is_finite() && (high - low) / gap <= MAX_GRID && values.iter().all(on_grid);
		let spare = if is_grid { 0.0 } else { (high - low) * SPARE };
		Self { low: low - spare, high: high + spare, grid: is_grid.then_some(gap) }
	}

	/// A range of which only the ends are known.
	fn between(low: f64, high: f64) -> Self {
		Self { low, high, grid: None }
	}

	/// The integers of at most this many bits over all of the range.
	fn levels(&self, bits: u32) -> Levels {
		let (low, high) = (self.low, self.high);
		let largest = (1i64 << bits) - 1;
		match self.grid.map(|grid| ((high - low) / grid).round()) {
			_ if bits == 0 || high <= low => Levels::NONE,
			Some(steps) if steps <= largest as f64 => {
				let steps = steps as i64;
				Levels::over(low, high, steps.ilog2() + 1, steps)
			},
			_ => Levels::over(low, high, bits, largest),
		}
	}

	/// The integers of this many bits with the least `error`, over a part of the range.
	fn clipped_levels(&self, bits: u32, sorted: &[f64], error: impl Fn(&Levels) -> f64) -> Levels {
		let whole = self.levels(bits);
		let is_exact = self.grid.is_some() && whole.bits < bits;
		if whole.bits == 0 || is_exact {
			return whole;
		}
		let mut best = (error(&whole), whole);
		let quantile = |part: f64| sorted[((sorted.len() - 1) as f64 * part).round() as usize];
		let mut consider = |low: f64, high: f64| {
			if low < high {
				let levels = Levels::over(low, high, bits, (1i64 << bits) - 1);
				let error = error(&levels);
				if error < best.0 {
					best = (error, levels);
					return true;
				}
			}
			false
		};
		let mut high = self.high;
		for part in CLIPPED_PARTS {
			if consider(self.low, quantile(1.0 - part)) {
				high = quantile(1.0 - part);
			}
		}
		for part in CLIPPED_PARTS {
			consider(quantile(part), high);
		}
		best.1
	}
}

/// The weight of the largest squared error of a feature beside the mean one: what is rare in these
/// rows may be less so in others.
const GUARD: f64 = 0.1;

/// What a feature costs and is worth in the integers of 0, 1, ... bits.
pub(super) struct FeatureOptions {
	pub levels: [Levels; MAX_FEATURE_BITS + 1],
	/// For each unit and number of bits, the mean squared error of what is reported and of scores.
	errors: Vec<[f32; MAX_FEATURE_BITS + 1]>,
}

impl FeatureOptions {
	/// Of a feature with these values, and how much errors of it matter: in each row altogether, and
	/// for each unit its squared weight with what a squared error of its argument matters in each row.
	pub fn new(
		range: &FeatureRange,
		values: &[f64],
		weights: &[ErrorWeight],
		units: &[(f64, Vec<f64>)],
		is_clipped: bool,
	) -> Self {
		let mut sorted = values.to_vec();
		sorted.sort_by(f64::total_cmp);
		let error = |levels: &Levels| -> f64 {
			let squared = |(&x, weight): (&f64, &ErrorWeight)| {
				let square = (levels.rounded(x) - x).powi(2);
				let is_inside = levels.clipped(x) == x;
				square * if is_inside { weight.to_all } else { weight.to_reported }
			};
			values.iter().zip(weights).map(squared).sum()
		};
		let levels: [Levels; MAX_FEATURE_BITS + 1] = std::array::from_fn(|bits| match is_clipped {
			true => range.clipped_levels(bits as u32, &sorted, error),
			false => range.levels(bits as u32),
		});
		let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
		let squares: Vec<Vec<f64>> = levels
			.iter()
			.map(|levels| {
				let rounded = |x: f64| if levels.bits == 0 { mean } else { levels.rounded(x) };
				// What is clipped is lost whatever the number of bits: it is measured, not weighed.
				values.iter().map(|&x| (rounded(x) - levels.clipped(x)).powi(2)).collect()
			})
			.collect();
		let largest: Vec<f64> =
			squares.iter().map(|squares| squares.iter().fold(0.0, |a: f64, b| a.max(*b))).collect();
		let of_unit = |(factor, rows): &(f64, Vec<f64>)| {
			std::array::from_fn(|bits| {
				let sum: f64 = squares[bits].iter().zip(rows).map(|(square, w)| square * w).sum();
				let all: f64 = rows.iter().sum();
				((sum + GUARD * all * largest[bits]) * factor) as f32
			})
		};
		Self { levels, errors: units.iter().map(of_unit).collect() }
	}

	/// The bits of the feature, and how many of these each unit looks at, from the highest: of the
	/// least error with bits that cost this much each. Also the error.
	fn at_price(&self, price: f64) -> (u32, Vec<u32>, f64) {
		let mut of_units = vec![(f64::INFINITY, 0usize); self.errors.len()];
		// No bit, if no error is a number.
		let mut best = (f64::INFINITY, vec![0; self.errors.len()], 0);
		let usable = (0..=MAX_FEATURE_BITS).filter(|&bits| self.levels[bits].bits as usize == bits);
		for bits in usable {
			for (best, errors) in of_units.iter_mut().zip(&self.errors) {
				let cost = f64::from(errors[bits]) + price * bits as f64;
				if cost < best.0 {
					*best = (cost, bits);
				}
			}
			let units = of_units.iter().map(|(cost, _)| cost).sum::<f64>();
			let cost = units + price * INPUT_PRICE * bits as f64;
			if cost < best.0 {
				best = (cost, of_units.iter().map(|(_, bits)| *bits as u32).collect(), bits as u32);
			}
		}
		let (_, kept, bits) = best;
		let errors = kept.iter().zip(&self.errors).map(|(&kept, errors)| errors[kept as usize]);
		let error = errors.map(f64::from).sum();
		(bits, kept, error)
	}
}

/// What a bit of the input costs, where one that a unit looks at costs 1.
const INPUT_PRICE: f64 = 3.0;

/// For each feature its bits and how many of these each unit looks at, such that the mean squared
/// errors add up to at most `wanted`.
pub(super) fn allocate_bits(options: &[FeatureOptions], wanted: f64) -> Vec<(u32, Vec<u32>)> {
	let error = |price: f64| options.iter().map(|option| option.at_price(price).2).sum::<f64>();
	let (mut low, mut high) = (1e-18f64, 1e6f64);
	for _ in 0..40 {
		let middle = (low * high).sqrt();
		*(if error(middle) <= wanted { &mut low } else { &mut high }) = middle;
	}
	options.iter().map(|option| option.at_price(low)).map(|(bits, kept, _)| (bits, kept)).collect()
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
			Ok(FeatureRange::between(low, high))
		},
		None if !used => Ok(FeatureRange::between(0.0, 0.0)),
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
