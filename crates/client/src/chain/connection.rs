//! A connection to the chain, and its newest block.

use super::{best_block::BestBlock, blocks::Blocks, error::ChainError, rpc::Rpc};
use backon::{ConstantBuilder, Retryable};
use fhe_ml_models::Artifact;
use fhe_ml_primitives::{KeyHash, ModelId};
use std::time::{Duration, Instant};
use subxt::{
	OnlineClient, SubstrateConfig, backend::BlockRef, config::substrate::H256, rpcs::rpc_params,
};
use tokio::time::sleep;

/// A node names a new best block a moment before it can show its header.
const HEADER_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_millis(50)).with_max_times(20);

/// The full nodes that a light client asks may be slow or gone for a moment, and it forgets old blocks.
const LIGHT_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_secs(1)).with_max_times(20);

/// How long a light client waits for a finalised block that is newer than the question, and how often it looks.
const FINAL_TIMEOUT: Duration = Duration::from_secs(20);
const FINAL_POLL: Duration = Duration::from_millis(500);

/// A connection to the chain.
#[derive(Clone)]
pub struct Chain {
	pub(super) client: OnlineClient<SubstrateConfig>,
	pub(super) rpc: Rpc,
	pub(super) is_light: bool,
	pub(super) blocks: Blocks,
}

impl Chain {
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
			let hash: H256 = self.rpc.ask(method, rpc_params![]).await?;
			Ok(BestBlock { at: self.client.at_block(BlockRef::from_hash(hash)).await? })
		};
		if self.is_light {
			return take.retry(LIGHT_RETRY).when(ChainError::is_of_peers).await;
		}
		let can_wait = |error: &ChainError| !matches!(error, ChainError::Rpc(_));
		take.retry(HEADER_RETRY).when(can_wait).await
	}

	/// Reads from the best block. A light client reads from a newer one if its peers did not answer for this one,
	/// or if something is missing in a block that is older than the question: the user's last transaction may not
	/// have been final in it.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn read<T, F: Future<Output = Result<T, ChainError>>>(
		&self,
		read: impl Fn(BestBlock) -> F,
	) -> Result<T, ChainError> {
		let once = || async { read(self.best_block().await?).await };
		if !self.is_light {
			return once().await;
		}
		let (asked, mut is_last) = (Instant::now(), false);
		loop {
			match once.retry(LIGHT_RETRY).when(ChainError::is_of_peers).await {
				Err(error) if error.is_missing() && !is_last => {
					is_last = asked.elapsed() > FINAL_TIMEOUT
						|| self.best_block().await?.age().await? < asked.elapsed();
					if !is_last {
						sleep(FINAL_POLL).await;
					}
				},
				answer => return answer,
			}
		}
	}

	/// A block with a model, and the model's artifact.
	///
	/// # Errors
	/// If there is no such model, its artifact does not decode, or the chain cannot be read.
	pub async fn artifact(&self, model: ModelId) -> Result<(BestBlock, Artifact), ChainError> {
		let read = |best: BestBlock| async move {
			let artifact = best.artifact(model).await?;
			Ok((best, artifact))
		};
		self.read(read).await
	}

	/// Whether the chain has a server key.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn has_server_key(&self, hash: KeyHash) -> Result<bool, ChainError> {
		let read = |best: BestBlock| async move {
			best.server_key(hash).await?.map(drop).ok_or(ChainError::NoSuchKey)
		};
		match self.read(read).await {
			Err(ChainError::NoSuchKey) => Ok(false),
			found => found.map(|()| true),
		}
	}
}
