//! What contradicting oneself is to `pallet-offences` and its like, and what it costs.

use alloc::{vec, vec::Vec};
use sp_consensus_aura::Slot;
use sp_runtime::Perbill;
use sp_staking::{
	SessionIndex,
	offence::{Kind, Offence},
};

/// The part of its bond that an authority loses: to contradict oneself takes two machines with one key, or
/// a changed node, and is no accident of the network.
pub(crate) const SLASHED_PART: Perbill = Perbill::from_percent(50);

/// An authority sealed two blocks of one slot.
pub struct DoubleSeal<AccountId> {
	/// The slot.
	pub slot: Slot,
	/// Session in which it was reported.
	pub session: SessionIndex,
	/// Authorities of that session.
	pub authorities: u32,
	/// The authority's account.
	pub offender: AccountId,
}

impl<AccountId: Clone> Offence<(AccountId, ())> for DoubleSeal<AccountId> {
	const ID: Kind = *b"aura:double-seal";
	type Slot = Slot;

	fn offenders(&self) -> Vec<(AccountId, ())> {
		vec![(self.offender.clone(), ())]
	}

	fn session_index(&self) -> SessionIndex {
		self.session
	}

	fn validator_set_count(&self) -> u32 {
		self.authorities
	}

	fn slot(&self) -> Slot {
		self.slot
	}

	fn slash_fraction(&self, _: u32) -> Perbill {
		SLASHED_PART
	}
}
