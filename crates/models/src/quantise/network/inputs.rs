//! Features as integers of a few bits.

use super::{ranges::allocate_bits, sample::Sample};
use crate::card::ScaledFeature;

/// How features become integers; one entry per feature.
pub(super) struct Inputs {
	/// 0 for a feature that is not used.
	pub bits: Vec<u32>,
	pub features: Vec<ScaledFeature>,
	/// The largest integer.
	pub largest: Vec<i64>,
}

impl Inputs {
	/// As few bits as make a root mean square error of at most `error` of a score, relative to its
	/// range.
	pub fn with_error(sample: &Sample, error: f64) -> Self {
		let wanted = allocate_bits(&sample.ranges, &sample.sensitivities(), error.powi(2));
		let mut inputs = Self { bits: Vec::new(), features: Vec::new(), largest: Vec::new() };
		for (range, &bits) in sample.ranges.iter().zip(&wanted) {
			let (bits, scale, largest) = if bits > 0 { range.levels(bits) } else { (0, 0.0, 0) };
			inputs.bits.push(bits);
			inputs.features.push(ScaledFeature { offset: range.low, scale });
			inputs.largest.push(largest);
		}
		inputs
	}

	/// Whether no feature has a bit.
	pub fn is_empty(&self) -> bool {
		self.bits.iter().all(|&bits| bits == 0)
	}

	pub fn encode(&self, row: &[f64]) -> Vec<i64> {
		let scaled = self.features.iter().zip(&self.largest).zip(row);
		scaled.map(|((feature, &largest), &x)| feature.level(x, largest)).collect()
	}
}
