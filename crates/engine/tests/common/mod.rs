//! Keys, and the way of integers through a circuit.

#![allow(clippy::unwrap_used)]

use fhe_ml_engine::{Circuit, ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder};
use std::sync::LazyLock;

pub static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	(client, PreparedServerKey::new(&server))
});

/// Encrypts, evaluates and decrypts.
pub fn evaluate(circuit: &Circuit, x: &[i64]) -> Vec<i64> {
	let (client, server) = &*KEYS;
	let input = client.encrypt(circuit, [1; 32], x, new_seeder().as_mut()).unwrap();
	assert_eq!(input.len(), circuit.input_bytes());
	let mut buffers = EvaluationBuffers::default();
	let result = circuit.evaluate(Some(server), &input, &mut buffers).unwrap();
	assert_eq!(result.len(), circuit.result_bytes());
	client.decrypt(circuit, &input, &result).unwrap()
}
