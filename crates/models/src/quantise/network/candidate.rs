//! A network in integers of one resolution, and the error that they make.

use super::{
	hidden::{QuantisedUnit, Table},
	inputs::Inputs,
	sample::Sample,
	steps::set_rows,
};
use crate::{
	card::{Quantisation, Ranges},
	float::affine::Row,
};
use fhe_ml_engine::{
	NetworkCircuit, NetworkCircuitError,
	circuits::network::{NetworkLayers, sizes_fit},
};

/// How fine a network is quantised.
#[derive(Clone, Copy)]
pub(super) struct Resolution {
	/// Root mean square error of a score, relative to its range, that rounded features may make.
	pub input_error: f64,
	pub table_len: usize,
	pub activation_bits: u32,
	pub weight_bits: u32,
}

/// A quantised network.
pub(super) struct Candidate {
	pub circuit: NetworkCircuit,
	pub inputs: Inputs,
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
	pub fn new(sample: &Sample, resolution: Resolution) -> Result<Self, NetworkCircuitError> {
		let inputs = Inputs::with_error(sample, resolution.input_error);
		let (hidden, outputs) = (sample.network.hidden.rows.len(), sample.network.outputs.len());
		let bits = inputs.bits.iter().map(|&bits| bits as usize).sum();
		if inputs.is_empty() || !sizes_fit(inputs.bits.len(), bits, hidden, outputs) {
			return Err(NetworkCircuitError::Size);
		}
		let encoded: Vec<Vec<i64>> = sample.rows.iter().map(|row| inputs.encode(row)).collect();
		let table = Table {
			sample,
			inputs: &inputs,
			set_rows: &set_rows(&inputs.bits, &encoded),
			len: resolution.table_len,
			activation_bits: resolution.activation_bits,
		};
		let units = 0..sample.network.hidden.rows.len();
		let units: Vec<QuantisedUnit> = units.map(|at| table.quantise(at)).collect();
		let output = |row| QuantisedOutput::new(row, &units, resolution.weight_bits);
		let outputs: Vec<QuantisedOutput> = sample.network.outputs.iter().map(output).collect();
		let circuit = NetworkCircuit::compile(NetworkLayers {
			feature_bits: inputs.bits.clone(),
			weights: outputs.iter().map(|output| output.weights.clone()).collect(),
			hidden: units.into_iter().map(|unit| unit.unit).collect(),
		})?;
		let (max_score_error, max_relative_error) = errors(sample, &encoded, &circuit, &outputs);
		let quantisation = Quantisation {
			ranges: if sample.is_calibrated { Ranges::Calibration } else { Ranges::Scaler },
			feature_bits: inputs.bits.iter().copied().max().unwrap_or_default(),
			weight_bits: resolution.weight_bits,
			max_score_error,
			max_relative_error,
		};
		Ok(Self {
			circuit,
			inputs,
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
	/// What the integers 0 of the activations add.
	offset: f64,
}

impl QuantisedOutput {
	fn new(row: &Row, units: &[QuantisedUnit], weight_bits: u32) -> Self {
		let scaled: Vec<f64> = row.weights.iter().zip(units).map(|(w, u)| w * u.step).collect();
		let largest = scaled.iter().fold(0.0, |largest: f64, w| largest.max(w.abs()));
		let most = f64::from((1i32 << (weight_bits - 1)) - 1);
		let step = if largest > 0.0 { largest / most } else { 1.0 };
		Self {
			weights: scaled.iter().map(|w| (w / step).round() as i32).collect(),
			step,
			offset: row.weights.iter().zip(units).map(|(w, unit)| w * unit.zero).sum(),
		}
	}
}

/// On the sample: the largest error of a score, and the largest root mean square error of one,
/// relative to its range.
fn errors(
	sample: &Sample,
	encoded: &[Vec<i64>],
	circuit: &NetworkCircuit,
	outputs: &[QuantisedOutput],
) -> (f64, f64) {
	let mut errors = vec![(0.0f64, 0.0f64); outputs.len()];
	let mut spans = vec![(f64::MAX, f64::MIN); outputs.len()];
	for (x, wanted) in encoded.iter().zip(&sample.scores) {
		let found = circuit.evaluate_clear(x);
		for (at, (output, &wanted)) in outputs.iter().zip(wanted).enumerate() {
			let bias = sample.network.outputs[at].bias;
			let found = found[at] as f64 * output.step + output.offset + bias;
			let error = f64::abs(found - wanted);
			errors[at] = (errors[at].0.max(error), errors[at].1 + error * error);
			spans[at] = (spans[at].0.min(wanted), spans[at].1.max(wanted));
		}
	}
	let (mut max_score_error, mut max_relative_error) = (0.0f64, 0.0f64);
	for ((worst, squares), (low, high)) in errors.into_iter().zip(spans) {
		max_score_error = max_score_error.max(worst);
		let root_mean_square = (squares / encoded.len().max(1) as f64).sqrt();
		let relative = root_mean_square / (high - low).max(f64::MIN_POSITIVE);
		max_relative_error = max_relative_error.max(relative);
	}
	(max_score_error, max_relative_error)
}
