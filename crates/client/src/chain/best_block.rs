//! What is read from the chain at one block.

use super::{account::Account, error::ChainError, light};
use codec::{Decode, Encode};
use fhe_ml_models::Artifact;
use fhe_ml_primitives::{
	JobId, JobRecord, KeyHash, KeyRecord, ModelId, ModelRecord, Quote, WorkerId, WorkerRecord,
};
use std::time::Duration;
use subxt::{
	SubstrateConfig,
	client::{ClientAtBlock, OnlineClientAtBlockImpl},
	config::substrate::AccountId32,
	dynamic::Value,
};

/// Name of the pallet in the runtime.
pub(super) const PALLET: &str = "FheMl";

/// The row layout of a model that takes one row per request.
const NO_ROW_LAYOUT: &[u8] = &[0];
/// The rows of a job of one row.
const ONE_ROW: &[u8] = &[1, 0, 0, 0];

type AtBlock = ClientAtBlock<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// A job as the chain stores it.
pub type Job = JobRecord<[u8; 32], u128, u32>;
/// A model as the chain stores it.
pub type RegisteredModel = ModelRecord<[u8; 32], u128>;
/// A worker as the chain stores it.
pub type RegisteredWorker = WorkerRecord<AccountId32, u128, u32>;
/// A server key as the chain stores it.
pub type RegisteredKey = KeyRecord<[u8; 32], u128>;

/// The state of the chain at the block that counted when it was taken: a node's best one, or the last one that
/// a light client has seen finalised.
pub struct BestBlock {
	pub(super) at: AtBlock,
}

impl BestBlock {
	/// Its number.
	pub fn number(&self) -> u64 {
		self.at.block_number()
	}

	/// How long ago it was made.
	pub(super) async fn age(&self) -> Result<Duration, ChainError> {
		let address = subxt::dynamic::storage::<(), Value>("Timestamp", "Now");
		let now = self.at.storage().try_fetch(address, ()).await?;
		let made = now.map(|now| u64::decode(&mut now.bytes())).transpose()?;
		Ok(light::age(made.unwrap_or_default()))
	}

	/// The nonce of the next transaction of `account`, without those in the pool.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn nonce(&self, account: &Account) -> Result<u64, ChainError> {
		Ok(self.at.transactions().account_nonce(&account.id()).await?)
	}

	/// The raw value of a storage item of the pallet.
	pub(super) async fn fetch<Key, T: Decode>(
		&self,
		item: &str,
		key: Key,
	) -> Result<Option<T>, ChainError>
	where
		Key: subxt::ext::frame_decode::storage::IntoEncodableValues
			+ subxt::ext::frame_decode::storage::IntoDecodableValues,
	{
		self.fetch_longer(item, key, &[]).await
	}

	/// The same of a record whose last field runtimes before storage version 5 do not have: it is `field` then.
	async fn fetch_longer<Key, T: Decode>(
		&self,
		item: &str,
		key: Key,
		field: &[u8],
	) -> Result<Option<T>, ChainError>
	where
		Key: subxt::ext::frame_decode::storage::IntoEncodableValues
			+ subxt::ext::frame_decode::storage::IntoDecodableValues,
	{
		let address = subxt::dynamic::storage::<Key, Value>(PALLET, item);
		let Some(value) = self.at.storage().try_fetch(address, key).await? else { return Ok(None) };
		let bytes = value.bytes();
		let record =
			T::decode(&mut &*bytes).or_else(|_| T::decode(&mut [bytes, field].concat().as_slice()));
		Ok(Some(record?))
	}

	/// Whether the pallet of this block's runtime has a storage item.
	pub(super) fn has_storage(&self, item: &str) -> bool {
		let pallet = self.at.metadata_ref().pallet_by_name(PALLET);
		let storage = pallet.as_ref().and_then(|pallet| pallet.storage());
		storage.is_some_and(|items| items.entry_by_name(item).is_some())
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
	pub(super) fn constant_of<T: Decode>(&self, pallet: &str, name: &str) -> Result<T, ChainError> {
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
			if let Some(record) = self.fetch_longer("Models", (model,), NO_ROW_LAYOUT).await? {
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
		self.fetch_longer("Jobs", (job,), ONE_ROW).await
	}

	/// The encrypted result of a completed job.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn result(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError> {
		self.fetch("Results", (job,)).await
	}

	/// What a request of this many rows costs, or `None` if the model takes no such requests with this redundancy.
	///
	/// # Errors
	/// If the runtime cannot be asked.
	pub async fn quote(
		&self,
		model: ModelId,
		redundancy: u8,
		rows: u32,
	) -> Result<Option<Quote<u128>>, ChainError> {
		// Runtimes of before requests of many rows know the first of these only.
		let (method, arguments) = match rows {
			1 => ("FheMlApi_quote", (model, redundancy).encode()),
			rows => ("FheMlApi_quote_rows", (model, redundancy, rows).encode()),
		};
		let answer = self.at.runtime_apis().call_raw(method, Some(&arguments)).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}

	/// The youngest job of `account` with this input that was requested in block `since` or later.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn job_of_input(
		&self,
		account: &Account,
		input: [u8; 32],
		since: u64,
	) -> Result<Option<(JobId, Job)>, ChainError> {
		let next: JobId = self.fetch("NextJob", ()).await?.unwrap_or_default();
		let owner = account.id().0;
		for number in (0..next).rev() {
			let Some(job) = self.job(number).await? else { continue };
			if u64::from(job.requested_at) < since {
				break;
			}
			if job.owner == owner && job.input.0 == input {
				return Ok(Some((number, job)));
			}
		}
		Ok(None)
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
