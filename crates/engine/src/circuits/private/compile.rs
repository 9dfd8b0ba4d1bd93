//! The choice of gadget, limbs and unit, with room for what hides the model.
//!
//! Whatever users are told is a power of two or a class, so that it tells little of the model: the deviation of
//! the noise, the ranges of the results, the work of an evaluation.

use super::{
	MAX_COEFFICIENTS, PrivateCircuit, PrivateCircuitError, PrivateLinear, Shape, windows::Windows,
};
use crate::{
	circuits::{
		forest::{self, ForestCircuit, Tree},
		levelled::{
			ResultEncoding, SanitisedBounds,
			cost::{check_memory, memory_bytes, memory_of},
		},
		network::{NetworkCircuit, NetworkLayers},
	},
	math::selector::SELECTOR_GADGETS,
	noise::Variance,
};

/// How much of the noise budget goes into hiding the evaluation's noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
	/// log2 of kappa: flooding is uniform up to at least kappa standard deviations of the evaluation's noise.
	pub kappa_log2: u32,
}

impl Default for Padding {
	/// kappa = 64.
	fn default() -> Self {
		Self { kappa_log2: 6 }
	}
}

/// What a private model computes, in integers.
#[derive(Clone, Debug, PartialEq)]
pub enum PrivateSource {
	/// Trees over the comparisons of a grid.
	Forest {
		/// Comparisons of the grid.
		comparisons: usize,
		/// Number of outputs.
		outputs: usize,
		/// The trees.
		trees: Vec<Tree>,
	},
	/// Inner products with integers of at most 2^`feature_bits`.
	Linear {
		/// The weights.
		linear: PrivateLinear,
		/// log2 of the largest absolute value of a feature.
		feature_bits: u32,
	},
	/// A network with one hidden layer.
	Network(NetworkLayers),
}

/// What an evaluator computes with.
#[derive(Clone, Debug)]
pub(super) enum Core {
	Forest(ForestCircuit),
	Linear(PrivateLinear),
	Network(NetworkCircuit),
}

/// Microseconds that sanitising takes.
const SANITISING: u64 = 150;

impl PrivateCircuit {
	/// Chooses a circuit for `source`: the least time, unless a tenth more makes a forest's inputs shorter; then the
	/// smallest result.
	///
	/// # Errors
	/// If the model is malformed or too large, if noise and flooding leave no room for its results, or if a
	/// hidden unit leaves its table for some row.
	pub fn choose(source: &PrivateSource, padding: Padding) -> Result<Self, PrivateCircuitError> {
		match source {
			PrivateSource::Forest { comparisons, outputs, trees } => {
				choose_forest(*comparisons, *outputs, trees, padding)
			},
			PrivateSource::Linear { linear, feature_bits } => {
				choose_linear(linear, *feature_bits, padding)
			},
			PrivateSource::Network(layers) => choose_network(layers, padding),
		}
	}

	/// Compiles `source` to this circuit.
	pub(super) fn compile(&self, source: PrivateSource) -> Result<Core, PrivateCircuitError> {
		let another = PrivateCircuitError::AnotherShape;
		let (core, noise, largest, work, memory) = match (source, &self.shape) {
			(
				PrivateSource::Forest { comparisons, outputs, trees },
				Shape::Forest { comparisons: wanted, choice, early },
			) => {
				if comparisons != *wanted || outputs != self.outputs {
					return Err(another("it has another grid, or other outputs"));
				}
				let circuit = ForestCircuit::on_grid(comparisons, outputs, trees, *choice, *early)?;
				let circuit = circuit.encoded(self.encoding.clone());
				check_memory(&circuit)?;
				let noise = circuit.evaluation_noise(self.encoding.unit_log2);
				let (work, memory) = (circuit.nanoseconds() / 1000, memory_of(&circuit));
				let largest = circuit.largest_sums();
				(Core::Forest(circuit), noise, largest, work, memory)
			},
			(
				PrivateSource::Linear { linear, feature_bits },
				Shape::Linear { features, feature_bits: wanted, limb_bits, limbs },
			) => {
				let is_alike = linear.features() == *features && feature_bits == *wanted;
				if !is_alike || linear.outputs() != self.outputs {
					return Err(another("it has other features or outputs"));
				}
				let noise = linear_noise(&linear, *limb_bits, *limbs);
				let largest = linear_sums(&linear, feature_bits, *limb_bits, *limbs);
				let (work, memory) = (linear.microseconds(*limbs), linear_memory(&linear, *limbs));
				(Core::Linear(linear), noise, largest, work, memory)
			},
			(PrivateSource::Network(layers), Shape::Network { feature_bits, choice }) => {
				if layers.feature_bits != *feature_bits || layers.weights.len() != self.outputs {
					return Err(another("it has other features or outputs"));
				}
				let circuit = NetworkCircuit::unencoded(layers, *choice)?;
				if !circuit.takes_every_row() {
					return Err(PrivateCircuitError::HiddenOutOfRange);
				}
				let circuit = circuit.encoded(self.encoding.clone());
				check_memory(&circuit)?;
				let (work, memory) = (circuit.nanoseconds() / 1000, memory_of(&circuit));
				let (noise, largest) = (circuit.evaluation_noise(), circuit.largest_sums());
				(Core::Network(circuit), noise, largest, work, memory)
			},
			_ => return Err(another("it is another kind of model")),
		};
		if deviation_log2(noise + Variance::packing()) > self.bounds.noise_log2 {
			return Err(another("its noise is larger"));
		}
		if log2_above(largest.0) > self.bounds.range_log2
			|| log2_above(largest.1) > self.output_range_log2
		{
			return Err(another("its results are larger"));
		}
		if work + SANITISING > self.work || memory > self.memory_bytes {
			return Err(another("it takes more work or memory"));
		}
		Ok(core)
	}
}

fn choose_forest(
	comparisons: usize,
	outputs: usize,
	trees: &[Tree],
	padding: Padding,
) -> Result<PrivateCircuit, PrivateCircuitError> {
	let value_bits = ForestCircuit::value_bits(trees).next_multiple_of(4);
	let mut best: Option<(u64, PrivateCircuit)> = None;
	for gadget in 0..SELECTOR_GADGETS.len() as u8 {
		let choice = forest::Choice { gadget, limb_bits: 1, limbs: 1 };
		let on_grid =
			|choice| ForestCircuit::on_grid(comparisons, outputs, trees.to_vec(), choice, true);
		let mut circuit = on_grid(choice)?;
		for limb_bits in (1..=8).rev() {
			let limbs = value_bits.div_ceil(limb_bits) as usize;
			let choice = forest::Choice { gadget, limb_bits, limbs };
			let shape = Shape::Forest { comparisons, choice, early: true };
			if shape.coefficients(outputs) > MAX_COEFFICIENTS {
				break;
			}
			circuit = circuit.cut(limb_bits, limbs);
			let sums = circuit.largest_sums();
			let noise = |unit| circuit.evaluation_noise(unit);
			if let Some((encoding, bounds)) = encode(&shape, outputs, padding, sums.0, noise) {
				// What is expanded depends on the limbs, too.
				let circuit = on_grid(choice)?.encoded(encoding.clone());
				let (time, memory) = (circuit.nanoseconds(), memory_of(&circuit));
				let found = padded(shape, outputs, encoding, bounds, sums.1, time / 1000, memory);
				// Coarser gadgets come first. A finer one makes inputs longer, for which everybody has to pay.
				if best.as_ref().is_none_or(|(least, _)| time < least / 10 * 9) {
					best = Some((time, found));
				}
				break;
			}
		}
	}
	best.map(|(_, found)| found).ok_or(PrivateCircuitError::NoRoom)
}

fn choose_linear(
	linear: &PrivateLinear,
	feature_bits: u32,
	padding: Padding,
) -> Result<PrivateCircuit, PrivateCircuitError> {
	let (features, outputs) = (linear.features(), linear.outputs());
	let weight_bits = linear.weight_bits().next_multiple_of(4);
	for limb_bits in (2..=8u32).rev() {
		let limbs = weight_bits.div_ceil(limb_bits) as usize;
		let shape = Shape::Linear { features, feature_bits, limb_bits, limbs };
		if shape.coefficients(outputs) > MAX_COEFFICIENTS {
			break;
		}
		// What any weights of this many bits give, so that it tells nothing of these.
		let largest_digit = 1i64 << (limb_bits - 1);
		let any = (features as i64 * largest_digit) << feature_bits;
		let sums = linear_sums(linear, feature_bits, limb_bits, limbs);
		let squares = features as f64 * (largest_digit * largest_digit) as f64;
		let packing = Windows::new(features, shape.coefficients(outputs)).noise();
		let noise = |_| Variance::FRESH.times(squares) + packing;
		let range = any.max(sums.0);
		if let Some((encoding, bounds)) = encode(&shape, outputs, padding, range, noise) {
			let work = linear.microseconds(limbs);
			let memory = linear_memory(linear, limbs);
			return Ok(padded(shape, outputs, encoding, bounds, sums.1, work, memory));
		}
	}
	Err(PrivateCircuitError::NoRoom)
}

fn choose_network(
	layers: &NetworkLayers,
	padding: Padding,
) -> Result<PrivateCircuit, PrivateCircuitError> {
	let outputs = layers.weights.len();
	let mut best: Option<(u64, PrivateCircuit)> = None;
	let mut fitted = None;
	for choice in NetworkCircuit::choices(layers)? {
		if fitted == Some(choice.gadget) {
			continue;
		}
		let Ok(circuit) = NetworkCircuit::unencoded(layers.clone(), choice) else { continue };
		if !circuit.takes_every_row() {
			return Err(PrivateCircuitError::HiddenOutOfRange);
		}
		let shape = Shape::Network { feature_bits: layers.feature_bits.clone(), choice };
		let sums = circuit.largest_sums();
		let noise = |_| circuit.evaluation_noise();
		if let Some((encoding, bounds)) = encode(&shape, outputs, padding, sums.0, noise) {
			let (time, memory) = (circuit.nanoseconds(), memory_of(&circuit));
			let found = padded(shape, outputs, encoding, bounds, sums.1, time / 1000, memory);
			if best.as_ref().is_none_or(|(least, _)| time < *least) {
				best = Some((time, found));
			}
			fitted = Some(choice.gadget);
		}
	}
	best.map(|(_, found)| found).ok_or(PrivateCircuitError::NoRoom)
}

/// The encoding for integers up to `range` with this noise of an evaluation, and that of packing rows, flooded.
fn encode(
	shape: &Shape,
	outputs: usize,
	padding: Padding,
	range: i64,
	noise_with: impl Fn(u32) -> Variance,
) -> Option<(ResultEncoding, SanitisedBounds)> {
	let range_log2 = log2_above(range);
	let noise = |unit_log2| deviation_log2(noise_with(unit_log2) + Variance::packing());
	let coefficients = shape.coefficients(outputs);
	ResultEncoding::choose_sanitised(noise, range_log2, padding.kappa_log2, coefficients)
}

fn padded(
	shape: Shape,
	outputs: usize,
	encoding: ResultEncoding,
	bounds: SanitisedBounds,
	largest_output: i64,
	work: u64,
	memory: u64,
) -> PrivateCircuit {
	let (work, memory_bytes) = (class(work + SANITISING), class(memory));
	let output_range_log2 = log2_above(largest_output);
	PrivateCircuit { shape, outputs, bounds, output_range_log2, encoding, work, memory_bytes }
}

/// The smallest of 2, 3, 4, 6, 8, 12, ... that is no smaller.
fn class(value: u64) -> u64 {
	let power = value.max(2).next_power_of_two();
	if power / 4 * 3 >= value { power / 4 * 3 } else { power }
}

/// log2 of the smallest power of two above an absolute value.
fn log2_above(largest: i64) -> u32 {
	64 - largest.unsigned_abs().leading_zeros()
}

/// log2 of the smallest power of two that the standard deviation does not exceed.
fn deviation_log2(noise: Variance) -> u32 {
	let exceeds = |log2: &u32| {
		let power = (1u64 << log2) as f64;
		noise.0 > power * power
	};
	(0..63).find(|log2| !exceeds(log2)).unwrap_or(63)
}

fn linear_noise(linear: &PrivateLinear, limb_bits: u32, limbs: usize) -> Variance {
	let squares = |(row, _): &(Vec<i64>, i64)| row.iter().map(|&d| (d * d) as f64).sum::<f64>();
	let largest = linear.digits(limb_bits, limbs).iter().map(squares).fold(0.0, f64::max);
	let windows = Windows::new(linear.features(), linear.outputs() * limbs);
	Variance::FRESH.times(largest) + windows.noise()
}

/// The largest absolute sum of a limb, and of an output.
fn linear_sums(
	linear: &PrivateLinear,
	feature_bits: u32,
	limb_bits: u32,
	limbs: usize,
) -> (i64, i64) {
	let sum = |row: &[i64], bias: i64| {
		let norm: i64 = row.iter().map(|digit| digit.abs()).sum();
		norm.saturating_mul(1 << feature_bits).saturating_add(bias.abs())
	};
	let digits = linear.digits(limb_bits, limbs);
	let of_limbs = digits.iter().map(|(row, bias)| sum(row, *bias)).max().unwrap_or_default();
	let outputs = linear.digits(32, 1);
	let of_outputs = outputs.iter().map(|(row, bias)| sum(row, *bias)).max().unwrap_or_default();
	(of_limbs, of_outputs)
}

fn linear_memory(linear: &PrivateLinear, limbs: usize) -> u64 {
	memory_bytes(2 * linear.outputs() * limbs)
}
