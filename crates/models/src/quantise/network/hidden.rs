//! A hidden unit as integers: its table, and how far each bit of the input moves its argument.

use super::{inputs::Inputs, sample::Sample, steps::fit_steps};
use crate::float::{affine::Row, calibration::extremes};
use fhe_ml_engine::circuits::network::HiddenUnit;

/// How far beyond the rows' values a range goes, relative to their range, on each side.
const MARGIN: f64 = 0.5;
/// The part of the possible arguments that a table covers if rows were drawn: real features are
/// correlated, and so move an argument further than drawn ones.
const DRAWN_PART: f64 = 0.6;

/// A hidden unit, and what the integers of its activation stand for.
pub(super) struct QuantisedUnit {
	pub unit: HiddenUnit,
	/// Value of the integer 0.
	pub zero: f64,
	/// What each integer adds to that.
	pub step: f64,
}

/// What a unit's table is made for.
pub(super) struct Table<'a> {
	pub sample: &'a Sample<'a>,
	pub inputs: &'a Inputs,
	/// For each bit of the input the rows in which it is set.
	pub set_rows: &'a [Vec<u32>],
	pub len: usize,
	pub activation_bits: u32,
}

impl Table<'_> {
	/// Unit number `at` of the network.
	pub fn quantise(&self, at: usize) -> QuantisedUnit {
		let Sample { network, arguments, .. } = self.sample;
		let moves = Moves::of(&network.hidden.rows[at], self.inputs);
		let arguments: Vec<f64> = arguments.iter().map(|row| row[at]).collect();
		let (lowest, highest) = self.window(moves.possible(), &arguments);
		let steps_per_unit = (self.len - 1) as f64 / (highest - lowest);
		let base_step = ((moves.base - lowest) * steps_per_unit).round();
		let exact: Vec<f64> = moves.bits.iter().map(|step| step * steps_per_unit).collect();
		let wanted = arguments.iter().map(|argument| (argument - moves.base) * steps_per_unit);
		let (steps, shift) = fit_steps(&exact, self.set_rows, wanted.collect());

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
			zero: low,
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
	fn of(unit: &Row, inputs: &Inputs) -> Self {
		let mut moves = Self { base: unit.bias, bits: Vec::new() };
		let features = inputs.features.iter().zip(&inputs.bits);
		for ((feature, &bits), &weight) in features.zip(unit.weights.iter()) {
			moves.base += weight * feature.offset;
			if bits > 0 {
				let step = weight / feature.scale;
				moves.bits.extend((0..bits).map(|bit| step * f64::from(1u32 << bit)));
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
