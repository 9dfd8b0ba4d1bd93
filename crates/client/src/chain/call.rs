//! Signed calls.

use super::{BestBlock, Chain, ChainError, Config, PALLET, submit::Sent};
use codec::{Decode, Encode};
use fhe_ml_primitives::{JobId, KeyHash, ModelId, ModelName, WorkerId};
use std::str::FromStr;
use subxt::{
	config::substrate::{AccountId32, H256},
	error::DispatchError,
	events::{Events, Phase},
	ext::{
		scale_encode::{EncodeAsFields, Error as EncodeError, FieldIter},
		scale_type_resolver::TypeResolver,
	},
	metadata::ArcMetadata,
	rpcs::rpc_params,
};
use subxt_signer::{SecretUri, sr25519::Keypair};

/// An account that signs.
#[derive(Clone)]
pub struct Account(pub(super) Keypair);

impl Account {
	/// Its public key.
	pub(super) fn id(&self) -> AccountId32 {
		self.0.public_key().to_account_id()
	}

	/// Its address.
	pub fn address(&self) -> String {
		self.id().to_string()
	}
}

/// A secret URI that is not one.
#[derive(Debug, thiserror::Error)]
#[error("it is not a secret phrase, a seed or a development account like //Alice: {0}")]
pub struct AccountError(String);

impl FromStr for Account {
	type Err = AccountError;

	fn from_str(suri: &str) -> Result<Self, AccountError> {
		let uri = SecretUri::from_str(suri).map_err(|error| AccountError(error.to_string()))?;
		Ok(Self(Keypair::from_uri(&uri).map_err(|error| AccountError(error.to_string()))?))
	}
}

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
	fn allow_model_deposit(most: u128) -> Self {
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
	fn join_workers(worker: &WorkerId, proof: &[u8; 64]) -> Self {
		Self { pallet: PALLET, name: "join_workers", arguments: (worker, proof).encode() }
	}

	/// `leave_workers`, `withdraw_bond` or `resume_worker`.
	pub fn of_worker(name: &'static str, worker: &WorkerId) -> Self {
		Self { pallet: PALLET, name, arguments: worker.encode() }
	}

	/// The same call as root, through the sudo pallet.
	fn through_sudo(self, at: &BestBlock) -> Result<Self, ChainError> {
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

/// A request that is in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedJob {
	/// Number of the job.
	pub job: JobId,
	/// Fee held for it.
	pub fee: u128,
	/// Block that it is in.
	pub block: u64,
}

/// Fields of `FheMl.InferenceRequested`, in order.
type InferenceRequested = (JobId, [u8; 32], ModelId, u8, u128);
/// Fields of `FheMl.ModelRegistered`, in order.
type ModelRegistered = (ModelId, ModelName, H256);

/// What `author_rotateKeysWithOwner` returns, in hex.
#[derive(serde::Deserialize)]
struct HexSessionKeys {
	keys: String,
	proof: String,
}

/// Session keys that a node has made, and the proof that it has them.
pub(super) struct SessionKeys {
	pub(super) keys: Vec<u8>,
	pub(super) proof: Vec<u8>,
}

/// The events of a transaction that succeeded, and the block that it is in.
pub(super) struct Included {
	/// Those of the whole block.
	pub(super) events: Events<Config>,
	/// Place of the transaction in the block.
	pub(super) index: usize,
	pub(super) block: u64,
	pub(super) metadata: ArcMetadata,
}

impl Included {
	/// The bytes of the fields of the first event with this name.
	pub(super) fn fields(&self, pallet: &str, name: &'static str) -> Result<Vec<u8>, ChainError> {
		for event in self.events.iter() {
			let event = event?;
			let is_ours = event.phase() == Phase::ApplyExtrinsic(self.index as u32);
			if is_ours && event.pallet_name() == pallet && event.event_name() == name {
				return Ok(event.field_bytes().to_vec());
			}
		}
		Err(ChainError::NoEvent(name))
	}

	fn event<T: Decode>(&self, name: &'static str) -> Result<T, ChainError> {
		Ok(T::decode(&mut self.fields(PALLET, name)?.as_slice())?)
	}
}

impl Chain {
	/// The nonce of the next transaction of `account`, those in the pool counted.
	///
	/// # Errors
	/// If the node does not answer.
	pub async fn next_nonce(&self, account: &Account) -> Result<u64, ChainError> {
		self.ask("system_accountNextIndex", rpc_params![account.id().to_string()]).await
	}

	/// Signs a call, sends it and waits until it is in a block and has succeeded; returns the
	/// number of the block.
	///
	/// # Errors
	/// If the pool or the chain refuses it, or if no block takes it in a quarter of an hour.
	pub async fn submit(&self, call: Call, account: &Account) -> Result<u64, ChainError> {
		let nonce = self.next_nonce(account).await?;
		Ok(self.include(call, account, nonce).await?.block)
	}

	/// Sends calls one after the other and waits until all are in blocks and have succeeded.
	///
	/// # Errors
	/// As [`Chain::submit`], for the first that fails.
	pub async fn submit_all(&self, calls: Vec<Call>, account: &Account) -> Result<(), ChainError> {
		let first_nonce = self.next_nonce(account).await?;
		let mut sent = Vec::with_capacity(calls.len());
		for (call, nonce) in calls.into_iter().zip(first_nonce..) {
			sent.push(self.send(call, account, nonce).await?);
		}
		for mut sent in sent {
			sent.included().await?;
		}
		Ok(())
	}

	async fn include(
		&self,
		call: Call,
		account: &Account,
		nonce: u64,
	) -> Result<Included, ChainError> {
		self.send(call, account, nonce).await?.included().await
	}

	/// Runs a call as root. Its own error is in an event only.
	async fn sudo(&self, call: Call, account: &Account) -> Result<Included, ChainError> {
		let best = self.best_block().await?;
		let nonce = self.next_nonce(account).await?;
		let included = self.include(call.through_sudo(&best)?, account, nonce).await?;
		match included.fields("Sudo", "Sudid")?.split_first() {
			Some((0, _)) => Ok(included),
			Some((_, error)) => Err(match DispatchError::decode_from(error, best.at.metadata()) {
				Ok(error) => error.into(),
				Err(error) => ChainError::Refused(error.to_string()),
			}),
			None => Err(ChainError::NoEvent("Sudid")),
		}
	}

	/// Makes session keys in the node's keystore, which are the account's.
	pub(super) async fn rotate_keys(&self, account: &Account) -> Result<SessionKeys, ChainError> {
		let owner = format!("0x{}", hex::encode(account.id().0));
		if self.is_light {
			return Err(ChainError::NeedsNode);
		}
		let made: HexSessionKeys =
			self.ask("author_rotateKeysWithOwner", rpc_params![owner]).await?;
		let bytes = |text: &str| hex::decode(text.trim_start_matches("0x")).unwrap_or_default();
		Ok(SessionKeys { keys: bytes(&made.keys), proof: bytes(&made.proof) })
	}

	/// Makes session keys in the node's keystore and joins with the worker key among them; returns
	/// that key.
	///
	/// # Errors
	/// If the node makes no keys (with a light client: always), or as [`Chain::submit`].
	pub async fn join_workers(&self, account: &Account) -> Result<WorkerId, ChainError> {
		let SessionKeys { keys: public, proof } = self.rotate_keys(account).await?;
		// The worker's key is the last of the session keys.
		let (Some(mut public), Some(proof)) =
			(public.last_chunk::<32>().map(<[u8; 32]>::as_slice), proof.last_chunk::<64>())
		else {
			return Err(ChainError::Refused("the node's session keys have no worker key".into()));
		};
		let worker = WorkerId::decode(&mut public)?;
		self.submit(Call::join_workers(&worker, proof), account).await?;
		Ok(worker)
	}

	/// Registers a model as root, with a deposit of `account`; returns its number.
	///
	/// # Errors
	/// As [`Chain::submit`], or if the account is not the admin.
	pub async fn register_model(
		&self,
		artifact: &[u8],
		account: &Account,
	) -> Result<ModelId, ChainError> {
		// The admin's account, too, has to say first that the deposit may be held from it.
		let price: u128 = self.best_block().await?.constant("DepositPerByte")?;
		let deposit = price.saturating_mul(artifact.len() as u128);
		self.submit(Call::allow_model_deposit(deposit), account).await?;
		let included = self.sudo(Call::register_model(artifact, account), account).await?;
		let (model, ..) = included.event::<ModelRegistered>("ModelRegistered")?;
		Ok(model)
	}

	/// Retires a model as root.
	///
	/// # Errors
	/// As [`Chain::submit`], or if the account is not the admin.
	pub async fn retire_model(&self, model: ModelId, account: &Account) -> Result<(), ChainError> {
		self.sudo(Call::retire_model(model), account).await.map(|_| ())
	}

	/// Hands a `request_inference` call to the pool.
	///
	/// # Errors
	/// If the pool refuses it.
	pub async fn request(
		&self,
		call: Call,
		account: &Account,
		nonce: u64,
	) -> Result<PendingRequest, ChainError> {
		Ok(PendingRequest(self.send(call, account, nonce).await?))
	}
}

/// A request that is in the pool.
pub struct PendingRequest(Sent);

impl PendingRequest {
	/// Waits until the request is in a block; once more, if that block was reverted.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn job(&mut self) -> Result<RequestedJob, ChainError> {
		let included = self.0.included().await?;
		let (job, _, _, _, fee) = included.event::<InferenceRequested>("InferenceRequested")?;
		Ok(RequestedJob { job, fee, block: included.block })
	}
}
