//! Evaluations in slices against whole ones.

use super::{AdvanceError, MAX_REST_BYTES, Progress, Rest};
use crate::{
	Circuit, ClientKey, EvaluationBuffers, ForestCircuit, NetworkCircuit, PreparedServerKey,
	circuits::{
		forest::{Node, Tree},
		network::{HiddenUnit, NetworkLayers},
	},
	new_seeder,
};
use std::sync::LazyLock;

static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	(client, PreparedServerKey::new(&server))
});

/// Full trees of this depth over bits that other trees have, too.
fn forest(trees: u32, depth: u32, bits: u32, outputs: u16) -> ForestCircuit {
	fn grow(nodes: &mut Vec<Node>, depth: u32, seed: &mut u32, bits: u32, outputs: u16) {
		*seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
		let drawn = *seed >> 8;
		if depth == 0 {
			return nodes.push(Node::Leaf(vec![(
				(drawn % u32::from(outputs)) as u16,
				drawn as i32 % 9000,
			)]));
		}
		let at = nodes.len();
		nodes.push(Node::Split { predicate: drawn % bits, one: 0 });
		grow(nodes, depth - 1, seed, bits, outputs);
		let next = nodes.len() as u32;
		nodes[at] = Node::Split { predicate: drawn % bits, one: next };
		grow(nodes, depth - 1, seed, bits, outputs);
	}
	let mut seed = 7;
	let tree = |_| {
		let mut nodes = Vec::new();
		grow(&mut nodes, depth, &mut seed, bits, outputs);
		Tree { nodes }
	};
	let trees = (0..trees).map(tree).collect();
	ForestCircuit::compile(bits as usize, outputs.into(), trees).unwrap()
}

fn network(units: i32, features: usize) -> NetworkCircuit {
	let unit = |number: i32| {
		let steps = (0..4 * features as i32).map(|bit| (number * 7 + bit * 13) % 5 - 2).collect();
		let table = (0..2048).map(|at| ((at * number) % 16) as u16).collect();
		HiddenUnit { base: 1024, steps, table }
	};
	let hidden: Vec<HiddenUnit> = (1..=units).map(unit).collect();
	let weights = (0..3).map(|row| (0..units).map(|unit| unit * row % 3 - 1).collect()).collect();
	NetworkCircuit::compile(NetworkLayers { feature_bits: vec![4; features], hidden, weights })
		.unwrap()
}

/// All calls of all parts, each compared with an evaluation in one go. Returns the most calls of a part.
fn in_slices(circuit: &Circuit, rows: &[Vec<i64>]) -> u64 {
	let (client, server) = &*KEYS;
	let input = client.encrypt_rows(circuit, [1; 32], rows, new_seeder().as_mut()).unwrap();
	let count = rows.len() as u32;
	let mut most = 0;
	for part in 0..circuit.parts(count) {
		let (mut rest, mut calls) = (Vec::new(), 0);
		let found = loop {
			calls += 1;
			match circuit.advance(Some(server), &input, part, &rest).unwrap() {
				Progress::Rests(bytes) => rest = bytes,
				Progress::Done(found) => break found,
			}
			assert!(rest.len() <= MAX_REST_BYTES);
			// What rests is all that is needed, and it is canonical.
			assert_eq!(Rest::read(&rest).unwrap().to_bytes(), rest);
		};
		let whole =
			circuit.evaluate_part(Some(server), &input, part, &mut EvaluationBuffers::default());
		assert_eq!(found, whole.unwrap());
		assert_eq!(Some(calls), circuit.slices(count, part));
		most = most.max(calls);
	}
	most
}

fn rows(circuit: &Circuit, count: usize, bits: u32) -> Vec<Vec<i64>> {
	let number = |row: usize, at: usize| ((row * 31 + at * 17 + row * at) % (1 << bits)) as i64;
	(0..count).map(|row| (0..circuit.inputs()).map(|at| number(row, at)).collect()).collect()
}

#[test]
fn forests_in_slices_are_forests() {
	for (trees, depth, outputs) in [(1, 1, 1), (30, 4, 1), (60, 6, 3)] {
		let circuit = Circuit::Forest(forest(trees, depth, 90, outputs));
		let calls = in_slices(&circuit, &rows(&circuit, 1, 1));
		assert_eq!(calls > 1, depth == 6, "{calls} calls");
	}
}

#[test]
fn forests_with_encrypted_leaves_in_slices_are_the_same() {
	for outputs in [1, 3] {
		let public = forest(40, 5, 70, outputs);
		let encrypted = KEYS.0.encrypt_forest(&public, false, new_seeder().as_mut()).unwrap();
		let circuit = Circuit::EncryptedForest(encrypted.circuit.into());
		let calls = in_slices(&circuit, &rows(&circuit, 1, 1));
		assert!(calls > 1, "{calls} calls");
	}
}

#[test]
fn networks_in_slices_are_networks() {
	let circuit = Circuit::Network(network(12, 40));
	let calls = in_slices(&circuit, &rows(&circuit, 1, 4));
	assert!(calls > 2, "{calls} calls");
}

#[test]
fn packed_rows_in_slices_are_packed_rows() {
	let circuit = Circuit::Forest(forest(12, 3, 40, 2));
	assert!(circuit.row_layout().rows_per_mask > 9);
	for count in [2, 3, 9] {
		in_slices(&circuit, &rows(&circuit, count, 1));
	}
	// Slices end within rows, and rows within slices.
	let circuit = Circuit::Forest(forest(60, 6, 90, 3));
	assert!(in_slices(&circuit, &rows(&circuit, 3, 1)) > 4);
}

#[test]
fn parts_with_fewer_rows_keep_to_their_share_of_the_calls() {
	for circuit in [
		Circuit::Forest(forest(3, 2, 1, 1)),
		Circuit::Forest(forest(40, 6, 1, 1)),
		Circuit::Network(network(8, 12)),
	] {
		let most = circuit.most_slices().unwrap();
		let together = circuit.row_layout().rows_per_mask;
		assert!(together > 4, "{together} rows");
		for rows in (1..=together).chain([together + 1, 2 * together - 1]) {
			let part = (rows - 1) / together;
			let share = most * u64::from((rows - 1) % together + 1);
			let calls = circuit.slices(rows, part).unwrap();
			assert!(calls <= share.div_ceil(together.into()) + 1, "{calls} calls for {rows} rows");
			assert!(calls <= most);
		}
		assert!(most <= 2 * circuit.slices(together, 0).unwrap(), "{most} calls is far too much");
	}
}

#[test]
fn circuits_without_server_key_are_one_slice() {
	let linear = crate::LinearCircuit::new(3, 8, 1, vec![3, 0, -2], vec![1]).unwrap();
	let circuit = Circuit::Linear(linear);
	assert_eq!(in_slices(&circuit, &rows(&circuit, 5, 8)), 1);
}

#[test]
fn what_did_not_rest_is_refused() {
	let (client, server) = &*KEYS;
	let circuit = Circuit::Forest(forest(60, 6, 90, 3));
	let row = &rows(&circuit, 1, 1)[0];
	let input = client.encrypt(&circuit, [1; 32], row, new_seeder().as_mut()).unwrap();
	let advance = |rest: &[u8]| circuit.advance(Some(server), &input, 0, rest);
	let Progress::Rests(rest) = advance(&[]).unwrap() else { panic!("one slice") };
	for bytes in [&rest[..1], &rest[..40], &rest[..rest.len() - 1]] {
		assert_eq!(advance(bytes), Err(AdvanceError::Rest));
	}
	for at in 0..12 {
		let mut other = rest.clone();
		other[at] ^= 0x80;
		// Whatever the numbers say, there is an end.
		let _ = advance(&other);
	}
	assert_eq!(
		circuit.advance(None, &input, 0, &[]),
		Err(crate::EvaluateError::NoServerKey.into())
	);
}
