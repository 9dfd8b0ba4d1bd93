//! Integers for a linear model.
//!
//! A feature x becomes X = round((x - offset) 2^k / r), where \[offset - r, offset + r\] is its
//! expected range, and a weight w becomes W = round(w r / (2^k step)), with `step` so that the
//! largest weight of an output uses all its bits. Then sum W X step = sum w (x - offset) up to the
//! rounding of X, of W and of the bias, and the bound of that error is computed here, exactly, not
//! estimated. Nothing breaks for features outside of their range: what must fit is the sum, and the
//! client checks that before it encrypts.

use crate::card::{Quantisation, Ranges, ScaledFeature};
use fhe_ml_engine::{LinearCircuit, LinearCircuitError};

/// A linear model in floating point, and where its features are expected.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatModel {
	/// One row of weights per output.
	pub weights: Vec<Vec<f64>>,
	/// One bias per output.
	pub bias: Vec<f64>,
	/// Expected centre and half width of each feature.
	pub ranges: Vec<(f64, f64)>,
	/// How the ranges were found.
	pub ranges_from: Ranges,
	/// Half width of each output's range, if there are rows that tell.
	pub spans: Option<Vec<f64>>,
}

/// A quantised linear model.
#[derive(Clone, Debug)]
pub struct Quantised {
	/// The circuit.
	pub circuit: LinearCircuit,
	/// How features become integers.
	pub features: Vec<ScaledFeature>,
	/// Value of the integer 1 of each output.
	pub output_steps: Vec<f64>,
	/// The error.
	pub quantisation: Quantisation,
}

/// Why a model cannot be quantised.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseError {
	/// A weight or bias is not finite.
	#[error("a weight, bias or feature range of the model is not a finite number")]
	NotFinite,
	/// The circuit cannot be built.
	#[error(transparent)]
	Circuit(#[from] LinearCircuitError),
	/// The noise budget does not allow enough bits.
	#[error(
		"the noise budget allows a score error of {relative:.2e} of its range, and at most {limit:.2e} is accepted; give --calibration rows, or use fewer features"
	)]
	TooCoarse {
		/// Best error found, relative to the score's range.
		relative: f64,
		/// Largest error accepted.
		limit: f64,
	},
}

/// Errors below this are not worth another limb.
const GOOD_ENOUGH: f64 = 1.0 / 16384.0;
/// Errors above this are refused.
const TOO_COARSE: f64 = 1.0 / 1024.0;
/// All features may be this many times as far out as expected before a score overflows.
const MARGIN: f64 = 4.0;
const MAX_FEATURE_BITS: u32 = 32;
/// Bits of a limb and number of limbs, cheapest result first.
const CANDIDATES: [(u32, usize); 9] =
	[(8, 1), (8, 2), (6, 2), (8, 3), (6, 3), (4, 4), (6, 4), (4, 6), (3, 8)];

impl FloatModel {
	/// Chooses limbs and bits: the fewest limbs that are good enough, otherwise the least error.
	pub fn quantise(&self) -> Result<Quantised, QuantiseError> {
		let values = self.weights.iter().flatten().chain(&self.bias);
		let ranges = self.ranges.iter().flat_map(|(offset, half_width)| [offset, half_width]);
		if !values.chain(ranges).all(|value| value.is_finite()) {
			return Err(QuantiseError::NotFinite);
		}
		let mut best: Option<Quantised> = None;
		let mut failure = None;
		for (limb_bits, limbs) in CANDIDATES {
			let candidate = match self.with_limbs(limb_bits, limbs) {
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
			(None, Some(error)) => Err(error),
			(None, None) => Err(LinearCircuitError::Size.into()),
		}
	}

	fn with_limbs(&self, limb_bits: u32, limbs: usize) -> Result<Quantised, QuantiseError> {
		// The largest weight whose balanced digits all fit.
		let limit = (0..limbs)
			.fold(0i64, |limit, _| (limit << limb_bits) + (1i64 << (limb_bits - 1)) - 1)
			as f64;

		// Weights in units of half ranges: independent of the bits of the features.
		let scaled: Vec<Vec<f64>> = self
			.weights
			.iter()
			.map(|row| row.iter().zip(&self.ranges).map(|(w, (_, r))| w * r).collect())
			.collect();
		let shifted_bias: Vec<f64> = self
			.weights
			.iter()
			.zip(&self.bias)
			.map(|(row, bias)| {
				bias + row.iter().zip(&self.ranges).map(|(w, (offset, _))| w * offset).sum::<f64>()
			})
			.collect();
		let units: Vec<f64> = scaled
			.iter()
			.zip(&shifted_bias)
			.map(|(row, bias)| {
				let largest = row.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
				let largest = if largest > 0.0 { largest } else { bias.abs().max(1.0) };
				largest / limit
			})
			.collect();
		let weights: Vec<i32> = scaled
			.iter()
			.zip(&units)
			.flat_map(|(row, unit)| row.iter().map(move |w| (w / unit).round() as i32))
			.collect();

		let feature_bits = self.feature_bits(limb_bits, limbs, &weights, &shifted_bias, &units)?;
		let resolution = f64::from(feature_bits).exp2();
		let output_steps: Vec<f64> = units.iter().map(|unit| unit / resolution).collect();
		let bias = shifted_bias
			.iter()
			.zip(&output_steps)
			.map(|(bias, step)| (bias / step).round() as i64)
			.collect();
		let circuit =
			LinearCircuit::new(self.ranges.len(), limb_bits, limbs, weights.clone(), bias)?;

		let used = |feature: usize| self.weights.iter().any(|row| row[feature] != 0.0);
		let features: Vec<ScaledFeature> = self
			.ranges
			.iter()
			.enumerate()
			.map(|(at, &(offset, half_width))| ScaledFeature {
				offset,
				scale: if used(at) { resolution / half_width } else { 0.0 },
			})
			.collect();

		let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
		for (output, row) in scaled.iter().enumerate() {
			let quantised = &weights[output * row.len()..][..row.len()];
			// |X| <= 2^k and |X - exact| <= 1/2; the weight in integers times `unit` against `w`.
			let error =
				row.iter().zip(quantised).fold(output_steps[output] / 2.0, |sum, (w, &q)| {
					let q = f64::from(q) * units[output];
					sum + q.abs() / (2.0 * resolution) + (w - q).abs()
				});
			let worst_case: f64 = row.iter().map(|w| w.abs()).sum();
			let span = self.spans.as_ref().map_or(worst_case, |spans| spans[output]);
			max_score_error = max_score_error.max(error);
			if span > 0.0 {
				// `span` is half of the range.
				max_relative_error = max_relative_error.max(error / (2.0 * span));
			}
		}
		let quantisation = Quantisation {
			ranges: self.ranges_from,
			feature_bits,
			weight_bits: limb_bits * limbs as u32,
			max_score_error,
			max_relative_error,
		};
		Ok(Quantised { circuit, features, output_steps, quantisation })
	}

	/// The most bits of a feature with which no limb overflows while every feature is within
	/// `MARGIN` times its range.
	fn feature_bits(
		&self,
		limb_bits: u32,
		limbs: usize,
		weights: &[i32],
		shifted_bias: &[f64],
		units: &[f64],
	) -> Result<u32, QuantiseError> {
		let outputs = self.bias.len();
		let probe = LinearCircuit::new(
			self.ranges.len(),
			limb_bits,
			limbs,
			weights.to_vec(),
			vec![0; outputs],
		)?;
		let l1_norm = probe.largest_l1_norm() as f64;
		let top_limb = f64::from(limb_bits * (limbs as u32 - 1)).exp2();
		let largest_bias = shifted_bias
			.iter()
			.zip(units)
			.fold(0.0, |largest: f64, (bias, unit)| largest.max(bias.abs() / unit / top_limb));
		let per_integer = MARGIN * l1_norm.max(1.0) + largest_bias + 1.0;
		let bits = (probe.capacity() as f64 / per_integer).log2().floor();
		if bits < 1.0 {
			let noise_log2 = probe.message_shift();
			return Err(LinearCircuitError::NoRoom { noise_log2 }.into());
		}
		Ok((bits as u32).min(MAX_FEATURE_BITS))
	}
}
