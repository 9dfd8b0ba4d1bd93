//! The chain, through a node's WebSocket, or through a light client.

mod authority;
mod blocks;
mod call;
mod error;
mod identity;
mod light;
mod prices;
mod submit;

pub use authority::JoinedCandidate;
pub use call::{Account, AccountError, Call, PendingRequest, RequestedJob};
pub use error::ChainError;
pub use light::{Light, LightError, Specification};
pub use prices::Prices;

use backon::{ConstantBuilder, Retryable};
use codec::{Decode, Encode};
use fhe_ml_models::Artifact;
use fhe_ml_primitives::{
	JobId, JobRecord, JobStatus, KeyHash, KeyRecord, ModelId, ModelRecord, Quote, WorkerId,
	WorkerRecord,
};
use std::{
	sync::Arc,
	time::{Duration, Instant},
};
use subxt::{
	OnlineClient, SubstrateConfig,
	backend::{BlockRef, LegacyBackend},
	client::{ClientAtBlock, OnlineClientAtBlockImpl},
	config::substrate::{AccountId32, H256},
	dynamic::Value,
	rpcs::{
		RpcClient,
		client::RpcParams,
		client::reconnecting_rpc_client::{
			ExponentialBackoff, PingConfig, RpcClient as ReconnectingClient,
		},
		rpc_params,
	},
};

/// Name of the pallet in the runtime.
const PALLET: &str = "FheMl";

/// A node names a new best block a moment before it can show its header.
const HEADER_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_millis(50)).with_max_times(20);

/// How long a node may be away: as long as it takes to start again and catch up.
pub(crate) const AWAY: Duration = Duration::from_secs(60);
/// Longest pause between two attempts.
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);
/// A connection over which nothing came for so long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// The full nodes that a light client asks may be slow or gone for a moment, and it forgets old blocks.
const LIGHT_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_secs(1)).with_max_times(20);

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

/// Where the chain is read from.
#[derive(Clone, Debug)]
pub struct Source {
	/// WebSocket of a node, which is believed. With a light client it is not asked.
	pub url: String,
	/// A light client, which believes no node.
	pub light: Option<Light>,
}

/// A connection to the chain.
#[derive(Clone)]
pub struct Chain {
	client: OnlineClient<Config>,
	rpc: RpcClient,
	is_light: bool,
	blocks: blocks::Blocks,
}

/// The state of the chain at the block that counted when it was taken: a node's best one, or the last one that
/// a light client has seen finalised.
pub struct BestBlock {
	at: AtBlock,
}

impl Chain {
	/// Connects to a node, or starts a light client and waits until it knows the head of the chain.
	///
	/// # Errors
	/// If no node answers, if it runs another chain, or if the light client does not get going.
	pub async fn connect(source: &Source) -> Result<Self, ChainError> {
		let url = &source.url;
		let rpc = match &source.light {
			Some(light) => light::start(light)?,
			None => connect_to(url).await?,
		};
		// The legacy methods know every block at once; a `chainHead` subscription lags behind.
		let backend = LegacyBackend::builder().build(rpc.clone());
		let client = OnlineClient::from_backend(Arc::new(backend)).await.map_err(|error| {
			ChainError::Unreachable { url: url.clone(), why: error.to_string() }
		})?;
		let chain =
			Self { client, rpc, is_light: source.light.is_some(), blocks: Default::default() };
		if chain.is_light {
			chain.wait_for_head().await?;
		}
		if chain.best_block().await?.at.metadata_ref().pallet_by_name(PALLET).is_none() {
			return Err(ChainError::NotOurs(url.clone()));
		}
		Ok(chain)
	}

	/// Whether what is read is proven, so that no node has to be believed.
	pub fn is_light(&self) -> bool {
		self.is_light
	}

	/// The best block of a node (not the finalised one: results are there seconds earlier), or the last
	/// finalised block of a light client (which does not trust the author of a best one).
	///
	/// # Errors
	/// If the node or the full nodes do not answer.
	pub async fn best_block(&self) -> Result<BestBlock, ChainError> {
		let method = if self.is_light { "chain_getFinalizedHead" } else { "chain_getBlockHash" };
		let take = || async {
			let hash: H256 = self.ask(method, rpc_params![]).await?;
			Ok(BestBlock { at: self.client.at_block(BlockRef::from_hash(hash)).await? })
		};
		if self.is_light {
			return take.retry(LIGHT_RETRY).when(ChainError::is_of_peers).await;
		}
		let can_wait = |error: &ChainError| !matches!(error, ChainError::Rpc(_));
		take.retry(HEADER_RETRY).when(can_wait).await
	}

	/// Reads from the best block. A light client reads from a newer one if its peers did not answer for this one.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn read<T, F: Future<Output = Result<T, ChainError>>>(
		&self,
		read: impl Fn(BestBlock) -> F,
	) -> Result<T, ChainError> {
		let once = || async { read(self.best_block().await?).await };
		if self.is_light {
			return once.retry(LIGHT_RETRY).when(ChainError::is_of_peers).await;
		}
		once().await
	}

	/// Asks the node, again if the connection breaks meanwhile.
	async fn ask<T: serde::de::DeserializeOwned>(
		&self,
		method: &str,
		params: RpcParams,
	) -> Result<T, ChainError> {
		loop {
			match self.rpc.request(method, params.clone()).await {
				// The client waits for the new connection with the next request.
				Err(error) if error.is_disconnected_will_reconnect() => {},
				other => return Ok(other?),
			}
		}
	}
}

/// Pauses between attempts to connect again, as long as the node may be away. A node that takes connections and
/// says nothing makes each attempt long, so it is time that counts.
#[derive(Clone)]
struct Pauses {
	backoff: ExponentialBackoff,
	since: Option<Instant>,
}

impl Iterator for Pauses {
	type Item = Duration;

	fn next(&mut self) -> Option<Duration> {
		let since = self.since.get_or_insert_with(Instant::now);
		(since.elapsed() < AWAY).then(|| self.backoff.next()).flatten()
	}
}

/// Connects to a node, and again whenever the connection breaks.
async fn connect_to(url: &str) -> Result<RpcClient, ChainError> {
	let unreachable = |why: String| ChainError::Unreachable { url: url.into(), why };
	// The client that reconnects would also wait for a node that has never been there.
	RpcClient::from_insecure_url(url).await.map_err(|error| unreachable(error.to_string()))?;
	let backoff = ExponentialBackoff::from_millis(50).max_delay(RECONNECT_PAUSE);
	let policy = Pauses { backoff, since: None };
	let client = ReconnectingClient::builder()
		.retry_policy(policy)
		.enable_ws_ping(PingConfig::new().ping_interval(DEAD_AFTER / 4).inactive_limit(DEAD_AFTER))
		.build(url)
		.await
		.map_err(|error| unreachable(error.to_string()))?;
	Ok(RpcClient::new(client))
}

impl BestBlock {
	/// Its number.
	pub fn number(&self) -> u64 {
		self.at.block_number()
	}

	/// How long ago it was made.
	async fn age(&self) -> Result<Duration, ChainError> {
		let address = subxt::dynamic::storage::<(), Value>("Timestamp", "Now");
		let now = self.at.storage().try_fetch(address, ()).await?;
		let made = now.map(|now| u64::decode(&mut now.bytes())).transpose()?;
		Ok(light::age(made.unwrap_or_default()))
	}

	/// The nonce of the next transaction of `account`, without those in the pool.
	async fn nonce(&self, account: &Account) -> Result<u64, ChainError> {
		Ok(self.at.transactions().account_nonce(&account.id()).await?)
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
		self.constant_of(PALLET, name)
	}

	/// A constant of another pallet.
	fn constant_of<T: Decode>(&self, pallet: &str, name: &str) -> Result<T, ChainError> {
		let address = subxt::dynamic::constant::<Value>(pallet, name);
		let bytes = self.at.constants().entry_bytes(address)?;
		Ok(T::decode(&mut bytes.as_slice())?)
	}

	/// All models, retired ones too.
	///
	/// # Errors
	/// If the chain cannot be read.
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
	///
	/// # Errors
	/// If there is no such model, its artifact does not decode, or the chain cannot be read.
	pub async fn artifact(&self, model: ModelId) -> Result<Artifact, ChainError> {
		let bytes: Option<Vec<u8>> = self.fetch("ModelArtifacts", (model,)).await?;
		let bytes = bytes.ok_or(ChainError::NoSuchModel(model))?;
		Artifact::from_bytes(bytes).map_err(|source| ChainError::Artifact { model, source })
	}

	/// A registered server key.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn server_key(&self, hash: KeyHash) -> Result<Option<RegisteredKey>, ChainError> {
		self.fetch("ServerKeys", (hash.0,)).await
	}

	/// A job.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn job(&self, job: JobId) -> Result<Option<Job>, ChainError> {
		self.fetch("Jobs", (job,)).await
	}

	/// The encrypted result of a completed job.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn result(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError> {
		self.fetch("Results", (job,)).await
	}

	/// Model, input and result of a completed job.
	///
	/// # Errors
	/// If the job is gone, pending, failed or expired, or if the chain cannot be read.
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
	///
	/// # Errors
	/// If the runtime cannot be asked.
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
	///
	/// # Errors
	/// If the runtime cannot be asked.
	pub async fn workers(&self) -> Result<Vec<(WorkerId, RegisteredWorker)>, ChainError> {
		let answer = self.at.runtime_apis().call_raw("FheMlApi_workers", None).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}
}
