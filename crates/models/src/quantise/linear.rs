//! Integers for a linear model.
//!
//! A feature x becomes X = round((x - centre) 2^k / r), where \[centre - r, centre + r\] is its
//! expected range, and a weight w becomes W = round(w r / (2^k step)), with `step` so that the
//! largest weight of an output uses all its bits. Then sum W X step = sum w (x - centre) up to the
//! rounding of X, of W and of the bias, and the bound of that error is computed here, exactly, not
//! estimated. Nothing breaks for features outside of their range: what must fit is the sum, and the
//! client checks that before it encrypts.

mod ranges;

pub(crate) use ranges::ExpectedRanges;

use super::{error::QuantiseError, quantised::Quantised};
use crate::{
	card::{Encoding, Quantisation, ScaledFeature},
	float::affine::Row,
};
use fhe_ml_engine::{Circuit, LinearCircuit, LinearCircuitError};

/// Errors below this are not worth another limb.
const GOOD_ENOUGH: f64 = 1.0 / 16384.0;
/// Errors above this are refused.
const TOO_COARSE: f64 = 1.0 / 1024.0;
/// All features may be this many times as far out as expected before a score overflows.
const MARGIN: f64 = 4.0;
const MAX_FEATURE_BITS: u32 = 32;
/// Cheapest result first.
const CANDIDATES: [Limbs; 9] = [
	Limbs { bits: 8, count: 1 },
	Limbs { bits: 8, count: 2 },
	Limbs { bits: 6, count: 2 },
	Limbs { bits: 8, count: 3 },
	Limbs { bits: 6, count: 3 },
	Limbs { bits: 4, count: 4 },
	Limbs { bits: 6, count: 4 },
	Limbs { bits: 4, count: 6 },
	Limbs { bits: 3, count: 8 },
];

/// How weights are cut.
#[derive(Clone, Copy)]
struct Limbs {
	bits: u32,
	count: usize,
}

impl Limbs {
	/// The largest weight whose balanced digits all fit.
	fn largest_weight(self) -> i64 {
		(0..self.count).fold(0, |limit, _| (limit << self.bits) + (1 << (self.bits - 1)) - 1)
	}

	/// Value of the integer 1 of the highest limb.
	fn highest_unit(self) -> f64 {
		f64::from(self.bits * (self.count as u32 - 1)).exp2()
	}
}

/// Chooses limbs and bits for these scores: the fewest limbs that are good enough, otherwise the least
/// error.
///
/// # Errors
/// If a number is not finite, or no choice is exact enough.
pub(crate) fn quantise(
	scores: &[Row],
	expected: &ExpectedRanges,
) -> Result<Quantised, QuantiseError> {
	let values = scores.iter().flat_map(|score| score.weights.iter().chain([&score.bias]));
	let ranges = expected.intervals.iter().flat_map(|range| [&range.centre, &range.half_width]);
	if !values.chain(ranges).all(|value| value.is_finite()) {
		return Err(QuantiseError::NotFinite);
	}
	let model = CentredModel::new(scores, expected);
	let mut best: Option<Quantised> = None;
	let mut failure = None;
	for limbs in CANDIDATES {
		let candidate = match model.quantise(limbs) {
			Ok(candidate) => candidate,
			Err(error) => {
				failure.get_or_insert(error);
				continue;
			},
		};
		let error = candidate.quantisation.max_relative_error;
		if best.as_ref().is_none_or(|best| error < best.quantisation.max_relative_error) {
			best = Some(candidate);
		}
		if error <= GOOD_ENOUGH {
			break;
		}
	}
	match (best, failure) {
		(Some(best), _) if best.quantisation.max_relative_error <= TOO_COARSE => Ok(best),
		(Some(best), _) => Err(QuantiseError::TooCoarse {
			relative: best.quantisation.max_relative_error,
			limit: TOO_COARSE,
		}),
		(None, Some(error)) => Err(error.into()),
		(None, None) => Err(LinearCircuitError::Size.into()),
	}
}

/// A linear model of features in units of their half ranges, from their centres.
struct CentredModel<'a> {
	weights: Vec<Vec<f64>>,
	bias: Vec<f64>,
	expected: &'a ExpectedRanges,
	/// For each feature, whether a score depends on it.
	used: Vec<bool>,
}

impl<'a> CentredModel<'a> {
	fn new(scores: &[Row], expected: &'a ExpectedRanges) -> Self {
		let ranges = &expected.intervals;
		let weights = |score: &Row| {
			score.weights.iter().zip(ranges).map(|(w, range)| w * range.half_width).collect()
		};
		let bias = |score: &Row| {
			let terms = score.weights.iter().zip(ranges).map(|(w, range)| w * range.centre);
			score.bias + terms.sum::<f64>()
		};
		let used = |feature: usize| scores.iter().any(|score| score.weights[feature] != 0.0);
		Self {
			weights: scores.iter().map(weights).collect(),
			bias: scores.iter().map(bias).collect(),
			expected,
			used: (0..ranges.len()).map(used).collect(),
		}
	}

	fn quantise(&self, limbs: Limbs) -> Result<Quantised, LinearCircuitError> {
		let units = self.units(limbs);
		let weights: Vec<i32> = self
			.weights
			.iter()
			.zip(&units)
			.flat_map(|(row, unit)| row.iter().map(move |w| (w / unit).round() as i32))
			.collect();
		let feature_bits = self.feature_bits(limbs, &weights, &units)?;
		let resolution = f64::from(feature_bits).exp2();
		let output_steps: Vec<f64> = units.iter().map(|unit| unit / resolution).collect();
		let bias = self
			.bias
			.iter()
			.zip(&output_steps)
			.map(|(bias, step)| (bias / step).round() as i64)
			.collect();
		let (max_score_error, max_relative_error) = self.errors(&weights, &units, resolution);
		let circuit = LinearCircuit::new(self.used.len(), limbs.bits, limbs.count, weights, bias)?;
		Ok(Quantised {
			circuit: Circuit::Linear(circuit),
			encoding: Encoding::Scaled(self.features(resolution)),
			output_offsets: vec![0.0; output_steps.len()],
			output_steps,
			quantisation: Quantisation {
				ranges: self.expected.from,
				feature_bits,
				weight_bits: limbs.bits * limbs.count as u32,
				max_score_error,
				max_relative_error,
				expected_error: None,
				score_deviations: Vec::new(),
				changed_classes: None,
			},
		})
	}

	/// For each score the weight that the integer 1 stands for.
	fn units(&self, limbs: Limbs) -> Vec<f64> {
		let limit = limbs.largest_weight() as f64;
		let unit = |(row, bias): (&Vec<f64>, &f64)| {
			let largest = row.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
			let largest = if largest > 0.0 { largest } else { bias.abs().max(1.0) };
			largest / limit
		};
		self.weights.iter().zip(&self.bias).map(unit).collect()
	}

	fn features(&self, resolution: f64) -> Vec<ScaledFeature> {
		let features = self.expected.intervals.iter().zip(&self.used);
		features
			.map(|(range, &used)| ScaledFeature {
				offset: range.centre,
				scale: if used { resolution / range.half_width } else { 0.0 },
			})
			.collect()
	}

	/// The largest error of a score, and the largest one relative to the score's range.
	fn errors(&self, weights: &[i32], units: &[f64], resolution: f64) -> (f64, f64) {
		let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
		for (output, row) in self.weights.iter().enumerate() {
			let (unit, step) = (units[output], units[output] / resolution);
			let quantised = &weights[output * row.len()..][..row.len()];
			// |X| <= 2^k and |X - exact| <= 1/2; the weight in integers times `unit` against `w`.
			let error = row.iter().zip(quantised).fold(step / 2.0, |sum, (w, &q)| {
				let q = f64::from(q) * unit;
				sum + q.abs() / (2.0 * resolution) + (w - q).abs()
			});
			let worst_case: f64 = row.iter().map(|w| w.abs()).sum();
			let half_span = self.expected.half_spans.as_ref().map_or(worst_case, |all| all[output]);
			max_score_error = max_score_error.max(error);
			if half_span > 0.0 {
				max_relative_error = max_relative_error.max(error / (2.0 * half_span));
			}
		}
		(max_score_error, max_relative_error)
	}

	/// The most bits of a feature with which no limb overflows while every feature is within
	/// `MARGIN` times its range.
	fn feature_bits(
		&self,
		limbs: Limbs,
		weights: &[i32],
		units: &[f64],
	) -> Result<u32, LinearCircuitError> {
		let no_bias = vec![0; self.bias.len()];
		let probe = LinearCircuit::new(
			self.used.len(),
			limbs.bits,
			limbs.count,
			weights.to_vec(),
			no_bias,
		)?;
		let l1_norm = probe.largest_l1_norm() as f64;
		let largest_bias = self.bias.iter().zip(units).fold(0.0, |largest: f64, (bias, unit)| {
			largest.max(bias.abs() / unit / limbs.highest_unit())
		});
		let per_integer = MARGIN * l1_norm.max(1.0) + largest_bias + 1.0;
		let bits = (probe.capacity() as f64 / per_integer).log2().floor();
		if bits < 1.0 {
			return Err(LinearCircuitError::NoRoom { noise_log2: probe.message_shift() });
		}
		Ok((bits as u32).min(MAX_FEATURE_BITS))
	}
}
