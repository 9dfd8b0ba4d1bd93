//! Speed of whole circuits: `cargo bench -p fhe-ml-engine --bench circuits`.

#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use fhe_ml_engine::{
	Circuit, ClientKey, EvaluationBuffers, ForestCircuit, LinearCircuit, NetworkCircuit,
	PreparedServerKey, ServerKey,
	circuits::{
		forest::{Node, Tree},
		network::{HiddenUnit, NetworkLayers},
	},
	entities::input::EncryptedInput,
	new_seeder,
};

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

/// Features and outputs of breast cancer (binary), digits (10 classes), and one whole RLWE.
const SHAPES: [(usize, usize); 3] = [(30, 1), (64, 10), (2048, 10)];

#[divan::bench]
fn generate_keys(bencher: Bencher) {
	bencher.bench_local(|| ClientKey::generate(new_seeder().as_mut()));
}

#[divan::bench]
fn prepare_server_key(bencher: Bencher) {
	let (_, server_key) = ClientKey::generate(new_seeder().as_mut());
	bencher.bench_local(|| PreparedServerKey::new(&server_key));
}

#[divan::bench(args = SHAPES)]
fn linear_encrypt(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let (circuit, x) = (Circuit::Linear(circuit(count, outputs)), features(count));
	let mut seeder = new_seeder();
	bencher.bench_local(|| key.encrypt(&circuit, [0; 32], black_box(&x), seeder.as_mut()));
}

/// Without decoding and encoding.
#[divan::bench(args = SHAPES)]
fn linear_evaluate_bodies(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let linear = circuit(count, outputs);
	let circuit = Circuit::Linear(linear.clone());
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	let input = EncryptedInput::from_bytes(&input, count).unwrap();
	bencher.bench_local(|| linear.evaluate_bodies(black_box(&input.bodies)));
}

#[divan::bench(args = SHAPES)]
fn linear_evaluate(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let linear = circuit(count, outputs);
	let circuit = Circuit::Linear(linear.clone());
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	bencher.bench_local(|| linear.evaluate(black_box(&input)));
}

#[divan::bench(args = SHAPES)]
fn linear_decrypt(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let linear = circuit(count, outputs);
	let circuit = Circuit::Linear(linear.clone());
	let input = key.encrypt(&circuit, [0; 32], &features(count), new_seeder().as_mut()).unwrap();
	let result = linear.evaluate(&input).unwrap();
	bencher.bench_local(|| key.decrypt(&circuit, &input, black_box(&result)));
}

/// Full trees whose predicates are all different: the most work that their size can be.
fn full_forest(trees: usize, depth: u32) -> Circuit {
	fn write(depth: u32, next: &mut u32, nodes: &mut Vec<Node>) {
		if depth == 0 {
			nodes.push(Node::Leaf(vec![(0, nodes.len() as i32 * 7919 % 8191 - 4096)]));
			return;
		}
		let (at, predicate) = (nodes.len(), *next);
		*next += 1;
		nodes.push(Node::Leaf(Vec::new()));
		write(depth - 1, next, nodes);
		nodes[at] = Node::Split { predicate, one: nodes.len() as u32 };
		write(depth - 1, next, nodes);
	}
	let mut next = 0;
	let tree = |_| {
		let mut nodes = Vec::new();
		write(depth, &mut next, &mut nodes);
		Tree { nodes }
	};
	let trees = (0..trees).map(tree).collect();
	Circuit::Forest(ForestCircuit::compile(next as usize, 1, trees).unwrap())
}

/// Trees and their depth.
const FORESTS: [(usize, u32); 7] = [(1, 9), (10, 3), (10, 4), (50, 3), (50, 4), (100, 6), (500, 6)];
/// Of 500 trees of depth 6 the noise would be too much.
const ENCRYPTED_FORESTS: &[(usize, u32)] = FORESTS.split_at(6).0;

#[divan::bench(args = FORESTS, sample_count = 10)]
fn forest_encrypt(bencher: Bencher, (trees, depth): (usize, u32)) {
	let (key, _) = ClientKey::generate(new_seeder().as_mut());
	let circuit = full_forest(trees, depth);
	let x: Vec<i64> = (0..circuit.inputs() as i64).map(|at| at * 31 % 7 % 2).collect();
	let mut seeder = new_seeder();
	bencher.bench_local(|| key.encrypt(&circuit, [0; 32], black_box(&x), seeder.as_mut()));
}

fn bench_forest(bencher: Bencher, (trees, depth): (usize, u32), threads: usize) {
	bench_circuit(bencher, &full_forest(trees, depth), threads, new_keys());
}

fn new_keys() -> (ClientKey, ServerKey) {
	ClientKey::generate(new_seeder().as_mut())
}

fn bench_circuit(
	bencher: Bencher,
	circuit: &Circuit,
	threads: usize,
	(key, server_key): (ClientKey, ServerKey),
) {
	let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
	let server_key = PreparedServerKey::new(&server_key);
	let x: Vec<i64> = (0..circuit.inputs() as i64).map(|at| at * 31 % 7 % 2).collect();
	let input = key.encrypt(circuit, [0; 32], &x, new_seeder().as_mut()).unwrap();
	let mut buffers = EvaluationBuffers::default();
	bencher.bench_local(|| {
		pool.install(|| circuit.evaluate(Some(&server_key), black_box(&input), &mut buffers))
	});
}

#[divan::bench(args = FORESTS, sample_count = 10)]
fn forest_evaluate_1_thread(bencher: Bencher, forest: (usize, u32)) {
	bench_forest(bencher, forest, 1);
}

#[divan::bench(args = FORESTS, sample_count = 10)]
fn forest_evaluate_2_threads(bencher: Bencher, forest: (usize, u32)) {
	bench_forest(bencher, forest, 2);
}

/// A hundred rows of 50 trees, one after the other and as one input; by threads.
#[divan::bench(args = [(1, 1), (1, 2), (100, 1), (100, 2)], sample_count = 3)]
fn forest_evaluate_100_rows(bencher: Bencher, (rows_per_input, threads): (usize, usize)) {
	let circuit = full_forest(50, 4);
	let (key, server_key) = new_keys();
	let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
	let server_key = PreparedServerKey::new(&server_key);
	let bit = |row: i64, at: i64| (at * 31 + row * 17) % 7 % 2;
	let row = |row| (0..circuit.inputs() as i64).map(|at| bit(row, at)).collect::<Vec<_>>();
	let rows: Vec<Vec<i64>> = (0..100).map(row).collect();
	let encrypt = |rows: &[Vec<i64>]| {
		key.encrypt_rows(&circuit, [0; 32], rows, new_seeder().as_mut()).unwrap()
	};
	let inputs: Vec<Vec<u8>> = rows.chunks(rows_per_input).map(encrypt).collect();
	let mut buffers = EvaluationBuffers::default();
	bencher.bench_local(|| {
		for input in &inputs {
			let result = pool
				.install(|| circuit.evaluate(Some(&server_key), black_box(input), &mut buffers));
			black_box(result).unwrap();
		}
	});
}

/// The same with encrypted leaves.
fn bench_encrypted_forest(bencher: Bencher, (trees, depth): (usize, u32), threads: usize) {
	let Circuit::Forest(forest) = full_forest(trees, depth) else { return };
	let (key, server_key) = ClientKey::generate(new_seeder().as_mut());
	let encrypted = key.encrypt_forest(&forest, false, new_seeder().as_mut()).unwrap();
	bench_circuit(
		bencher,
		&Circuit::EncryptedForest(encrypted.circuit.into()),
		threads,
		(key, server_key),
	);
}

#[divan::bench(args = ENCRYPTED_FORESTS, sample_count = 10)]
fn encrypted_forest_evaluate_1_thread(bencher: Bencher, forest: (usize, u32)) {
	bench_encrypted_forest(bencher, forest, 1);
}

#[divan::bench(args = ENCRYPTED_FORESTS, sample_count = 10)]
fn encrypted_forest_evaluate_2_threads(bencher: Bencher, forest: (usize, u32)) {
	bench_encrypted_forest(bencher, forest, 2);
}

#[divan::bench(args = SHAPES)]
fn encrypted_linear_evaluate(bencher: Bencher, (count, outputs): (usize, usize)) {
	let (key, server_key) = ClientKey::generate(new_seeder().as_mut());
	let circuit = key.encrypt_linear(&circuit(count, outputs), new_seeder().as_mut()).unwrap();
	bench_circuit(bencher, &Circuit::EncryptedLinear(circuit), 1, (key, server_key));
}

/// Features (of four bits), hidden units and outputs.
const NETWORKS: [(usize, usize, usize); 3] = [(4, 16, 3), (30, 16, 1), (64, 32, 10)];

fn network((features, hidden, outputs): (usize, usize, usize)) -> Circuit {
	let bits = 4 * features as i32;
	let unit = |number: i32| HiddenUnit {
		base: 512,
		steps: (0..bits).map(|at| (at * 7 + number) % 5 - 2).collect(),
		table: (0..1024).map(|at| (at - 512).max(0) as u16 / 10).collect(),
	};
	let weight = |c: i32, h: i32| (h * 37 + c * 11) % 241 - 120;
	let layers = NetworkLayers {
		feature_bits: vec![4; features],
		hidden: (0..hidden as i32).map(unit).collect(),
		weights: (0..outputs as i32)
			.map(|c| (0..hidden as i32).map(|h| weight(c, h)).collect())
			.collect(),
	};
	Circuit::Network(NetworkCircuit::compile(layers).unwrap())
}

#[divan::bench(args = NETWORKS, sample_count = 10)]
fn network_evaluate_1_thread(bencher: Bencher, shape: (usize, usize, usize)) {
	bench_circuit(bencher, &network(shape), 1, new_keys());
}

#[divan::bench(args = NETWORKS, sample_count = 10)]
fn network_evaluate_2_threads(bencher: Bencher, shape: (usize, usize, usize)) {
	bench_circuit(bencher, &network(shape), 2, new_keys());
}
