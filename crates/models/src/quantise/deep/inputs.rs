//! Features as integers of a few bits.

use crate::{card::ScaledFeature, float::calibration::extremes};

/// How features become integers; one entry per feature.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
	features: Vec<ScaledFeature>,
	bits: Vec<u32>,
	largest: Vec<i64>,
}

impl Inputs {
	/// Over the ranges that rows show, with this many bits; features with fewer values have fewer.
	pub fn new(rows: &[Vec<f64>], bits: u32) -> Self {
		let count = rows.first().map_or(0, Vec::len);
		let mut inputs = Self { features: Vec::new(), bits: Vec::new(), largest: Vec::new() };
		for feature in 0..count {
			let column = || rows.iter().filter_map(move |row| row.get(feature).copied());
			let (low, high) = extremes(column());
			let width = high - low;
			// Small integers are exact, if there are few of them.
			let are_integers = column().all(|x| x.fract() == 0.0);
			let most = f64::from((1u32 << bits) - 1);
			let largest = if are_integers { width.min(most) } else { most };
			let largest = if width > 0.0 { largest.ceil() } else { 0.0 };
			let scale = if width > 0.0 { largest / width } else { 0.0 };
			inputs.features.push(ScaledFeature { offset: low, scale });
			inputs.bits.push(64 - (largest as u64).leading_zeros());
			inputs.largest.push(largest as i64);
		}
		// A circuit has at least one bit.
		if inputs.bits.iter().all(|&bits| bits == 0) {
			inputs.bits.iter_mut().take(1).for_each(|bits| *bits = 1);
		}
		inputs
	}

	/// Bits of each feature.
	pub fn bits(&self) -> Vec<u32> {
		self.bits.clone()
	}

	/// The integers of a row.
	pub fn encode(&self, row: &[f64]) -> Vec<i64> {
		let features = self.features.iter().zip(&self.largest).zip(row);
		features.map(|((feature, &largest), &x)| feature.level(x, largest)).collect()
	}

	/// What a weight of a feature is for the bits of its integer, from the lowest, and what it adds if none is set.
	pub fn moves(&self, feature: usize, weight: f64) -> (impl Iterator<Item = f64> + use<>, f64) {
		let ScaledFeature { offset, scale } = self
			.features
			.get(feature)
			.copied()
			.unwrap_or(ScaledFeature { offset: 0.0, scale: 0.0 });
		let step = if scale > 0.0 { weight / scale } else { 0.0 };
		let bits = self.bits.get(feature).copied().unwrap_or_default();
		((0..bits).map(move |bit| step * f64::from(1u32 << bit)), weight * offset)
	}

	/// As the card has them.
	pub fn into_levels(self) -> (Vec<ScaledFeature>, Vec<i64>) {
		(self.features, self.largest)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn integers_are_exact_and_others_spread_over_their_range() {
		let rows = [vec![3.0, 0.5, 7.0, 0.0], vec![7.0, 2.0, 7.0, 90.0]];
		let inputs = Inputs::new(&rows, 4);
		assert_eq!(inputs.bits(), [3, 4, 0, 4]);
		assert_eq!(inputs.encode(&rows[0]), [0, 0, 0, 0]);
		assert_eq!(inputs.encode(&[5.0, 1.2, 8.0, 45.0]), [2, 7, 0, 8]);
		assert_eq!(inputs.encode(&[100.0, 9.0, 7.0, -5.0]), [4, 15, 0, 0]);
		let (moves, base) = inputs.moves(3, 0.5);
		assert_eq!((moves.collect::<Vec<_>>(), base), (vec![3.0, 6.0, 12.0, 24.0], 0.0));
	}
}
