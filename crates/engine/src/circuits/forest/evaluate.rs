//! Evaluation of forest circuits on ciphertexts.

use super::ForestCircuit;
use crate::threads::{self, *};
use crate::{
	algorithms::{
		expansion::{Cut, EvaluationBuffers, Wanted, expand_rows},
		external_product::add_products,
	},
	circuits::{
		batch::Batch,
		levelled::{
			Levelled, ResultEncoding,
			cost::{
				ENTRY_NANOSECONDS, TRANSFORM_NANOSECONDS, expansion_transforms,
				scattered_expansion_nanoseconds,
			},
		},
		limbs,
		tree::{Node, Tree},
	},
	entities::{
		input::EncryptedInput,
		prepared_server_key::PreparedServerKey,
		rlwe::{RLWE_SIZE, Rlwe},
	},
	math::{
		modular,
		params::POLYNOMIAL_SIZE,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};

/// Subtrees with more nodes than this are worth a task of their own.
pub(crate) const NODES_PER_TASK: usize = 24;

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
	batch: &'a Batch,
	/// Ascending ciphertexts from before the end of the expansion.
	wide: &'a [usize],
	wide_rows: &'a [u64],
	/// The ciphertexts of `batch`.
	rows: &'a [u64],
}

impl Levelled for ForestCircuit {
	fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.gadget)]
	}

	fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	fn total_noise(&self) -> Variance {
		let switched = Variance::modulus_switch(self.encoding.result_bits);
		self.noise + self.linear_noise(self.encoding.unit_log2) + switched
	}

	fn bits(&self) -> usize {
		self.predicates
	}

	fn selectors(&self) -> usize {
		ForestCircuit::selectors(self)
	}

	fn limbs_of_value(&self) -> usize {
		self.choice.limbs
	}

	fn transforms(&self) -> u64 {
		let linear = self.splits - self.selections;
		expansion_transforms(self.rows()) + self.selections * self.gadget().transforms() + linear
	}

	fn nanoseconds(&self) -> u64 {
		let linear = self.splits - self.selections;
		self.expansion_nanoseconds()
			+ (self.selections * self.gadget().transforms() + 2 * linear) * TRANSFORM_NANOSECONDS
	}

	fn combine(&self, integers: &[i64]) -> Vec<i64> {
		limbs::combine(integers, self.choice.limb_bits, self.choice.limbs)
	}

	fn peak_ciphertexts(&self) -> usize {
		let of_batch = |batch: &Batch| batch.rows.len() + self.wide(batch).len();
		self.batches.iter().map(of_batch).max().unwrap_or_default()
	}

	fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64> {
		let mut sum = Rlwe::zero();
		for batch in &self.batches {
			if let Some(encrypted) = self.sum_of_batch(key, input, batch, buffers) {
				sum.add_assign(&encrypted);
			}
		}
		let mut coefficients = sum.into_coefficients();
		self.add_constants(&mut coefficients);
		coefficients
	}
}

impl ForestCircuit {
	/// The encrypted parts of a batch's trees; none if there are none.
	pub(super) fn sum_of_batch(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		batch: &Batch,
		buffers: &mut EvaluationBuffers,
	) -> Option<Rlwe> {
		let wide = self.wide(batch);
		let wanted = Wanted { cut: self.linear_cut(), wide: &wide, entries: &batch.rows };
		expand_rows(key, input, wanted, buffers);
		let (wide_rows, rows) = buffers.rows.split_at(wide.len() * RLWE_SIZE);
		Context { circuit: self, key, batch, wide: &wide, wide_rows, rows }.sum_of_trees()
	}

	/// Adds the public parts of all trees to the coefficients of a sum of the others.
	pub(super) fn add_constants(&self, coefficients: &mut [u64]) {
		let mut constants = vec![0; self.encoding.coefficients()];
		for tree in &self.trees {
			// That of a split is that of its zero child.
			let mut leaves = tree.leaves();
			for (at, constant) in leaves.next().into_iter().flat_map(|leaf| self.leaf_limbs(leaf)) {
				constants[at] += constant;
			}
		}
		let body = &mut coefficients[POLYNOMIAL_SIZE..];
		for (body, constant) in body.iter_mut().zip(constants) {
			let shifted = i128::from(constant) << self.encoding.unit_log2;
			*body = modular::add(*body, modular::from_signed(shifted));
		}
	}

	fn expansion_nanoseconds(&self) -> u64 {
		self.batches.iter().map(|batch| self.expansion_nanoseconds_of(batch)).sum()
	}

	pub(super) fn expansion_nanoseconds_of(&self, batch: &Batch) -> u64 {
		match self.linear_cut() {
			Cut::END => batch.rows.len() as u64 * ENTRY_NANOSECONDS,
			cut => scattered_expansion_nanoseconds(&Wanted {
				cut,
				wide: &self.wide(batch),
				entries: &batch.rows,
			}),
		}
	}

	/// Expanded ciphertexts of all batches.
	fn rows(&self) -> u64 {
		self.batches.iter().map(|batch| batch.rows.len() as u64).sum()
	}
}

impl Context<'_> {
	/// Of the encrypted parts.
	fn sum_of_trees(&self) -> Option<Rlwe> {
		let trees = &self.circuit.trees()[self.batch.trees.clone()];
		let values = trees.par_iter().map(|tree| self.value(tree, 0).encrypted);
		values.reduce(
			|| None,
			|sum, value| match (sum, value) {
				(Some(mut sum), Some(value)) => {
					sum.add_assign(&value);
					Some(sum)
				},
				(sum, value) => sum.or(value),
			},
		)
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
			if one_at - at > NODES_PER_TASK { threads::join(zero, one) } else { (zero(), one()) };
		let Value { encrypted, constant } = zero;
		let difference = self.difference(encrypted.as_ref(), &constant, one);
		let mut sum = encrypted.unwrap_or_else(Rlwe::zero);
		let gadget = self.circuit.gadget();
		let first = self.circuit.entries_of[predicate].first;
		let selector = self.batch.ciphertexts(self.rows, first, gadget.mask.levels as usize);
		add_products(self.key, selector, gadget, [&difference], [sum.mask_and_body_mut()]);
		Value { encrypted: Some(sum), constant }
	}

	/// bit (one - zero) for public leaves.
	fn linear(&self, predicate: usize, difference: &[(usize, i64)]) -> Option<Rlwe> {
		if difference.is_empty() {
			return None;
		}
		let bit = self.circuit.linear_bit(predicate);
		let ciphertext = match self.circuit.linear_cut() {
			Cut::END => self.batch.ciphertexts(self.rows, bit.number, 1),
			_ => {
				let at = self.wide.partition_point(|&other| other < bit.number);
				&self.wide_rows[at * RLWE_SIZE..][..RLWE_SIZE]
			},
		};
		let mut product = Rlwe::from_slice(ciphertext);
		product.mul_assign(&bit.factor(difference).into_ntt());
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
