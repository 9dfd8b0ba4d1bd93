//! Random forests against plain evaluation.

#![allow(clippy::unwrap_used)]

mod common;
mod shapes;

use common::{KEYS, evaluate};
use fhe_ml_engine::{
	Circuit, ClientKey, EvaluationBuffers, ForestCircuit,
	circuits::forest::{Node, Tree},
	new_seeder,
};
use proptest::prelude::*;
use shapes::{PREDICATES, Shape, forest};

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn random_forests_decrypt_to_their_sums(
		(outputs, shapes) in forest(),
		bits in proptest::collection::vec(0..=1i64, PREDICATES as usize),
	) {
		let trees = shapes.iter().map(Shape::tree).collect();
		let circuit = ForestCircuit::compile(PREDICATES as usize, outputs, trees).unwrap();
		prop_assert_eq!(&ForestCircuit::from_bytes(&circuit.to_bytes()).unwrap(), &circuit);
		let circuit = Circuit::Forest(circuit);
		prop_assert_eq!(evaluate(&circuit, &bits), circuit.evaluate_clear(&bits).unwrap());
	}

	#[test]
	fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
		let _ = ForestCircuit::from_bytes(&bytes);
	}
}

/// A full tree of this depth with its own predicates.
fn full(depth: u32, next: &mut u32, leaf: &mut i32) -> Shape {
	if depth == 0 {
		*leaf = (*leaf * 31 + 17) % 8191;
		return Shape::Leaf(vec![*leaf]);
	}
	let predicate = *next;
	*next += 1;
	Shape::Split(predicate, full(depth - 1, next, leaf).into(), full(depth - 1, next, leaf).into())
}

fn full_forest(trees: usize, depth: u32) -> ForestCircuit {
	let (mut next, mut leaf) = (0, 1);
	let trees = (0..trees).map(|_| full(depth, &mut next, &mut leaf).tree()).collect();
	ForestCircuit::compile(next as usize, 1, trees).unwrap()
}

#[test]
fn fifty_trees_of_depth_four_have_more_than_ten_bits_of_score() {
	let circuit = full_forest(50, 4);
	println!(
		"{:?}, limbs {:?}, {} coefficients, noise 2^{:.1}, unit 2^{}, result {} bytes, {} transforms",
		circuit.gadget().mask,
		circuit.limbs(),
		circuit.input_coefficients(),
		circuit.noise_log2(),
		circuit.encoding().unit_log2,
		circuit.result_bytes(),
		circuit.transforms(),
	);
	let predicates = circuit.predicates();
	let circuit = Circuit::Forest(circuit);
	// 13 bits a leaf, so more than 18 bits of score.
	for seed in 0..3 {
		let bits: Vec<i64> = (0..predicates as i64).map(|at| (at * 7919 + seed) % 31 % 2).collect();
		assert_eq!(evaluate(&circuit, &bits), circuit.evaluate_clear(&bits).unwrap());
	}
}

#[test]
fn malformed_bytes_and_other_parameters_are_refused() {
	let circuit = full_forest(3, 3);
	let bytes = circuit.to_bytes();
	for len in 0..bytes.len() {
		assert!(ForestCircuit::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
	}
	// The unit: noise does not fit a smaller one.
	let mut small = bytes.clone();
	small[13] -= 4;
	assert!(ForestCircuit::from_bytes(&small).is_err());
	for at in 0..bytes.len() {
		let mut broken = bytes.clone();
		broken[at] ^= 0x15;
		let _ = ForestCircuit::from_bytes(&broken);
	}
}

#[test]
fn another_server_key_is_refused() {
	let circuit = Circuit::Forest(full_forest(1, 2));
	let (client, server) = &*KEYS;
	let (other, _) = ClientKey::generate(new_seeder().as_mut());
	let input = other.encrypt(&circuit, [1; 32], &[0, 1, 0], new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	assert!(circuit.evaluate(Some(server), &input, &mut buffers).is_err());
	assert!(circuit.evaluate(None, &input, &mut buffers).is_err());
	let input = client.encrypt(&circuit, [1; 32], &[0, 1, 0], new_seeder().as_mut()).unwrap();
	let result = circuit.evaluate(Some(server), &input, &mut buffers).unwrap();
	assert!(other.decrypt(&circuit, &input, &result).is_err());
}

#[test]
fn many_glwes_and_batches_are_exact() {
	// More than 2048 coefficients in an input, and more than 8192 ciphertexts in all.
	let circuit = full_forest(150, 5);
	assert!(circuit.input_coefficients() > 8192, "{} coefficients", circuit.input_coefficients());
	let predicates = circuit.predicates();
	let circuit = Circuit::Forest(circuit);
	let bits: Vec<i64> = (0..predicates as i64).map(|at| at * 7919 % 31 % 2).collect();
	assert_eq!(evaluate(&circuit, &bits), circuit.evaluate_clear(&bits).unwrap());
}

#[test]
fn constants_and_stumps_are_exact() {
	let leaf = |value| Tree { nodes: vec![Node::Leaf(vec![(0, value)])] };
	let stump = Tree {
		nodes: vec![
			Node::Split { predicate: 0, one: 2 },
			Node::Leaf(vec![]),
			Node::Leaf(vec![(0, 70)]),
		],
	};
	for trees in [vec![leaf(5)], vec![leaf(-3), stump.clone()], vec![stump]] {
		let circuit = Circuit::Forest(ForestCircuit::compile(1, 1, trees).unwrap());
		for bit in [0, 1] {
			assert_eq!(evaluate(&circuit, &[bit]), circuit.evaluate_clear(&[bit]).unwrap());
		}
	}
}
