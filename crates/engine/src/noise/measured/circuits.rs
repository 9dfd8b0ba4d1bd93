//! Whole circuits.

use super::{Keys, assert_predicted, keys};
use crate::{
	Circuit, EvaluationBuffers, ForestCircuit, LinearCircuit, NetworkCircuit,
	circuits::{
		forest::{Node, Tree},
		levelled::{Levelled, ResultEncoding},
		network::{HiddenUnit, NetworkLayers},
	},
	entities::{input::EncryptedInput, result::EncryptedResult, switched_result::SwitchedResult},
	math::params::{MODULUS, POLYNOMIAL_SIZE},
	new_seeder,
	noise::Variance,
};

/// Mean squared noise of the integers in the results of a circuit.
fn result_noise(
	keys: &Keys,
	circuit: &Circuit,
	encoding: &ResultEncoding,
	positions: &[usize],
	samples: u64,
) -> f64 {
	let secret = keys.client.secret.as_ref();
	let (bits, unit_log2) = (encoding.result_bits, encoding.unit_log2);
	let mut buffers = EvaluationBuffers::default();
	let (mut squares, mut count) = (0.0, 0);
	for sample in 0..samples {
		let x: Vec<i64> = (0..circuit.inputs() as u64)
			.map(|at| {
				(at.wrapping_mul(0x9e37_79b9) ^ sample.wrapping_mul(0x85eb_ca6b)) as i64 >> 7 & 1
			})
			.collect();
		let input = keys.client.encrypt(circuit, [0; 32], &x, new_seeder().as_mut()).unwrap();
		let result = circuit.evaluate(Some(&keys.server), &input, &mut buffers).unwrap();
		let result = SwitchedResult::from_bytes(&result, positions.len(), bits).unwrap();
		for (&at, &body) in positions.iter().zip(&result.bodies) {
			let product = (0..POLYNOMIAL_SIZE).fold(0i64, |sum, i| {
				let j = (POLYNOMIAL_SIZE + at - i) % POLYNOMIAL_SIZE;
				let term = (result.mask[i] * secret[j]) as i64;
				if i > at { sum - term } else { sum + term }
			});
			let phase = (body as i64 - product) as f64 * MODULUS as f64 / (1u64 << bits) as f64;
			// Whatever the integer is: the distance to the next multiple of the unit.
			let unit = (1u64 << unit_log2) as f64;
			squares += (phase - (phase / unit).round() * unit).powi(2);
			count += 1;
		}
	}
	squares / f64::from(count)
}

/// Full trees with predicates of their own.
fn forest(trees: u32, depth: u32) -> ForestCircuit {
	fn grow(depth: u32, next: &mut u32, nodes: &mut Vec<Node>) {
		if depth == 0 {
			nodes.push(Node::Leaf(vec![(0, nodes.len() as i32 * 7919 % 4001 - 2000)]));
			return;
		}
		let (at, predicate) = (nodes.len(), *next);
		*next += 1;
		nodes.push(Node::Leaf(Vec::new()));
		grow(depth - 1, next, nodes);
		nodes[at] = Node::Split { predicate, one: nodes.len() as u32 };
		grow(depth - 1, next, nodes);
	}
	let mut next = 0;
	let tree = |_| {
		let mut nodes = Vec::new();
		grow(depth, &mut next, &mut nodes);
		Tree { nodes }
	};
	let trees = (0..trees).map(tree).collect();
	ForestCircuit::compile(next as usize, 1, trees).unwrap()
}

#[test]
fn sums_of_trees() {
	let keys = keys();
	for (trees, depth) in [(30, 1), (10, 3), (20, 4)] {
		let forest = forest(trees, depth);
		let (encoding, predicted) = (forest.encoding().clone(), forest.total_noise());
		let positions: Vec<usize> = (0..encoding.coefficients()).collect();
		let measured = result_noise(&keys, &Circuit::Forest(forest), &encoding, &positions, 24);
		assert_predicted(&format!("{trees} trees of depth {depth}"), measured, predicted);
	}
}

#[test]
fn sums_of_trees_with_encrypted_leaves() {
	let keys = keys();
	for (trees, depth) in [(30, 1), (10, 3), (20, 4)] {
		let forest = forest(trees, depth);
		let encrypted = keys.client.encrypt_forest(&forest, false, new_seeder().as_mut()).unwrap();
		let circuit = encrypted.circuit;
		let (encoding, predicted) = (circuit.encoding().clone(), circuit.total_noise());
		let positions = circuit.result_positions();
		let circuit = Circuit::EncryptedForest(circuit.into());
		let measured = result_noise(&keys, &circuit, &encoding, &positions, 24);
		let step = format!("{trees} trees of depth {depth} with encrypted leaves");
		assert_predicted(&step, measured, predicted);
	}
}

/// The prediction is for limbs of the largest size, the average limb has a third of their square.
#[test]
fn products_of_encrypted_integers() {
	let keys = keys();
	for features in [30i32, 1000] {
		let weights = (0..features).map(|at| (at * 7919 % 60_001) - 30_000).collect();
		let linear = LinearCircuit::new(features as usize, 8, 2, weights, vec![0]).unwrap();
		let circuit = keys.client.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
		let predicted = circuit.noise_log2();
		let x: Vec<i64> = (0..features).map(|at| i64::from(at) * 123_456_789 % (1 << 34)).collect();
		let wrapped = Circuit::EncryptedLinear(circuit.clone());
		let (mut squares, mut count) = (0.0, 0);
		for _ in 0..40 {
			let input = keys.client.encrypt(&wrapped, [0; 32], &x, new_seeder().as_mut()).unwrap();
			let result = circuit.evaluate(&input).unwrap();
			let input = EncryptedInput::from_bytes(&input, circuit.input_coefficients()).unwrap();
			let result = EncryptedResult::from_bytes(&result, circuit.results()).unwrap();
			for phase in circuit.phases(&keys.client, &input, &result) {
				let unit = (1u64 << (2 * circuit.message_shift())) as f64;
				let phase = phase as f64;
				squares += (phase - (phase / unit).round() * unit).powi(2);
				count += 1;
			}
		}
		let measured = Variance(squares / f64::from(count)).log2_relative();
		println!(
			"{features} features: predicted at most 2^{predicted:.2} of q, measured 2^{measured:.2}"
		);
		assert!(measured < predicted && predicted < measured + 2.5);
	}
}

#[test]
fn networks() {
	let keys = keys();
	let unit = |number: i32| HiddenUnit {
		base: 500,
		steps: (0..40)
			.map(|at| (at * 37 + number * 11) % 19 - 9)
			.map(|t| t + (t == 0) as i32)
			.collect(),
		table: (0..1024).map(|at| (at % 61) as u16).collect(),
	};
	let layers = NetworkLayers {
		feature_bits: vec![1; 40],
		hidden: (0..8).map(unit).collect(),
		// All of one size: the prediction is for the largest combination.
		weights: vec![vec![1, -1, 1, 1, -1, 1, -1, -1]; 6],
	};
	let network = NetworkCircuit::compile(layers).unwrap();
	let (encoding, predicted) = (network.encoding().clone(), network.total_noise());
	let positions = network.result_positions();
	let measured = result_noise(&keys, &Circuit::Network(network), &encoding, &positions, 24);
	assert_predicted("network of 8 units over 40 bits", measured, predicted);
}
