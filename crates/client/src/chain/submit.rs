//! Sends a transaction until it is in a block: pools lose transactions, and nodes and connections go away.
//!
//! An account's nonce is used once. So however often a transaction is sent, also signed anew with the same
//! nonce, the chain takes it once, and nothing is paid twice.

use super::{
	account::Account,
	best_block::BestBlock,
	blocks::Included,
	call::{Call, Encoded},
	connection::Chain,
	error::ChainError,
};
use backon::{ConstantBuilder, Retryable};
use std::time::Duration;
use subxt::{
	SubstrateConfig,
	client::OnlineClientAtBlockImpl,
	config::{DefaultExtrinsicParamsBuilder, substrate::H256},
	error::DispatchError,
	tx::{DynamicPayload, SubmittableTransaction, TransactionProgress, TransactionStatus},
};
use tokio::time::{Instant, sleep, timeout};

/// A node that has just synced takes transactions a few blocks later.
const BEHIND_RETRY: ConstantBuilder =
	ConstantBuilder::new().with_delay(Duration::from_secs(2)).with_max_times(5);
/// Blocks in which a transaction can be included before it must be signed anew.
const MORTALITY: u64 = 128;
/// After this time without news of a transaction the chain is asked for it.
const SILENCE: Duration = Duration::from_secs(12);
/// Before a transaction is sent again that was dropped.
const PAUSE: Duration = Duration::from_secs(2);
/// After this time without a block that takes it a transaction is given up.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The way of a transaction from the pool into a block.
type Progress = TransactionProgress<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;
type Signed = SubmittableTransaction<SubstrateConfig, OnlineClientAtBlockImpl<SubstrateConfig>>;

/// A transaction that has been sent.
pub(super) struct Sent {
	chain: Chain,
	call: Call,
	account: Account,
	nonce: u64,
	/// Block before the first one was sent: no older one has the transaction.
	since: u64,
	/// The last one that was signed, and the block from which it is valid.
	signed: (Signed, u64),
	/// Hashes of all that were signed.
	hashes: Vec<H256>,
	/// What the node says of it; none if it has nothing to say.
	progress: Option<Progress>,
}

/// Where a transaction is, by the chain itself.
enum Place {
	/// In a block.
	Block(Included),
	/// In none, and its nonce is not used.
	Nowhere,
}

/// What the node said last.
enum News {
	/// The transaction is in this block.
	Block(H256),
	/// The node has lost it, or the connection.
	Lost(String),
	/// Nothing, for a while.
	Nothing,
}

impl BestBlock {
	/// Signs a call that is valid from this block on.
	fn sign(&self, call: &Call, account: &Account, nonce: u64) -> Result<Signed, ChainError> {
		let payload = DynamicPayload::new(call.pallet, call.name, Encoded(call.arguments.clone()));
		let params = DefaultExtrinsicParamsBuilder::new()
			.nonce(nonce)
			.mortal_from_unchecked(MORTALITY, self.number(), self.at.block_hash())
			.build();
		let mut signable = self.at.transactions().create_signable_offline(&payload, params)?;
		Ok(signable.sign(&account.0)?)
	}
}

impl Chain {
	/// Signs a call and hands it to the pool. A pool without room is no error: the transaction is sent again
	/// while it is waited for.
	pub(super) async fn send(
		&self,
		call: Call,
		account: &Account,
		nonce: u64,
	) -> Result<Sent, ChainError> {
		let best = self.best_block().await?;
		let signed = best.sign(&call, account, nonce)?;
		let mut sent = Sent {
			chain: self.clone(),
			call,
			account: account.clone(),
			nonce,
			since: best.number(),
			hashes: vec![signed.hash()],
			signed: (signed, best.number()),
			progress: None,
		};
		sent.submit().await?;
		Ok(sent)
	}
}

impl Sent {
	/// Hands it to the pool, signed anew if the last signature is about to be too old.
	async fn submit(&mut self) -> Result<(), ChainError> {
		let best = self.chain.best_block().await?;
		if best.number().saturating_sub(self.signed.1) > MORTALITY / 2 {
			self.sign_at(&best)?;
		}
		// A node that has just synced takes transactions a few blocks later.
		let submit = || async { Ok(self.signed.0.submit_and_watch().await?) };
		match submit.retry(BEHIND_RETRY).when(ChainError::is_behind).await {
			Ok(progress) => self.progress = Some(progress),
			// Other bytes with the same nonce are no less the same request.
			Err(ChainError::Banned(_)) if best.number() > self.signed.1 => self.sign_at(&best)?,
			// It is in the pool already, or has to wait for room, or the connection is gone.
			Err(error) if error.is_for_later() => {},
			Err(error) => return Err(error),
		}
		Ok(())
	}

	/// The same, once more.
	async fn submit_again(&mut self) -> Result<(), ChainError> {
		match self.submit().await {
			// A block has taken it meanwhile, which is still to be found or to be finalised.
			Err(error) if error.is_outdated() => Ok(()),
			other => other,
		}
	}

	fn sign_at(&mut self, best: &BestBlock) -> Result<(), ChainError> {
		let signed = best.sign(&self.call, &self.account, self.nonce)?;
		self.hashes.push(signed.hash());
		self.signed = (signed, best.number());
		Ok(())
	}

	/// Waits until it is in a block and has succeeded, and sends it again whenever it is lost.
	pub(super) async fn included(&mut self) -> Result<Included, ChainError> {
		let start = Instant::now();
		let mut last = String::from("no block has taken it");
		while start.elapsed() < PATIENCE {
			let news = self.news().await;
			if let News::Lost(why) = &news {
				last.clone_from(why);
				self.progress = None;
			}
			let place = match self.place(news).await {
				Err(error) if self.chain.is_light && error.is_of_peers() => {
					last = error.to_string();
					sleep(PAUSE).await;
					continue;
				},
				place => place?,
			};
			match place {
				Place::Block(included) => return included.succeeded(),
				// A light client announces it again by itself. smoldot 2.2 panics when it has news for somebody who
				// watched the same transaction before and does not any more (`PendingTransaction::update_status`).
				Place::Nowhere if self.chain.is_light && self.progress.is_some() => {},
				Place::Nowhere => self.submit_again().await?,
			}
			if self.progress.is_none() {
				sleep(PAUSE).await;
			}
		}
		Err(ChainError::NotIncluded(last))
	}

	/// Where it is, after what was heard.
	async fn place(&self, news: News) -> Result<Place, ChainError> {
		if let News::Block(hash) = news {
			let block = self.chain.blocks.block(&self.chain.rpc, hash).await?;
			if let Some(included) = block.events_of(&self.chain.client, &self.hashes).await? {
				return Ok(Place::Block(included));
			}
		}
		self.find().await
	}

	/// Waits for what the node says next.
	async fn news(&mut self) -> News {
		let Some(progress) = &mut self.progress else { return News::Nothing };
		loop {
			let Ok(status) = timeout(SILENCE, progress.next()).await else { return News::Nothing };
			match status {
				Some(Ok(TransactionStatus::InFinalizedBlock(block))) => {
					self.progress = None;
					return News::Block(block.block_hash());
				},
				Some(Ok(TransactionStatus::InBestBlock(block))) if !self.chain.is_light => {
					return News::Block(block.block_hash());
				},
				Some(Ok(
					TransactionStatus::Error { message }
					| TransactionStatus::Invalid { message }
					| TransactionStatus::Dropped { message },
				)) => return News::Lost(message),
				Some(Ok(_)) => {},
				Some(Err(error)) => return News::Lost(error.to_string()),
				None => return News::Lost("the node ended the subscription".into()),
			}
		}
	}

	/// Looks for it on the chain.
	async fn find(&self) -> Result<Place, ChainError> {
		let best = self.chain.best_block().await?;
		if best.nonce(&self.account).await? <= self.nonce {
			return Ok(Place::Nowhere);
		}
		let (mut number, mut hash) = (best.number(), best.at.block_hash());
		while number > self.since {
			let block = self.chain.blocks.block(&self.chain.rpc, hash).await?;
			if let Some(included) = block.events_of(&self.chain.client, &self.hashes).await? {
				return Ok(Place::Block(included));
			}
			(number, hash) = (number.saturating_sub(1), block.parent);
		}
		Err(ChainError::Replaced { nonce: self.nonce })
	}
}

impl Included {
	/// Itself, or the error of the call.
	fn succeeded(self) -> Result<Self, ChainError> {
		match self.fields("System", "ExtrinsicFailed") {
			Ok(error) => Err(match DispatchError::decode_from(&error, self.of.metadata.clone()) {
				Ok(error) => error.into(),
				Err(error) => ChainError::Refused(error.to_string()),
			}),
			Err(_) => Ok(self),
		}
	}
}
