//! Activations cut into limbs and weights cut into digits, and how far combinations of these reach.

use super::{Choice, HiddenUnit, NetworkCircuit, NetworkLayers, layers::reach};
use alloc::{vec, vec::Vec};

/// Sums of |digit| that an i64 can multiply with residues.
const MAX_DIGIT_SUM: i64 = 1 << 11;

/// What is left of an activation above its lowest `shift` bits.
fn limb_of(activation: u16, shift: u32) -> u64 {
	u64::from(activation).checked_shr(shift).unwrap_or(0)
}

/// Balanced digits of `value` in an odd base, least significant first; the last one takes what is
/// left.
fn digits(value: i32, base: u32, count: usize) -> impl Iterator<Item = i64> {
	let (base, half) = (i64::from(base), i64::from(base / 2));
	let mut rest = i64::from(value);
	(1..=count).map(move |digit| {
		if digit == count {
			return rest;
		}
		let low = (rest + half).rem_euclid(base) - half;
		rest = (rest - low) / base;
		low
	})
}

impl NetworkCircuit {
	/// The polynomial of a unit's table: limb r of table\[i\] in coefficient r N / limbs + i.
	pub(super) fn table_coefficients(&self, unit: &HiddenUnit) -> Vec<u64> {
		let Choice { limbs, limb_bits, .. } = self.choice;
		let mask = (1u64 << limb_bits) - 1;
		let limb = |limb: usize| {
			let shift = limb as u32 * limb_bits;
			unit.table.iter().map(move |&value| limb_of(value, shift) & mask)
		};
		(0..limbs).flat_map(limb).map(|value| value << self.encoding.unit_log2).collect()
	}

	/// The rows of digits that are combined: for each output and digit, one digit per hidden unit.
	pub(super) fn digit_rows(&self) -> Vec<Vec<i64>> {
		digit_rows(&self.layers, self.choice)
	}
}

/// Whether an i64 holds every combination of residues.
pub(super) fn digit_sums_fit(layers: &NetworkLayers, choice: Choice) -> bool {
	let sum = |row: &Vec<i64>| row.iter().map(|digit| digit.abs()).sum::<i64>();
	digit_rows(layers, choice).iter().map(sum).all(|sum| sum < MAX_DIGIT_SUM)
}

pub(super) fn digit_rows(layers: &NetworkLayers, choice: Choice) -> Vec<Vec<i64>> {
	let Choice { weight_base, weight_digits, .. } = choice;
	let rows = layers.weights.iter().flat_map(|weights| {
		let all: Vec<Vec<i64>> = weights
			.iter()
			.map(|&weight| digits(weight, weight_base, weight_digits).collect())
			.collect();
		(0..weight_digits).map(move |digit| all.iter().map(|weight| weight[digit]).collect())
	});
	rows.collect()
}

/// Lowest and highest value of each integer in a result, in the order that `combine` takes.
pub(super) fn ranges(layers: &NetworkLayers, choice: Choice) -> Vec<(i64, i64)> {
	let mask = (1u64 << choice.limb_bits) - 1;
	let rows = digit_rows(layers, choice);
	let limb = |limb: usize| {
		let extremes = layers.hidden.iter().map(|unit| {
			let shift = limb as u32 * choice.limb_bits;
			let values = || unit.table.iter().map(|&value| (limb_of(value, shift) & mask) as i64);
			(values().min().unwrap_or_default(), values().max().unwrap_or_default())
		});
		let extremes: Vec<(i64, i64)> = extremes.collect();
		rows.iter().map(|row| reach(row.iter().copied(), &extremes)).collect::<Vec<_>>()
	};
	(0..choice.limbs).flat_map(limb).collect()
}

/// Puts the limbs and digits of `outputs` outputs together.
pub(crate) fn combine(values: &[i64], outputs: usize, choice: Choice) -> Vec<i64> {
	let Choice { limb_bits, weight_base, weight_digits, .. } = choice;
	let rows = outputs * weight_digits;
	let mut outputs = vec![0i64; outputs];
	for (limb, values) in values.chunks_exact(rows).enumerate() {
		for (output, digits) in outputs.iter_mut().zip(values.chunks_exact(weight_digits)) {
			let whole = digits
				.iter()
				.rev()
				.fold(0i64, |sum, &d| sum.wrapping_mul(weight_base.into()).wrapping_add(d));
			*output = output.wrapping_add(whole.wrapping_shl(limb as u32 * limb_bits));
		}
	}
	outputs
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn digits_put_together_give_the_weight() {
		for base in [3, 5, 9] {
			for value in -121..=121 {
				let digits: Vec<i64> = digits(value, base, 5).collect();
				let whole = digits.iter().rev().fold(0, |sum, digit| sum * i64::from(base) + digit);
				assert_eq!(whole, i64::from(value));
				assert!(digits.iter().all(|digit| digit.unsigned_abs() <= u64::from(base / 2)));
			}
		}
	}
}
