//! Evaluation of network circuits on ciphertexts.

use crate::{
	algorithms::{
		evaluation::{EvaluateError, decode_for},
		expansion::expand_rows,
		external_product::add_products,
		forest::EvaluationBuffers,
		modulus_switch,
		packing::{pack, packed_position},
	},
	entities::{
		network::{HiddenUnit, NetworkCircuit},
		prepared_server_key::PreparedServerKey,
		result::input_tag,
		rlwe::{RLWE_SIZE, mask_and_body_mut, rotate, rotate_both},
	},
	math::{
		kernels::{self, MAX_NODES},
		modular,
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring,
	},
};
use fhe_ml_format::ResultPrefix;
use rayon::prelude::*;

/// Hidden units that go through the selectors together: their accumulators and a selector fit the
/// second-level cache.
const UNITS_PER_TASK: usize = 8;

impl NetworkCircuit {
	/// Evaluates the bytes of an input under its server key; returns the bytes of a result.
	pub fn evaluate(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let decoded = decode_for(key, input, self.slots())?;
		let slots: Vec<usize> = (0..self.slots()).collect();
		expand_rows(key, &decoded, 0, &slots, buffers);
		let rows = &buffers.rows;
		let units = &self.layers().hidden;
		let per_thread = units.len().div_ceil(rayon::current_num_threads());
		let hidden: Vec<Vec<u64>> = units
			.par_chunks(per_thread.clamp(1, UNITS_PER_TASK))
			.flat_map_iter(|units| self.blind_rotations(key, units, rows))
			.collect();

		// Packing doubles what it keeps once per step, so everything is divided beforehand.
		let steps = self.table_len().ilog2();
		let inverse = modular::pow(modular::pow(2, steps.into()), MODULUS - 2);
		let combinations: Vec<Vec<u64>> =
			self.digit_rows().par_iter().map(|digits| combine(digits, &hidden, inverse)).collect();
		let packed = pack(key, combinations, steps).into_coefficients();

		let encoding = self.encoding();
		let (mask, body) = packed.split_at(POLYNOMIAL_SIZE);
		let bodies: Vec<u64> = self.result_positions().map(|position| body[position]).collect();
		let bodies = encoding.centred(&bodies);
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

	/// For each unit the coefficients of an encryption of its table times X^-argument: for each bit
	/// with the step t, acc + bit (X^-t acc - acc) (Chillotti et al. 2020, algorithm 3; there the
	/// bits are those of the secret key). A selector is used for all units before the next one.
	fn blind_rotations(
		&self,
		key: &PreparedServerKey,
		units: &[HiddenUnit],
		rows: &[u64],
	) -> Vec<Vec<u64>> {
		let gadget = self.gadget();
		let selector_size = gadget.mask.levels as usize * RLWE_SIZE;
		let start = |unit: &HiddenUnit| {
			let mut accumulator = vec![0; RLWE_SIZE];
			let table = self.table_coefficients(unit);
			rotate(&table, unit.base, &mut accumulator[POLYNOMIAL_SIZE..]);
			accumulator
		};
		let mut accumulators: Vec<Vec<u64>> = units.iter().map(start).collect();
		let mut differences = vec![0; MAX_NODES * RLWE_SIZE];
		let mut products = vec![0; MAX_NODES * RLWE_SIZE];
		for (bit, selector) in rows.chunks_exact(selector_size).enumerate() {
			let moved = accumulators.iter_mut().zip(units).filter_map(|(accumulator, unit)| {
				let step = unit.steps[bit].rem_euclid(2 * POLYNOMIAL_SIZE as i32);
				(step != 0).then_some((accumulator, step))
			});
			let mut moved: Vec<(&mut Vec<u64>, i32)> = moved.collect();
			for pair in moved.chunks_mut(MAX_NODES) {
				for ((accumulator, step), difference) in
					pair.iter().zip(differences.chunks_exact_mut(RLWE_SIZE))
				{
					rotate_both(accumulator, *step, difference);
					kernels::sub_assign(difference, accumulator);
				}
				products.fill(0);
				let (first, second) = differences.split_at(RLWE_SIZE);
				let (left, right) = products.split_at_mut(RLWE_SIZE);
				let (left, right) = (mask_and_body_mut(left), mask_and_body_mut(right));
				match pair.len() {
					1 => add_products(key, selector, gadget, [first], [left]),
					_ => add_products(key, selector, gadget, [first, second], [left, right]),
				}
				let products = products.chunks_exact_mut(RLWE_SIZE);
				for ((accumulator, _), product) in pair.iter_mut().zip(products) {
					product.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::inverse);
					kernels::add_assign(accumulator, product);
				}
			}
		}
		accumulators
	}
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
