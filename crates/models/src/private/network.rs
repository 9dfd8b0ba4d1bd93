//! Networks whose hidden units take every row.
//!
//! The user of a public network checks that no hidden unit leaves its table. The user of a private one knows
//! none, so tables reach as far as any row does; beyond the public network's tables, activations stay what they
//! are at the ends.

use super::{error::PrivateError, prepared::Prepared};
use crate::card::{Encoding, ModelCard};
use fhe_ml_engine::{
	NetworkCircuit,
	circuits::{
		network::{HiddenUnit, NetworkLayers},
		private::PrivateSource,
	},
};

/// The largest weight has this many bits, without its sign.
const WEIGHT_BITS: i32 = 8;

/// Lengths of a table, the most that leave room are taken: a shorter one is coarser, and leaves room for more limbs.
pub(super) const TABLE_LENS: [usize; 4] = [1024, 512, 256, 128];

/// Stretches tables, and makes output weights multiples of a power of two.
pub(super) fn prepare(
	network: &NetworkCircuit,
	card: &ModelCard,
	offsets: &[f64],
	table_len: usize,
	step: impl Fn(f64) -> f64,
) -> Result<Prepared, PrivateError> {
	let NetworkLayers { feature_bits, hidden, weights } = network.layers().clone();
	let mut hidden: Vec<HiddenUnit> =
		hidden.iter().map(|unit| stretched(unit, table_len)).collect();
	let real: Vec<Vec<f64>> = weights
		.iter()
		.zip(&card.output_steps)
		.map(|(row, step)| row.iter().map(|&weight| f64::from(weight) * step).collect())
		.collect();
	let largest = real.iter().flatten().map(|weight| weight.abs()).fold(0.0, f64::max);
	let step = step(largest / f64::from(WEIGHT_BITS).exp2());
	let mut weights: Vec<Vec<i32>> = real
		.iter()
		.map(|row| row.iter().map(|weight| (weight / step).round() as i32).collect())
		.collect();
	add_constants(&mut hidden, &mut weights, offsets, step, feature_bits.iter().sum());
	let layers = NetworkLayers { feature_bits, hidden, weights };
	let source = PrivateSource::Network(layers);
	Ok(Prepared { source, encoding: card.encoding.clone(), step })
}

/// A unit whose table of `len` entries has one for every argument that its steps can make.
fn stretched(unit: &HiddenUnit, len: usize) -> HiddenUnit {
	let old_len = unit.table.len();
	let fits = |steps: &[i32], len: usize| {
		let reach: i64 = steps.iter().map(|&step| i64::from(step).abs()).sum();
		reach < len as i64
	};
	let scaled = |scale: f64| -> Vec<i32> {
		unit.steps.iter().map(|&step| (f64::from(step) * scale).round() as i32).collect()
	};
	let mut scale = len as f64 / old_len as f64;
	while !fits(&scaled(scale), len) {
		scale *= 0.98;
	}
	let steps = scaled(scale);
	// The lowest argument is the table's first entry.
	let base: i32 = -steps.iter().filter(|step| **step < 0).sum::<i32>();
	let entry = |at: usize| {
		let before = (at as f64 - f64::from(base)) / scale + f64::from(unit.base);
		let place = before.round().clamp(0.0, old_len as f64 - 1.0) as usize;
		unit.table.get(place).copied().unwrap_or_default()
	};
	HiddenUnit { base, steps, table: (0..len).map(entry).collect() }
}

/// Adds the constants of the outputs by a hidden unit that no bit moves.
fn add_constants(
	hidden: &mut Vec<HiddenUnit>,
	weights: &mut [Vec<i32>],
	offsets: &[f64],
	step: f64,
	bits: u32,
) {
	let constants: Vec<f64> = offsets.iter().map(|offset| (offset / step).round()).collect();
	let largest = constants.iter().fold(0.0, |most: f64, constant| most.max(constant.abs()));
	let Some(len) = hidden.first().map(|unit| unit.table.len()).filter(|_| largest > 0.0) else {
		return;
	};
	// As small a weight as the others have.
	let most = weights.iter().flatten().map(|weight| weight.unsigned_abs()).max().unwrap_or(1);
	let highest = hidden.iter().flat_map(|unit| &unit.table).copied().max().unwrap_or(1).max(1);
	let activation = (largest / f64::from(most.max(1))).ceil().clamp(1.0, highest.into());
	let table = vec![activation as u16; len];
	hidden.push(HiddenUnit { base: 0, steps: vec![0; bits as usize], table });
	for (row, constant) in weights.iter_mut().zip(constants) {
		row.push((constant / activation).round() as i32);
	}
}

/// Where a network's features are, which its users learn.
pub(super) fn levels(encoding: &Encoding) -> Option<&[i64]> {
	match encoding {
		Encoding::Levels { largest, .. } => Some(largest),
		_ => None,
	}
}
