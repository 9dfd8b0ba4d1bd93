//! Which transactions and events a block has, asked for once: full nodes do not show a light client the same block
//! a third time within a minute, and every transaction that is waited for looks through the same blocks.

use super::{error::ChainError, rpc::Rpc};
use fhe_ml_engine::blake2b_256;
use futures::lock::Mutex;
use std::{collections::VecDeque, sync::Arc};
use subxt::{
	OnlineClient, SubstrateConfig,
	backend::BlockRef,
	config::substrate::H256,
	events::{Events, Phase},
	metadata::ArcMetadata,
	rpcs::rpc_params,
};

/// Blocks that are remembered: as many as a transaction is valid for.
const REMEMBERED: usize = 128;

/// What is known of a block.
pub(super) struct Block {
	hash: H256,
	/// Its parent.
	pub(super) parent: H256,
	/// Hashes of its transactions, in their order.
	transactions: Vec<H256>,
	/// What happened in it, once somebody has asked.
	happened: Mutex<Option<Arc<Happened>>>,
}

/// What happened in a block.
pub(super) struct Happened {
	/// Events of all its transactions.
	events: Events<SubstrateConfig>,
	/// Number of the block.
	pub(super) block: u64,
	pub(super) metadata: ArcMetadata,
}

/// The blocks that were asked for last. Whoever asks for one holds the lock meanwhile, so that the others
/// find it here.
#[derive(Clone, Default)]
pub(super) struct Blocks(Arc<Mutex<VecDeque<Arc<Block>>>>);

/// A block as `chain_getBlock` returns it.
#[derive(serde::Deserialize)]
struct SignedBlock {
	block: Body,
}

#[derive(serde::Deserialize)]
struct Body {
	header: Header,
	extrinsics: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
	parent_hash: H256,
}

/// The events of a transaction that succeeded, and the block that it is in.
pub(super) struct Included {
	/// The block.
	pub(super) of: Arc<Happened>,
	/// Place of the transaction in it.
	index: usize,
}

impl Included {
	/// The bytes of the fields of the first event with this name.
	pub(super) fn fields(&self, pallet: &str, name: &'static str) -> Result<Vec<u8>, ChainError> {
		for event in self.of.events.iter() {
			let event = event?;
			let is_ours = event.phase() == Phase::ApplyExtrinsic(self.index as u32);
			if is_ours && event.pallet_name() == pallet && event.event_name() == name {
				return Ok(event.field_bytes().to_vec());
			}
		}
		Err(ChainError::NoEvent(name))
	}
}

fn hash_of(extrinsic: &str) -> H256 {
	let bytes = hex::decode(extrinsic.trim_start_matches("0x")).unwrap_or_default();
	H256(blake2b_256(&bytes))
}

impl Blocks {
	/// Parent and transactions of a block.
	pub(super) async fn block(&self, rpc: &Rpc, hash: H256) -> Result<Arc<Block>, ChainError> {
		let mut known = self.0.lock().await;
		if let Some(block) = known.iter().find(|block| block.hash == hash) {
			return Ok(block.clone());
		}
		let signed: Option<SignedBlock> = rpc.ask("chain_getBlock", rpc_params![hash]).await?;
		let body = signed.ok_or(ChainError::BlockNotShown(hash))?.block;
		let transactions = body.extrinsics.iter().map(|extrinsic| hash_of(extrinsic)).collect();
		let block = Arc::new(Block {
			hash,
			parent: body.header.parent_hash,
			transactions,
			happened: Mutex::default(),
		});
		known.truncate(REMEMBERED.saturating_sub(1));
		known.push_front(block.clone());
		Ok(block)
	}
}

impl Block {
	/// The events of a transaction in it, if one of these hashes is there.
	pub(super) async fn events_of(
		&self,
		client: &OnlineClient<SubstrateConfig>,
		hashes: &[H256],
	) -> Result<Option<Included>, ChainError> {
		let Some(index) = self.transactions.iter().position(|hash| hashes.contains(hash)) else {
			return Ok(None);
		};
		Ok(Some(Included { of: self.happened(client).await?, index }))
	}

	/// What happened in it. Whoever asks holds the lock meanwhile, so that the others find it here.
	async fn happened(
		&self,
		client: &OnlineClient<SubstrateConfig>,
	) -> Result<Arc<Happened>, ChainError> {
		let mut known = self.happened.lock().await;
		if let Some(happened) = &*known {
			return Ok(happened.clone());
		}
		let at = client.at_block(BlockRef::from_hash(self.hash)).await?;
		let events = at.events().fetch().await?;
		let happened =
			Arc::new(Happened { events, block: at.block_number(), metadata: at.metadata() });
		*known = Some(happened.clone());
		Ok(happened)
	}
}
