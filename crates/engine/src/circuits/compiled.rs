//! What every circuit answers without any key.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		errors::{CircuitInputError, EvaluateError},
		keyless::{self, Keyless},
		levelled::{self, Levelled},
		private::PrivateCircuit,
	},
	entities::{
		input::EncryptedInput, prepared_server_key::PreparedServerKey, result::EncryptedResult,
	},
};

/// How a circuit is evaluated.
pub(crate) enum Family<'a> {
	/// On the bodies of ciphertexts alone; the owner of the client key combines their masks.
	Keyless(&'a dyn Keyless),
	/// On encrypted bits, with a server key.
	Levelled(&'a dyn Levelled),
	/// By its owner's evaluators only.
	Private(&'a PrivateCircuit),
}

/// What every circuit answers.
pub(crate) trait CompiledCircuit {
	/// How it is evaluated, from which sizes, cost and evaluation follow.
	fn family(&self) -> Family<'_>;

	/// Number of integers that are encrypted.
	fn inputs(&self) -> usize;

	/// Number of integers that decryption gives.
	fn outputs(&self) -> usize;

	/// Lowest and highest integer that each output can have, for any input that may be encrypted.
	fn output_ranges(&self) -> Vec<(i64, i64)>;

	/// Coefficients of an input: one residue each.
	fn input_coefficients(&self) -> usize;

	/// Checks that these integers, one per input, may enter the circuit.
	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError>;

	/// The outputs for integers that may enter; `None` if the weights are encrypted.
	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>>;

	/// Whether the noise has a hard bound, so that no result decrypts wrongly.
	fn has_noise_bound(&self) -> bool {
		false
	}

	/// Exact length of an input in bytes.
	fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.input_coefficients())
	}

	/// Exact length of a result in bytes.
	fn result_bytes(&self) -> usize {
		match self.family() {
			Family::Keyless(circuit) => EncryptedResult::encoded_len(circuit.result_residues()),
			Family::Levelled(circuit) => circuit.encoding().result_bytes(),
			Family::Private(circuit) => circuit.encoding().result_bytes(),
		}
	}

	/// Cost of one evaluation: about one unit per microsecond of one core.
	fn work(&self) -> u64 {
		match self.family() {
			Family::Keyless(circuit) => 1 + circuit.microseconds(),
			Family::Levelled(circuit) => 1 + circuit.nanoseconds() / 1000,
			Family::Private(circuit) => circuit.claimed_work(),
		}
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	fn memory_bytes(&self) -> u64 {
		match self.family() {
			Family::Keyless(circuit) => circuit.buffer_bytes(),
			Family::Levelled(circuit) => levelled::cost::memory_bytes(circuit.peak_ciphertexts()),
			Family::Private(circuit) => circuit.claimed_memory(),
		}
	}

	/// Evaluates the bytes of an input; returns the bytes of a result.
	fn evaluate(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		match self.family() {
			Family::Keyless(circuit) => keyless::evaluate(circuit, input),
			Family::Levelled(circuit) => levelled::evaluate(circuit, key, input, buffers),
			Family::Private(_) => Err(EvaluateError::Private),
		}
	}
}

/// Checks integers one by one.
pub(crate) fn check_each(x: &[i64], fits: impl Fn(i64) -> bool) -> Result<(), CircuitInputError> {
	match x.iter().position(|&x| !fits(x)) {
		Some(at) => Err(CircuitInputError::Value(at)),
		None => Ok(()),
	}
}

/// Checks that integers are bits.
pub(crate) fn check_bits(x: &[i64]) -> Result<(), CircuitInputError> {
	check_each(x, |bit| (0..=1).contains(&bit))
}
