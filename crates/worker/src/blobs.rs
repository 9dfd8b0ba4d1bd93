//! The blobs of jobs, read from the chain.

use crate::{LOG_TARGET, evaluation::Known};
use fhe_ml_primitives::{AssignedJob, FheMlApi, JobBlobs};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_core::H256;
use sp_runtime::{
	AccountId32,
	traits::{BlakeTwo256, Block as BlockT, Hash},
};

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
