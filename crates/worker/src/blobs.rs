//! What evaluations read from the chain.

use crate::{
	LOG_TARGET,
	evaluation::{Known, Lookup},
};
use fhe_ml_primitives::{AssignedJob, FheMlApi, JobBlobs};
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::{
	AccountId32,
	traits::{BlakeTwo256, Block as BlockT, Hash},
};
use std::marker::PhantomData;

/// The blobs of a job at the best block that are not known, if they are those that were assigned.
pub(crate) fn job_blobs<Client, Block>(
	client: &Client,
	assigned: &AssignedJob,
	known: &Known,
) -> Option<JobBlobs>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	let best = client.info().best_hash;
	let (artifact, server_key) = (known.model.is_none(), known.key.is_none());
	let blobs = client.runtime_api().job_blobs(best, assigned.job, artifact, server_key);
	let blobs = match blobs {
		Ok(blobs) => blobs?,
		Err(error) => {
			log::error!(target: LOG_TARGET, "job {}: cannot read its blobs: {error}", assigned.job);
			return None;
		},
	};
	let is = |blob: &Option<Vec<u8>>, hash: H256| {
		blob.as_deref().is_none_or(|blob| BlakeTwo256::hash(blob) == hash)
	};
	let same = BlakeTwo256::hash(&blobs.input) == assigned.input
		&& is(&blobs.artifact, assigned.artifact)
		&& is(&blobs.server_key, assigned.server_key.unwrap_or_default());
	same.then_some(blobs)
}

/// The chain at the best block, for what few jobs need besides their blobs.
pub(crate) struct BestState<'a, Client, Block> {
	client: &'a Client,
	assigned: &'a AssignedJob,
	block: PhantomData<Block>,
}

impl<'a, Client, Block> BestState<'a, Client, Block> {
	pub(crate) fn new(client: &'a Client, assigned: &'a AssignedJob) -> Self {
		Self { client, assigned, block: PhantomData }
	}

	fn found<T>(&self, answer: Result<Option<T>, ApiError>, what: &str) -> Option<T> {
		answer.unwrap_or_else(|error| {
			log::error!(target: LOG_TARGET, "job {}: no {what}: {error}", self.assigned.job);
			None
		})
	}
}

impl<Client, Block> Lookup for BestState<'_, Client, Block>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	fn commitment(&self) -> Option<H256> {
		let best = self.client.info().best_hash;
		let answer = self.client.runtime_api().private_commitment(best, self.assigned.model);
		self.found(answer, "commitment")
	}

	fn bootstrap_key(&self) -> Option<Vec<u8>> {
		let best = self.client.info().best_hash;
		let answer = self.client.runtime_api().bootstrap_key(best, self.assigned.server_key?);
		self.found(answer, "bootstrap key")
	}
}
