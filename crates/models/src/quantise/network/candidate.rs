//! A network in integers of one resolution, and the error that they make.

use super::{
	hidden::{EncodedRows, QuantisedUnit, Table},
	ranges::Levels,
	sample::Sample,
	steps::{Fit, Summand},
};
use crate::{
	card::{Quantisation, Ranges},
	float::affine::Row,
};
use fhe_ml_engine::{NetworkCircuit, NetworkCircuitError, circuits::network::NetworkLayers};

/// How fine a network is quantised, beside its features.
#[derive(Clone, Copy)]
pub(super) struct Resolution {
	pub table_len: usize,
	pub activation_bits: u32,
	pub weight_bits: u32,
}

/// A quantised network.
pub(super) struct Candidate {
	pub circuit: NetworkCircuit,
	pub levels: Vec<Levels>,
	pub output_steps: Vec<f64>,
	/// What is added to each output, besides its bias.
	pub output_offsets: Vec<f64>,
	pub quantisation: Quantisation,
}

impl Candidate {
	/// Rounds the network and measures the error on the sample.
	///
	/// # Errors
	/// If there is no circuit for these integers.
	pub fn new(
		sample: &Sample,
		rows: &EncodedRows,
		resolution: Resolution,
	) -> Result<Self, NetworkCircuitError> {
		let table = Table {
			sample,
			inputs: rows,
			len: resolution.table_len,
			activation_bits: resolution.activation_bits,
		};
		let units = 0..sample.network.hidden.rows.len();
		let units: Vec<QuantisedUnit> = units.map(|at| table.quantise(at)).collect();
		let outputs = quantised_outputs(sample, rows, &units, resolution);
		let feature_bits = rows.inputs.bits();
		let circuit = NetworkCircuit::compile(NetworkLayers {
			feature_bits,
			weights: outputs.iter().map(|output| output.weights.clone()).collect(),
			hidden: units.into_iter().map(|unit| unit.unit).collect(),
		})?;
		let quantisation = quantisation(sample, rows, &circuit, &outputs, resolution);
		Ok(Self {
			circuit,
			levels: rows.inputs.levels.clone(),
			output_steps: outputs.iter().map(|output| output.step).collect(),
			output_offsets: outputs.iter().map(|output| output.offset).collect(),
			quantisation,
		})
	}
}

/// A row of the output layer in integers.
struct QuantisedOutput {
	weights: Vec<i32>,
	/// Value of the integer 1.
	step: f64,
	/// What is added besides the bias.
	offset: f64,
}

/// Rounds the output layer such that it comes close to what the rows want, with the activations that
/// the units give.
fn quantised_outputs(
	sample: &Sample,
	rows: &EncodedRows,
	units: &[QuantisedUnit],
	resolution: Resolution,
) -> Vec<QuantisedOutput> {
	let layers =
		NetworkLayers { feature_bits: rows.inputs.bits(), hidden: Vec::new(), weights: Vec::new() };
	let activations = |x: &Vec<i64>| -> Vec<f64> {
		let bits = layers.input_bits(x);
		let value = |unit: &QuantisedUnit| {
			let last = unit.unit.table.len() as i64 - 1;
			let argument = unit.unit.argument(&bits).clamp(0, last) as usize;
			f64::from(unit.unit.table.get(argument).copied().unwrap_or_default())
		};
		units.iter().map(value).collect()
	};
	let activations: Vec<Vec<f64>> = rows.encoded.iter().map(activations).collect();
	let of_unit = |at: usize| Summand::Values(activations.iter().map(|row| row[at]).collect());
	let summands: Vec<Summand> = (0..units.len()).map(of_unit).collect();
	let scores: Vec<Vec<f64>> = rows
		.clipped
		.iter()
		.map(|row| sample.network.scores(&sample.network.arguments(row)))
		.collect();
	let output = |(at, row): (usize, &Row)| {
		let scaled: Vec<f64> = row.weights.iter().zip(units).map(|(w, u)| w * u.step).collect();
		let largest = scaled.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
		let most = f64::from((1i32 << (resolution.weight_bits - 1)) - 1);
		let step = if largest > 0.0 { largest / most } else { 1.0 };
		let exact: Vec<f64> = scaled.iter().map(|w| w / step).collect();
		let wanted: Vec<f64> = scores.iter().map(|scores| (scores[at] - row.bias) / step).collect();
		let weights = &sample.output_weights[at];
		let fit = Fit { summands: &summands, wanted: &wanted, weights };
		let (weights, shift) = fit.integers(&fit.real(&exact).0);
		QuantisedOutput { weights, step, offset: -shift * step }
	};
	sample.network.outputs.iter().enumerate().map(output).collect()
}

/// Measures the errors on the sample.
fn quantisation(
	sample: &Sample,
	rows: &EncodedRows,
	circuit: &NetworkCircuit,
	outputs: &[QuantisedOutput],
	resolution: Resolution,
) -> Quantisation {
	let mut errors = vec![(0.0f64, 0.0f64); outputs.len()];
	let mut spans = vec![(f64::MAX, f64::MIN); outputs.len()];
	let mut raw = Vec::with_capacity(rows.encoded.len());
	for (x, wanted) in rows.encoded.iter().zip(&sample.scores) {
		let integers = circuit.evaluate_clear(x);
		let found = integers.iter().zip(outputs);
		let found: Vec<f64> =
			found.map(|(&integer, output)| integer as f64 * output.step + output.offset).collect();
		for (at, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
			let error = f64::abs(found + sample.network.outputs[at].bias - wanted);
			errors[at] = (errors[at].0.max(error), errors[at].1 + error * error);
			spans[at] = (spans[at].0.min(wanted), spans[at].1.max(wanted));
		}
		raw.push(found);
	}
	let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
	for ((worst, squares), (low, high)) in errors.into_iter().zip(spans) {
		max_score_error = max_score_error.max(worst);
		let root_mean_square = (squares / rows.encoded.len().max(1) as f64).sqrt();
		let relative = root_mean_square / (high - low).max(f64::MIN_POSITIVE);
		max_relative_error = max_relative_error.max(relative);
	}
	Quantisation {
		ranges: if sample.is_calibrated { Ranges::Calibration } else { Ranges::Scaler },
		feature_bits: rows.inputs.bits().into_iter().max().unwrap_or_default(),
		weight_bits: resolution.weight_bits,
		max_score_error,
		max_relative_error,
		expected_error: Some(sample.reported.error(raw.into_iter())),
		score_deviations: Vec::new(),
		changed_classes: None,
	}
}
