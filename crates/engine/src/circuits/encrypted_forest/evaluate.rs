//! Evaluation of forests with encrypted leaves.

use super::{
	EncryptedForestCircuit,
	layout::{Place, Product},
	value::Value,
};
use crate::threads::{self, *};
use crate::{
	algorithms::{
		expansion::{Cut, EvaluationBuffers, Wanted, expand_rows},
		external_product::add_products,
		packing::{pack, packed_position, packing_inverse},
	},
	circuits::{
		batch::Batch,
		forest::NODES_PER_TASK,
		levelled::{
			Levelled, ResultEncoding,
			cost::{
				ENTRY_NANOSECONDS, OCTET_NANOSECONDS, TRANSFORM_NANOSECONDS, packing_transforms,
			},
		},
		limbs,
		tree::Node,
	},
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey, rlwe::Rlwe},
	math::{
		kernels, modular,
		params::OCTET,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};

/// What the evaluation of a batch needs.
struct Context<'a> {
	circuit: &'a EncryptedForestCircuit,
	key: &'a PreparedServerKey,
	batch: &'a Batch,
	rows: &'a [u64],
	/// The ciphertexts of the leaves.
	leaves: &'a [Vec<u64>],
	/// Ascending numbers of the products that the trees need.
	numbers: &'a [usize],
	products: &'a [Vec<u64>],
}

impl Levelled for EncryptedForestCircuit {
	fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.gadget)]
	}

	fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	fn result_positions(&self) -> Vec<usize> {
		let (limbs, sums) = (self.limbs().0, self.shape.sums());
		let spacing = self.shape.spacing();
		let steps = spacing.ilog2();
		let position = |at: usize| match sums {
			1 => at,
			_ => packed_position(at / limbs, steps) + at % limbs * spacing,
		};
		(0..self.encoding.coefficients()).map(position).collect()
	}

	fn total_noise(&self) -> Variance {
		self.noise + Variance::modulus_switch(self.encoding.result_bits)
	}

	fn bits(&self) -> usize {
		self.shape.predicates
	}

	fn selectors(&self) -> usize {
		self.layout.selectors
	}

	fn limbs_of_value(&self) -> usize {
		self.limbs().0
	}

	/// Those of the expansion left out.
	fn transforms(&self) -> u64 {
		let products = self.layout.products.len() as u64;
		let packing = match self.shape.sums() {
			1 => 0,
			sums => packing_transforms(sums),
		};
		(products + self.layout.selections) * self.gadget().transforms() + packing
	}

	fn nanoseconds(&self) -> u64 {
		let (octets, entries) = self.rows();
		octets * OCTET_NANOSECONDS
			+ entries * ENTRY_NANOSECONDS
			+ self.transforms() * TRANSFORM_NANOSECONDS
	}

	fn combine(&self, integers: &[i64]) -> Vec<i64> {
		let (limbs, limb_bits) = self.limbs();
		limbs::combine(integers, limb_bits, limbs)
	}

	fn peak_ciphertexts(&self) -> usize {
		let batches = self.layout.batches.iter().zip(&self.layout.products_of);
		let most = batches.map(|(batch, products)| batch.rows.len() + products.len()).max();
		most.unwrap_or_default() + self.layout.ciphertexts()
	}

	fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64> {
		let mut sums = vec![Rlwe::zero(); self.shape.sums()];
		for (batch, numbers) in self.layout.batches.iter().zip(&self.layout.products_of) {
			let numbers: Vec<usize> = numbers.clone().collect();
			self.add_batch(key, input, batch, &numbers, &mut sums, buffers);
		}
		self.pack(key, sums).into_coefficients()
	}
}

impl EncryptedForestCircuit {
	/// Adds the trees of a batch, which need the products `numbers`, to their sums.
	pub(super) fn add_batch(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		batch: &Batch,
		numbers: &[usize],
		sums: &mut [Rlwe],
		buffers: &mut EvaluationBuffers,
	) {
		let leaves = self.weights.ciphertexts(|| self.layout.positions());
		let (wide, narrow) = self.octets_of(batch);
		let first = self.octets() * (OCTET - 1);
		let entries: Vec<usize> = narrow.iter().map(|row| first + row).collect();
		let wanted = Wanted { cut: Cut::OCTETS, wide, entries: &entries };
		expand_rows(key, input, wanted, buffers);
		let rows = buffers.rows.as_slice();
		let mut context =
			Context { circuit: self, key, batch, rows, leaves, numbers, products: &[] };
		let products: Vec<Vec<u64>> =
			numbers.par_iter().map(|&number| context.product(number)).collect();
		context.products = &products;
		sums.par_iter_mut().enumerate().for_each(|(number, sum)| {
			sum.add_assign(&context.sum_of_trees(number));
		});
	}

	/// Expanded ciphertexts of a batch: octets and others.
	pub(super) fn octets_of<'a>(&self, batch: &'a Batch) -> (&'a [usize], &'a [usize]) {
		let octets = self.octets();
		batch.rows.split_at(batch.rows.partition_point(|&row| row < octets))
	}

	/// Expanded ciphertexts of all batches: octets and others.
	fn rows(&self) -> (u64, u64) {
		let parts = self.layout.batches.iter().map(|batch| self.octets_of(batch));
		parts.fold((0, 0), |(octets, others), (wide, narrow)| {
			(octets + wide.len() as u64, others + narrow.len() as u64)
		})
	}

	/// One ciphertext with all sums.
	pub(super) fn pack(&self, key: &PreparedServerKey, mut sums: Vec<Rlwe>) -> Rlwe {
		if sums.len() == 1 {
			return sums.pop().unwrap_or_else(Rlwe::zero);
		}
		let steps = self.shape.spacing().ilog2();
		let factor = packing_inverse(steps);
		let divided = |sum: Rlwe| {
			let residues = sum.into_coefficients().into_iter();
			residues.map(|residue| modular::mul(residue, factor)).collect()
		};
		pack(key, sums.into_par_iter().map(divided).collect(), steps)
	}
}

impl<'a> Context<'a> {
	/// The values of all splits of a product: zero + bit (one - zero), by coefficients.
	fn product(&self, number: usize) -> Vec<u64> {
		let Product { group, .. } = self.circuit.layout.products[number];
		let selector = self.selector(self.circuit.group_row(group));
		let mut sum = Rlwe::zero();
		let differences = &self.leaves[2 * number];
		let gadget = self.circuit.gadget();
		add_products(self.key, selector, gadget, [differences], [sum.mask_and_body_mut()]);
		let mut values = sum.into_coefficients();
		kernels::add_assign(&mut values, &self.leaves[2 * number + 1]);
		values
	}

	fn selector(&self, first: usize) -> &'a [u64] {
		let levels = self.circuit.gadget().mask.levels as usize;
		self.batch.ciphertexts(self.rows, first, levels)
	}

	/// The sum of the trees of this batch that are added to sum number `number`.
	fn sum_of_trees(&self, number: usize) -> Rlwe {
		let trees = self.batch.trees.clone().into_par_iter();
		let trees = trees.filter(|&tree| self.circuit.shape.sum_of(tree) == number);
		let values = trees.map(|tree| self.value(tree, 0).into_transforms());
		values.reduce(Rlwe::zero, |mut sum, value| {
			sum.add_assign(&value);
			sum
		})
	}

	/// The value of the subtree at a node: leaves and splits between leaves are rotated to the first
	/// coefficients; any other split is a CMux.
	fn value(&self, tree: usize, at: usize) -> Value<'a> {
		let layout = &self.circuit.layout;
		let rotated = |coefficients: &'a Vec<u64>, at: usize| Value::Rotated {
			coefficients,
			step: at as i32,
		};
		match layout.places[tree][at] {
			Place::Product { product, at } => {
				let number = self.numbers.partition_point(|&number| number < product);
				rotated(&self.products[number], at)
			},
			Place::Pooled { pool, at } => rotated(&self.leaves[layout.pool(pool)], at),
			Place::Selection | Place::InProduct => self.selection(tree, at),
		}
	}

	fn selection(&self, tree: usize, at: usize) -> Value<'a> {
		let circuit = self.circuit;
		let Node::Split { predicate, one } = &circuit.shape.trees[tree].nodes[at] else {
			return Value::Selected(Rlwe::zero());
		};
		let (predicate, one_at) = (*predicate as usize, *one as usize);
		let zero = || self.value(tree, at + 1);
		let one = || self.value(tree, one_at);
		let (zero, one) =
			if one_at - at > NODES_PER_TASK { threads::join(zero, one) } else { (zero(), one()) };
		let difference = one.minus(&zero);
		let mut sum = zero.into_transforms();
		let selector = circuit.layout.bits[predicate].selector.unwrap_or_default();
		let selector = self.selector(circuit.selector_row(selector));
		let parts = sum.mask_and_body_mut();
		add_products(self.key, selector, circuit.gadget(), [&difference], [parts]);
		Value::Selected(sum)
	}
}
