//! Speed of the linear path: `cargo bench -p fhe-ml-engine`.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fhe_ml_engine::{ClientKey, LinearCircuit, entities::input::EncryptedInput, new_seeder};

fn main() {
	divan::main();
}

/// A circuit with two limbs of eight bits and weights of all sizes.
fn circuit(features: usize, outputs: usize) -> LinearCircuit {
	let weight = |at: usize| (at as i32 * 7919 % 60_001) - 30_000;
	let weights = (0..features * outputs).map(weight).collect();
	LinearCircuit::new(features, 8, 2, weights, vec![5; outputs]).unwrap()
}

fn features(count: usize) -> Vec<i64> {
	(0..count as i64).map(|at| at * 31 % 1000 - 500).collect()
}

/// Features and outputs of breast cancer (binary), digits (10 classes), and one whole GLWE.
const SHAPES: [(usize, usize); 3] = [(30, 1), (64, 10), (2048, 10)];

#[divan::bench]
fn generate_keys(bencher: Bencher) {
	bencher.bench_local(|| ClientKey::generate(new_seeder().as_mut()));
}

#[divan::bench(args = SHAPES)]
fn encrypt(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let (circuit, x) = (circuit(count, outputs), features(count));
	let mut seeder = new_seeder();
	bencher.bench_local(|| key.encrypt(&circuit, [0; 32], black_box(&x), seeder.as_mut()));
}

/// Without decoding and encoding.
#[divan::bench(args = SHAPES)]
fn evaluate_bodies(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let circuit = circuit(count, outputs);
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	let input = EncryptedInput::from_bytes(&input, count).unwrap();
	bencher.bench_local(|| circuit.evaluate_bodies(black_box(&input.bodies)));
}

/// From the bytes of an input to the bytes of a result.
#[divan::bench(args = SHAPES)]
fn evaluate_bytes(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let circuit = circuit(count, outputs);
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	bencher.bench_local(|| circuit.evaluate(black_box(&input)));
}

#[divan::bench(args = SHAPES)]
fn decrypt(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let circuit = circuit(count, outputs);
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	let result = circuit.evaluate(&input).unwrap();
	bencher.bench_local(|| key.decrypt(&circuit, &input, black_box(&result)));
}
