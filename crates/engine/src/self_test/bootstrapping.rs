//! The same for deep networks, which not every worker evaluates, and which take longer.

use super::{Counter, SelfTestError, first_difference};
use crate::{
	Circuit, ClientKey, DeepCircuit, EvaluationBuffers, PreparedServerKey,
	circuits::deep::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow},
};

/// As `EXPECTED` of all other blobs.
const EXPECTED: [(&str, [u8; 8]); 3] = [
	("bootstrap key", [132, 68, 125, 63, 166, 212, 107, 26]),
	("deep network", [45, 221, 81, 220, 124, 48, 200, 109]),
	("result of a deep network", [185, 93, 152, 104, 21, 12, 187, 135]),
];

/// As [`self_test`](super::self_test), of a deep network: with fixed seeds, and compares every byte with what is known.
///
/// Takes about a second of one core.
///
/// # Errors
/// The first blob that has other bytes here.
pub fn bootstrap_self_test() -> Result<(), SelfTestError> {
	let blobs = std::panic::catch_unwind(blobs).ok().flatten().unwrap_or_default();
	first_difference(EXPECTED, blobs)
}

fn blobs() -> Option<[Vec<u8>; 3]> {
	let mut seeder = Counter(1000);
	let (client_key, server_key) = ClientKey::generate(&mut seeder);
	let bootstrap_key = client_key.bootstrap_key();
	let prepared = PreparedServerKey::new(&server_key).with_bootstrap_key(&bootstrap_key).ok()?;
	let network = network()?;
	let x = [5, 0, 3];
	let expected = network.evaluate_clear(&x);
	let circuit = Circuit::Deep(network);
	let input = client_key.encrypt(&circuit, [7; 32], &x, &mut seeder).ok()?;
	let result =
		circuit.evaluate(Some(&prepared), &input, &mut EvaluationBuffers::default()).ok()?;
	let outputs = client_key.decrypt(&circuit, &input, &result).ok()?;
	let blobs = [bootstrap_key.as_bytes().to_vec(), circuit.to_bytes(), result];
	(outputs == expected).then_some(blobs)
}

/// Two units over three features, two over those, and one that reads both layers.
fn network() -> Option<DeepCircuit> {
	let table = |low: i64, len: i32, largest: i32| DeepTable {
		low,
		step_log2: 0,
		values: (0..len).map(|at| at * at % (largest + 1)).collect(),
	};
	let layer = |rows: Vec<SparseRow>, table| {
		let table_of = vec![0; rows.len()];
		DeepLayer { from: 0, rows, tables: vec![table], table_of }
	};
	let first = [[1, -2, 4, 3, 0, 1, 2, 4], [-3, 1, 0, 2, -1, 0, 5, -1]];
	let first = first.map(|steps| SparseRow::dense(0, &steps)).to_vec();
	let second = vec![SparseRow::dense(-1, &[1, 2]), SparseRow::dense(2, &[-1, 1])];
	let third = vec![SparseRow::dense(1, &[1, -1, 2, 0])];
	let layers = DeepLayers {
		feature_bits: vec![3, 1, 4],
		hidden: vec![
			layer(first, table(-5, 19, 2)),
			layer(second, table(-2, 9, 2)),
			layer(third, table(-3, 13, 6)),
		],
		outputs_from: 2,
		outputs: vec![DeepOutput { row: SparseRow::dense(-4, &[1]), range: (-4, 2) }],
	};
	DeepCircuit::compile(layers).ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_network_is_exact() {
		assert!(network().unwrap().is_exact());
	}

	#[test]
	fn results_do_not_depend_on_the_number_of_threads() {
		for threads in [1, 3] {
			let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
			assert_eq!(pool.install(bootstrap_self_test), Ok(()), "{threads} threads");
		}
	}
}
