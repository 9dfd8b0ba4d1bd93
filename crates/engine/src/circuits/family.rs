//! How circuits are evaluated, from which the sizes of their results, cost and evaluation follow.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		errors::EvaluateError,
		keyless::{self, Keyless},
		levelled::{self, Levelled, cost::memory_of},
		private::PrivateCircuit,
	},
	entities::{prepared_server_key::PreparedServerKey, result::EncryptedResult},
};

/// How a circuit is evaluated.
#[derive(Clone, Copy)]
pub(crate) enum Family<'a> {
	/// On the bodies of ciphertexts alone; the owner of the client key combines their masks.
	Keyless(&'a dyn Keyless),
	/// On encrypted bits, with a server key.
	Levelled(&'a dyn Levelled),
	/// By its owner's evaluators only.
	Private(&'a PrivateCircuit),
}

impl Family<'_> {
	/// Exact length of a result in bytes.
	pub fn result_bytes(self) -> usize {
		match self {
			Self::Keyless(circuit) => EncryptedResult::encoded_len(circuit.result_residues()),
			Self::Levelled(circuit) => circuit.encoding().result_bytes(),
			Self::Private(circuit) => circuit.encoding().result_bytes(),
		}
	}

	/// Cost of one evaluation: about one unit per microsecond of one core.
	pub fn work(self) -> u64 {
		match self {
			Self::Keyless(circuit) => 1 + circuit.microseconds(),
			Self::Levelled(circuit) => 1 + circuit.nanoseconds() / 1000,
			Self::Private(circuit) => circuit.claimed_work(),
		}
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(self) -> u64 {
		match self {
			Self::Keyless(circuit) => circuit.buffer_bytes(),
			Self::Levelled(circuit) => memory_of(circuit),
			Self::Private(circuit) => circuit.claimed_memory(),
		}
	}

	/// Evaluates the bytes of an input; returns the bytes of a result.
	pub fn evaluate(
		self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		match self {
			Self::Keyless(circuit) => keyless::evaluate(circuit, input),
			Self::Levelled(circuit) => levelled::evaluate(circuit, key, input, buffers),
			Self::Private(_) => Err(EvaluateError::Private),
		}
	}
}
