//! Evaluation of deep networks on ciphertexts.

use super::{DeepCircuit, DeepLayer, DeepTable, SparseRow, tables};
use crate::threads::*;
use crate::{
	algorithms::{
		bootstrapping::{
			PAIRS_AT_ONCE, bootstrap,
			rotation::rotate_all,
			selectors::{Selectors, expand_selectors},
		},
		expansion::{EvaluationBuffers, Packed},
		packing::{pack, packing_inverse},
	},
	circuits::{
		levelled::{
			Levelled, ResultEncoding,
			cost::{packing_switches, packing_transforms},
		},
		network::result_positions,
	},
	entities::{
		input::EncryptedInput,
		prepared_bootstrap_key::PreparedBootstrapKey,
		prepared_server_key::PreparedServerKey,
		rlwe::{RLWE_SIZE, rotate},
	},
	math::{
		bootstrap_params::{BOOTSTRAP_GADGETS, PATTERNS, SMALL_PAIRS, SQUARE_GADGET},
		modular,
		params::POLYNOMIAL_SIZE,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};
use fhe_ml_format::Hash;

/// Nanoseconds of one core for one transform of a blind rotation, with its share of everything else, measured
/// (`cargo bench`).
const TRANSFORM_NANOSECONDS: u64 = 7_500;

/// Nanoseconds of one core for a row of a selector, expanded and multiplied by -s, measured.
const ROW_NANOSECONDS: u64 = 93_000;

/// Nanoseconds of one core for a weight of a combination, measured.
const WEIGHT_NANOSECONDS: u64 = 2_000;

/// Sums of |weight| that an i64 can multiply with residues.
const MAX_WEIGHT_SUM: u64 = 1 << 11;

/// Steps of the packing of the outputs: all of them.
const PACKING_STEPS: u32 = POLYNOMIAL_SIZE.ilog2();

/// Transforms of a step of a blind rotation for one accumulator.
fn step_transforms(gadget: SelectorGadget) -> u64 {
	(2 + gadget.mask.levels + gadget.body().levels).into()
}

/// Rows of the selectors of some pairs, as they are sent.
fn selector_rows(gadget: SelectorGadget, pairs: usize) -> u64 {
	(pairs * PATTERNS) as u64 * u64::from(gadget.mask.levels)
}

impl Levelled for DeepCircuit {
	fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.input_gadget)]
	}

	fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	fn result_positions(&self) -> Vec<usize> {
		result_positions(self.layers.outputs.len(), 1)
	}

	fn total_noise(&self) -> Variance {
		self.noise + Variance::modulus_switch(self.encoding.result_bits)
	}

	fn bits(&self) -> usize {
		self.layers.bits()
	}

	fn selectors(&self) -> usize {
		self.layers.bits()
	}

	fn limbs_of_value(&self) -> usize {
		1
	}

	/// That of the bootstrap key, which names its server key: a result depends on both.
	fn key_hash(&self, key: &PreparedServerKey) -> Hash {
		key.bootstrap().map_or(key.hash(), |bootstrap| bootstrap.hash)
	}

	fn transforms(&self) -> u64 {
		// The expansion takes about as long as three transforms for a row.
		self.rows() * u64::from(3 + SQUARE_GADGET.levels)
			+ self.step_transforms()
			+ packing_transforms(self.layers.outputs.len())
	}

	fn nanoseconds(&self) -> u64 {
		let rows = self.layers.hidden.iter().skip(1).flat_map(|layer| &layer.rows);
		let rows = rows.chain(self.layers.outputs.iter().map(|output| &output.row));
		let weights: u64 = rows.map(|row| row.entries.len() as u64).sum();
		let outputs = self.layers.outputs.len();
		self.rows() * ROW_NANOSECONDS
			+ (self.step_transforms() + packing_transforms(outputs)) * TRANSFORM_NANOSECONDS
			+ (weights + packing_switches(outputs)) * WEIGHT_NANOSECONDS
	}

	/// Every integer is an output.
	fn combine(&self, integers: &[i64]) -> Vec<i64> {
		integers.to_vec()
	}

	fn peak_ciphertexts(&self) -> usize {
		let gadget = Levelled::gadget(self);
		let levels = gadget.mask.levels.max(6) + gadget.mask.levels.max(6) * 2;
		let selectors = PAIRS_AT_ONCE * PATTERNS * levels as usize;
		let units = || self.layers.hidden.iter().map(|layer| layer.rows.len());
		let tables = self.layers.hidden.iter().map(|layer| layer.tables.len()).max();
		let largest = units().max().unwrap_or_default();
		let outputs = 2 * self.layers.outputs.len().next_power_of_two();
		selectors + units().sum::<usize>() + 2 * largest + tables.unwrap_or_default() + outputs
	}

	fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64> {
		// `Family` has refused keys without one.
		let Some(bootstrap_key) = key.bootstrap() else { return vec![0; RLWE_SIZE] };
		let mut values: Vec<Vec<Vec<u64>>> = Vec::with_capacity(self.layers.hidden.len());
		for (at, layer) in self.layers.hidden.iter().enumerate() {
			let of_layer = match at {
				0 => self.first_layer(layer, key, bootstrap_key, input, buffers),
				_ => self.bootstrapped(at, layer, key, bootstrap_key, &values, buffers),
			};
			values.push(of_layer);
		}
		self.packed_outputs(key, &values)
	}
}

impl DeepCircuit {
	/// Pairs of bits of an input.
	fn pairs(&self) -> usize {
		self.layers.bits().div_ceil(2)
	}

	/// Entries of an input.
	pub(super) fn input_entries(&self) -> usize {
		self.pairs() * PATTERNS * Levelled::gadget(self).mask.levels as usize
	}

	/// Steps of the first layer's blind rotations.
	fn moved_pairs(&self) -> u64 {
		let rows = self.layers.hidden.iter().take(1).flat_map(|layer| &layer.rows);
		rows.map(|row| row.entries.len().div_ceil(2).min(self.pairs()) as u64).sum()
	}

	/// Rows of all selectors, if none are kept.
	fn rows(&self) -> u64 {
		let further =
			self.bootstrapped_layers().map(|(_, gadget)| selector_rows(gadget, SMALL_PAIRS));
		selector_rows(Levelled::gadget(self), self.pairs()) + further.sum::<u64>()
	}

	/// Transforms of all blind rotations.
	fn step_transforms(&self) -> u64 {
		let further = self.bootstrapped_layers().map(|(layer, gadget)| {
			(layer.rows.len() * SMALL_PAIRS) as u64 * step_transforms(gadget)
		});
		self.moved_pairs() * step_transforms(Levelled::gadget(self)) + further.sum::<u64>()
	}

	fn bootstrapped_layers(&self) -> impl Iterator<Item = (&DeepLayer, SelectorGadget)> {
		let layers = self.layers.hidden.iter().skip(1).zip(&self.choice.gadgets);
		layers.filter_map(|(layer, &gadget)| {
			Some((layer, *BOOTSTRAP_GADGETS.get(usize::from(gadget))?))
		})
	}

	fn unit(&self, layer: usize) -> u64 {
		self.choice.units.get(layer).copied().unwrap_or_default()
	}

	/// Tables rotated by the input's bits.
	fn first_layer(
		&self,
		layer: &DeepLayer,
		key: &PreparedServerKey,
		bootstrap_key: &PreparedBootstrapKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<Vec<u64>> {
		let gadget = Levelled::gadget(self);
		let polynomials = polynomials(layer, |table| tables::of_first_layer(table, self.unit(0)));
		let modulus = 2 * POLYNOMIAL_SIZE as i64;
		let start = |(unit, (row, table)): (usize, (&SparseRow, &DeepTable))| {
			let mut accumulator = vec![0; RLWE_SIZE];
			let (_, body) = accumulator.split_at_mut(POLYNOMIAL_SIZE);
			let base = (row.bias - table.low).rem_euclid(modulus);
			rotate(polynomial_of(&polynomials, layer, unit), base as i32, body);
			accumulator
		};
		let mut accumulators: Vec<Vec<u64>> = layer.units().enumerate().map(start).collect();
		let packed =
			Packed { mask_seed: input.prefix.mask_seed, first_index: 0, bodies: &input.bodies };
		let selectors = Selectors { packed, gadget };
		for first in (0..self.pairs()).step_by(PAIRS_AT_ONCE) {
			let pairs = first..(first + PAIRS_AT_ONCE).min(self.pairs());
			let selectors =
				expand_selectors(key, &bootstrap_key.square, &selectors, pairs, buffers);
			// X^-argument.
			let steps = |unit: usize, pair: usize| {
				let step = |bit: usize| {
					let weight = layer.rows.get(unit).map_or(0, |row| row.weight(bit as u32));
					(-i64::from(weight)).rem_euclid(modulus) as usize
				};
				[step(2 * (first + pair)), step(2 * (first + pair) + 1)]
			};
			rotate_all(gadget, &selectors, steps, &mut accumulators);
		}
		accumulators
	}

	/// Combinations of the values of layers before, each looked up in its table.
	fn bootstrapped(
		&self,
		at: usize,
		layer: &DeepLayer,
		key: &PreparedServerKey,
		bootstrap_key: &PreparedBootstrapKey,
		values: &[Vec<Vec<u64>>],
		buffers: &mut EvaluationBuffers,
	) -> Vec<Vec<u64>> {
		let argument_unit = self.unit(layer.from);
		let polynomials =
			polynomials(layer, |table| tables::of_bootstrap(table, argument_unit, self.unit(at)));
		let columns = columns(values, layer.from);
		let units: Vec<(&SparseRow, &DeepTable)> = layer.units().collect();
		let argument = |&(row, table): &(&SparseRow, &DeepTable)| {
			combine(row, row.bias - table.centre(), argument_unit, &columns)
		};
		let arguments: Vec<Vec<u64>> = units.par_iter().map(argument).collect();
		let gadget = self.choice.gadgets.get(at - 1).copied().unwrap_or_default();
		let table = |unit: usize| polynomial_of(&polynomials, layer, unit);
		bootstrap(key, bootstrap_key, gadget.into(), &arguments, table, buffers)
	}

	/// The outputs, packed.
	fn packed_outputs(&self, key: &PreparedServerKey, values: &[Vec<Vec<u64>>]) -> Vec<u64> {
		let unit = self.unit(self.layers.outputs_from);
		let columns = columns(values, self.layers.outputs_from);
		let factor = packing_inverse(PACKING_STEPS);
		let scaled = |output: &super::DeepOutput| {
			let mut sum = combine(&output.row, output.row.bias, unit, &columns);
			sum.iter_mut().for_each(|residue| *residue = modular::mul(*residue, factor));
			sum
		};
		let outputs = self.layers.outputs.par_iter().map(scaled).collect();
		pack(key, outputs, PACKING_STEPS).into_coefficients()
	}
}

/// The polynomials of a layer's tables.
fn polynomials(layer: &DeepLayer, of: impl Fn(&DeepTable) -> Vec<u64>) -> Vec<Vec<u64>> {
	layer.tables.iter().map(of).collect()
}

fn polynomial_of<'a>(polynomials: &'a [Vec<u64>], layer: &DeepLayer, unit: usize) -> &'a [u64] {
	let table = layer.table_of.get(unit).copied().unwrap_or_default();
	&polynomials[usize::from(table)]
}

/// The ciphertexts of a reader's columns.
fn columns(values: &[Vec<Vec<u64>>], from: usize) -> Vec<&[u64]> {
	values.iter().skip(from).flatten().map(Vec::as_slice).collect()
}

/// The sum of ciphertexts times small weights, and `constant` times the unit.
fn combine(row: &SparseRow, constant: i64, unit: u64, columns: &[&[u64]]) -> Vec<u64> {
	let mut sums = vec![0i64; RLWE_SIZE];
	let mut weights = 0;
	for &(column, weight) in &row.entries {
		let Some(ciphertext) = columns.get(column as usize) else { continue };
		let size = u64::from(weight.unsigned_abs());
		weights += size;
		if weights >= MAX_WEIGHT_SUM {
			sums.iter_mut().for_each(|sum| *sum = modular::from_signed((*sum).into()) as i64);
			// What is left is one residue.
			weights = size + 1;
		}
		for (sum, &residue) in sums.iter_mut().zip(*ciphertext) {
			*sum += i64::from(weight) * residue as i64;
		}
	}
	let mut sums: Vec<u64> = sums.into_iter().map(|sum| modular::from_signed(sum.into())).collect();
	if let Some(body) = sums.get_mut(POLYNOMIAL_SIZE) {
		let constant = modular::from_signed(i128::from(constant) * i128::from(unit));
		*body = modular::add(*body, constant);
	}
	sums
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{math::params::MODULUS, sampling::mask};

	/// Weights whose sum an i64 does not hold, for the largest residues.
	#[test]
	fn combinations_do_not_overflow() {
		let largest = vec![MODULUS - 1; RLWE_SIZE];
		let random = [mask(&[1; 16], 0).as_ref(), mask(&[1; 16], 1).as_ref()].concat();
		let columns: Vec<&[u64]> = (0..40).map(|at| [&*largest, &*random][at % 2]).collect();
		let weights: Vec<i32> = (0..40).map(|at| if at % 4 == 3 { -1024 } else { 1024 }).collect();
		let sum = combine(&SparseRow::dense(0, &weights), 3, 5, &columns);
		for at in [0, 1, 777, POLYNOMIAL_SIZE, RLWE_SIZE - 1] {
			let products = weights
				.iter()
				.zip(&columns)
				.map(|(&weight, column)| i128::from(weight) * i128::from(column[at]));
			let constant = if at == POLYNOMIAL_SIZE { 15 } else { 0 };
			assert_eq!(sum[at], modular::from_signed(products.sum::<i128>() + constant));
		}
	}
}
