//! A hidden unit as integers: its table, and how far each bit of the input moves its argument.

use super::{
	inputs::Inputs,
	sample::Sample,
	steps::{Fit, Summand},
};
use crate::float::{affine::Row, calibration::extremes};
use fhe_ml_engine::circuits::network::HiddenUnit;

/// How far beyond the rows' values a range goes, relative to their range, on each side.
const MARGIN: f64 = 0.25;
/// The part of the possible arguments that a table covers if rows were drawn: real features are
/// correlated, and so move an argument further than drawn ones.
const DRAWN_PART: f64 = 0.6;

/// A hidden unit, and what an integer of its activation stands for.
pub(super) struct QuantisedUnit {
	pub unit: HiddenUnit,
	/// Value of the integer 1, less that of 0.
	pub step: f64,
}

/// What a unit's table is made for.
pub(super) struct Table<'a> {
	pub sample: &'a Sample<'a>,
	pub inputs: &'a EncodedRows,
	pub len: usize,
	pub activation_bits: u32,
}

/// The rows of a sample in the integers of its features, and how these move the units.
pub(super) struct EncodedRows {
	pub inputs: Inputs,
	pub encoded: Vec<Vec<i64>>,
	/// The rows with features that are clipped, but not rounded.
	pub clipped: Vec<Vec<f64>>,
	/// The bits of the input.
	bits: Vec<Summand>,
	moves: Vec<Moves>,
}

impl EncodedRows {
	/// Encodes the rows, and moves what the bits are worth to where it makes up for rounding.
	pub fn new(sample: &Sample, inputs: Inputs) -> Self {
		let encoded: Vec<Vec<i64>> = sample.rows.iter().map(|row| inputs.encode(row)).collect();
		let clipped: Vec<Vec<f64>> = sample.rows.iter().map(|row| inputs.clip(row)).collect();
		let bits = Summand::of_bits(&inputs.bits(), &encoded);
		let units = sample.network.hidden.rows.iter().zip(&inputs.kept);
		let fitted = |(at, (unit, kept)): (usize, (&Row, &Vec<u32>))| {
			let mut moves = Moves::of(unit, &inputs, kept);
			let wanted: Vec<f64> = clipped.iter().map(|row| unit.at(row) - moves.base).collect();
			let weights = sample.weights_of(at);
			let fit = Fit { summands: &bits, wanted: &wanted, weights: &weights };
			let (fitted, shift) = fit.real(&moves.bits);
			moves.bits = fitted;
			moves.base -= shift;
			moves
		};
		let moves = units.enumerate().map(fitted).collect();
		Self { inputs, encoded, clipped, bits, moves }
	}
}

impl Table<'_> {
	/// Unit number `at` of the network.
	pub fn quantise(&self, at: usize) -> QuantisedUnit {
		let EncodedRows { clipped, bits, moves, .. } = self.inputs;
		let (network, moves) = (self.sample.network, &moves[at]);
		let arguments: Vec<f64> =
			clipped.iter().map(|row| network.hidden.rows[at].at(row)).collect();
		let (lowest, highest) = self.window(moves.possible(), &arguments);
		let steps_per_unit = (self.len - 1) as f64 / (highest - lowest);
		let base_step = ((moves.base - lowest) * steps_per_unit).round();
		let real: Vec<f64> = moves.bits.iter().map(|step| step * steps_per_unit).collect();
		let wanted: Vec<f64> =
			arguments.iter().map(|argument| (argument - moves.base) * steps_per_unit).collect();
		let weights = self.sample.weights_of(at);
		let fit = Fit { summands: bits, wanted: &wanted, weights: &weights };
		let (steps, shift) = fit.integers(&real);

		let activation = &network.hidden.activation;
		let value = |index: usize| {
			activation.at(moves.base + (index as f64 - base_step - shift) / steps_per_unit)
		};
		let values: Vec<f64> = (0..self.len).map(value).collect();
		// The range that the rows use, so that no integer is wasted.
		let (low, high) = extremes(arguments.iter().map(|&argument| activation.at(argument)));
		let spare = (high - low) * MARGIN;
		let (least, most) = extremes(values.iter().copied());
		let (low, high) = ((low - spare).max(least), (high + spare).min(most));
		let levels = f64::from((1u32 << self.activation_bits) - 1);
		let step = if high > low { (high - low) / levels } else { 1.0 };
		let integer = |value: &f64| ((value - low) / step).round().clamp(0.0, levels) as u16;
		let table = values.iter().map(integer).collect();
		QuantisedUnit {
			unit: HiddenUnit { base: base_step as i32, steps, table },
			step: if high > low { step } else { 0.0 },
		}
	}

	/// Where the table of a unit begins and ends.
	fn window(&self, possible: (f64, f64), arguments: &[f64]) -> (f64, f64) {
		if self.sample.is_calibrated {
			return window(possible, extremes(arguments.iter().copied()));
		}
		let spare = (possible.1 - possible.0) * (1.0 - DRAWN_PART) / 2.0;
		let drawn = [possible.0 + spare, possible.1 - spare];
		window(possible, extremes(drawn.into_iter()))
	}
}

/// An argument as a function of the bits of the input.
struct Moves {
	/// The argument with no bit set.
	base: f64,
	/// How far each bit moves it.
	bits: Vec<f64>,
}

impl Moves {
	/// Of a unit that looks at so many of each feature's highest bits.
	fn of(unit: &Row, inputs: &Inputs, kept: &[u32]) -> Self {
		let mut moves = Self { base: unit.bias, bits: Vec::new() };
		for ((levels, &kept), &weight) in inputs.levels.iter().zip(kept).zip(unit.weights.iter()) {
			moves.base += weight * levels.feature.offset;
			if levels.bits > 0 {
				let step = weight / levels.feature.scale;
				let of_bit = |bit: u32| step * f64::from(1u32 << bit);
				let dropped = levels.bits.saturating_sub(kept);
				// About as often set as not.
				moves.base += (0..dropped).map(of_bit).sum::<f64>() / 2.0;
				let kept = (dropped..levels.bits).map(of_bit);
				moves.bits.extend((0..dropped).map(|_| 0.0).chain(kept));
			}
		}
		moves
	}

	/// The smallest and the largest argument.
	fn possible(&self) -> (f64, f64) {
		let widen = |(low, high), step: &f64| (low + step.min(0.0), high + step.max(0.0));
		self.bits.iter().fold((self.base, self.base), widen)
	}
}

/// Around what is needed, but not beyond what is possible.
fn window(possible: (f64, f64), (low, high): (f64, f64)) -> (f64, f64) {
	let spare = (high - low) * MARGIN;
	let (low, high) = ((low - spare).max(possible.0), (high + spare).min(possible.1));
	// Steps are rounded, so a part of the range stays free.
	let free = ((high - low) / 64.0).max(1e-9);
	if low < high { (low - free, high + free) } else { (possible.0 - 1.0, possible.1 + 1.0) }
}
