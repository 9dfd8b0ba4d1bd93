//! Integers for a network with several hidden layers.
//!
//! Features become integers of a few bits over the range that calibration rows show. Each bit moves the argument of a
//! unit of the first layer by an integer number of table steps. Weights behind are rounded to few bits: the larger they
//! are, the better they are rounded, but the more of the noise of the values that they multiply gets into the next
//! argument. Which size is best is measured: candidates are simulated with the noise that the engine predicts.

mod inputs;
mod layers;

use super::{error::QuantiseDeepError, quantised::Quantised, reported::Reported};
use crate::{
	card::{Encoding, ExpectedError, Quantisation, Ranges, Task},
	float::{affine::Row, calibration::Calibration, network::FloatDeepNetwork},
};
use fhe_ml_engine::{Circuit, DeepCircuit};
use inputs::Inputs;
use layers::{Largest, Ranges as LayerRanges, quantised_layers};

/// Most rows on which candidates are measured, and ranges found.
const MEASURED_ROWS: usize = 200;
const RANGE_ROWS: usize = 4096;

/// Bits of features that are tried, and sizes of the largest weight of hidden layers and of the outputs.
const FEATURE_BITS: [u32; 3] = [4, 5, 6];
const LARGEST_WEIGHTS: [f64; 4] = [5.0, 8.0, 12.0, 18.0];
const LARGEST_OUTPUT_WEIGHTS: [f64; 3] = [7.0, 10.0, 15.0];

/// A mean error of what is reported below which more bits of features are not worth their time.
const GOOD_ENOUGH: f64 = 0.002;
/// Errors of a score, root mean square and relative to its range, above this are refused.
const TOO_COARSE: f64 = 1.0 / 12.0;

/// Chooses the integers with the least error on calibration rows.
///
/// # Errors
/// If a number is not finite, there are no calibration rows, or no candidate compiles or is exact enough.
pub(crate) fn quantise(
	network: FloatDeepNetwork,
	calibration: Option<&Calibration<f64>>,
	task: &Task,
) -> Result<Quantised, QuantiseDeepError> {
	let rows = network.layers().flat_map(|layer| &layer.rows).chain(network.outputs);
	let is_finite = |row: &Row| row.weights.iter().chain([&row.bias]).all(|x| x.is_finite());
	if !rows.into_iter().all(is_finite) {
		return Err(QuantiseDeepError::NotFinite);
	}
	let calibration = calibration.filter(|rows| rows.tells_ranges());
	let calibration = calibration.ok_or(QuantiseDeepError::NoCalibration)?;
	let sample = Sample::new(network, &calibration.rows, task);
	let (mut best, mut failure): (Option<Candidate>, _) = (None, None);
	for bits in FEATURE_BITS {
		let inputs = Inputs::new(&sample.rows, bits);
		let of_outputs = |hidden| LARGEST_OUTPUT_WEIGHTS.map(|outputs| Largest { hidden, outputs });
		for largest in LARGEST_WEIGHTS.into_iter().flat_map(of_outputs) {
			match Candidate::new(&sample, &inputs, largest) {
				Ok(found) if best.as_ref().is_none_or(|best| found.error() < best.error()) => {
					best = Some(found);
				},
				Ok(_) => {},
				Err(error) => {
					failure.get_or_insert(error);
				},
			}
		}
		if best.as_ref().is_some_and(|best| best.error() <= GOOD_ENOUGH) {
			break;
		}
	}
	match (best, failure) {
		(Some(best), _) if best.quantisation.max_relative_error <= TOO_COARSE => Ok(best.into()),
		(Some(best), _) => Err(QuantiseDeepError::TooCoarse {
			relative: best.quantisation.max_relative_error,
			limit: TOO_COARSE,
		}),
		(None, Some(error)) => Err(error),
		(None, None) => Err(QuantiseDeepError::NoCalibration),
	}
}

/// A network, rows of its features, and what it makes of them.
struct Sample<'a> {
	network: FloatDeepNetwork<'a>,
	rows: Vec<Vec<f64>>,
	ranges: LayerRanges,
	reported: Reported<'a>,
	/// The rows on which candidates are measured, by their numbers, and their outputs without biases.
	measured: Vec<usize>,
	scores: Vec<Vec<f64>>,
}

/// Numbers of at most `most` of `count` rows, evenly.
fn some(count: usize, most: usize) -> impl Iterator<Item = usize> {
	(0..count).step_by(count.div_ceil(most).max(1))
}

impl<'a> Sample<'a> {
	fn new(network: FloatDeepNetwork<'a>, rows: &[Vec<f64>], task: &'a Task) -> Self {
		let rows: Vec<Vec<f64>> =
			some(rows.len(), RANGE_ROWS).filter_map(|at| rows.get(at).cloned()).collect();
		let found: Vec<(Vec<Vec<f64>>, Vec<f64>)> =
			rows.iter().map(|row| network.run(row)).collect();
		let without_bias = |outputs: &Vec<f64>| -> Vec<f64> {
			outputs.iter().zip(network.outputs).map(|(output, row)| output - row.bias).collect()
		};
		let raw: Vec<Vec<f64>> = found.iter().map(|(_, outputs)| without_bias(outputs)).collect();
		let ranges = LayerRanges::of(&network, &found, &raw);
		let measured: Vec<usize> = some(rows.len(), MEASURED_ROWS).collect();
		let scores: Vec<Vec<f64>> =
			measured.iter().filter_map(|&at| raw.get(at).cloned()).collect();
		let reported = Reported::new(task, &scores);
		Self { network, rows, ranges, reported, measured, scores }
	}
}

/// A quantised network.
struct Candidate {
	circuit: DeepCircuit,
	inputs: Inputs,
	output_steps: Vec<f64>,
	quantisation: Quantisation,
}

impl Candidate {
	fn new(sample: &Sample, inputs: &Inputs, largest: Largest) -> Result<Self, QuantiseDeepError> {
		let (layers, output_steps) =
			quantised_layers(&sample.network, &sample.ranges, inputs, largest);
		let circuit = DeepCircuit::compile(layers)?;
		let mut quantisation = measured(sample, inputs, &circuit, &output_steps);
		quantisation.weight_bits = 1 + (largest.hidden.max(largest.outputs) as u32 + 1).ilog2();
		Ok(Self { circuit, inputs: inputs.clone(), output_steps, quantisation })
	}

	/// What is not a number is as bad as can be.
	fn error(&self) -> f64 {
		let error = self.quantisation.expected_error.unwrap_or_default().mean;
		if error.is_finite() { error } else { f64::MAX }
	}
}

/// Errors with the noise of one evaluation of each row.
fn measured(
	sample: &Sample,
	inputs: &Inputs,
	circuit: &DeepCircuit,
	output_steps: &[f64],
) -> Quantisation {
	let outputs = output_steps.len();
	let (mut worst, mut squares) = (0.0f64, vec![0.0; outputs]);
	let mut deviations = vec![0.0; outputs];
	let mut spans = vec![(f64::MAX, f64::MIN); outputs];
	let mut raw = Vec::with_capacity(sample.measured.len());
	for ((&at, wanted), seed) in sample.measured.iter().zip(&sample.scores).zip(0..) {
		let x = inputs.encode(sample.rows.get(at).map_or(&[], Vec::as_slice));
		// A row that would be refused is as wrong as can be.
		let Ok(noisy) = circuit.simulate(&x, seed) else {
			raw.push(vec![f64::NAN; outputs]);
			continue;
		};
		let exact = circuit.evaluate_clear(&x);
		let found: Vec<f64> =
			noisy.iter().zip(output_steps).map(|(&y, step)| y as f64 * step).collect();
		for (output, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
			let error = found - wanted;
			worst = worst.max(error.abs());
			squares[output] += error * error;
			let noise = (noisy[output] - exact[output]) as f64 * output_steps[output];
			deviations[output] += noise * noise;
			spans[output] = (spans[output].0.min(wanted), spans[output].1.max(wanted));
		}
		raw.push(found);
	}
	let count = raw.len().max(1) as f64;
	let relative = squares.iter().zip(&spans).map(|(squares, (low, high))| {
		(squares / count).sqrt() / (high - low).max(f64::MIN_POSITIVE)
	});
	let max_relative_error = relative.fold(0.0, f64::max);
	Quantisation {
		ranges: Ranges::Calibration,
		feature_bits: inputs.bits().into_iter().max().unwrap_or_default(),
		weight_bits: 0,
		max_score_error: worst,
		max_relative_error,
		changed_classes: (outputs > 1).then(|| sample.reported.changed_classes(&raw)),
		expected_error: Some(finite(sample.reported.error(raw.into_iter()))),
		score_deviations: deviations.into_iter().map(|sum| (sum / count).sqrt()).collect(),
	}
}

fn finite(error: ExpectedError) -> ExpectedError {
	let or_all = |x: f64| if x.is_finite() { x } else { 1.0 };
	ExpectedError { mean: or_all(error.mean), largest: or_all(error.largest) }
}

impl From<Candidate> for Quantised {
	fn from(candidate: Candidate) -> Self {
		let Candidate { circuit, inputs, output_steps, quantisation } = candidate;
		let (features, largest) = inputs.into_levels();
		Self {
			circuit: Circuit::Deep(circuit),
			encoding: Encoding::Levels { features, largest },
			output_offsets: vec![0.0; output_steps.len()],
			output_steps,
			quantisation,
		}
	}
}
