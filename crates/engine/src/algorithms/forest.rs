//! Evaluation of forest circuits on ciphertexts.

use crate::{
	algorithms::{
		evaluation::{EvaluateError, decode_for},
		expansion::{ExpansionBuffers, expand},
		external_product::add_products,
		modulus_switch,
	},
	entities::{
		forest::{Batch, ForestCircuit, Node, Tree},
		input::EncryptedInput,
		prepared_server_key::PreparedServerKey,
		result::input_tag,
		rlwe::{RLWE_SIZE, Rlwe},
	},
	modular,
	params::POLYNOMIAL_SIZE,
	random,
	ring::Polynomial,
};
use fhe_ml_format::ResultPrefix;
use rayon::prelude::*;

/// Memory that evaluations use again and again. Keep one per thread that calls `evaluate`.
#[derive(Default)]
pub struct EvaluationBuffers {
	pub(crate) expansion: ExpansionBuffers,
	pub(crate) rows: Vec<u64>,
}

/// Subtrees with more nodes than this are worth a task of their own.
const NODES_PER_TASK: usize = 24;

/// The value of a subtree: an encrypted part and a public one.
struct Value {
	encrypted: Option<Rlwe>,
	/// (coefficient, integer), in units.
	constant: Vec<(usize, i64)>,
}

/// What the evaluation of a batch needs.
struct Context<'a> {
	circuit: &'a ForestCircuit,
	key: &'a PreparedServerKey,
	slots: &'a [usize],
	rows: &'a [u64],
}

impl ForestCircuit {
	/// Evaluates the bytes of an input under its server key; returns the bytes of a result.
	pub fn evaluate(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let decoded = decode_for(key, input, self.slots())?;
		let mut sum = Rlwe::zero();
		let mut constants = vec![0; self.encoding().coefficients()];
		for batch in &self.batches {
			expand_slots(key, &decoded, &batch.slots, buffers);
			let context = Context { circuit: self, key, slots: &batch.slots, rows: &buffers.rows };
			let value = context.sum_of_trees(batch);
			if let Some(encrypted) = value.encrypted {
				sum.add_assign(&encrypted);
			}
			for (at, constant) in value.constant {
				constants[at] += constant;
			}
		}
		let unit_log2 = self.encoding().unit_log2;
		let mut coefficients = sum.into_coefficients();
		let body = &mut coefficients[POLYNOMIAL_SIZE..];
		let centres = &self.encoding().centres;
		for ((body, constant), centre) in body.iter_mut().zip(constants).zip(centres) {
			let shifted = i128::from(constant - centre) << unit_log2;
			*body = modular::add(*body, modular::from_signed(shifted));
		}
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
		let bodies = &body[..centres.len().min(POLYNOMIAL_SIZE)];
		Ok(modulus_switch::result(prefix, mask, bodies, self.encoding()).to_bytes())
	}
}

/// Expands ascending slots of an input into `buffers.rows`.
pub(crate) fn expand_slots(
	key: &PreparedServerKey,
	input: &EncryptedInput,
	slots: &[usize],
	buffers: &mut EvaluationBuffers,
) {
	let EvaluationBuffers { expansion, rows } = buffers;
	rows.resize(slots.len() * RLWE_SIZE, 0);
	let mut rows = rows.as_mut_slice();
	for slots in slots.chunk_by(|a, b| a / POLYNOMIAL_SIZE == b / POLYNOMIAL_SIZE) {
		let (mine, rest) = rows.split_at_mut(slots.len() * RLWE_SIZE);
		rows = rest;
		let glwe = slots.first().map_or(0, |slot| slot / POLYNOMIAL_SIZE);
		let start = glwe * POLYNOMIAL_SIZE;
		let end = input.bodies.len().min(start + POLYNOMIAL_SIZE);
		let mask = random::mask(&input.prefix.mask_seed, glwe as u64);
		let wanted: Vec<usize> = slots.iter().map(|slot| slot - start).collect();
		expand(key, &mask, &input.bodies[start..end], &wanted, expansion, mine);
	}
}

impl Context<'_> {
	fn sum_of_trees(&self, batch: &Batch) -> Value {
		let trees = &self.circuit.trees()[batch.trees.clone()];
		let values = trees.par_iter().map(|tree| self.value(tree, 0));
		let nothing = || Value { encrypted: None, constant: Vec::new() };
		values.reduce(nothing, |mut sum, value| {
			sum.encrypted = match (sum.encrypted, value.encrypted) {
				(Some(mut sum), Some(value)) => {
					sum.add_assign(&value);
					Some(sum)
				},
				(sum, value) => sum.or(value),
			};
			sum.constant.extend(value.constant);
			sum
		})
	}

	/// The ciphertexts of `count` neighbouring slots.
	fn rows(&self, first: usize, count: usize) -> &[u64] {
		let at = self.slots.partition_point(|&slot| slot < first);
		&self.rows[at * RLWE_SIZE..][..count * RLWE_SIZE]
	}

	/// The value of the subtree at node `at`: leaves are public; a split of two leaves is
	/// zero + bit (one - zero), linear in its bit; any other split is a CMux, zero + bit (one - zero)
	/// by an external product.
	fn value(&self, tree: &Tree, at: usize) -> Value {
		let (predicate, one_at) = match &tree.nodes[at] {
			Node::Leaf(leaf) => {
				let constant = self.circuit.leaf_limbs(leaf).collect();
				return Value { encrypted: None, constant };
			},
			Node::Split { predicate, one } => (*predicate as usize, *one as usize),
		};
		if let (Some(zero), Some(one)) = (tree.leaf(at + 1), tree.leaf(one_at)) {
			return Value {
				encrypted: self.linear(predicate, &self.circuit.difference(zero, one)),
				constant: self.circuit.leaf_limbs(zero).collect(),
			};
		}
		let zero = || self.value(tree, at + 1);
		let one = || self.value(tree, one_at);
		let (zero, one) =
			if one_at - at > NODES_PER_TASK { rayon::join(zero, one) } else { (zero(), one()) };
		let Value { encrypted, constant } = zero;
		let difference = self.difference(encrypted.as_ref(), &constant, one);
		let mut sum = encrypted.unwrap_or_else(Rlwe::zero);
		let gadget = self.circuit.gadget();
		let first = self.circuit.slots_of[predicate].first;
		let selector = self.rows(first, gadget.mask.levels as usize);
		add_products(self.key, selector, gadget, [&difference], [sum.mask_and_body_mut()]);
		Value { encrypted: Some(sum), constant }
	}

	/// bit (one - zero) for public leaves.
	fn linear(&self, predicate: usize, difference: &[(usize, i64)]) -> Option<Rlwe> {
		if difference.is_empty() {
			return None;
		}
		let unit_log2 = self.circuit.encoding().unit_log2;
		let (slot, scale_log2) = self.circuit.linear_scale(predicate, unit_log2);
		let mut factor = Polynomial::zero();
		for &(at, digit) in difference {
			factor.as_mut()[at] =
				modular::from_signed(i128::from(digit) << (unit_log2 - scale_log2));
		}
		let mut product = Rlwe::from_slice(self.rows(slot, 1));
		product.mul_assign(&factor.into_ntt());
		Some(product)
	}

	/// Coefficients of one - zero.
	fn difference(
		&self,
		zero: Option<&Rlwe>,
		zero_constant: &[(usize, i64)],
		one: Value,
	) -> Vec<u64> {
		let unit_log2 = self.circuit.encoding().unit_log2;
		let mut difference = one.encrypted.unwrap_or_else(Rlwe::zero);
		if let Some(zero) = zero {
			difference.sub_assign(zero);
		}
		let mut difference = difference.into_coefficients();
		let body = &mut difference[POLYNOMIAL_SIZE..];
		let negated = zero_constant.iter().map(|&(at, constant)| (at, -constant));
		for (at, constant) in one.constant.into_iter().chain(negated) {
			let shifted = modular::from_signed(i128::from(constant) << unit_log2);
			body[at] = modular::add(body[at], shifted);
		}
		difference
	}
}
