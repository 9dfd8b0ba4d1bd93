//! The layers in integers.

use super::inputs::Inputs;
use crate::float::{
	affine::Row,
	calibration::extremes,
	network::{FloatDeepNetwork, FloatLayer},
};
use fhe_ml_engine::{
	circuits::deep::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow, unit_groups},
	math::{bootstrap_params::BOOTSTRAP_GADGETS, params::MODULUS},
	noise::Variance,
};

/// Arguments of a table of the first layer: each bit of a feature moves by an integer number of them.
const FIRST_STEPS: f64 = 2048.0;
/// Values of a table of a further layer, of which noise covers one or two.
const TABLE_VALUES: i64 = 512;
/// The largest value of a unit.
const LARGEST_VALUE: f64 = 1023.0;
/// How far beyond the rows' values ranges go, relative to them, on each side: of the first layer, of further ones, whose
/// noise is relative to the range, and of the outputs.
const MARGINS: (f64, f64, f64) = (0.25, 0.15, 0.25);

/// The largest weights behind the first layer.
#[derive(Clone, Copy)]
pub(super) struct Largest {
	pub hidden: f64,
	pub outputs: f64,
}

/// Where arguments and outputs are expected.
pub(super) struct Ranges {
	/// Lowest and highest argument of each unit, by layer.
	arguments: Vec<Vec<(f64, f64)>>,
	/// Of each output, without its bias.
	outputs: Vec<(f64, f64)>,
}

fn widened((low, high): (f64, f64), margin: f64) -> (f64, f64) {
	let more = ((high - low) * margin).max(1e-6);
	(low - more, high + more)
}

/// The extremes of each column.
fn columns<'a>(rows: impl Iterator<Item = &'a [f64]> + Clone, count: usize) -> Vec<(f64, f64)> {
	(0..count).map(|at| extremes(rows.clone().filter_map(|row| row.get(at).copied()))).collect()
}

/// For each unit the range of its channel: what one pixel shows in few rows, another one shows in many.
fn of_channels(
	ranges: &[(f64, f64)],
	channels: &[usize],
) -> impl Iterator<Item = (f64, f64)> + use<> {
	let mut rest = ranges;
	let mut found = Vec::with_capacity(ranges.len());
	for &pixels in channels {
		let (channel, others) = rest.split_at_checked(pixels).unwrap_or((rest, &[]));
		let (low, _) = extremes(channel.iter().map(|(low, _)| *low));
		let (_, high) = extremes(channel.iter().map(|(_, high)| *high));
		found.extend(channel.iter().map(|_| (low, high)));
		rest = others;
	}
	found.extend(rest);
	found.into_iter()
}

impl Ranges {
	/// Of a network whose arguments and outputs on some rows are `found`, and whose outputs without biases are `raw`.
	pub fn of(
		network: &FloatDeepNetwork,
		found: &[(Vec<Vec<f64>>, Vec<f64>)],
		raw: &[Vec<f64>],
	) -> Self {
		let of_layer = |(at, layer): (usize, &FloatLayer)| {
			let margin = if at == 0 { MARGINS.0 } else { MARGINS.1 };
			let arguments = found.iter().filter_map(move |(arguments, _)| arguments.get(at));
			let ranges = columns(arguments.map(Vec::as_slice), layer.rows.len());
			of_channels(&ranges, &layer.channels).map(|range| widened(range, margin)).collect()
		};
		let outputs = columns(raw.iter().map(Vec::as_slice), network.outputs.len());
		Self {
			arguments: network.layers().enumerate().map(of_layer).collect(),
			outputs: outputs.into_iter().map(|range| widened(range, MARGINS.2)).collect(),
		}
	}

	fn arguments(&self, layer: usize) -> &[(f64, f64)] {
		self.arguments.get(layer).map_or(&[], Vec::as_slice)
	}

	/// What the integer 1 of a layer's values is worth: the largest value that its ranges lead to is at most
	/// [`LARGEST_VALUE`].
	fn value_step(&self, at: usize, layer: &FloatLayer) -> f64 {
		// Activations need not be monotone.
		const POINTS: u32 = 64;
		let points = self.arguments(at).iter().flat_map(|&(low, high)| {
			(0..=POINTS).map(move |point| low + (high - low) * f64::from(point) / f64::from(POINTS))
		});
		let largest = points.map(|z| layer.activation.at(z).abs()).fold(0.0, f64::max);
		if largest > 0.0 { largest / LARGEST_VALUE } else { 1.0 }
	}
}

fn integer(x: f64) -> i32 {
	// Saturates.
	x.round() as i32
}

/// The layers, and what the integer 1 of each output is worth.
pub(super) fn quantised_layers(
	network: &FloatDeepNetwork,
	ranges: &Ranges,
	inputs: &Inputs,
	largest: Largest,
) -> (DeepLayers, Vec<f64>) {
	let layers: Vec<&FloatLayer> = network.layers().collect();
	let output_units = units(network.outputs, &ranges.outputs, largest.outputs);
	let rounded = |(row, unit): (&Row, &f64)| -> Vec<i32> {
		row.weights.iter().map(|w| integer(w / unit)).collect()
	};
	let weights: Vec<Vec<i32>> = network.outputs.iter().zip(&output_units).map(rounded).collect();
	let own: Vec<f64> =
		layers.iter().enumerate().map(|(at, layer)| ranges.value_step(at, layer)).collect();
	let outputs_from = usize::from(network.outputs_from);
	let from: Vec<usize> = layers.iter().map(|layer| layer.from.into()).collect();
	let group = unit_groups(&from, outputs_from);
	let step_of = |layer: usize| {
		let first = group.get(layer).copied().unwrap_or(layer);
		let of_group = own.iter().zip(&group).filter(|(_, group)| **group == first);
		let step = of_group.map(|(step, _)| *step).fold(f64::MIN_POSITIVE, f64::max);
		match group.get(outputs_from) == Some(&first) {
			true => fitting_step(step, &weights, &output_units, &ranges.outputs),
			false => step,
		}
	};
	let mut hidden = Vec::new();
	for (at, layer) in layers.iter().enumerate() {
		let (step, next_step) = (step_of(layer.from.into()), step_of(at));
		hidden.push(match at {
			0 => first_layer(layer, ranges.arguments(0), inputs, next_step),
			_ => further_layer(layer, ranges.arguments(at), step, next_step, largest.hidden),
		});
	}
	let step = step_of(outputs_from);
	let output = |((weights, unit), &(low, high)): ((&Vec<i32>, &f64), &(f64, f64))| {
		let output_step = unit * step;
		let range = ((low / output_step).floor() as i64, (high / output_step).ceil() as i64);
		(DeepOutput { row: SparseRow::dense(0, weights), range }, output_step)
	};
	let outputs = weights.iter().zip(&output_units).zip(&ranges.outputs).map(output);
	let (outputs, steps) = outputs.unzip();
	(DeepLayers { feature_bits: inputs.bits(), hidden, outputs_from, outputs }, steps)
}

/// What the integer 1 of the weights of each row is worth, with weights of at most `largest`.
///
/// Sums of all rows should fill the circle alike: the middle one has the largest weights that there may be, and those of
/// wider ranges have smaller ones.
fn units(rows: &[Row], ranges: &[(f64, f64)], largest: f64) -> Vec<f64> {
	let largest_of =
		|row: &Row| row.weights.iter().fold(f64::MIN_POSITIVE, |largest, w| largest.max(w.abs()));
	let width =
		|(row, (low, high)): (&Row, &(f64, f64))| (high - low) / (largest_of(row) / largest);
	let mut widths: Vec<f64> = rows.iter().zip(ranges).map(width).collect();
	widths.sort_by(f64::total_cmp);
	let middle = widths.get(widths.len() / 2).copied().unwrap_or(1.0);
	let unit = |(row, (low, high)): (&Row, &(f64, f64))| {
		(largest_of(row) / largest).max((high - low) / middle)
	};
	rows.iter().zip(ranges).map(unit).collect()
}

/// A step of the last layer's values, at most `largest`, with which the outputs fill the circle: their unit is a power
/// of two, so if they did not fit by little, the next one would waste half of it.
fn fitting_step(
	largest: f64,
	weights: &[Vec<i32>],
	output_units: &[f64],
	ranges: &[(f64, f64)],
) -> f64 {
	let squares = |row: &Vec<i32>| row.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>();
	let norm = weights.iter().map(squares).fold(0.0, f64::max);
	// The compiler's choice: the coarser gadget if outputs have no more noise from it than arguments have anyway.
	let [coarse, fine] = BOOTSTRAP_GADGETS.map(|gadget| Variance::bootstrapped(gadget).0 * norm);
	let noise = if coarse <= 4.0 * Variance::argument().0 { coarse } else { fine };
	// What the engine leaves free for noise on both sides, and an eighth of the range.
	let modulus = MODULUS as f64;
	let room = (modulus - 2.0 * 14.1 * noise.sqrt()).max(modulus / 8.0) * 0.995;
	let width = |(unit, (low, high)): (&f64, &(f64, f64))| (high - low) / unit;
	let width = 1.25 * output_units.iter().zip(ranges).map(width).fold(0.0, f64::max);
	if !(width > 0.0 && width.is_finite() && largest > 0.0) {
		return largest;
	}
	let unit_log2 = (room * largest / width).log2().floor();
	width * unit_log2.exp2() / room
}

/// Every unit has a table over its range; bits of the features move its argument.
fn first_layer(
	layer: &FloatLayer,
	ranges: &[(f64, f64)],
	inputs: &Inputs,
	value_step: f64,
) -> DeepLayer {
	let unit = |(row, &(low, high)): (&Row, &(f64, f64))| {
		let step = (high - low) / (FIRST_STEPS - 1.0);
		let mut base = row.bias;
		let mut weights = Vec::new();
		for (feature, &weight) in row.weights.iter().enumerate() {
			let (moves, offset) = inputs.moves(feature, weight);
			base += offset;
			weights.extend(moves.map(|argument| integer(argument / step)));
		}
		let bias = i64::from(integer((base - low) / step));
		let value = |at: u32| integer(layer.activation.at(low + f64::from(at) * step) / value_step);
		let values = (0..FIRST_STEPS as u32).map(value).collect();
		(SparseRow::dense(bias, &weights), DeepTable { low: 0, step_log2: 0, values })
	};
	with_tables(0, layer.rows.iter().zip(ranges).map(unit))
}

/// Every unit is an integer combination of the values of the layer before, whose integer 1 is worth `step`; a table over
/// its range has the bias, too.
fn further_layer(
	layer: &FloatLayer,
	ranges: &[(f64, f64)],
	step: f64,
	value_step: f64,
	largest: f64,
) -> DeepLayer {
	let weight_units = units(&layer.rows, ranges, largest);
	let unit = |((row, &(low, high)), weight_unit): ((&Row, &(f64, f64)), &f64)| {
		let weights: Vec<i32> = row.weights.iter().map(|w| integer(w / weight_unit)).collect();
		let argument_step = weight_unit * step;
		let first = ((low - row.bias) / argument_step).floor() as i64;
		let last = ((high - row.bias) / argument_step).ceil() as i64;
		let count = (last - first).max(0) + 1;
		let step_log2 = (count as u64).div_ceil(TABLE_VALUES as u64).next_power_of_two().ilog2();
		let value = |entry: i64| {
			// The middle of the arguments that share a value.
			let argument = first + (entry << step_log2);
			let middle = argument as f64 + ((1i64 << step_log2) - 1) as f64 / 2.0;
			integer(layer.activation.at(middle * argument_step + row.bias) / value_step)
		};
		let values = (0..(count + (1 << step_log2) - 1) >> step_log2).map(value).collect();
		(SparseRow::dense(0, &weights), DeepTable { low: first, step_log2, values })
	};
	with_tables(layer.from.into(), layer.rows.iter().zip(ranges).zip(&weight_units).map(unit))
}

/// Units with equal tables, as those of a channel have, share one.
fn with_tables(from: usize, units: impl Iterator<Item = (SparseRow, DeepTable)>) -> DeepLayer {
	let (mut rows, mut tables, mut table_of) = (Vec::new(), Vec::<DeepTable>::new(), Vec::new());
	for (row, table) in units {
		rows.push(row);
		// Those of a channel come one after the other.
		if tables.last() != Some(&table) {
			tables.push(table);
		}
		table_of.push((tables.len() - 1) as u16);
	}
	DeepLayer { from, rows, tables, table_of }
}
