//! Runtimes that are to be upgraded.

use fhe_ml_primitives::FheMlApi;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_runtime::{AccountId32, traits::Block as BlockT};

/// Whether the runtime is older than this node: nodes are upgraded first, and work on in between.
pub(crate) fn is_before_spec_5<Client, Block>(
	client: &Client,
	at: Block::Hash,
) -> Result<bool, ApiError>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	let version = client.runtime_api().api_version::<dyn FheMlApi<Block, AccountId32, u128>>(at)?;
	Ok(version.is_some_and(|version| version < 4))
}
