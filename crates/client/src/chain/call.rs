//! Calls, with their arguments encoded.

use super::{
	account::Account,
	best_block::{BestBlock, PALLET},
	error::ChainError,
};
use codec::Encode;
use fhe_ml_primitives::{JobId, KeyHash, ModelId, WorkerId};
use subxt::ext::{
	scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter},
	scale_type_resolver::TypeResolver,
};

/// A call with its arguments encoded already: the types of `fhe-ml-primitives` are the chain's own.
pub struct Call {
	pub(super) pallet: &'static str,
	pub(super) name: &'static str,
	pub(super) arguments: Vec<u8>,
}

/// Arguments that need no further encoding.
pub(super) struct Encoded(pub(super) Vec<u8>);

impl EncodeAsFields for Encoded {
	fn encode_as_fields_to<R: TypeResolver>(
		&self,
		_: &mut dyn FieldIter<'_, R::TypeId>,
		_: &R,
		out: &mut Vec<u8>,
	) -> Result<(), EncodeError> {
		out.extend_from_slice(&self.0);
		Ok(())
	}
}

impl Call {
	/// `register_model`; needs [`Call::through_sudo`].
	pub fn register_model(artifact: &[u8], depositor: &Account) -> Self {
		let arguments = (artifact, Some(depositor.0.public_key().0)).encode();
		Self { pallet: PALLET, name: "register_model", arguments }
	}

	/// `allow_model_deposit`.
	pub(super) fn allow_model_deposit(most: u128) -> Self {
		Self { pallet: PALLET, name: "allow_model_deposit", arguments: most.encode() }
	}

	/// `retire_model`; needs [`Call::through_sudo`].
	pub fn retire_model(model: ModelId) -> Self {
		Self { pallet: PALLET, name: "retire_model", arguments: model.encode() }
	}

	/// `register_server_key`.
	pub fn register_server_key(server_key: &[u8]) -> Self {
		Self { pallet: PALLET, name: "register_server_key", arguments: server_key.encode() }
	}

	/// `register_bootstrap_key`.
	pub fn register_bootstrap_key(bootstrap_key: &[u8]) -> Self {
		let arguments = bootstrap_key.encode();
		Self { pallet: PALLET, name: "register_bootstrap_key", arguments }
	}

	/// Any call.
	pub(super) fn new(pallet: &'static str, name: &'static str, arguments: Vec<u8>) -> Self {
		Self { pallet, name, arguments }
	}

	/// `remove_server_key`.
	pub fn remove_server_key(server_key: KeyHash) -> Self {
		Self { pallet: PALLET, name: "remove_server_key", arguments: server_key.encode() }
	}

	/// `request_inference`.
	pub fn request_inference(
		model: ModelId,
		server_key: Option<KeyHash>,
		input: &[u8],
		max_fee: u128,
		redundancy: u8,
	) -> Self {
		let arguments = (model, server_key, input, max_fee, redundancy).encode();
		Self { pallet: PALLET, name: "request_inference", arguments }
	}

	/// `release`.
	pub fn release(job: JobId) -> Self {
		Self { pallet: PALLET, name: "release", arguments: job.encode() }
	}

	/// `join_workers`.
	pub(super) fn join_workers(worker: &WorkerId, proof: &[u8; 64]) -> Self {
		Self { pallet: PALLET, name: "join_workers", arguments: (worker, proof).encode() }
	}

	/// `leave_workers`, `withdraw_bond` or `resume_worker`.
	pub fn of_worker(name: &'static str, worker: &WorkerId) -> Self {
		Self { pallet: PALLET, name, arguments: worker.encode() }
	}

	/// The same call as root, through the sudo pallet.
	pub(super) fn through_sudo(self, at: &BestBlock) -> Result<Self, ChainError> {
		let metadata = at.at.metadata_ref();
		let pallet = metadata.pallet_by_name(self.pallet);
		let indices = pallet
			.as_ref()
			.and_then(|p| Some((p.call_index(), p.call_variant_by_name(self.name)?.index)));
		let (pallet_index, call_index) = indices
			.ok_or_else(|| ChainError::Refused(format!("there is no call {}", self.name)))?;
		let arguments = [[pallet_index, call_index].as_slice(), &self.arguments].concat();
		Ok(Self { pallet: "Sudo", name: "sudo", arguments })
	}
}
