//! Fixed seeds must give fixed bytes, on every CPU and in every later version of the format.

use crate::{ClientKey, LinearCircuit, Seeder, blake2b_256};
use tfhe::core_crypto::commons::math::random::Seed;

/// 1, 2, 3, ...
struct Counter(u128);

impl Seeder for Counter {
	fn seed(&mut self) -> Seed {
		self.0 += 1;
		Seed(self.0)
	}

	fn is_available() -> bool {
		true
	}
}

fn first_bytes(blob: &[u8]) -> [u8; 8] {
	*blake2b_256(blob).first_chunk().unwrap()
}

#[test]
fn keys_inputs_and_results_have_known_hashes() {
	let mut seeder = Counter(0);
	let (client_key, server_key) = ClientKey::generate(&mut seeder);
	let features = 2050; // More than one GLWE.
	let weights = (0..features).map(|at| (at * 7919 % 60_001) - 30_000).collect();
	let circuit = LinearCircuit::new(features as usize, 8, 2, weights, vec![-12_345]).unwrap();
	let x: Vec<i64> = (0..features).map(|at| i64::from(at * 31 % 1000) - 500).collect();
	let input = client_key.encrypt(&circuit, [7; 32], &x, &mut seeder).unwrap();
	let result = circuit.evaluate(&input).unwrap();

	let outputs = client_key.decrypt(&circuit, &input, &result).unwrap();
	assert_eq!(outputs, circuit.combine(&circuit.evaluate_limbs(&x).unwrap()));
	let hashes = [
		first_bytes(&client_key.to_bytes()),
		first_bytes(server_key.as_bytes()),
		first_bytes(&input),
		first_bytes(&result),
	];
	assert_eq!(
		hashes,
		[
			[113, 184, 208, 204, 127, 183, 108, 127],
			[254, 97, 130, 150, 221, 187, 176, 75],
			[135, 149, 72, 216, 36, 132, 241, 138],
			[43, 72, 99, 171, 187, 226, 114, 176],
		]
	);
}
