//! Features as integers of a few bits.

use super::{
	ranges::{FeatureOptions, Levels, allocate_bits},
	sample::Sample,
	weight::ErrorWeight,
};
use fhe_ml_engine::circuits::network::sizes_fit;

/// How features become integers; one entry per feature.
pub(super) struct Inputs {
	pub levels: Vec<Levels>,
	/// For each unit, how many of a feature's bits it looks at, from the highest.
	pub kept: Vec<Vec<u32>>,
}

/// What each feature costs and is worth in integers of how many bits.
pub(super) struct InputOptions(Vec<FeatureOptions>);

/// Most products of units, features, numbers of bits and rows, so that an import takes seconds.
const MAX_PRODUCTS: usize = 1 << 31;

impl InputOptions {
	/// With ranges that may leave rows out, or not.
	pub fn new(sample: &Sample, is_clipped: bool) -> Self {
		let Sample { network, ranges, rows, unit_weights, .. } = sample;
		let units = &network.hidden.rows;
		let products = units.len() * ranges.len() * rows.len() * 8;
		let stride = products.div_ceil(MAX_PRODUCTS).max(1);
		let of_feature = |feature: usize| {
			let mut weights = vec![ErrorWeight::default(); rows.len().div_ceil(stride)];
			let mut of_units = Vec::with_capacity(units.len());
			for (unit, of_rows) in units.iter().zip(unit_weights) {
				let factor = unit.weights[feature].powi(2);
				let picked = || of_rows.iter().step_by(stride);
				for (weight, of_row) in weights.iter_mut().zip(picked()) {
					weight.to_reported += factor * of_row.to_reported;
					weight.to_all += factor * of_row.to_all;
				}
				let scale = factor * stride as f64;
				of_units.push((scale, picked().map(|weight| weight.to_all).collect::<Vec<f64>>()));
			}
			let values: Vec<f64> = rows.iter().step_by(stride).map(|row| row[feature]).collect();
			FeatureOptions::new(&ranges[feature], &values, &weights, &of_units, is_clipped)
		};
		Self((0..ranges.len()).map(of_feature).collect())
	}
}

impl Inputs {
	/// As few bits as make a root mean square error of at most `error` of what the model reports.
	pub fn with_error(options: &InputOptions, error: f64) -> Self {
		let InputOptions(options) = options;
		let allocated = allocate_bits(options, error.powi(2));
		let levels =
			|(option, (bits, _)): (&FeatureOptions, &(u32, _))| option.levels[*bits as usize];
		let levels = options.iter().zip(&allocated).map(levels).collect();
		let units = allocated.first().map_or(0, |(_, kept)| kept.len());
		let kept = |unit: usize| allocated.iter().map(|(_, kept)| kept[unit]).collect();
		Self { levels, kept: (0..units).map(kept).collect() }
	}

	/// Whether there are networks of so many hidden units and outputs over these bits.
	pub fn fit(&self, (hidden, outputs): (usize, usize)) -> bool {
		let bits = self.levels.iter().map(|levels| levels.bits as usize).sum();
		sizes_fit(self.levels.len(), bits, hidden, outputs)
	}

	/// Bits of each feature.
	pub fn bits(&self) -> Vec<u32> {
		self.levels.iter().map(|levels| levels.bits).collect()
	}

	pub fn encode(&self, row: &[f64]) -> Vec<i64> {
		self.levels
			.iter()
			.zip(row)
			.map(|(levels, &x)| levels.feature.level(x, levels.largest))
			.collect()
	}

	/// The row with values that are clipped, but not rounded.
	pub fn clip(&self, row: &[f64]) -> Vec<f64> {
		self.levels.iter().zip(row).map(|(levels, &x)| levels.clipped(x)).collect()
	}
}
