//! The chain, through a node's WebSocket.

mod call;
mod error;
mod identity;

pub use call::{Account, AccountError, Call, PendingRequest, RequestedJob};
pub use error::ChainError;

use backon::{ConstantBuilder, Retryable};
use codec::{Decode, Encode};
use fhe_ml_models::Artifact;
use fhe_ml_primitives::{
	JobId, JobRecord, JobStatus, KeyHash, KeyRecord, ModelId, ModelRecord, Quote, WorkerId,
	WorkerRecord,
};
use std::{sync::Arc, time::Duration};
use subxt::{
	OnlineClient, SubstrateConfig,
	backend::{BlockRef, LegacyBackend},
	client::{ClientAtBlock, OnlineClientAtBlockImpl},
	config::substrate::{AccountId32, H256},
	dynamic::Value,
	rpcs::{RpcClient, rpc_params},
};

/// Name of the pallet in the runtime.
const PALLET: &str = "FheMl";

/// A node names a new best block a moment before it can show its header.
const HEADER_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_millis(50)).with_max_times(20);

type Config = SubstrateConfig;
type AtBlock = ClientAtBlock<Config, OnlineClientAtBlockImpl<Config>>;

/// A job as the chain stores it.
pub type Job = JobRecord<[u8; 32], u128, u32>;
/// A model as the chain stores it.
pub type RegisteredModel = ModelRecord<[u8; 32], u128>;
/// A worker as the chain stores it.
pub type RegisteredWorker = WorkerRecord<AccountId32, u128, u32>;
/// A server key as the chain stores it.
pub type RegisteredKey = KeyRecord<[u8; 32], u128>;

/// A connection to a node.
pub struct Chain {
	client: OnlineClient<Config>,
	rpc: RpcClient,
}

/// The state of the chain at its best block when it was taken.
pub struct BestBlock {
	at: AtBlock,
}

impl Chain {
	/// Connects to the node at `url`.
	pub async fn connect(url: &str) -> Result<Self, ChainError> {
		let unreachable = |why: String| ChainError::Unreachable { url: url.into(), why };
		let rpc =
			RpcClient::from_insecure_url(url).await.map_err(|e| unreachable(e.to_string()))?;
		// The legacy methods know every block at once; a `chainHead` subscription lags behind.
		let backend = LegacyBackend::builder().build(rpc.clone());
		let client = OnlineClient::from_backend(Arc::new(backend))
			.await
			.map_err(|error| unreachable(error.to_string()))?;
		let chain = Self { client, rpc };
		if chain.best_block().await?.at.metadata_ref().pallet_by_name(PALLET).is_none() {
			return Err(ChainError::NotOurs(url.into()));
		}
		Ok(chain)
	}

	/// The best block (not the finalized one: results are there seconds earlier).
	pub async fn best_block(&self) -> Result<BestBlock, ChainError> {
		let take = || async {
			let hash: H256 = self.rpc.request("chain_getBlockHash", rpc_params![]).await?;
			Ok(BestBlock { at: self.client.at_block(BlockRef::from_hash(hash)).await? })
		};
		let can_wait = |error: &ChainError| !matches!(error, ChainError::Rpc(_));
		take.retry(HEADER_RETRY).when(can_wait).await
	}
}

impl BestBlock {
	/// Its number.
	pub fn number(&self) -> u64 {
		self.at.block_number()
	}

	/// The raw value of a storage item of the pallet.
	async fn fetch<Key, T: Decode>(&self, item: &str, key: Key) -> Result<Option<T>, ChainError>
	where
		Key: subxt::ext::frame_decode::storage::IntoEncodableValues
			+ subxt::ext::frame_decode::storage::IntoDecodableValues,
	{
		let address = subxt::dynamic::storage::<Key, Value>(PALLET, item);
		match self.at.storage().try_fetch(address, key).await? {
			Some(value) => Ok(Some(T::decode(&mut value.bytes())?)),
			None => Ok(None),
		}
	}

	/// A constant of the pallet.
	///
	/// # Errors
	///
	/// If the runtime has no such constant, or of another type.
	pub fn constant<T: Decode>(&self, name: &str) -> Result<T, ChainError> {
		let address = subxt::dynamic::constant::<Value>(PALLET, name);
		let bytes = self.at.constants().entry_bytes(address)?;
		Ok(T::decode(&mut bytes.as_slice())?)
	}

	/// All models, retired ones too.
	pub async fn models(&self) -> Result<Vec<(ModelId, RegisteredModel)>, ChainError> {
		let count: ModelId = self.fetch("NextModel", ()).await?.unwrap_or_default();
		let mut models = Vec::new();
		for model in 0..count {
			if let Some(record) = self.fetch("Models", (model,)).await? {
				models.push((model, record));
			}
		}
		Ok(models)
	}

	/// The artifact of a model.
	pub async fn artifact(&self, model: ModelId) -> Result<Artifact, ChainError> {
		let bytes: Option<Vec<u8>> = self.fetch("ModelArtifacts", (model,)).await?;
		let bytes = bytes.ok_or(ChainError::NoSuchModel(model))?;
		Artifact::from_bytes(bytes).map_err(|source| ChainError::Artifact { model, source })
	}

	/// A registered server key.
	pub async fn server_key(&self, hash: KeyHash) -> Result<Option<RegisteredKey>, ChainError> {
		self.fetch("ServerKeys", (hash.0,)).await
	}

	/// A job.
	pub async fn job(&self, job: JobId) -> Result<Option<Job>, ChainError> {
		self.fetch("Jobs", (job,)).await
	}

	/// The encrypted result of a completed job.
	pub async fn result(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError> {
		self.fetch("Results", (job,)).await
	}

	/// Model, input and result of a completed job.
	pub async fn finished(&self, job: JobId) -> Result<(ModelId, Vec<u8>, Vec<u8>), ChainError> {
		let record = self.job(job).await?.ok_or(ChainError::JobGone(job))?;
		match record.status {
			JobStatus::Completed { .. } => {},
			JobStatus::Pending => return Err(ChainError::NoResultYet(job)),
			JobStatus::Failed { reason } => return Err(ChainError::JobFailed { job, reason }),
			JobStatus::Expired => return Err(ChainError::Expired(job)),
		}
		let input = self.fetch("Inputs", (job,)).await?.ok_or(ChainError::JobGone(job))?;
		let result = self.result(job).await?.ok_or(ChainError::JobGone(job))?;
		Ok((record.model, input, result))
	}

	/// What one inference costs, or `None` if the model takes no requests with this redundancy.
	pub async fn quote(
		&self,
		model: ModelId,
		redundancy: u8,
	) -> Result<Option<Quote<u128>>, ChainError> {
		let arguments = (model, redundancy).encode();
		let answer = self.at.runtime_apis().call_raw("FheMlApi_quote", Some(&arguments)).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}

	/// All workers.
	pub async fn workers(&self) -> Result<Vec<(WorkerId, RegisteredWorker)>, ChainError> {
		let answer = self.at.runtime_apis().call_raw("FheMlApi_workers", None).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}
}
