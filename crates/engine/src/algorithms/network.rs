//! Evaluation of network circuits on ciphertexts.

use crate::{
	algorithms::{
		evaluation::EvaluateError,
		external_product::{Digits, Unrelinearised},
		forest::{EvaluationBuffers, expand_slots},
		modulus_switch,
		packing::{pack, packed_position},
	},
	entities::{
		input::EncryptedInput,
		network::{HiddenUnit, NetworkCircuit},
		prepared_server_key::PreparedServerKey,
		result::input_tag,
		rlwe::RLWE_SIZE,
	},
	kernels, modular,
	params::{MODULUS, POLYNOMIAL_SIZE},
};
use fhe_ml_format::ResultPrefix;
use rayon::prelude::*;

impl NetworkCircuit {
	/// Evaluates the bytes of an input under its server key; returns the bytes of a result.
	pub fn evaluate(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let decoded = EncryptedInput::from_bytes(input, self.slots())?;
		if decoded.prefix.server_key != key.hash() {
			return Err(EvaluateError::AnotherServerKey);
		}
		let slots: Vec<usize> = (0..self.slots()).collect();
		expand_slots(key, &decoded, &slots, buffers);
		let rows = &buffers.rows;
		let hidden: Vec<Vec<u64>> = self
			.layers()
			.hidden
			.par_iter()
			.map(|unit| self.blind_rotation(key, unit, rows))
			.collect();

		// Packing doubles what it keeps once per step, so everything is divided beforehand.
		let steps = self.table_len().ilog2();
		let inverse = modular::pow(modular::pow(2, steps.into()), MODULUS - 2);
		let combinations: Vec<Vec<u64>> =
			self.digit_rows().par_iter().map(|digits| combine(digits, &hidden, inverse)).collect();
		let packed = pack(key, combinations, steps).into_coefficients();

		let encoding = self.encoding();
		let (mask, body) = packed.split_at(POLYNOMIAL_SIZE);
		let centred = |(position, &centre): (usize, &i64)| {
			let centre = modular::from_signed(i128::from(centre) << encoding.unit_log2);
			modular::sub(body[position], centre)
		};
		let bodies: Vec<u64> =
			self.result_positions().zip(&encoding.centres).map(centred).collect();
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		Ok(modulus_switch::result(prefix, mask, &bodies, encoding).to_bytes())
	}

	/// Where the integers of a result are: coefficients of the phase.
	pub(crate) fn result_positions(&self) -> impl Iterator<Item = usize> {
		let count = self.combinations();
		let steps = self.table_len().ilog2();
		let limbs = self.encoding().coefficients() / count;
		(0..limbs).flat_map(move |limb| {
			(0..count).map(move |number| (limb << steps) + packed_position(number, steps))
		})
	}

	/// Coefficients of an encryption of the unit's table times X^-argument: for each bit with the
	/// step t, acc + bit (X^-t acc - acc) (Chillotti et al. 2020, algorithm 3; there the bits are
	/// those of the secret key).
	fn blind_rotation(&self, key: &PreparedServerKey, unit: &HiddenUnit, rows: &[u64]) -> Vec<u64> {
		let gadget = self.gadget();
		let selector_size = gadget.mask.levels as usize * RLWE_SIZE;
		let mut accumulator = vec![0; RLWE_SIZE];
		let table = self.table_coefficients(unit);
		rotate(&table, unit.base, &mut accumulator[POLYNOMIAL_SIZE..]);
		let mut difference = vec![0; RLWE_SIZE];
		for (selector, &step) in rows.chunks_exact(selector_size).zip(&unit.steps) {
			if step.rem_euclid(2 * POLYNOMIAL_SIZE as i32) == 0 {
				continue;
			}
			for (part, difference) in accumulator
				.chunks_exact(POLYNOMIAL_SIZE)
				.zip(difference.chunks_exact_mut(POLYNOMIAL_SIZE))
			{
				rotate(part, step, difference);
				kernels::sub_assign(difference, part);
			}
			let mut product = Unrelinearised::zero();
			product.add_product(&Digits::new(&difference, gadget), selector, gadget);
			let product = product.relinearise(key).into_coefficients();
			kernels::add_assign(&mut accumulator, &product);
		}
		accumulator
	}
}

/// X^-`step` times a polynomial.
fn rotate(polynomial: &[u64], step: i32, rotated: &mut [u64]) {
	let step = step.rem_euclid(2 * POLYNOMIAL_SIZE as i32) as usize;
	let (negated, step) = (step >= POLYNOMIAL_SIZE, step % POLYNOMIAL_SIZE);
	let (wrapped, straight) = polynomial.split_at(step);
	let (start, end) = rotated.split_at_mut(POLYNOMIAL_SIZE - step);
	start.copy_from_slice(straight);
	end.copy_from_slice(wrapped);
	// What wraps around turns its sign once more.
	let turned = if negated { start } else { end };
	turned.iter_mut().for_each(|value| *value = modular::neg(*value));
}

/// The sum of the hidden units times small digits, times `factor`.
fn combine(digits: &[i64], hidden: &[Vec<u64>], factor: u64) -> Vec<u64> {
	let mut sums = vec![0i64; RLWE_SIZE];
	for (&digit, unit) in digits.iter().zip(hidden).filter(|(digit, _)| **digit != 0) {
		for (sum, &value) in sums.iter_mut().zip(unit) {
			*sum += digit * value as i64;
		}
	}
	sums.into_iter().map(|sum| modular::mul(modular::from_signed(sum.into()), factor)).collect()
}
