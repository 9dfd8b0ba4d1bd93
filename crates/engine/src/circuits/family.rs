//! How circuits are evaluated, from which the sizes of their results, cost and evaluation follow.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		errors::EvaluateError,
		keyless::Keyless,
		levelled::{Levelled, cost::memory_of},
		many_rows::{RowInputs, keyless_part, levelled_part, row_layout},
		private::PrivateCircuit,
		sliced::Sliced,
	},
	entities::{prepared_server_key::PreparedServerKey, result::EncryptedResult},
};
use alloc::vec::Vec;
use fhe_ml_format::{MAX_ROWS, ResultPrefix, RowLayout};

/// How a circuit is evaluated.
#[derive(Clone, Copy)]
pub(crate) enum Family<'a> {
	/// On the bodies of ciphertexts alone; the owner of the client key combines their masks.
	Keyless(&'a dyn Keyless),
	/// On encrypted bits, with a server key.
	Levelled(&'a dyn Sliced),
	/// On encrypted bits, with a server key and a bootstrap key.
	Bootstrapped(&'a dyn Levelled),
	/// By its owner's evaluators only.
	Private(&'a PrivateCircuit),
}

impl Family<'_> {
	/// Exact length of a result in bytes.
	pub fn result_bytes(self) -> usize {
		match self {
			Self::Keyless(circuit) => EncryptedResult::encoded_len(circuit.result_residues()),
			Self::Levelled(circuit) => circuit.encoding().result_bytes(),
			Self::Bootstrapped(circuit) => circuit.encoding().result_bytes(),
			Self::Private(circuit) => circuit.encoding().result_bytes(),
		}
	}

	/// Cost of one evaluation: about one unit per microsecond of one core.
	pub fn work(self) -> u64 {
		match self {
			Self::Keyless(circuit) => 1 + circuit.microseconds(),
			Self::Levelled(circuit) => 1 + circuit.nanoseconds() / 1000,
			Self::Bootstrapped(circuit) => 1 + circuit.nanoseconds() / 1000,
			Self::Private(circuit) => circuit.claimed_work(),
		}
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(self) -> u64 {
		match self {
			Self::Keyless(circuit) => circuit.buffer_bytes(),
			Self::Levelled(circuit) => memory_of(circuit),
			Self::Bootstrapped(circuit) => memory_of(circuit),
			Self::Private(circuit) => circuit.claimed_memory(),
		}
	}

	/// How many rows lie in a result.
	pub fn row_layout(self) -> RowLayout {
		match self {
			Self::Keyless(_) => {
				let row_bytes = self.result_bytes().saturating_sub(ResultPrefix::BYTES) as u32;
				RowLayout { row_bytes, rows_per_mask: MAX_ROWS, packing_work: 0 }
			},
			Self::Levelled(circuit) => row_layout(circuit.encoding()),
			Self::Bootstrapped(circuit) => row_layout(circuit.encoding()),
			Self::Private(circuit) => row_layout(circuit.encoding()),
		}
	}

	/// Length in bytes of an input of one row.
	fn input_bytes(self) -> usize {
		match self {
			Self::Keyless(circuit) => circuit.input_bytes(),
			Self::Levelled(circuit) => circuit.input_bytes(),
			Self::Bootstrapped(circuit) => circuit.input_bytes(),
			Self::Private(circuit) => circuit.input_bytes(),
		}
	}

	/// Evaluates a part of an input; returns its bytes in a result.
	pub fn evaluate_part(
		self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		part: u32,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let inputs = RowInputs::read(input, self.input_bytes())?;
		match self {
			Self::Keyless(circuit) => keyless_part(circuit, &inputs),
			Self::Levelled(circuit) => {
				let key = key.ok_or(EvaluateError::NoServerKey)?;
				levelled_part(circuit, key, &inputs, part, buffers)
			},
			Self::Bootstrapped(circuit) => {
				let key = key.ok_or(EvaluateError::NoServerKey)?;
				if !key.has_bootstrap_key() {
					return Err(EvaluateError::NoBootstrapKey);
				}
				levelled_part(circuit, key, &inputs, part, buffers)
			},
			Self::Private(_) => Err(EvaluateError::Private),
		}
	}
}
