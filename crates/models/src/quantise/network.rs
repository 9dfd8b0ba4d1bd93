//! Integers for a network with one hidden layer.
//!
//! Features become integers of a few bits over their range; values beyond it are clipped. Each bit
//! of a feature moves the argument of a hidden unit by an integer number of table steps. Activations
//! and output weights are rounded, too. Rounding is chosen, and its effect measured, on rows: those
//! of the calibration file, or ones drawn over the ranges of the features.

mod candidate;
mod hidden;
mod inputs;
mod ranges;
mod sample;
mod steps;

use super::{error::QuantiseNetworkError, quantised::Quantised};
use crate::{
	card::{Encoding, Ranges},
	float::{
		calibration::{Calibration, Scaler},
		network::FloatNetwork,
	},
};
use candidate::{Candidate, Resolution};
use fhe_ml_engine::{Circuit, NetworkCircuitError, circuits::network::sizes_fit};
use sample::Sample;

/// Root mean square errors of a score, relative to its range, below this are not worth more time
/// than this.
const GOOD_ENOUGH: f64 = 0.009;
const CHEAP_NANOSECONDS: u64 = 13_000_000;
/// The same if rows were drawn, which tell less.
const CHEAP_IF_DRAWN: u64 = 16_000_000;
/// Errors above this are refused.
const TOO_COARSE: f64 = 1.0 / 24.0;

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

/// Tries the candidates from the cheapest, until one is good enough on the rows.
///
/// # Errors
/// If a number is not finite, nothing tells the ranges of the features, or no candidate is exact
/// enough.
pub(crate) fn quantise(
	network: FloatNetwork,
	scalers: &[Option<Scaler>],
	calibration: Option<&Calibration<f64>>,
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
	let sample = Sample::new(network, scalers, calibration)?;
	let mut best: Option<Candidate> = None;
	let mut failure = None;
	for group in CANDIDATES {
		for &resolution in group {
			match Candidate::new(&sample, resolution) {
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
		(Some(best), _) if best.quantisation.max_relative_error <= TOO_COARSE => Ok(best.into()),
		(Some(best), _) => Err(QuantiseNetworkError::TooCoarse {
			relative: best.quantisation.max_relative_error,
			limit: TOO_COARSE,
		}),
		(None, Some(error)) => Err(error.into()),
		(None, None) => Err(QuantiseNetworkError::NoRanges),
	}
}

impl Candidate {
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

impl From<Candidate> for Quantised {
	fn from(candidate: Candidate) -> Self {
		let Candidate { circuit, inputs, output_steps, output_offsets, quantisation } = candidate;
		Self {
			circuit: Circuit::Network(circuit),
			encoding: Encoding::Levels { features: inputs.features, largest: inputs.largest },
			output_steps,
			output_offsets,
			quantisation,
		}
	}
}
