//! Encryption of leaves and of bits.

use super::{
	EncryptedForestCircuit, EncryptedForestError,
	layout::{Place, difference_position},
	padding::full_trees,
	shape::{ForestShape, LEAF_BITS, without_leaves},
	weights::EncryptedWeights,
};
use crate::threads::*;
use crate::{
	algorithms::encryption::RlweEncryptor,
	circuits::{
		client::EncryptInput,
		forest::ForestCircuit,
		levelled::encrypt::{encrypt_entries, write_selector},
		tree::{Node, Tree},
	},
	entities::client_key::ClientKey,
	math::{modular, params::OCTET, ring::Polynomial},
	sampling::secrets::Seeder,
};
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
	///
	/// # Errors
	/// If the forest has too many outputs, a leaf of more than 27 bits, too many nodes once padded, or
	/// too much noise or memory with encrypted leaves.
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

impl EncryptInput for EncryptedForestCircuit {
	/// The selectors of groups, then those of single bits.
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let mut entries = Zeroizing::new(vec![0; self.input_coefficients()]);
		let gadget = self.gadget();
		let (octets, selectors) = entries.split_at_mut(OCTET * self.octets());
		for (&bit, place) in x.iter().zip(&self.layout.bits) {
			if let Some(grouped) = place.grouped {
				let first = OCTET * self.group_row(grouped / OCTET) + grouped % OCTET;
				let rows = octets[first..].iter_mut().step_by(OCTET);
				write_selector(rows, bit, gadget);
			}
			if let Some(selector) = place.selector {
				let first = self.selector_row(selector) - self.octets();
				write_selector(selectors[first..].iter_mut(), bit, gadget);
			}
		}
		encrypt_entries(&entries, self.octets(), encryptor)
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

/// An integer at a coefficient.
type PlacedInteger = (usize, i64);

/// The integers of each ciphertext.
fn integers(
	circuit: &EncryptedForestCircuit,
	trees: &[Tree],
) -> Zeroizing<Vec<Vec<PlacedInteger>>> {
	let mut integers = Zeroizing::new(vec![Vec::new(); circuit.layout.ciphertexts()]);
	let shape = &circuit.shape;
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
