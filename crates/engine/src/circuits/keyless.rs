//! Circuits on the bodies of ciphertexts. What they compute is an inner product of some sort, so the
//! owner of the client key, who knows all masks, combines those herself: no server key is needed.

use crate::{
	circuits::{compiled::CompiledCircuit, errors::EvaluateError},
	entities::{
		input::EncryptedInput,
		result::{EncryptedResult, input_tag},
	},
};
use alloc::vec::Vec;
use fhe_ml_format::ResultPrefix;

/// What circuits on bodies answer besides.
pub(crate) trait Keyless: CompiledCircuit {
	/// Residues of a result.
	fn result_residues(&self) -> usize;

	/// The bodies of a result from those of an input, one per coefficient.
	fn evaluate_bodies(&self, bodies: &[u64]) -> Vec<u64>;

	/// Microseconds of one core for one evaluation.
	fn microseconds(&self) -> u64;

	/// Bytes of memory that one evaluation takes.
	fn buffer_bytes(&self) -> u64;
}

/// Evaluates the bytes of an input; returns the bytes of a result.
pub(crate) fn evaluate(circuit: &dyn Keyless, input: &[u8]) -> Result<Vec<u8>, EvaluateError> {
	let decoded = EncryptedInput::from_bytes(input, circuit.input_coefficients())?;
	let bodies = circuit.evaluate_bodies(&decoded.bodies);
	let prefix = ResultPrefix { input_tag: input_tag(input), rows: 1 };
	Ok(EncryptedResult { prefix, bodies }.to_bytes())
}
