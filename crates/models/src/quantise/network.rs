//! Integers for a network with one hidden layer.
//!
//! Features become integers of a few bits over their range; values beyond it are clipped. Each bit
//! of a feature moves the argument of a hidden unit by an integer number of table steps, but for the
//! lowest ones that matter too little to it. Activations and output weights are rounded, too. Rounding
//! is chosen, and its effect on what the model reports measured, on rows: those of the calibration file,
//! or ones drawn over the ranges of the features.

mod candidate;
mod hidden;
mod inputs;
mod ranges;
mod sample;
mod steps;
mod weight;

use super::{error::QuantiseNetworkError, quantised::Quantised};
use crate::{
	card::{Encoding, ExpectedError, Quantisation, Ranges, Task},
	float::{
		calibration::{Calibration, Scaler},
		network::FloatNetwork,
	},
};
use candidate::{Candidate, Resolution};
use fhe_ml_engine::{Circuit, NetworkCircuitError, circuits::network::sizes_fit};
use hidden::EncodedRows;
use inputs::{InputOptions, Inputs};
use sample::Sample;

/// Smaller errors of what the model reports are not worth more time than this. Other rows have larger
/// ones than those that rounding was chosen for.
const GOOD_ENOUGH: ExpectedError = ExpectedError { mean: 0.004, largest: 0.02 };
const CHEAP_NANOSECONDS: u64 = 13_000_000;
/// The same if rows were drawn, which tell less.
const CHEAP_IF_DRAWN: u64 = 16_000_000;
/// How much less of an error that is not good is worth: half of it 2^this times the time.
const ERROR_POWER: f64 = 1.0;
/// Errors of a score (root mean square, relative to its range) and of what is reported (the largest),
/// of which both are above these, are refused.
const TOO_COARSE: f64 = 1.0 / 24.0;
const TOO_COARSE_REPORTED: f64 = 0.1;

const fn resolution(table_len: usize, activation_bits: u32, weight_bits: u32) -> Resolution {
	Resolution { table_len, activation_bits, weight_bits }
}

/// Root mean square errors of what is reported that rounded features may make, the largest first.
const INPUT_ERRORS: [f64; 10] =
	[0.04, 0.028, 0.02, 0.014, 0.01, 0.007, 0.005, 0.0035, 0.0025, 0.0012];
const TABLES: [Resolution; 4] = [
	resolution(512, 8, 8),
	resolution(1024, 6, 8),
	resolution(1024, 8, 8),
	resolution(1024, 10, 10),
];

/// Tries features of few bits first, until more of them cost more than they are worth. Features whose
/// ranges leave rows out, as outliers demand, are tried if no others are good.
///
/// # Errors
/// If a number is not finite, nothing tells the ranges of the features, or no candidate is exact
/// enough.
pub(crate) fn quantise(
	network: FloatNetwork,
	scalers: &[Option<Scaler>],
	calibration: Option<&Calibration<f64>>,
	task: &Task,
) -> Result<Quantised, QuantiseNetworkError> {
	let mut rows = network.hidden.rows.iter().chain(network.outputs);
	if !rows.all(|row| row.weights.iter().chain([&row.bias]).all(|x| x.is_finite())) {
		return Err(QuantiseNetworkError::NotFinite);
	}
	let (hidden, outputs) = (network.hidden.rows.len(), network.outputs.len());
	// Before anything is computed for thousands of units.
	if !sizes_fit(network.used_features().len(), 1, hidden, outputs) {
		return Err(NetworkCircuitError::Size.into());
	}
	let sample = Sample::new(network, scalers, calibration, task)?;
	let mut search = Search { sample: &sample, best: None, failure: None };
	search.add(&InputOptions::new(&sample, false));
	let is_good = search.best.as_ref().is_some_and(|best| best.error() <= 1.0);
	if sample.is_calibrated && !is_good {
		search.add(&InputOptions::new(&sample, true));
	}
	match (search.best, search.failure) {
		(Some(best), _) if best.is_exact_enough() => Ok(best.into()),
		(Some(best), _) => Err(QuantiseNetworkError::TooCoarse {
			relative: best.quantisation.max_relative_error,
			limit: TOO_COARSE,
		}),
		(None, Some(error)) => Err(error.into()),
		(None, None) => Err(QuantiseNetworkError::NoRanges),
	}
}

/// The best candidate of those that were tried.
struct Search<'a> {
	sample: &'a Sample<'a>,
	best: Option<Candidate>,
	/// Why the first one that is none is none.
	failure: Option<NetworkCircuitError>,
}

impl Search<'_> {
	/// Tries features in these integers.
	fn add(&mut self, options: &InputOptions) {
		for input_error in INPUT_ERRORS {
			let inputs = Inputs::with_error(options, input_error);
			let sizes = (self.sample.network.hidden.rows.len(), self.sample.network.outputs.len());
			if !inputs.fit(sizes) {
				self.failure.get_or_insert(NetworkCircuitError::Size);
				continue;
			}
			let rows = EncodedRows::new(self.sample, inputs);
			let mut least = None;
			for table in TABLES {
				match Candidate::new(self.sample, &rows, table) {
					Ok(found) => {
						let time = found.circuit.nanoseconds() as f64;
						least = Some(least.map_or(time, |least: f64| least.min(time)));
						if self.best.as_ref().is_none_or(|best| found.is_better_than(best)) {
							self.best = Some(found);
						}
					},
					Err(error) => {
						self.failure.get_or_insert(error);
					},
				}
			}
			// What is finer takes longer.
			let is_beyond = |best: &Candidate| least.is_some_and(|least| least > best.cost());
			if self.best.as_ref().is_some_and(is_beyond) {
				break;
			}
		}
	}
}

impl Candidate {
	/// The error, relative to what is good enough.
	fn error(&self) -> f64 {
		let ExpectedError { mean, largest } = self.quantisation.expected_error.unwrap_or_default();
		(mean / GOOD_ENOUGH.mean).max(largest / GOOD_ENOUGH.largest)
	}

	/// What is not a number is not.
	fn is_exact_enough(&self) -> bool {
		let Quantisation { max_relative_error, expected_error, .. } = &self.quantisation;
		let largest = expected_error.unwrap_or_default().largest;
		*max_relative_error <= TOO_COARSE || largest <= TOO_COARSE_REPORTED
	}

	/// The time, where there is more than enough, times a power of the error, where it is not good.
	fn cost(&self) -> f64 {
		let cheap = match self.quantisation.ranges {
			Ranges::Calibration => CHEAP_NANOSECONDS,
			_ => CHEAP_IF_DRAWN,
		};
		self.circuit.nanoseconds().max(cheap) as f64 * self.error().max(1.0).powf(ERROR_POWER)
	}

	/// Whether it costs less, or is more exact where both cost as much.
	fn is_better_than(&self, other: &Self) -> bool {
		(self.cost(), self.error()) < (other.cost(), other.error())
	}
}

impl From<Candidate> for Quantised {
	fn from(candidate: Candidate) -> Self {
		let Candidate { circuit, levels, output_steps, output_offsets, quantisation } = candidate;
		Self {
			circuit: Circuit::Network(circuit),
			encoding: Encoding::Levels {
				features: levels.iter().map(|levels| levels.feature).collect(),
				largest: levels.iter().map(|levels| levels.largest).collect(),
			},
			output_steps,
			output_offsets,
			quantisation,
		}
	}
}
