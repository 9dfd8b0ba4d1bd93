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
	Ok(api_version(client, at)?.is_some_and(|version| version < 4))
}

/// Whether it knows of the court.
pub(crate) fn knows_court<Client, Block>(client: &Client, at: Block::Hash) -> Result<bool, ApiError>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	Ok(api_version(client, at)?.is_some_and(|version| version >= 7))
}

fn api_version<Client, Block>(client: &Client, at: Block::Hash) -> Result<Option<u32>, ApiError>
where
	Block: BlockT,
	Client: ProvideRuntimeApi<Block>,
	Client::Api: FheMlApi<Block, AccountId32, u128>,
{
	client.runtime_api().api_version::<dyn FheMlApi<Block, AccountId32, u128>>(at)
}
