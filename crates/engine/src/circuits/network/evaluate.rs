//! Evaluation of network circuits on ciphertexts.

use super::{HiddenUnit, NetworkCircuit, digits};
use crate::threads::{self, *};
use crate::{
	algorithms::{
		expansion::{EvaluationBuffers, Wanted, expand_rows},
		external_product::add_products,
		packing::{pack, packed_position, packing_inverse},
	},
	circuits::levelled::{
		Levelled, ResultEncoding,
		cost::{ENTRY_NANOSECONDS, expansion_transforms, packing_switches, packing_transforms},
	},
	entities::{
		input::EncryptedInput,
		prepared_server_key::PreparedServerKey,
		rlwe::{RLWE_SIZE, mask_and_body_mut, rotate, rotate_both},
	},
	math::{
		kernels::{self, MAX_NODES},
		modular,
		params::POLYNOMIAL_SIZE,
		ring,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};

/// Hidden units that go through the selectors together: their accumulators and a selector fit the
/// second-level cache.
const UNITS_PER_TASK: usize = 8;

/// Nanoseconds for one transform with its share of everything else.
pub(super) const TRANSFORM_NANOSECONDS: u64 = 2_400;

impl Levelled for NetworkCircuit {
	fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.gadget)]
	}

	fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	fn result_positions(&self) -> Vec<usize> {
		result_positions(self.combinations(), self.choice.limbs)
	}

	fn total_noise(&self) -> Variance {
		self.noise + Variance::modulus_switch(self.encoding.result_bits)
	}

	fn bits(&self) -> usize {
		NetworkCircuit::bits(self)
	}

	fn selectors(&self) -> usize {
		NetworkCircuit::bits(self)
	}

	fn limbs_of_value(&self) -> usize {
		self.limbs()
	}

	fn transforms(&self) -> u64 {
		let expansion = expansion_transforms(self.input_coefficients() as u64);
		expansion + self.transforms_after_expansion()
	}

	fn nanoseconds(&self) -> u64 {
		self.input_coefficients() as u64 * ENTRY_NANOSECONDS
			+ self.rotations() * self.gadget().transforms() * TRANSFORM_NANOSECONDS
			+ self.combining_nanoseconds()
	}

	/// The integers are all digits of all outputs for the first limb, then for the next.
	fn combine(&self, integers: &[i64]) -> Vec<i64> {
		digits::combine(integers, self.outputs(), self.choice)
	}

	fn peak_ciphertexts(&self) -> usize {
		let outputs = self.combinations().next_power_of_two();
		self.input_coefficients() + self.layers.hidden.len() + 2 * outputs
	}

	fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64> {
		let entries: Vec<usize> = (0..self.input_coefficients()).collect();
		expand_rows(key, input, Wanted::entries(&entries), buffers);
		let rows = &buffers.rows;
		let units = &self.layers.hidden;
		let per_thread = units.len().div_ceil(threads::current_num_threads());
		let hidden: Vec<Vec<u64>> = units
			.par_chunks(per_thread.clamp(1, UNITS_PER_TASK))
			.flat_map_iter(|units| {
				let mut accumulators = self.accumulators(units);
				self.rotate_blindly(key, units, rows, 0, &mut accumulators);
				accumulators
			})
			.collect();
		self.combine_hidden(key, &hidden)
	}
}

impl NetworkCircuit {
	/// The sums of the hidden units, packed.
	pub(super) fn combine_hidden(&self, key: &PreparedServerKey, hidden: &[Vec<u64>]) -> Vec<u64> {
		let steps = self.table_len().ilog2();
		let factor = packing_inverse(steps);
		let combinations: Vec<Vec<u64>> =
			self.digit_rows().par_iter().map(|digits| combine(digits, hidden, factor)).collect();
		pack(key, combinations, steps).into_coefficients()
	}

	/// Nanoseconds of [`NetworkCircuit::combine_hidden`].
	pub(super) fn combining_nanoseconds(&self) -> u64 {
		let packed = packing_switches(self.combinations());
		packed * self.layers.hidden.len() as u64 * 2_000
			+ packing_transforms(self.combinations()) * TRANSFORM_NANOSECONDS
	}

	fn transforms_after_expansion(&self) -> u64 {
		self.rotations() * self.gadget().transforms() + packing_transforms(self.combinations())
	}

	/// External products of all blind rotations.
	fn rotations(&self) -> u64 {
		let steps = self.layers.hidden.iter().flat_map(|unit| &unit.steps);
		steps.filter(|&&step| step != 0).count() as u64
	}

	/// For each unit its table before any bit is looked at.
	pub(super) fn accumulators(&self, units: &[HiddenUnit]) -> Vec<Vec<u64>> {
		let start = |unit: &HiddenUnit| {
			let mut accumulator = vec![0; RLWE_SIZE];
			let table = self.table_coefficients(unit);
			rotate(&table, unit.base, &mut accumulator[POLYNOMIAL_SIZE..]);
			accumulator
		};
		units.iter().map(start).collect()
	}

	/// Multiplies each unit's accumulator (coefficients) by X^-(what the bits from `first_bit` on add to its
	/// argument): for each bit with the step t, acc + bit (X^-t acc - acc) (Chillotti et al. 2020, algorithm 3;
	/// there the bits are those of the secret key). A selector is used for all units before the next one.
	pub(super) fn rotate_blindly(
		&self,
		key: &PreparedServerKey,
		units: &[HiddenUnit],
		selectors: &[u64],
		first_bit: usize,
		accumulators: &mut [Vec<u64>],
	) {
		let gadget = self.gadget();
		let selector_size = gadget.mask.levels as usize * RLWE_SIZE;
		let mut differences = vec![0; MAX_NODES * RLWE_SIZE];
		let mut products = vec![0; MAX_NODES * RLWE_SIZE];
		for (bit, selector) in (first_bit..).zip(selectors.chunks_exact(selector_size)) {
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
	}
}

/// Where `limbs` limbs of `combinations` combinations are in a result, limb by limb.
pub(crate) fn result_positions(combinations: usize, limbs: usize) -> Vec<usize> {
	let steps = (POLYNOMIAL_SIZE / limbs).ilog2();
	let of_limb = |limb: usize| {
		(0..combinations).map(move |number| (limb << steps) + packed_position(number, steps))
	};
	(0..limbs).flat_map(of_limb).collect()
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
