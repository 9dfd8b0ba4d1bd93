//! Linear models whose features have few bits and whose weights are multiples of a power of two.

use super::{error::PrivateError, prepared::Prepared};
use crate::{
	card::{Encoding, ModelCard, ScaledFeature},
	float::calibration::{Calibration, extremes},
};
use fhe_ml_engine::{
	LinearCircuit,
	circuits::private::{PrivateLinear, PrivateSource},
};

/// Bits of a feature over half of its range, the most that leave room are taken.
pub(super) const FEATURE_BITS: [u32; 6] = [14, 12, 10, 8, 6, 5];
/// Features may be 2^this times as far from their centre as in the calibration rows.
const MARGIN_BITS: u32 = 2;
/// The largest weight has this many bits, without its sign.
const WEIGHT_BITS: i32 = 15;

/// Scales every feature by its range in the calibration rows, whether the model uses it or not.
pub(super) fn prepare(
	linear: &LinearCircuit,
	features: &[ScaledFeature],
	card: &ModelCard,
	offsets: &[f64],
	rows: &Calibration<f64>,
	feature_bits: u32,
	step: impl Fn(f64) -> f64,
) -> Result<Prepared, PrivateError> {
	let largest = f64::from(feature_bits).exp2();
	let scaled: Vec<ScaledFeature> = (0..features.len())
		.map(|feature| {
			let column = rows.rows.iter().filter_map(|row| row.get(feature).copied());
			let (low, high) = extremes(column.filter(|value| value.is_finite()));
			let half = if high > low { (high - low) / 2.0 } else { 1.0 };
			let centre = if high >= low { low + (high - low) / 2.0 } else { 0.0 };
			ScaledFeature { offset: centre, scale: largest / half }
		})
		.collect();
	// The public model: sum of weight step scale (x - offset), a bias, and what its user adds.
	let outputs = linear.weights().chunks_exact(linear.features());
	let rows = outputs.zip(linear.bias()).zip(card.output_steps.iter().zip(offsets));
	let real: Vec<(Vec<f64>, f64)> = rows
		.map(|((weights, &bias), (&step, offset))| {
			let slope = |(&weight, feature): (&i32, &ScaledFeature)| {
				f64::from(weight) * step * feature.scale
			};
			let slopes: Vec<f64> = weights.iter().zip(features).map(slope).collect();
			let moved = |((slope, old), new): ((&f64, &ScaledFeature), &ScaledFeature)| {
				slope * (new.offset - old.offset)
			};
			let moved: f64 = slopes.iter().zip(features).zip(&scaled).map(moved).sum();
			let weights = slopes.iter().zip(&scaled).map(|(slope, new)| slope / new.scale);
			(weights.collect(), bias as f64 * step + offset + moved)
		})
		.collect();
	let weights = || real.iter().flat_map(|(weights, _)| weights).map(|weight| weight.abs());
	let step = step(weights().fold(0.0, f64::max) / f64::from(WEIGHT_BITS).exp2());
	let rounded = |value: &f64| (value / step).round();
	let linear = PrivateLinear::new(
		features.len(),
		real.iter().flat_map(|(weights, _)| weights).map(|weight| rounded(weight) as i32).collect(),
		real.iter().map(|(_, bias)| rounded(bias) as i64).collect(),
	);
	let linear = linear.map_err(fhe_ml_engine::PrivateCircuitError::from)?;
	let source = PrivateSource::Linear { linear, feature_bits: feature_bits + MARGIN_BITS };
	Ok(Prepared { source, encoding: Encoding::Scaled(scaled), step })
}
