//! Signs calls, sends them, and says what became of them.

use super::{
	account::Account, best_block::PALLET, blocks::Included, call::Call, connection::Chain,
	error::ChainError, submit::Sent,
};
use codec::Decode;
use fhe_ml_primitives::{JobId, ModelId, ModelName, WorkerId};
use subxt::{config::substrate::H256, error::DispatchError, rpcs::rpc_params};

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

impl Included {
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
		self.rpc.ask("system_accountNextIndex", rpc_params![account.id().to_string()]).await
	}

	/// Signs a call, sends it and waits until it is in a block and has succeeded; returns the
	/// number of the block.
	///
	/// # Errors
	/// If the pool or the chain refuses it, or if no block takes it in a quarter of an hour.
	pub async fn submit(&self, call: Call, account: &Account) -> Result<u64, ChainError> {
		let nonce = self.next_nonce(account).await?;
		Ok(self.include(call, account, nonce).await?.of.block)
	}

	/// As [`Chain::submit`], with the transaction's events.
	pub(super) async fn submit_for_events(
		&self,
		call: Call,
		account: &Account,
	) -> Result<Included, ChainError> {
		let nonce = self.next_nonce(account).await?;
		self.include(call, account, nonce).await
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
			self.rpc.ask("author_rotateKeysWithOwner", rpc_params![owner]).await?;
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
		Ok(RequestedJob { job, fee, block: included.of.block })
	}
}
