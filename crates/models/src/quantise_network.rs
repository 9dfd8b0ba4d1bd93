//! Integers for a network with one hidden layer.
//!
//! Features become integers of a few bits over their range; values beyond it are clipped. Each bit
//! of a feature moves the argument of a hidden unit by an integer number of table steps. Activations
//! and output weights are rounded, too. Rounding is chosen, and its effect measured, on rows: those
//! of the calibration file, or ones drawn over the ranges of the features.

mod ranges;

use crate::{
	card::{Quantisation, Ranges, ScaledFeature},
	import::{Calibration, activation::Activation},
};
use fhe_ml_engine::{
	NetworkCircuit, NetworkCircuitError,
	entities::network::{HiddenUnit, NetworkLayers},
};

use ranges::{FeatureRange, allocate_bits, drawn_rows, feature_ranges};

/// A network in floating point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FloatNetwork {
	/// Weights of the features and bias, for each hidden unit.
	pub hidden: Vec<(Vec<f64>, f64)>,
	pub activation: Activation,
	/// Weights of the hidden units and bias, for each output.
	pub outputs: Vec<(Vec<f64>, f64)>,
}

/// A quantised network.
#[derive(Clone, Debug)]
pub(crate) struct QuantisedNetwork {
	pub circuit: NetworkCircuit,
	pub features: Vec<ScaledFeature>,
	/// Largest integer of each feature.
	pub largest: Vec<i64>,
	pub output_steps: Vec<f64>,
	/// What is added to each output, besides its bias.
	pub output_offsets: Vec<f64>,
	pub quantisation: Quantisation,
}

impl QuantisedNetwork {
	fn is_good(&self) -> bool {
		self.quantisation.max_relative_error <= GOOD_ENOUGH
	}

	fn is_cheap(&self) -> bool {
		let limit = match self.quantisation.ranges {
			Ranges::Calibration => CHEAP_NANOSECONDS,
			_ => CHEAP_IF_DRAWN,
		};
		self.circuit.nanoseconds() <= limit
	}

	/// What is good should be cheap, then exact; what is not good should become good.
	fn is_better_than(&self, other: &Self) -> bool {
		let (error, others) =
			(self.quantisation.max_relative_error, other.quantisation.max_relative_error);
		match (self.is_good(), other.is_good()) {
			(true, true) if self.is_cheap() && other.is_cheap() => error < others,
			(true, true) => self.circuit.nanoseconds() < other.circuit.nanoseconds(),
			_ => error < others,
		}
	}
}

/// Why a network cannot be quantised.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseNetworkError {
	/// A weight, bias or range is not finite.
	#[error("a weight, bias or feature range of the model is not a finite number")]
	NotFinite,
	/// Nothing tells where the features are.
	#[error(
		"a network needs to know the ranges of its features: give --calibration rows, or put a scaler into the model"
	)]
	NoRanges,
	/// The circuit cannot be built.
	#[error(transparent)]
	Circuit(#[from] NetworkCircuitError),
	/// The noise budget does not allow enough bits.
	#[error(
		"the noise budget allows a score error of {relative:.2e} of its range (root mean square), and at most {limit:.2e} is accepted; give --calibration rows, or use fewer features or hidden units"
	)]
	TooCoarse {
		/// Best error found, relative to the score's range.
		relative: f64,
		/// Largest error accepted.
		limit: f64,
	},
}

/// Root mean square errors of a score, relative to its range, below this are not worth more time
/// than this.
const GOOD_ENOUGH: f64 = 0.009;
const CHEAP_NANOSECONDS: u64 = 13_000_000;
/// The same if rows were drawn, which tell less.
const CHEAP_IF_DRAWN: u64 = 16_000_000;
/// Errors above this are refused.
const TOO_COARSE: f64 = 1.0 / 24.0;
/// How far beyond the rows' arguments a table goes, relative to their range, on each side.
const MARGIN: f64 = 0.5;
/// The part of the possible arguments that a table covers if rows were drawn: real features are
/// correlated, and so move an argument further than drawn ones.
const DRAWN_PART: f64 = 0.6;
/// Most rows that are used.
const MAX_ROWS: usize = 2048;

/// How fine a network is quantised.
#[derive(Clone, Copy)]
struct Resolution {
	/// Root mean square error of a score, relative to its range, that rounded features may make.
	input_error: f64,
	table_len: usize,
	activation_bits: u32,
	weight_bits: u32,
}

const fn resolution(
	input_error: f64,
	table_len: usize,
	activation_bits: u32,
	weight_bits: u32,
) -> Resolution {
	Resolution { input_error, table_len, activation_bits, weight_bits }
}

/// By how fine they are; within a group in any order.
const CANDIDATES: [&[Resolution]; 7] = [
	&[resolution(0.02, 1024, 6, 7)],
	&[resolution(0.01, 512, 8, 8), resolution(0.01, 1024, 6, 8)],
	&[resolution(0.006, 512, 8, 8), resolution(0.006, 1024, 6, 8), resolution(0.006, 1024, 8, 8)],
	&[resolution(0.004, 512, 8, 8), resolution(0.004, 1024, 6, 8), resolution(0.004, 1024, 8, 8)],
	&[resolution(0.002, 512, 8, 8), resolution(0.002, 1024, 6, 8), resolution(0.002, 1024, 8, 8)],
	&[resolution(0.001, 1024, 6, 8), resolution(0.001, 1024, 8, 9)],
	&[resolution(0.0003, 1024, 6, 8), resolution(0.0003, 1024, 10, 10)],
];

impl FloatNetwork {
	fn arguments(&self, row: &[f64]) -> Vec<f64> {
		let argument = |(weights, bias): &(Vec<f64>, f64)| {
			bias + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>()
		};
		self.hidden.iter().map(argument).collect()
	}

	fn scores(&self, row: &[f64]) -> Vec<f64> {
		let hidden: Vec<f64> =
			self.arguments(row).into_iter().map(|z| self.activation.at(z)).collect();
		let score = |(weights, bias): &(Vec<f64>, f64)| {
			bias + weights.iter().zip(&hidden).map(|(w, a)| w * a).sum::<f64>()
		};
		self.outputs.iter().map(score).collect()
	}

	/// Tries the candidates from the cheapest, until one is good enough on the rows.
	pub(crate) fn quantise(
		&self,
		scalers: &[Option<(f64, f64)>],
		calibration: Option<&Calibration>,
	) -> Result<QuantisedNetwork, QuantiseNetworkError> {
		let all = self.hidden.iter().chain(&self.outputs);
		if !all.flat_map(|(weights, bias)| weights.iter().chain([bias])).all(|x| x.is_finite()) {
			return Err(QuantiseNetworkError::NotFinite);
		}
		let ranges = feature_ranges(scalers, calibration, &self.used_features())?;
		let rows = match calibration {
			Some(calibration) => {
				let stride = calibration.rows.len().div_ceil(MAX_ROWS).max(1);
				calibration.rows.iter().step_by(stride).cloned().collect()
			},
			None => drawn_rows(&ranges),
		};
		let mut best: Option<QuantisedNetwork> = None;
		let mut failure = None;
		for group in CANDIDATES {
			for &candidate in group {
				match self.with(candidate, &ranges, &rows, calibration.is_some()) {
					Ok(found) if best.as_ref().is_none_or(|best| found.is_better_than(best)) => {
						best = Some(found);
					},
					Ok(_) => {},
					Err(error) => {
						failure.get_or_insert(error);
					},
				}
			}
			if best.as_ref().is_some_and(|best| best.is_good() && !best.is_cheap()) {
				break;
			}
		}
		match (best, failure) {
			(Some(best), _) if best.quantisation.max_relative_error <= TOO_COARSE => Ok(best),
			(Some(best), _) => Err(QuantiseNetworkError::TooCoarse {
				relative: best.quantisation.max_relative_error,
				limit: TOO_COARSE,
			}),
			(None, Some(error)) => Err(error.into()),
			(None, None) => Err(QuantiseNetworkError::NoRanges),
		}
	}

	fn used_features(&self) -> Vec<bool> {
		let features = self.hidden.first().map_or(0, |(weights, _)| weights.len());
		(0..features)
			.map(|feature| self.hidden.iter().any(|(weights, _)| weights[feature] != 0.0))
			.collect()
	}

	/// For each feature the squared slope of the scores, relative to their ranges, averaged over
	/// scores and rows.
	fn sensitivities(&self, rows: &[Vec<f64>]) -> Vec<f64> {
		const STEP: f64 = 1e-4;
		let scores: Vec<Vec<f64>> = rows.iter().map(|row| self.scores(row)).collect();
		// Of each hidden unit: the mean squared slope of its activation, times its squared weights.
		let arguments: Vec<Vec<f64>> = rows.iter().map(|row| self.arguments(row)).collect();
		let slope =
			|z: f64| (self.activation.at(z + STEP) - self.activation.at(z - STEP)) / 2.0 / STEP;
		let mut factors = vec![0.0; self.hidden.len()];
		for (output, (weights, _)) in self.outputs.iter().enumerate() {
			let values = || scores.iter().map(|scores| scores[output]);
			let range = values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min);
			let share = 1.0 / (range.max(1e-9).powi(2) * self.outputs.len() as f64);
			for (factor, weight) in factors.iter_mut().zip(weights) {
				*factor += weight * weight * share;
			}
		}
		for (unit, factor) in factors.iter_mut().enumerate() {
			let squares = arguments.iter().map(|row| slope(row[unit]).powi(2)).sum::<f64>();
			*factor *= squares / rows.len().max(1) as f64;
		}
		let features = self.hidden.first().map_or(0, |(weights, _)| weights.len());
		let sensitivity = |feature: usize| {
			let units = self.hidden.iter().zip(&factors);
			units.map(|((weights, _), factor)| weights[feature].powi(2) * factor).sum()
		};
		(0..features).map(sensitivity).collect()
	}

	fn with(
		&self,
		resolution: Resolution,
		ranges: &[FeatureRange],
		rows: &[Vec<f64>],
		calibrated: bool,
	) -> Result<QuantisedNetwork, NetworkCircuitError> {
		let Resolution { input_error, table_len, activation_bits, weight_bits } = resolution;
		let wanted = allocate_bits(ranges, &self.sensitivities(rows), input_error.powi(2));
		if wanted.iter().all(|&bits| bits == 0) {
			return Err(NetworkCircuitError::Size);
		}
		let (mut feature_bits, mut features, mut largest) = (Vec::new(), Vec::new(), Vec::new());
		for (range, &bits) in ranges.iter().zip(&wanted) {
			let (bits, scale, most) = if bits > 0 { range.levels(bits) } else { (0, 0.0, 0) };
			feature_bits.push(bits);
			features.push(ScaledFeature { offset: range.low, scale });
			largest.push(most);
		}
		let encode = |row: &Vec<f64>| -> Vec<i64> {
			let scaled = features.iter().zip(&largest).zip(row);
			scaled.map(|((feature, &largest), &x)| feature.level(x, largest)).collect()
		};
		let encoded: Vec<Vec<i64>> = rows.iter().map(encode).collect();
		let set_rows = set_rows(&feature_bits, &encoded);

		let arguments: Vec<Vec<f64>> = rows.iter().map(|row| self.arguments(row)).collect();
		let mut hidden = Vec::with_capacity(self.hidden.len());
		// (value of the activation's integer 0, value of 1) of each unit.
		let mut activations = Vec::with_capacity(self.hidden.len());
		for (unit, (weights, bias)) in self.hidden.iter().enumerate() {
			// Where a bit of a feature moves the argument, and where it is with no bit set.
			let mut base = *bias;
			let mut moves = Vec::new();
			for ((feature, &bits), &weight) in features.iter().zip(&feature_bits).zip(weights) {
				base += weight * feature.offset;
				if bits > 0 {
					let step = weight / feature.scale;
					moves.extend((0..bits).map(|bit| step * f64::from(1u32 << bit)));
				}
			}
			let possible = moves.iter().fold((base, base), |(low, high), &step| {
				(low + step.min(0.0), high + step.max(0.0))
			});
			let (lowest, highest) = if calibrated {
				window(possible, arguments.iter().map(|row| row[unit]))
			} else {
				let spare = (possible.1 - possible.0) * (1.0 - DRAWN_PART) / 2.0;
				window(possible, [possible.0 + spare, possible.1 - spare].into_iter())
			};
			let steps_per_unit = (table_len - 1) as f64 / (highest - lowest);
			let base_step = ((base - lowest) * steps_per_unit).round();
			let exact: Vec<f64> = moves.iter().map(|step| step * steps_per_unit).collect();
			let wanted = arguments.iter().map(|row| (row[unit] - base) * steps_per_unit);
			let (steps, shift) = fit_steps(&exact, &set_rows, wanted.collect());
			let at = |index: usize| {
				self.activation.at(base + (index as f64 - base_step - shift) / steps_per_unit)
			};
			let values: Vec<f64> = (0..table_len).map(at).collect();
			// The range that the rows use, so that no integer is wasted.
			let seen = arguments.iter().map(|row| self.activation.at(row[unit]));
			let (low, high) = seen.fold((f64::MAX, f64::MIN), |(l, h), a| (l.min(a), h.max(a)));
			let spare = (high - low) * MARGIN;
			let (least, most) =
				values.iter().fold((f64::MAX, f64::MIN), |(l, h), &a| (l.min(a), h.max(a)));
			let (low, high) = ((low - spare).max(least), (high + spare).min(most));
			let levels = f64::from((1u32 << activation_bits) - 1);
			let step = if high > low { (high - low) / levels } else { 1.0 };
			let integer = |value: &f64| ((value - low) / step).round().clamp(0.0, levels) as u16;
			let table = values.iter().map(integer).collect();
			activations.push((low, if high > low { step } else { 0.0 }));
			hidden.push(HiddenUnit { base: base_step as i32, steps, table });
		}

		let mut weights = Vec::with_capacity(self.outputs.len());
		let (mut output_steps, mut output_offsets) = (Vec::new(), Vec::new());
		for (row, _) in &self.outputs {
			let scaled: Vec<f64> =
				row.iter().zip(&activations).map(|(w, (_, step))| w * step).collect();
			let largest = scaled.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
			let step = if largest > 0.0 {
				largest / f64::from((1i32 << (weight_bits - 1)) - 1)
			} else {
				1.0
			};
			weights.push(scaled.iter().map(|w| (w / step).round() as i32).collect());
			output_steps.push(step);
			output_offsets.push(row.iter().zip(&activations).map(|(w, (low, _))| w * low).sum());
		}
		let circuit = NetworkCircuit::compile(NetworkLayers { feature_bits, hidden, weights })?;

		let mut errors = vec![(0.0f64, 0.0f64); self.outputs.len()];
		let mut spans = vec![(f64::MAX, f64::MIN); self.outputs.len()];
		for (row, x) in rows.iter().zip(&encoded) {
			let outputs = circuit.evaluate_clear(x);
			for (at, wanted) in self.scores(row).into_iter().enumerate() {
				let bias = self.outputs[at].1;
				let found = outputs[at] as f64 * output_steps[at] + output_offsets[at] + bias;
				let error = f64::abs(found - wanted);
				errors[at] = (errors[at].0.max(error), errors[at].1 + error * error);
				spans[at] = (spans[at].0.min(wanted), spans[at].1.max(wanted));
			}
		}
		let (mut max_score_error, mut relative) = (0.0f64, 0.0f64);
		for ((worst, squares), (low, high)) in errors.into_iter().zip(spans) {
			max_score_error = max_score_error.max(worst);
			let root_mean_square = (squares / rows.len().max(1) as f64).sqrt();
			relative = relative.max(root_mean_square / (high - low).max(f64::MIN_POSITIVE));
		}
		let quantisation = Quantisation {
			ranges: if calibrated { Ranges::Calibration } else { Ranges::Scaler },
			feature_bits: circuit.layers().feature_bits.iter().copied().max().unwrap_or_default(),
			weight_bits,
			max_score_error,
			max_relative_error: relative,
		};
		Ok(QuantisedNetwork {
			circuit,
			features,
			largest,
			output_steps,
			output_offsets,
			quantisation,
		})
	}
}

/// For each bit of the input the rows in which it is set.
fn set_rows(feature_bits: &[u32], encoded: &[Vec<i64>]) -> Vec<Vec<u32>> {
	let bits =
		feature_bits.iter().enumerate().flat_map(|(at, &bits)| (0..bits).map(move |b| (at, b)));
	let set = |(feature, bit): (usize, u32)| {
		let rows = (0..).zip(encoded).filter(|(_, row)| row[feature] >> bit & 1 == 1);
		rows.map(|(row, _)| row).collect()
	};
	bits.map(set).collect()
}

/// Rounds the steps of a unit such that their sums come close to what the rows want (errors of
/// rounded features included): coordinate descent on the squared error, each step within one of its
/// exact value. Also returns the mean of what is left, for the table to correct.
fn fit_steps(exact: &[f64], set_rows: &[Vec<u32>], wanted: Vec<f64>) -> (Vec<i32>, f64) {
	const SWEEPS: usize = 4;
	let mut steps: Vec<f64> = exact.iter().map(|step| step.round()).collect();
	let mut errors: Vec<f64> = wanted.into_iter().map(|wanted| -wanted).collect();
	for (step, rows) in steps.iter().zip(set_rows) {
		rows.iter().for_each(|&row| errors[row as usize] += step);
	}
	let count = errors.len().max(1) as f64;
	for _ in 0..SWEEPS {
		let mean = errors.iter().sum::<f64>() / count;
		for ((step, exact), rows) in steps.iter_mut().zip(exact).zip(set_rows) {
			if rows.is_empty() {
				continue;
			}
			let sum: f64 = rows.iter().map(|&row| errors[row as usize] - mean).sum();
			let best = (*step - sum / rows.len() as f64).round();
			let best = best.clamp(exact.floor(), exact.ceil());
			let change = best - *step;
			if change != 0.0 {
				*step = best;
				rows.iter().for_each(|&row| errors[row as usize] += change);
			}
		}
	}
	let shift = errors.iter().sum::<f64>() / count;
	(steps.into_iter().map(|step| step as i32).collect(), shift)
}

/// Where the table of a unit begins and ends: around what the rows need, but not beyond what is
/// possible.
fn window(possible: (f64, f64), arguments: impl Iterator<Item = f64>) -> (f64, f64) {
	let (low, high) =
		arguments.fold((f64::MAX, f64::MIN), |(low, high), z| (low.min(z), high.max(z)));
	let spare = (high - low) * MARGIN;
	let (low, high) = ((low - spare).max(possible.0), (high + spare).min(possible.1));
	// Steps are rounded, so a part of the range stays free.
	let free = ((high - low) / 64.0).max(1e-9);
	if low < high { (low - free, high + free) } else { (possible.0 - 1.0, possible.1 + 1.0) }
}
