//! Inputs of many rows against the same rows one by one, for every kind of circuit.

use super::row_layout;
use crate::{
	Circuit, ClientKey, DecryptError, EvaluateError, EvaluationBuffers, FilterCircuit,
	ForestCircuit, LinearCircuit, NetworkCircuit, PreparedServerKey, Tap,
	circuits::{
		errors::CircuitInputError,
		forest::{Node, Tree},
		levelled::{Levelled, decrypt::noise_of},
		many_rows::{Packing, RowInputs, evaluate_rows},
		network::{HiddenUnit, NetworkLayers},
		private::{Padding, PrivateEvaluator, PrivateSource},
	},
	entities::input::InputError,
	new_seeder,
	noise::Variance,
};
use fhe_ml_format::{HeaderError, InputPrefix, MAX_ROWS, bounds};
use std::sync::LazyLock;

static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	(client, PreparedServerKey::new(&server))
});

const GENESIS: [u8; 32] = [5; 32];

/// Trees of two levels with predicates of their own.
fn trees(count: u32) -> Vec<Tree> {
	let tree = |number: u32| {
		let leaf =
			|at: u32| Node::Leaf(vec![(0, ((number * 4 + at) * 7919 % 90_001) as i32 - 45_000)]);
		let split = |bit: u32, one| Node::Split { predicate: 3 * number + bit, one };
		let nodes = vec![split(0, 4), split(1, 3), leaf(0), leaf(1), split(2, 6), leaf(2), leaf(3)];
		Tree { nodes }
	};
	(0..count).map(tree).collect()
}

fn forest() -> ForestCircuit {
	ForestCircuit::compile(60, 1, trees(20)).unwrap()
}

fn linear() -> LinearCircuit {
	LinearCircuit::new(5, 8, 2, vec![300, -2, 7, 0, 5, 1, 1, -9999, 4, 2], vec![10, -4]).unwrap()
}

fn network() -> NetworkCircuit {
	let table = (0..512).map(|at| (at * 37 % 200) as u16).collect();
	let unit = |factor: i32, table| HiddenUnit {
		base: 256,
		steps: vec![factor, -2 * factor, 3 * factor, factor, 5, -7],
		table,
	};
	let layers = NetworkLayers {
		feature_bits: vec![4, 2],
		hidden: vec![unit(11, table), unit(-9, vec![3; 512])],
		weights: vec![vec![100, -50], vec![-3, 77], vec![1, 0]],
	};
	NetworkCircuit::compile(layers).unwrap()
}

/// Row `row`: integers below 2^`bits`.
fn row(row: usize, inputs: usize, bits: u32) -> Vec<i64> {
	let number = |at: usize| ((row * 7919 + at * 104_729 + row * at * 31) >> 3) as i64;
	(0..inputs).map(|at| number(at) & ((1 << bits) - 1)).collect()
}

fn rows(count: usize, inputs: usize, bits: u32) -> Vec<Vec<i64>> {
	(0..count).map(|number| row(number, inputs, bits)).collect()
}

fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
	rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

/// Decrypted rows, whose sizes and bytes are checked on the way.
fn evaluate(circuit: &Circuit, rows: &[Vec<i64>]) -> Vec<Vec<i64>> {
	let (client, server) = &*KEYS;
	let count = rows.len() as u32;
	let input = client.encrypt_rows(circuit, [1; 32], rows, new_seeder().as_mut()).unwrap();
	assert_eq!(input.len(), circuit.input_bytes_of(count));
	let buffers = &mut EvaluationBuffers::default();
	let result = circuit.evaluate(Some(server), &input, buffers).unwrap();
	assert_eq!(result.len(), circuit.result_bytes_of(count));
	// In another order, and on another number of threads.
	let part = |part| circuit.evaluate_part(Some(server), &input, part, &mut Default::default());
	let parts = on_threads(3, || (0..circuit.parts(count)).rev().map(part).collect::<Vec<_>>());
	let parts: Vec<Vec<u8>> = parts.into_iter().rev().map(Result::unwrap).collect();
	assert_eq!(Circuit::assemble(&input, &parts).unwrap(), result);
	let of_parts = (0..circuit.parts(count)).map(|part| circuit.rows_of_part(count, part));
	assert_eq!(of_parts.sum::<u32>(), count);
	client.decrypt_rows(circuit, &input, &result).unwrap()
}

#[test]
fn every_row_gives_what_it_gives_alone() {
	let tap = |dx, weight| Tap { output: 0, input: 0, dx, dy: 0, weight };
	let filter = FilterCircuit::new((6, 5), 1, false, vec![tap(0, 3), tap(1, -2)], vec![7]);
	for (circuit, bits) in [
		(Circuit::Linear(linear()), 8),
		(Circuit::Filter(filter.unwrap()), 8),
		(Circuit::Forest(forest()), 1),
		(Circuit::Network(network()), 2),
	] {
		let together = circuit.row_layout().rows_per_mask.min(300) as usize;
		for count in [1, 2, 9, together + 1] {
			let rows = rows(count, circuit.inputs(), bits);
			let clear: Vec<_> =
				rows.iter().map(|row| circuit.evaluate_clear(row).unwrap()).collect();
			assert_eq!(evaluate(&circuit, &rows), clear, "{count} rows, {:?}", circuit.kind());
		}
	}
}

#[test]
fn rows_of_encrypted_models_do_too() {
	let linear = linear();
	let encrypted = KEYS.0.encrypt_linear(&linear, new_seeder().as_mut()).unwrap();
	let x = rows(5, 5, 8);
	let public = Circuit::Linear(linear.clone());
	let without_bias = |row: &Vec<i64>| {
		let sums = public.evaluate_clear(row).unwrap();
		sums.iter().zip(linear.bias()).map(|(sum, bias)| sum - bias).collect::<Vec<_>>()
	};
	let clear: Vec<_> = x.iter().map(without_bias).collect();
	assert_eq!(evaluate(&Circuit::EncryptedLinear(encrypted), &x), clear);

	let forest = forest();
	let encrypted = KEYS.0.encrypt_forest(&forest, false, new_seeder().as_mut()).unwrap();
	let x = rows(5, 60, 1);
	let clear: Vec<_> = x.iter().map(|row| forest.evaluate_clear(row)).collect();
	let bit = |row: &[i64], predicate: &Option<u32>| predicate.map_or(0, |at| row[at as usize]);
	let bits = |row: &Vec<i64>| encrypted.predicates.iter().map(|at| bit(row, at)).collect();
	let x: Vec<Vec<i64>> = x.iter().map(bits).collect();
	assert_eq!(evaluate(&Circuit::EncryptedForest(encrypted.circuit.into()), &x), clear);
}

#[test]
fn rows_of_private_models_share_a_mask_and_are_sanitised_once() {
	let source = PrivateSource::Forest { comparisons: 60, outputs: 1, trees: trees(20) };
	let evaluator = PrivateEvaluator::new(source, Padding::default(), [9; 32]).unwrap();
	let circuit = Circuit::Private(evaluator.circuit().clone());
	let (client, server) = &*KEYS;
	for count in [1, 2, 40] {
		let rows = rows(count, 60, 1);
		let input = client.encrypt_rows(&circuit, [1; 32], &rows, new_seeder().as_mut()).unwrap();
		let evaluate = |threads| {
			let buffers = &mut EvaluationBuffers::default();
			on_threads(threads, || evaluator.evaluate(server, &input, &GENESIS, buffers).unwrap())
		};
		let result = evaluate(1);
		assert_eq!(result, evaluate(2), "no noise is averaged by asking again");
		assert_eq!(result.len(), circuit.result_bytes_of(count as u32));
		let clear: Vec<_> = rows.iter().map(|row| evaluator.evaluate_clear(row).unwrap()).collect();
		assert_eq!(client.decrypt_rows(&circuit, &input, &result).unwrap(), clear);
	}
	assert!(circuit.row_layout().rows_per_mask > 1, "the flooding leaves room for packing");
}

#[test]
fn a_row_costs_little_besides_its_share_of_a_mask() {
	let circuit = Circuit::Forest(forest());
	let (one, hundred) = (circuit.result_bytes_of(1), circuit.result_bytes_of(100));
	assert!(hundred < one + 100 * 40, "{one} bytes of one row, {hundred} of a hundred");
	assert_eq!(circuit.result_bytes_of(1), circuit.result_bytes());
	let most = circuit.most_rows();
	assert!(most > 100 && most <= MAX_ROWS);
	assert!(circuit.input_bytes_of(most) <= bounds::MAX_INPUT_BYTES);
	assert!(circuit.result_bytes_of(most) <= bounds::MAX_RESULT_BYTES);
}

#[test]
fn packed_rows_have_the_noise_that_is_predicted() {
	let (client, server) = &*KEYS;
	let forest = forest();
	let circuit = Circuit::Forest(forest.clone());
	let rows = rows(64, 60, 1);
	let input = client.encrypt_rows(&circuit, [1; 32], &rows, new_seeder().as_mut()).unwrap();
	let inputs = RowInputs::read(&input, circuit.input_bytes()).unwrap();
	let evaluate = |row: &[u8], buffers: &mut EvaluationBuffers| {
		let decoded =
			crate::circuits::levelled::read_input(row, forest.input_coefficients(), server.hash())?;
		Ok(forest.evaluate_ciphertext(server, &decoded, buffers))
	};
	let ciphertexts =
		evaluate_rows(&inputs, 0..64, 0, &mut EvaluationBuffers::default(), evaluate).unwrap();
	let packing = Packing::new(forest.encoding(), forest.result_positions(), 64);
	let packed = packing.pack(server, ciphertexts);
	let noise = noise_of(packing.encoding(), &packing.positions(64), client, &packed);
	let measured = noise.iter().map(|noise| noise * noise).sum::<f64>() / noise.len() as f64;
	let switch = Variance::modulus_switch(forest.encoding().result_bits).0;
	let predicted = (forest.total_noise() + Variance::packing()).0 - switch;
	assert!(measured < 1.5 * predicted, "measured {measured:e}, predicted {predicted:e}");
	assert!(packing.encoding().tolerance >= forest.encoding().tolerance);
}

#[test]
fn masks_of_rows_differ_and_none_is_that_of_the_input() {
	let seed = [3; 16];
	let mut seeds: Vec<[u8; 16]> =
		(0..MAX_ROWS).map(|row| super::inputs::row_seed(&seed, row)).collect();
	seeds.push(seed);
	let count = seeds.len();
	seeds.sort_unstable();
	seeds.dedup();
	assert_eq!(seeds.len(), count);
}

#[test]
fn what_does_not_fit_is_an_error_of_its_own() {
	let (client, server) = &*KEYS;
	let circuit = Circuit::Forest(forest());
	let encrypt =
		|rows: &[Vec<i64>]| client.encrypt_rows(&circuit, [1; 32], rows, new_seeder().as_mut());
	assert_eq!(encrypt(&[]), Err(CircuitInputError::Rows(0)));
	let too_many = vec![vec![0; 60]; MAX_ROWS as usize + 1];
	assert_eq!(encrypt(&too_many), Err(CircuitInputError::Rows(4097)));

	let input = encrypt(&rows(3, 60, 1)).unwrap();
	let evaluate =
		|input: &[u8]| circuit.evaluate(Some(server), input, &mut EvaluationBuffers::default());
	let result = evaluate(&input).unwrap();
	let wrong_length = Err(EvaluateError::Input(InputError::Header(HeaderError::WrongLength)));
	assert_eq!(evaluate(&input[..input.len() - 1]), wrong_length);
	// A header that says more or fewer rows than there are.
	for rows in [1, 2, 4, MAX_ROWS] {
		let prefix = InputPrefix { rows, ..InputPrefix::read(&input).unwrap() };
		let mut other = input.clone();
		let body_bytes = input.len() - InputPrefix::BYTES;
		other[..InputPrefix::BYTES].copy_from_slice(&prefix.to_bytes(body_bytes as u32));
		assert!(matches!(evaluate(&other), Err(EvaluateError::Input(_))), "{rows} rows");
		assert!(client.decrypt_rows(&circuit, &other, &result).is_err());
	}
	assert_eq!(client.decrypt(&circuit, &input, &result), Err(DecryptError::ManyRows(3)));
	let other = encrypt(&rows(3, 60, 1)).unwrap();
	let refused = client.decrypt_rows(&circuit, &other, &result);
	assert_eq!(refused, Err(DecryptError::AnotherInput));
	for length in 0..result.len() {
		assert!(client.decrypt_rows(&circuit, &input, &result[..length]).is_err());
	}
}

#[test]
fn a_layout_follows_from_the_encoding() {
	let forest = forest();
	let layout = row_layout(forest.encoding());
	assert!(layout.fits(forest.encoding().result_bytes() as u32));
	assert!(layout.rows_per_mask > 1 && layout.packing_work > 0);
}
