//! Models with encrypted weights against the same models in the clear.

#![allow(clippy::unwrap_used)]

mod common;
mod shapes;

use common::{KEYS, evaluate};
use fhe_ml_engine::{
	Circuit, CircuitInputError, EncryptedForestCircuit, EncryptedForestError,
	EncryptedLinearCircuit, EncryptedLinearError, ForestCircuit, LinearCircuit, new_seeder,
};
use proptest::prelude::*;
use shapes::{PREDICATES, Shape, forest, shape};

/// What encrypted leaves give for the bits of the public forest.
fn evaluate_encrypted(forest: &ForestCircuit, hide_shape: bool, bits: &[i64]) -> Vec<i64> {
	let encrypted = KEYS.0.encrypt_forest(forest, hide_shape, new_seeder().as_mut()).unwrap();
	let circuit = encrypted.circuit;
	assert_eq!(EncryptedForestCircuit::from_bytes(&circuit.to_bytes()).unwrap(), circuit);
	let bit = |predicate: &Option<u32>| predicate.map_or(0, |number| bits[number as usize]);
	let bits: Vec<i64> = encrypted.predicates.iter().map(bit).collect();
	evaluate(&Circuit::EncryptedForest(circuit.into()), &bits)
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn random_forests_decrypt_to_their_sums(
		(outputs, shapes) in forest(),
		bits in proptest::collection::vec(0..=1i64, PREDICATES as usize),
		hide_shape in any::<bool>(),
	) {
		let trees = shapes.iter().map(Shape::tree).collect();
		let forest = ForestCircuit::compile(PREDICATES as usize, outputs, trees).unwrap();
		let expected = forest.evaluate_clear(&bits);
		prop_assert_eq!(evaluate_encrypted(&forest, hide_shape, &bits), expected);
	}

	/// As gradient boosting has: every tree adds to one class.
	#[test]
	fn forests_of_trees_with_one_output_decrypt_to_their_sums(
		shapes in proptest::collection::vec((0usize..5, shape(1)), 1..12),
		bits in proptest::collection::vec(0..=1i64, PREDICATES as usize),
		hide_shape in any::<bool>(),
	) {
		let tree = |(output, shape): &(usize, Shape)| shape.clone().for_output(*output).tree();
		let trees = shapes.iter().map(tree).collect();
		let forest = ForestCircuit::compile(PREDICATES as usize, 5, trees).unwrap();
		let expected = forest.evaluate_clear(&bits);
		prop_assert_eq!(evaluate_encrypted(&forest, hide_shape, &bits), expected);
	}

	#[test]
	fn random_linear_models_decrypt_to_their_products(
		weights in proptest::collection::vec(-8_000_000..8_000_000i32, 6),
		x in proptest::collection::vec(-(1i64 << 34) + 1..1i64 << 34, 3),
	) {
		let linear = LinearCircuit::new(3, 8, 3, weights.clone(), vec![7, -7]).unwrap();
		let encrypted = KEYS.0.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
		let again = EncryptedLinearCircuit::from_bytes(&encrypted.to_bytes()).unwrap();
		prop_assert_eq!(&again, &encrypted);
		let product = |row: &[i32]| row.iter().zip(&x).map(|(&w, x)| i64::from(w) * x).sum();
		let expected: Vec<i64> = weights.chunks(3).map(product).collect();
		prop_assert_eq!(evaluate(&Circuit::EncryptedLinear(encrypted), &x), expected);
	}

	#[test]
	fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
		let _ = EncryptedForestCircuit::from_bytes(&bytes);
		let _ = EncryptedLinearCircuit::from_bytes(&bytes);
	}
}

/// A full tree in which every split has a bit of its own.
fn full_tree(depth: u32, next: &mut u32) -> Shape {
	if depth == 0 {
		return Shape::Leaf(vec![*next as i32 * 97 - 5000]);
	}
	*next += 1;
	let predicate = *next - 1;
	let (zero, one) = (full_tree(depth - 1, next), full_tree(depth - 1, next));
	Shape::Split(predicate, zero.into(), one.into())
}

/// More coefficients than one RLWE has, several batches, and products shared by many splits.
#[test]
fn large_forests_decrypt_to_their_sums() {
	for (trees, depth, shared) in [(40, 5, false), (400, 4, false), (500, 1, true)] {
		let mut next = 0;
		let shapes = (0..trees).map(|_| {
			if shared {
				next = 0;
			}
			full_tree(depth, &mut next).tree()
		});
		let shapes = shapes.collect();
		let forest = ForestCircuit::compile(next as usize, 1, shapes).unwrap();
		for salt in 0..2 {
			let bits: Vec<i64> = (0..next as i64).map(|at| (at * 7 + at / 3 + salt) % 2).collect();
			let found = evaluate_encrypted(&forest, false, &bits);
			assert_eq!(found, forest.evaluate_clear(&bits), "{trees} trees of depth {depth}");
		}
	}
}

#[test]
fn linear_models_of_many_features_decrypt_to_their_products() {
	let features = 2048i32;
	let weights: Vec<i32> = (0..features).map(|at| (at * 7919 % 60_001) - 30_000).collect();
	let x: Vec<i64> =
		(0..i64::from(features)).map(|at| at * 31_337 % 1_000_003 - 500_000).collect();
	let linear = LinearCircuit::new(features as usize, 8, 2, weights.clone(), vec![3]).unwrap();
	let encrypted = KEYS.0.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
	let expected = weights.iter().zip(&x).map(|(&w, x)| i64::from(w) * x).sum();
	assert_eq!(evaluate(&Circuit::EncryptedLinear(encrypted), &x), vec![expected]);
}

#[test]
fn the_bytes_of_hidden_shapes_depend_on_nothing_but_counts() {
	let leaf = |value| Box::new(Shape::Leaf(vec![value, 0]));
	let small = Shape::Split(0, leaf(5), Box::new(Shape::Split(1, leaf(6), leaf(7))));
	let full = Shape::Split(
		3,
		Box::new(Shape::Split(0, leaf(1), leaf(-900))),
		Box::new(Shape::Split(0, leaf(-2), leaf(131_000))),
	);
	let public = |shape: Shape| {
		let forest = ForestCircuit::compile(4, 2, vec![shape.tree(); 3]).unwrap();
		let encrypted = KEYS.0.encrypt_forest(&forest, true, new_seeder().as_mut()).unwrap();
		let bytes = encrypted.circuit.to_bytes();
		// Three trees of seven nodes of one byte each, then the seed.
		(encrypted.circuit.input_bytes(), bytes.len(), bytes[..16 + 3 * 7].to_vec())
	};
	assert_eq!(public(small), public(full));
}

#[test]
fn impossible_models_are_refused() {
	let key = &KEYS.0;
	let mut next = 0;
	let deep = (0..20).map(|_| {
		let chain = |shape: Shape, predicate: u32| {
			Shape::Split(predicate, Shape::Leaf(vec![predicate as i32]).into(), shape.into())
		};
		next += 1;
		(0..14).fold(Shape::Leaf(vec![next]), chain).tree()
	});
	let forest = ForestCircuit::compile(14, 1, deep.collect()).unwrap();
	let hidden = key.encrypt_forest(&forest, true, new_seeder().as_mut());
	let expected = EncryptedForestError::TooDeepToHide { trees: 20, depth: 14 };
	assert_eq!(hidden.err(), Some(expected));

	let large = LinearCircuit::new(1, 8, 4, vec![1 << 30], vec![0]).unwrap();
	let refused = key.encrypt_linear(&large, new_seeder().as_mut());
	assert_eq!(refused.err(), Some(EncryptedLinearError::WeightTooLarge(0)));

	let linear = LinearCircuit::new(1, 8, 1, vec![1], vec![0]).unwrap();
	let linear = key.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
	let circuit = Circuit::EncryptedLinear(linear);
	assert_eq!(circuit.check_input(&[1 << 34]), Err(CircuitInputError::Value(0)));
	assert_eq!(circuit.check_input(&[i64::MIN]), Err(CircuitInputError::Value(0)));
	assert_eq!(circuit.evaluate_clear(&[1]), Err(CircuitInputError::EncryptedWeights));
}
