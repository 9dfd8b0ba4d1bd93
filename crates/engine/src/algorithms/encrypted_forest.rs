//! Forests with encrypted leaves: encryption of the leaves, and evaluation.

use crate::{
	algorithms::{
		evaluation::{EvaluateError, decode_for},
		expansion::expand_rows,
		external_product::add_products,
		forest::{EvaluationBuffers, NODES_PER_TASK},
		modulus_switch,
		packing::{pack, packed_position},
		rlwe::RlweEncryptor,
	},
	entities::{
		batch::Batch,
		client_key::ClientKey,
		encrypted_forest::{EncryptedForestCircuit, EncryptedForestError},
		encrypted_forest_layout::{Place, Product, difference_position},
		encrypted_forest_shape::{ForestShape, LEAF_BITS, without_leaves},
		encrypted_weights::EncryptedWeights,
		forest::ForestCircuit,
		prepared_server_key::PreparedServerKey,
		result::input_tag,
		rlwe::{RLWE_SIZE, Rlwe, rotate_both},
		tree::{MAX_PREDICATES, Node, Tree},
	},
	math::{
		kernels, modular,
		params::{MODULUS, POLYNOMIAL_SIZE},
		ring::{self, Polynomial},
	},
	sampling::secrets::Seeder,
};
use fhe_ml_format::ResultPrefix;
use rayon::prelude::*;
use zeroize::Zeroizing;

/// A forest with encrypted leaves, and what its bits stand for.
#[derive(Clone, Debug)]
pub struct EncryptedForest {
	/// The circuit.
	pub circuit: EncryptedForestCircuit,
	/// For each bit of the circuit the number of the public forest's bit that it is; `None` for one
	/// that decides nothing.
	pub predicates: Vec<Option<u32>>,
}

impl ClientKey {
	/// Encrypts the leaves of a forest. With `hide_shape`, trees are padded to full ones of one depth
	/// and every split gets a bit of its own.
	pub fn encrypt_forest(
		&self,
		forest: &ForestCircuit,
		hide_shape: bool,
		seeder: &mut dyn Seeder,
	) -> Result<EncryptedForest, EncryptedForestError> {
		let (trees, predicates) = match hide_shape {
			true => full_trees(forest)?,
			false => {
				let count = forest.predicates() as u32;
				(forest.trees().to_vec(), (0..count).map(Some).collect())
			},
		};
		let values = trees.iter().flat_map(Tree::leaves).flatten();
		let largest = values.map(|(_, value)| value.unsigned_abs()).max().unwrap_or_default();
		let bits = 33 - largest.leading_zeros();
		let leaf_bits = LEAF_BITS.into_iter().find(|&leaf_bits| bits <= leaf_bits);
		let shape = ForestShape {
			predicates: predicates.len(),
			outputs: forest.outputs(),
			output_of: if hide_shape { None } else { single_outputs(forest) },
			trees: trees.iter().map(without_leaves).collect(),
			leaf_bits: leaf_bits.ok_or(EncryptedForestError::LeafTooLarge)?,
		};
		let mut circuit = EncryptedForestCircuit::compile(shape)?;
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		circuit.weights = encrypt_leaves(&circuit, &integers(&circuit, &trees), &encryptor);
		Ok(EncryptedForest { circuit, predicates })
	}
}

/// The output of each tree, if there are several and every tree adds to a single one.
fn single_outputs(forest: &ForestCircuit) -> Option<Vec<u16>> {
	let output_of = |tree: &Tree| {
		let mut outputs = tree.leaves().flatten().map(|(output, _)| *output);
		let first = outputs.next().unwrap_or_default();
		outputs.all(|output| output == first).then_some(first)
	};
	let outputs = forest.trees().iter().map(output_of).collect::<Option<Vec<u16>>>();
	outputs.filter(|_| forest.outputs() > 1)
}

/// Full trees of the depth of the deepest one, in which every split has a bit of its own.
fn full_trees(
	forest: &ForestCircuit,
) -> Result<(Vec<Tree>, Vec<Option<u32>>), EncryptedForestError> {
	let trees = forest.trees();
	let depth = trees.iter().map(Tree::depth).max().unwrap_or_default();
	let splits =
		1usize.checked_shl(depth as u32).map(|leaves| (leaves - 1).saturating_mul(trees.len()));
	// A forest of constants still has an input.
	if splits.is_none_or(|splits| splits > MAX_PREDICATES) {
		return Err(EncryptedForestError::TooDeepToHide { trees: trees.len(), depth });
	}
	let mut predicates = Vec::new();
	let full = trees.iter().map(|tree| {
		let mut nodes = Vec::new();
		pad(tree, 0, depth, &mut nodes, &mut predicates);
		Tree { nodes }
	});
	let full = full.collect();
	if predicates.is_empty() {
		predicates.push(None);
	}
	Ok((full, predicates))
}

/// Writes the subtree at `at`, padded to `depth`; a leaf that is not deep enough becomes a subtree of
/// equal leaves.
fn pad(
	tree: &Tree,
	at: usize,
	depth: usize,
	nodes: &mut Vec<Node>,
	predicates: &mut Vec<Option<u32>>,
) {
	let (predicate, zero, one) = match &tree.nodes[at] {
		leaf @ Node::Leaf(_) if depth == 0 => {
			nodes.push(leaf.clone());
			return;
		},
		Node::Leaf(_) => (None, at, at),
		Node::Split { predicate, one } => (Some(*predicate), at + 1, *one as usize),
	};
	let (place, number) = (nodes.len(), predicates.len() as u32);
	predicates.push(predicate);
	nodes.push(Node::Leaf(Vec::new()));
	pad(tree, zero, depth.saturating_sub(1), nodes, predicates);
	nodes[place] = Node::Split { predicate: number, one: nodes.len() as u32 };
	pad(tree, one, depth.saturating_sub(1), nodes, predicates);
}

/// An integer at a coefficient.
type PlacedInteger = (usize, i64);

/// The integers of each ciphertext.
fn integers(
	circuit: &EncryptedForestCircuit,
	trees: &[Tree],
) -> Zeroizing<Vec<Vec<PlacedInteger>>> {
	let mut integers = Zeroizing::new(vec![Vec::new(); circuit.layout.ciphertexts()]);
	let shape = circuit.shape();
	let width = shape.outputs / shape.sums();
	for (number, (tree, places)) in trees.iter().zip(&circuit.layout.places).enumerate() {
		let first_output = shape.sum_of(number) * width;
		let limbs_of = |at: usize| {
			let mut values = vec![0; width];
			for &(output, value) in tree.leaf(at).into_iter().flatten() {
				values[usize::from(output) - first_output] = i64::from(value);
			}
			values.into_iter().flat_map(|value| circuit.split(value)).collect::<Vec<i64>>()
		};
		for (at, (place, node)) in places.iter().zip(&tree.nodes).enumerate() {
			match (*place, node) {
				(Place::Product { product, at: first }, Node::Split { one, .. }) => {
					let (zero, one) = (limbs_of(at + 1), limbs_of(*one as usize));
					let difference = zero.iter().zip(one).map(|(zero, one)| one - zero);
					let places = circuit.layout.coefficients(difference_position(first));
					integers[2 * product].extend(places.zip(difference));
					let places = circuit.layout.coefficients(first);
					integers[2 * product + 1].extend(places.zip(zero));
				},
				(Place::Pooled { pool, at: first }, _) => {
					let places = circuit.layout.coefficients(first);
					integers[circuit.layout.pool(pool)].extend(places.zip(limbs_of(at)));
				},
				_ => {},
			}
		}
	}
	integers
}

/// Encrypts the integers of each ciphertext, in units; only the coefficients that matter are kept.
fn encrypt_leaves(
	circuit: &EncryptedForestCircuit,
	integers: &[Vec<PlacedInteger>],
	encryptor: &RlweEncryptor,
) -> EncryptedWeights {
	let unit_log2 = circuit.encoding().unit_log2;
	let body = |(index, (kept, integers)): (usize, (Vec<u16>, &Vec<PlacedInteger>))| {
		let mut message = Zeroizing::new(Polynomial::zero());
		for &(at, integer) in integers {
			message.as_mut()[at] = modular::from_signed(i128::from(integer) << unit_log2);
		}
		let body = encryptor.body(index as u64, &message);
		kept.into_iter().map(|at| body.as_ref()[usize::from(at)]).collect::<Vec<u64>>()
	};
	let positions = circuit.layout.positions().into_par_iter();
	let bodies = positions.zip(integers).enumerate().flat_map_iter(body).collect();
	EncryptedWeights::new(encryptor.mask_seed(), bodies)
}

/// The value of a subtree in the first coefficients; the others do not matter.
enum Value<'a> {
	/// X^-`step` times a ciphertext, given by its coefficients.
	Rotated { coefficients: &'a [u64], step: i32 },
	/// A ciphertext by its transforms.
	Selected(Rlwe),
}

/// What the evaluation of a batch needs.
struct Context<'a> {
	circuit: &'a EncryptedForestCircuit,
	key: &'a PreparedServerKey,
	batch: &'a Batch,
	rows: &'a [u64],
	/// The ciphertexts of the leaves.
	leaves: &'a [Vec<u64>],
	first_product: usize,
	products: &'a [Vec<u64>],
}

impl EncryptedForestCircuit {
	/// Evaluates the bytes of an input under its server key; returns the bytes of a result.
	pub fn evaluate(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let decoded = decode_for(key, input, self.slots())?;
		let leaves = self.weights.ciphertexts(|| self.layout.positions());
		let mut sums = vec![Rlwe::zero(); self.shape().sums()];
		for (batch, numbers) in self.layout.batches.iter().zip(&self.layout.products_of) {
			expand_rows(key, &decoded, self.octets(), &batch.rows, buffers);
			let mut context = Context {
				circuit: self,
				key,
				batch,
				rows: &buffers.rows,
				leaves,
				first_product: numbers.start,
				products: &[],
			};
			let products: Vec<Vec<u64>> =
				numbers.clone().into_par_iter().map(|number| context.product(number)).collect();
			context.products = &products;
			sums.par_iter_mut().enumerate().for_each(|(number, sum)| {
				sum.add_assign(&context.sum_of_trees(number));
			});
		}
		let coefficients = self.pack(key, sums).into_coefficients();
		let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
		let bodies: Vec<u64> = self.result_positions().map(|position| body[position]).collect();
		let bodies = self.encoding().centred(&bodies);
		let prefix = ResultPrefix { input_tag: input_tag(input) };
		Ok(modulus_switch::result(prefix, mask, &bodies, self.encoding()).to_bytes())
	}
}

impl EncryptedForestCircuit {
	/// Where the integers of a result are: coefficients of the phase.
	pub(crate) fn result_positions(&self) -> impl Iterator<Item = usize> {
		let (limbs, sums) = (self.limbs().0, self.shape().sums());
		let spacing = self.shape().spacing();
		let steps = spacing.ilog2();
		let position = move |at: usize| match sums {
			1 => at,
			_ => packed_position(at / limbs, steps) + at % limbs * spacing,
		};
		(0..self.encoding().coefficients()).map(position)
	}

	/// One ciphertext with all sums.
	fn pack(&self, key: &PreparedServerKey, mut sums: Vec<Rlwe>) -> Rlwe {
		if sums.len() == 1 {
			return sums.pop().unwrap_or_else(Rlwe::zero);
		}
		// Packing doubles what it keeps once per step, so everything is divided beforehand.
		let steps = self.shape().spacing().ilog2();
		let inverse = modular::pow(modular::pow(2, steps.into()), MODULUS - 2);
		let divided = |sum: Rlwe| {
			let residues = sum.into_coefficients().into_iter();
			residues.map(|residue| modular::mul(residue, inverse)).collect()
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
		let trees = trees.filter(|&tree| self.circuit.shape().sum_of(tree) == number);
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
				rotated(&self.products[product - self.first_product], at)
			},
			Place::Pooled { pool, at } => rotated(&self.leaves[layout.pool(pool)], at),
			Place::Selection | Place::InProduct => self.selection(tree, at),
		}
	}

	fn selection(&self, tree: usize, at: usize) -> Value<'a> {
		let circuit = self.circuit;
		let Node::Split { predicate, one } = &circuit.shape().trees[tree].nodes[at] else {
			return Value::Selected(Rlwe::zero());
		};
		let (predicate, one_at) = (*predicate as usize, *one as usize);
		let zero = || self.value(tree, at + 1);
		let one = || self.value(tree, one_at);
		let (zero, one) =
			if one_at - at > NODES_PER_TASK { rayon::join(zero, one) } else { (zero(), one()) };
		let difference = one.minus(&zero);
		let mut sum = zero.into_transforms();
		let selector = circuit.layout.bits[predicate].selector.unwrap_or_default();
		let selector = self.selector(circuit.selector_row(selector));
		let parts = sum.mask_and_body_mut();
		add_products(self.key, selector, circuit.gadget(), [&difference], [parts]);
		Value::Selected(sum)
	}
}

impl Value<'_> {
	fn into_transforms(self) -> Rlwe {
		match self {
			Self::Selected(transforms) => transforms,
			Self::Rotated { .. } => {
				let mut residues = self.coefficients();
				residues.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::forward);
				Rlwe::from(residues)
			},
		}
	}

	fn coefficients(&self) -> Vec<u64> {
		match self {
			Self::Rotated { coefficients, step } => {
				let mut rotated = vec![0; RLWE_SIZE];
				rotate_both(coefficients, *step, &mut rotated);
				rotated
			},
			Self::Selected(transforms) => transforms.clone().into_coefficients(),
		}
	}

	/// Coefficients of the difference.
	fn minus(&self, other: &Self) -> Vec<u64> {
		match (self, other) {
			(Self::Selected(one), Self::Selected(zero)) => {
				let mut difference = one.clone();
				difference.sub_assign(zero);
				difference.into_coefficients()
			},
			_ => {
				let mut difference = self.coefficients();
				kernels::sub_assign(&mut difference, &other.coefficients());
				difference
			},
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{math::params::NOISE_BOUND, new_seeder, sampling};
	use std::collections::HashSet;

	fn tree(values: [i32; 3]) -> Tree {
		let [first, second, third] = values.map(|value| Node::Leaf(vec![(0, value)]));
		let split = |predicate, one| Node::Split { predicate, one };
		Tree { nodes: vec![split(0, 4), split(1, 3), first, second, third] }
	}

	/// What makes a body uniform to everybody else: a mask of its own and fresh noise.
	#[test]
	fn every_ciphertext_has_a_mask_of_its_own_and_fresh_noise() {
		let (key, _) = ClientKey::generate(new_seeder().as_mut());
		let trees: Vec<Tree> = (0..40).map(|at| tree([at, 7 * at, -at])).collect();
		let forest = ForestCircuit::compile(2, 1, trees.clone()).unwrap();
		let secret = key.secret.to_ntt();
		let mut masks = HashSet::new();
		let mut noises = Vec::new();
		for _ in 0..2 {
			let circuit =
				key.encrypt_forest(&forest, false, new_seeder().as_mut()).unwrap().circuit;
			let unit_log2 = circuit.encoding().unit_log2;
			let positions = circuit.layout.positions();
			let mut bodies = circuit.weights.bodies.iter();
			let mut noise = Vec::new();
			for (index, (kept, integers)) in
				positions.iter().zip(integers(&circuit, &trees).iter()).enumerate()
			{
				let mask = sampling::mask(&circuit.weights.mask_seed, index as u64);
				assert!(masks.insert(mask.as_ref().to_vec()), "a mask is used twice");
				let product = mask.to_ntt().mul(&secret);
				for &at in kept {
					let at = usize::from(at);
					let placed = integers.iter().find(|(place, _)| *place == at);
					let message =
						placed.map_or(0, |(_, integer)| i128::from(*integer) << unit_log2);
					let phase = modular::sub(*bodies.next().unwrap(), product.as_ref()[at]);
					let error = modular::sub(phase, modular::from_signed(message));
					noise.push(modular::to_signed(error));
				}
			}
			assert!(bodies.next().is_none());
			assert!(noise.iter().all(|error| error.unsigned_abs() <= NOISE_BOUND));
			noises.push(noise);
		}
		let [first, second] = &noises[..] else { panic!("two artifacts") };
		let correlation = |a: &[i64], b: &[i64]| {
			let product =
				|a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| (a * b) as f64).sum::<f64>();
			product(a, b) / (product(a, a) * product(b, b)).sqrt()
		};
		let limit = 5.0 / (first.len() as f64).sqrt();
		assert!(correlation(first, second).abs() < limit, "the same noise in two artifacts");
		assert!(correlation(&first[1..], first).abs() < limit, "the same noise in neighbours");
	}
}
