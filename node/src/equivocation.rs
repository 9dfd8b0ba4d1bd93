//! Looks for authorities that seal two blocks of one slot, and reports them.
//!
//! Every block that is imported is looked at, those of forks too. What was seen is forgotten when the node
//! stops: another node that saw both blocks reports them as well.

use fhe_ml_primitives::authorities::{AuthoritiesApi, slot_of};
use fhe_ml_runtime::{
	AccountId, Balance,
	opaque::{Block, Header},
};
use futures::StreamExt;
use sc_client_api::BlockchainEvents;
use sc_consensus_aura::standalone::slot_author;
use sc_transaction_pool_api::{TransactionPool, TransactionSource};
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_consensus_aura::{
	AuraApi, Slot,
	sr25519::{AuthorityId, AuthorityPair},
};
use sp_runtime::traits::Header as _;
use std::{collections::BTreeMap, sync::Arc};

/// Slots that are remembered: more than eight minutes. Older pairs come from a node that was cut off, and are
/// soon too old to be proven.
const REMEMBERED_SLOTS: u64 = 256;

/// The first header of each slot and authority, as imported.
#[derive(Default)]
struct Seen(BTreeMap<u64, Vec<(AuthorityId, Header)>>);

impl Seen {
	/// Remembers a header; returns the one of the same slot and authority that seals something else.
	fn note(&mut self, slot: u64, author: &AuthorityId, header: &Header) -> Option<Header> {
		let newest = self.0.last_key_value().map_or(slot, |(newest, _)| slot.max(*newest));
		let oldest = newest.saturating_sub(REMEMBERED_SLOTS);
		if slot < oldest {
			return None;
		}
		self.0 = self.0.split_off(&oldest);
		let of_slot = self.0.entry(slot).or_default();
		match of_slot.iter().find(|(other, _)| other == author) {
			Some((_, first)) => (unsealed(first) != unsealed(header)).then(|| first.clone()),
			None => {
				of_slot.push((author.clone(), header.clone()));
				None
			},
		}
	}
}

/// A header without its seal: seals of one block may differ.
fn unsealed(header: &Header) -> Header {
	let mut header = header.clone();
	header.digest_mut().pop();
	header
}

/// Who may author in a slot on top of a block.
fn author_of<C>(client: &C, header: &Header, slot: Slot) -> Result<Option<AuthorityId>, ApiError>
where
	C: ProvideRuntimeApi<Block>,
	C::Api: AuraApi<Block, AuthorityId>,
{
	let authorities = client.runtime_api().authorities(*header.parent_hash())?;
	Ok(slot_author::<AuthorityPair>(slot, &authorities).cloned())
}

/// Runs until the node stops.
pub async fn watch<C, P>(client: Arc<C>, pool: Arc<P>)
where
	C: BlockchainEvents<Block> + ProvideRuntimeApi<Block> + HeaderBackend<Block>,
	C::Api: AuraApi<Block, AuthorityId> + AuthoritiesApi<Block, AccountId, Balance>,
	P: TransactionPool<Block = Block>,
{
	let mut imports = client.every_import_notification_stream();
	let mut seen = Seen::default();
	while let Some(import) = imports.next().await {
		let header = import.header;
		let Some(slot) = slot_of(&header) else { continue };
		// A block without a state, as in a warp sync, has no authorities that could be asked for.
		let Ok(Some(author)) = author_of(&*client, &header, slot) else { continue };
		let Some(first) = seen.note(*slot, &author, &header) else { continue };
		log::warn!("authority {author} sealed two blocks of slot {slot}");
		let best = client.info().best_hash;
		let report = client.runtime_api().double_seal_report(best, author, first, header);
		let sent = match report {
			Ok(report) => pool
				.submit_one(best, TransactionSource::Local, report)
				.await
				.map(|_| ())
				.map_err(|error| error.to_string()),
			Err(error) => Err(error.to_string()),
		};
		match sent {
			Ok(()) => log::info!("the two blocks of slot {slot} are reported"),
			Err(error) => log::warn!("the two blocks of slot {slot} cannot be reported: {error}"),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::{Digest, DigestItem};

	fn author(seed: u8) -> AuthorityId {
		sp_core::sr25519::Public::from_raw([seed; 32]).into()
	}

	fn header(parent: u8, seal: u8) -> Header {
		let seal = DigestItem::Seal(*b"aura", vec![seal; 64]);
		let root = Default::default();
		Header::new(1, root, root, [parent; 32].into(), Digest { logs: vec![seal] })
	}

	#[test]
	fn two_blocks_of_one_author_and_slot_are_found() {
		let mut seen = Seen::default();
		assert_eq!(seen.note(7, &author(1), &header(1, 1)), None);
		assert_eq!(seen.note(7, &author(1), &header(2, 2)), Some(header(1, 1)));
	}

	#[test]
	fn two_seals_of_one_block_other_authors_and_other_slots_are_not() {
		let mut seen = Seen::default();
		assert_eq!(seen.note(7, &author(1), &header(1, 1)), None);
		assert_eq!(seen.note(7, &author(1), &header(1, 2)), None);
		assert_eq!(seen.note(7, &author(2), &header(2, 1)), None);
		assert_eq!(seen.note(8, &author(1), &header(2, 1)), None);
	}

	#[test]
	fn old_slots_are_forgotten() {
		let mut seen = Seen::default();
		assert_eq!(seen.note(7, &author(1), &header(1, 1)), None);
		assert_eq!(seen.note(8 + REMEMBERED_SLOTS, &author(1), &header(1, 1)), None);
		assert_eq!(seen.0.len(), 1);
		assert_eq!(seen.note(7, &author(1), &header(2, 1)), None);
	}
}
