//! The choice of gadgets and units.

use super::{
	Choice, DeepCircuit, DeepCircuitError, DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow,
	noise::{combined, first_noise, largest_unit, of_columns, output_noise, value_noise},
};
use crate::{
	circuits::levelled::{ResultEncoding, UNITS_LOG2, cost::check_memory},
	math::{
		bootstrap_params::BOOTSTRAP_GADGETS, params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS,
	},
	noise::{SIGMAS, Variance},
};
use alloc::{vec, vec::Vec};

pub(super) const MAX_FEATURES: usize = 4096;
const MAX_BITS: usize = 4096;
pub(super) const MAX_FEATURE_BITS: u32 = 8;
pub(super) const MAX_LAYERS: usize = 16;
pub(super) const MAX_UNITS: usize = 4096;
pub(super) const MAX_OUTPUTS: usize = 256;
/// Weights of all rows.
const MAX_ENTRIES: usize = 1 << 20;
pub(super) const MAX_TABLE: usize = 2048;
pub(super) const MAX_STEP_LOG2: u32 = 30;
/// Absolute values, so that no sum of products leaves an i64.
const MAX_STEP: u32 = 1 << 20;
const MAX_WEIGHT: u32 = 1 << 10;
const MAX_VALUE: u32 = 1 << 20;
const MAX_BIAS: u64 = 1 << 42;
/// Largest unit of values, so that no product of it with steps of the circle leaves an i64.
const MAX_UNIT: u64 = 1 << 49;

/// Bits of the results' modulus, of which the least is taken whose noise is a quarter of the others' deviation.
const RESULT_BITS: core::ops::RangeInclusive<u32> = 12..=34;

impl DeepCircuit {
	/// Chooses gadgets and units: the cheapest gadgets whose noise is no more than what a bootstrap adds to its argument
	/// anyway, unless finer ones make the circuit [exact](DeepCircuit::is_exact); then the largest units with which all
	/// arguments stay in half of the circle, by 13.5 standard deviations.
	///
	/// # Errors
	/// If there is too little or too much of something, if a row or table is malformed, if noise leaves no room for a
	/// row's range, or if the evaluation would take too much memory.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::circuits::deep::{
	///     DeepCircuit, DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow,
	/// };
	///
	/// let relu = |low: i64, len: i32| DeepTable {
	///     low,
	///     step_log2: 0,
	///     values: (0..len).map(|at| (at + low as i32).max(0)).collect(),
	/// };
	/// let layer = |rows, table| DeepLayer { from: 0, rows, tables: vec![table], table_of: vec![0; 2] };
	/// // relu(x - 2) and relu(2 - x) of a feature of three bits, then relu of their sum and difference.
	/// let first = vec![SparseRow::dense(-2, &[1, 2, 4]), SparseRow::dense(2, &[-1, -2, -4])];
	/// let second = vec![SparseRow::dense(0, &[1, 1]), SparseRow::dense(0, &[1, -1])];
	/// let circuit = DeepCircuit::compile(DeepLayers {
	///     feature_bits: vec![3],
	///     hidden: vec![layer(first, relu(-5, 11)), layer(second, relu(-5, 11))],
	///     outputs_from: 1,
	///     outputs: vec![DeepOutput { row: SparseRow::dense(1, &[3, -1]), range: (-10, 20) }],
	/// })?;
	/// assert!(circuit.is_exact());
	/// assert_eq!(circuit.evaluate_clear(&[6]), vec![3 * 4 - 4 + 1]);
	/// # Ok::<(), fhe_ml_engine::DeepCircuitError>(())
	/// ```
	pub fn compile(layers: DeepLayers) -> Result<Self, DeepCircuitError> {
		check(&layers)?;
		let further = layers.hidden.len() - 1;
		let cheap = cheapest(&layers);
		let finest =
			(SELECTOR_GADGETS.len() as u8 - 1, vec![BOOTSTRAP_GADGETS.len() as u8 - 1; further]);
		let cheap = with_gadgets(layers.clone(), cheap.0, cheap.1);
		let circuit = match &cheap {
			Ok(circuit) if circuit.is_exact() => cheap?,
			_ => match (with_gadgets(layers, finest.0, finest.1), cheap) {
				(Ok(fine), cheap) if fine.is_exact() || cheap.is_err() => fine,
				(_, cheap) => cheap?,
			},
		};
		check_memory(&circuit)?;
		Ok(circuit)
	}

	/// Whether every argument and output decrypts to exactly what [`DeepCircuit::evaluate_clear`] has, each except with
	/// a probability of 2^-135.
	pub fn is_exact(&self) -> bool {
		hidden_are_exact(&self.layers, &self.choice)
			&& (self.noise + Variance::modulus_switch(self.encoding.result_bits))
				.fits(self.encoding.unit_log2)
	}
}

/// The gadgets whose noise adds no more to an argument than a bootstrap does.
fn cheapest(layers: &DeepLayers) -> (u8, Vec<u8>) {
	let allowed: Vec<f64> = (0..layers.hidden.len()).map(|at| allowed_noise(layers, at)).collect();
	let first = allowed.first().copied().unwrap_or_default();
	let fits = |gadget: &usize| first_noise(layers, SELECTOR_GADGETS[*gadget]).0 <= first;
	let input = (0..SELECTOR_GADGETS.len()).find(fits).unwrap_or(SELECTOR_GADGETS.len() - 1);
	let of_layer = |allowed: &f64| {
		let fits =
			|gadget: &usize| Variance::bootstrapped(BOOTSTRAP_GADGETS[*gadget]).0 <= *allowed;
		(0..BOOTSTRAP_GADGETS.len()).find(fits).unwrap_or(BOOTSTRAP_GADGETS.len() - 1) as u8
	};
	(input as u8, allowed.iter().skip(1).map(of_layer).collect())
}

/// The noise that values of a layer may have, so that no row that reads them gets more of it than a bootstrap adds;
/// outputs fill the whole circle, not half of it.
fn allowed_noise(layers: &DeepLayers, layer: usize) -> f64 {
	let norm = |row: &SparseRow, columns: &[usize]| -> f64 {
		let of_layer =
			row.entries.iter().filter(|(column, _)| columns.get(*column as usize) == Some(&layer));
		of_layer.map(|&(_, weight)| f64::from(weight) * f64::from(weight)).sum()
	};
	let mut allowed = f64::MAX;
	let mut restrict = |norm: f64, noise: f64| {
		if norm > 0.0 {
			allowed = allowed.min(noise / norm);
		}
	};
	let argument = Variance::argument().0;
	for (at, reader) in layers.hidden.iter().enumerate().skip(1) {
		if (reader.from..at).contains(&layer) {
			let columns = layers.layers_of_columns(reader.from, at);
			reader.rows.iter().for_each(|row| restrict(norm(row, &columns), argument));
		}
	}
	if layer >= layers.outputs_from {
		let columns = layers.layers_of_columns(layers.outputs_from, layers.hidden.len());
		layers
			.outputs
			.iter()
			.for_each(|output| restrict(norm(&output.row, &columns), 4.0 * argument));
	}
	allowed
}

/// The noise of the arguments of each unit of a layer, not the first one.
fn arguments<'a>(
	layers: &'a DeepLayers,
	values: &[Variance],
	at: usize,
	layer: &'a DeepLayer,
) -> impl Iterator<Item = (Variance, &'a DeepTable)> {
	let columns = of_columns(layers, values, layer.from, at);
	layer.units().map(move |(row, table)| (combined(row, &columns) + Variance::argument(), table))
}

fn half_width(table: &DeepTable) -> i64 {
	(table.high() - table.centre()).max(table.centre() - table.low)
}

/// With these gadgets and the largest units.
fn with_gadgets(
	layers: DeepLayers,
	input_gadget: u8,
	gadgets: Vec<u8>,
) -> Result<DeepCircuit, DeepCircuitError> {
	let values = value_noise(&layers, input_gadget, &gadgets);
	let group = layers.unit_groups();
	let mut of_group = vec![MAX_UNIT; layers.hidden.len()];
	for (at, layer) in layers.hidden.iter().enumerate().skip(1) {
		let read = group[layer.from];
		for (unit, (noise, table)) in arguments(&layers, &values, at, layer).enumerate() {
			let largest = largest_unit(half_width(table), noise);
			if largest == 0 {
				return Err(DeepCircuitError::NoRoom { layer: at, row: unit });
			}
			of_group[read] = of_group[read].min(largest);
		}
	}
	let last = group[layers.outputs_from];
	let mut choice = Choice { input_gadget, gadgets, units: Vec::new() };
	let most = of_group[last];
	for unit_log2 in UNITS_LOG2.rev().filter(|&unit| 1 << unit <= most) {
		of_group[last] = 1 << unit_log2;
		choice.units = group.iter().map(|&group| of_group[group]).collect();
		let mut bits = RESULT_BITS;
		let noise = output_noise(&layers, &choice);
		let is_small = |&bits: &u32| Variance::modulus_switch(bits).0 <= noise.0 / 16.0;
		let exact = hidden_are_exact(&layers, &choice)
			.then(|| ResultEncoding::choose(unit_log2, noise, &ranges(&layers)))
			.flatten();
		let bits = exact.map(|encoding| encoding.result_bits).or_else(|| bits.find(is_small));
		let bits = bits.unwrap_or(*RESULT_BITS.end());
		if let Ok(circuit) = with_choice(layers.clone(), choice.clone(), bits) {
			return Ok(circuit);
		}
	}
	Err(DeepCircuitError::NoRoom { layer: layers.hidden.len(), row: 0 })
}

fn ranges(layers: &DeepLayers) -> Vec<(i64, i64)> {
	layers.outputs.iter().map(|output| output.range).collect()
}

/// With these choices, if they satisfy the noise budget. Layers have been checked.
pub(super) fn with_choice(
	layers: DeepLayers,
	choice: Choice,
	result_bits: u32,
) -> Result<DeepCircuit, DeepCircuitError> {
	let count = layers.hidden.len();
	let known = usize::from(choice.input_gadget) < SELECTOR_GADGETS.len()
		&& choice.gadgets.len() + 1 == count
		&& choice.gadgets.iter().all(|&gadget| usize::from(gadget) < BOOTSTRAP_GADGETS.len())
		&& choice.units.len() == count
		&& choice.units.iter().all(|unit| (1..=MAX_UNIT).contains(unit));
	let group = layers.unit_groups();
	let unit_of = |layer: usize| choice.units.get(layer).copied().unwrap_or_default();
	if !known || group.iter().enumerate().any(|(at, &first)| unit_of(at) != unit_of(first)) {
		return Err(DeepCircuitError::Budget);
	}
	let values = value_noise(&layers, choice.input_gadget, &choice.gadgets);
	for (at, layer) in layers.hidden.iter().enumerate().skip(1) {
		let mut rows = arguments(&layers, &values, at, layer);
		if rows.any(|(noise, table)| unit_of(layer.from) > largest_unit(half_width(table), noise)) {
			return Err(DeepCircuitError::Budget);
		}
	}
	let last = unit_of(layers.outputs_from);
	if !last.is_power_of_two() {
		return Err(DeepCircuitError::Budget);
	}
	let noise = output_noise(&layers, &choice);
	let ranges = ranges(&layers);
	let exact = if hidden_are_exact(&layers, &choice) {
		ResultEncoding::new(last.ilog2(), result_bits, noise, &ranges)
	} else {
		None
	};
	let encoding = exact
		.or_else(|| ResultEncoding::approximate(last.ilog2(), result_bits, noise, &ranges))
		.ok_or(DeepCircuitError::Budget)?;
	Ok(DeepCircuit { layers, choice, encoding, noise })
}

/// Whether noise moves no argument to another value, but for 2^-135 each. Those of the first layer have none.
fn hidden_are_exact(layers: &DeepLayers, choice: &Choice) -> bool {
	let values = value_noise(layers, choice.input_gadget, &choice.gadgets);
	layers.hidden.iter().enumerate().skip(1).all(|(at, layer)| {
		let unit = choice.units.get(layer.from).copied().unwrap_or_default() as f64;
		arguments(layers, &values, at, layer).all(|(noise, table)| {
			table.step_log2 == 0 && SIGMAS * libm::sqrt(noise.0) <= unit / 2.0
		})
	})
}

fn row_fits(row: &SparseRow, columns: usize, most: u32) -> bool {
	let ascending = row.entries.iter().zip(row.entries.iter().skip(1)).all(|(a, b)| a.0 < b.0);
	ascending
		&& row.bias.unsigned_abs() <= MAX_BIAS
		&& row.entries.last().is_none_or(|(column, _)| (*column as usize) < columns)
		&& row.entries.iter().all(|(_, weight)| weight.unsigned_abs() <= most)
}

fn table_fits(table: &DeepTable, is_first: bool) -> bool {
	(1..=MAX_TABLE).contains(&table.values.len())
		&& table.step_log2 <= MAX_STEP_LOG2
		&& table.low.unsigned_abs() <= MAX_BIAS
		&& table.values.iter().all(|value| value.unsigned_abs() <= MAX_VALUE)
		&& (!is_first || table.width() <= POLYNOMIAL_SIZE as i64)
}

/// Whether the layers are within the bounds of the format, and fit each other.
pub(super) fn check(layers: &DeepLayers) -> Result<(), DeepCircuitError> {
	let DeepLayers { feature_bits, hidden, outputs_from, outputs } = layers;
	let entries = hidden.iter().flat_map(|layer| &layer.rows);
	let entries = entries.chain(outputs.iter().map(|output| &output.row));
	let sizes = (1..=MAX_FEATURES).contains(&feature_bits.len())
		&& feature_bits.iter().all(|&bits| bits <= MAX_FEATURE_BITS)
		&& (1..=MAX_BITS).contains(&layers.bits())
		&& (1..=MAX_LAYERS).contains(&hidden.len())
		&& hidden.iter().all(|layer| (1..=MAX_UNITS).contains(&layer.rows.len()))
		&& (1..=MAX_OUTPUTS).contains(&outputs.len())
		&& entries.map(|row| row.entries.len()).sum::<usize>() <= MAX_ENTRIES;
	if !sizes {
		return Err(DeepCircuitError::Size);
	}
	for (at, layer) in hidden.iter().enumerate() {
		let (columns, most) = match at {
			0 => (layers.bits(), MAX_STEP),
			_ => (layers.layers_of_columns(layer.from, at).len(), MAX_WEIGHT),
		};
		let tables = layer.table_of.len() == layer.rows.len()
			&& layer.tables.len() <= layer.rows.len()
			&& layer.table_of.iter().all(|&table| usize::from(table) < layer.tables.len())
			&& layer.tables.iter().all(|table| table_fits(table, at == 0));
		let rows = layer.rows.iter().all(|row| row_fits(row, columns, most));
		let reads = if at == 0 { layer.from == 0 } else { layer.from < at };
		if !tables || !rows || !reads {
			return Err(DeepCircuitError::Shape(at));
		}
	}
	let columns = layers.layers_of_columns(*outputs_from, hidden.len()).len();
	let fits = |DeepOutput { row, range: (low, high) }: &DeepOutput| {
		row_fits(row, columns, MAX_WEIGHT)
			&& low <= high
			&& low.unsigned_abs() <= MAX_BIAS
			&& high.unsigned_abs() <= MAX_BIAS
	};
	if *outputs_from >= hidden.len() || !outputs.iter().all(fits) {
		return Err(DeepCircuitError::Shape(hidden.len()));
	}
	Ok(())
}
