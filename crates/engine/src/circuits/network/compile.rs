//! The choice of gadget, limbs and digits.

use super::{
	Choice, HiddenUnit, NetworkCircuit, NetworkCircuitError, NetworkLayers,
	digits::{digit_sums_fit, ranges},
	noise::{total_noise, unit_noise},
};
use crate::{
	circuits::levelled::{ResultEncoding, UNITS_LOG2, cost::check_memory},
	math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS},
	noise::Variance,
};
use alloc::vec::Vec;

pub(super) const MAX_FEATURES: usize = 4096;
const MAX_BITS: usize = 4096;
pub(super) const MAX_FEATURE_BITS: u32 = 8;
pub(super) const MAX_HIDDEN: usize = 512;
pub(super) const MAX_OUTPUTS: usize = 256;
const MAX_WEIGHT: u32 = 1 << 20;

impl NetworkCircuit {
	/// Chooses gadget, limbs and digits: the least time, then the smallest result.
	///
	/// # Errors
	/// If there are too few or too many features, bits, hidden units or outputs, if tables or rows of
	/// weights have different lengths, if the noise leaves no room for activations and weights, or if
	/// the evaluation would take too much memory.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::circuits::network::{HiddenUnit, NetworkCircuit, NetworkLayers};
	///
	/// // 3 relu(x - 2) for a feature x of three bits.
	/// let table = (0..1024u16).map(|at| at.saturating_sub(2)).collect();
	/// let layers = NetworkLayers {
	///     feature_bits: vec![3],
	///     hidden: vec![HiddenUnit { base: 0, steps: vec![1, 2, 4], table }],
	///     weights: vec![vec![3]],
	/// };
	/// let circuit = NetworkCircuit::compile(layers)?;
	/// assert_eq!(circuit.evaluate_clear(&[6]), vec![12]);
	/// # Ok::<(), fhe_ml_engine::NetworkCircuitError>(())
	/// ```
	pub fn compile(layers: NetworkLayers) -> Result<Self, NetworkCircuitError> {
		check(&layers)?;
		let mut best: Option<Self> = None;
		let mut noise = Variance::ZERO;
		// With the first base that fits, which is the largest, a gadget needs the least time.
		let mut fitted = None;
		for choice in choices(&layers) {
			if fitted == Some(choice.gadget) {
				continue;
			}
			let ranges = ranges(&layers, choice);
			noise = unit_noise(&layers, choice);
			let total = total_noise(&layers, choice);
			let chosen = UNITS_LOG2
				.into_iter()
				.find_map(|unit| ResultEncoding::choose(unit, total, &ranges));
			if let Some(encoding) = chosen.filter(|_| digit_sums_fit(&layers, choice)) {
				let layers = layers.clone();
				let circuit = Self { layers, choice, encoding, noise: total };
				if best.as_ref().is_none_or(|best| circuit.nanoseconds() < best.nanoseconds()) {
					best = Some(circuit);
				}
				fitted = Some(choice.gadget);
			}
		}
		let no_room = || NetworkCircuitError::NoRoom {
			hidden: layers.hidden.len(),
			bits: layers.bits(),
			noise: noise.log2_relative(),
		};
		let circuit = best.ok_or_else(no_room)?;
		check_memory(&circuit)?;
		Ok(circuit)
	}
}

/// The choices that there are for these layers: for every gadget, from the largest base of the weights' digits.
pub(crate) fn choices(layers: &NetworkLayers) -> impl Iterator<Item = Choice> {
	let table_len = layers.hidden.first().map_or(1, |unit| unit.table.len());
	let limbs = POLYNOMIAL_SIZE / table_len;
	let activations = layers.hidden.iter().flat_map(|unit| &unit.table);
	let activation_bits = 16 - activations.copied().max().unwrap_or(0).leading_zeros();
	let limb_bits = activation_bits.div_ceil(limbs as u32).max(1);
	let weights = layers.weights.iter().flatten();
	let largest = weights.map(|weight| weight.unsigned_abs()).max().unwrap_or_default();
	let outputs = layers.weights.len();
	let of_base = move |gadget: u8, weight_base: u32| {
		let mut weight_digits = 1;
		while u64::from(largest) > (u64::from(weight_base).pow(weight_digits) - 1) / 2 {
			weight_digits += 1;
		}
		let weight_digits = weight_digits as usize;
		Choice { gadget, limbs, limb_bits, weight_base, weight_digits }
	};
	(0..SELECTOR_GADGETS.len() as u8).flat_map(move |gadget| {
		let bases = [65, 33, 17, 9, 5, 3].into_iter().map(move |base| of_base(gadget, base));
		bases.take_while(move |choice| {
			(outputs * choice.weight_digits).next_power_of_two() <= table_len
		})
	})
}

pub(super) fn with_choice(
	layers: NetworkLayers,
	choice: Choice,
	unit_log2: u32,
	result_bits: u32,
) -> Result<NetworkCircuit, NetworkCircuitError> {
	check(&layers)?;
	if !choice.holds(&layers) {
		return Err(NetworkCircuitError::Budget);
	}
	let noise = total_noise(&layers, choice);
	let encoding = ResultEncoding::new(unit_log2, result_bits, noise, &ranges(&layers, choice));
	match encoding {
		Some(encoding) if digit_sums_fit(&layers, choice) => {
			let circuit = NetworkCircuit { layers, choice, encoding, noise };
			check_memory(&circuit)?;
			Ok(circuit)
		},
		_ => Err(NetworkCircuitError::Budget),
	}
}

/// Whether there are circuits of so many features with so many bits in all, hidden units and outputs.
pub fn sizes_fit(features: usize, bits: usize, hidden: usize, outputs: usize) -> bool {
	(1..=MAX_FEATURES).contains(&features)
		&& (1..=MAX_BITS).contains(&bits)
		&& (1..=MAX_HIDDEN).contains(&hidden)
		&& (1..=MAX_OUTPUTS).contains(&outputs)
}

pub(super) fn check(layers: &NetworkLayers) -> Result<(), NetworkCircuitError> {
	let NetworkLayers { feature_bits, hidden, weights } = layers;
	let sizes = sizes_fit(feature_bits.len(), layers.bits(), hidden.len(), weights.len())
		&& feature_bits.iter().all(|&bits| bits <= MAX_FEATURE_BITS);
	if !sizes {
		return Err(NetworkCircuitError::Size);
	}
	let table_len = hidden.first().map_or(0, |unit| unit.table.len());
	let bits = layers.bits();
	let is_table = table_len.is_power_of_two() && (32..=POLYNOMIAL_SIZE).contains(&table_len);
	let unit_fits = |unit: &HiddenUnit| unit.table.len() == table_len && unit.steps.len() == bits;
	if let Some(at) = hidden.iter().position(|unit| !is_table || !unit_fits(unit)) {
		return Err(NetworkCircuitError::Shape(at));
	}
	let row_fits = |row: &Vec<i32>| {
		row.len() == hidden.len() && row.iter().all(|weight| weight.unsigned_abs() <= MAX_WEIGHT)
	};
	match weights.iter().position(|row| !row_fits(row)) {
		Some(at) => Err(NetworkCircuitError::Shape(at)),
		None => Ok(()),
	}
}
