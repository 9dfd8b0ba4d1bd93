//! Activations as polynomials.

use super::DeepTable;
use crate::math::{
	modular,
	params::{MODULUS, POLYNOMIAL_SIZE},
};
use alloc::vec::Vec;

fn value_on_circle(value: i32, unit: u64) -> u64 {
	modular::from_signed(i128::from(value) * i128::from(unit))
}

/// For the first layer: coefficient i is the value of the argument `low` + i, in units of `unit`.
pub(super) fn of_first_layer(table: &DeepTable, unit: u64) -> Vec<u64> {
	let arguments = (0..POLYNOMIAL_SIZE as i64).map(|at| table.low.saturating_add(at));
	arguments.map(|argument| value_on_circle(table.value(argument), unit)).collect()
}

/// For a bootstrap of sums that are arguments less the [centre](DeepTable::centre), in units of `argument_unit`: of the
/// 2N steps of the circle, the half around 0, whose lower part stands last, with its sign turned. Every step has the
/// value of the argument that is nearest.
pub(super) fn of_bootstrap(table: &DeepTable, argument_unit: u64, unit: u64) -> Vec<u64> {
	let half = POLYNOMIAL_SIZE as i64 / 2;
	// At most 2^49 times 2^12.
	let step = argument_unit as i64 * 2 * POLYNOMIAL_SIZE as i64;
	let at = |step_number: i64| {
		// At most 2^10 times 2^51.
		let scaled = step_number * MODULUS as i64 + step / 2;
		let argument = table.centre().saturating_add(scaled.div_euclid(step));
		value_on_circle(table.value(argument), unit)
	};
	let upper = (0..half).map(at);
	upper.chain((-half..0).map(|step_number| modular::neg(at(step_number)))).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Steps of the circle near the middle of each argument have its value, on both sides of 0.
	#[test]
	fn every_step_has_the_value_of_the_nearest_argument() {
		let table =
			DeepTable { low: -9, step_log2: 0, values: (0..16).map(|at| at * at).collect() };
		let argument_unit = MODULUS / 40;
		let polynomial = of_bootstrap(&table, argument_unit, 3);
		for argument in table.low..=table.high() {
			let offset = argument - table.centre();
			let exact = offset as f64 * argument_unit as f64 / MODULUS as f64 * 4096.0;
			for near in [-45.0, 0.0, 45.0] {
				let step = (exact + near).round() as i64;
				let coefficient = polynomial[step.rem_euclid(2048) as usize];
				let signed = if step < 0 { modular::neg(coefficient) } else { coefficient };
				assert_eq!(signed, 3 * table.value(argument) as u64);
			}
		}
		// Beyond the table comes its last value.
		assert_eq!(polynomial[1023], 3 * 225);
		assert_eq!(polynomial[1024], 0);
	}

	#[test]
	fn arguments_of_the_first_layer_are_coefficients() {
		let table = DeepTable { low: -3, step_log2: 1, values: vec![5, -6, 7] };
		let polynomial = of_first_layer(&table, 2);
		let minus_12 = MODULUS - 12;
		assert_eq!(polynomial[..7], [10, 10, minus_12, minus_12, 14, 14, 14]);
	}
}
