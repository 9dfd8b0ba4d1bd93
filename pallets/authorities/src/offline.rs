//! Authorities that author nothing in a whole session.
//!
//! A set changes only when the set before it has finalised the block that says so. If more of a set are
//! silent than GRANDPA can spare (a third, less one vote), finality waits for them, and so would the change:
//! dropping them could not help, and would leave a smaller set in which those that come back first are too
//! few. So a network that is cut in two, or whose halves do not see each other, drops nobody.

use crate::pallet::*;
use alloc::vec::Vec;
use fhe_ml_primitives::authorities::CandidateStatus;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::Pallet as Session;
use sp_runtime::{
	SaturatedConversion,
	traits::{Saturating, Zero},
};

/// Slots that an authority must have had before it is called silent: one alone may be lost to a slow peer.
const MIN_TURNS: u32 = 2;

/// How many of a set of this size GRANDPA can do without.
pub(crate) fn spare(authorities: u32) -> u32 {
	authorities.saturating_sub(1).checked_div(3).unwrap_or_default()
}

impl<T: Config> Pallet<T> {
	/// Drops the authorities that were silent in the session that ends.
	pub(crate) fn judge_session() {
		let set = Session::<T>::validators();
		let disabled = Session::<T>::disabled_validators();
		let silent: Vec<_> = set
			.iter()
			.zip(0u32..)
			.filter(|(account, at)| !disabled.contains(at) && Authored::<T>::get(account).is_zero())
			.map(|(account, _)| account.clone())
			.collect();
		// Everybody who authored is in the set, so this is no more than the set has members.
		Authored::<T>::drain().for_each(drop);

		let size = set.len() as u32;
		let now = frame_system::Pallet::<T>::block_number();
		let blocks: u32 = now.saturating_sub(SessionStart::<T>::get()).saturated_into();
		let had_turns = blocks >= size.saturating_mul(MIN_TURNS);
		if silent.is_empty() || !had_turns {
			return;
		}
		let most = spare(size).saturating_sub(disabled.len() as u32);
		let count = silent.len() as u32;
		if count > most {
			Self::deposit_event(Event::TooManyOffline { silent: count, most });
			return;
		}
		silent.iter().for_each(Self::drop_silent);
	}

	/// Leaves an authority out of the next sets; nothing if it is left out already.
	fn drop_silent(account: &T::AccountId) {
		let on_list = PermanentAuthorities::<T>::mutate(|list| {
			let permanent = list.iter_mut().find(|permanent| permanent.account == *account)?;
			Some(!core::mem::replace(&mut permanent.offline, true))
		});
		let penalty = match on_list {
			Some(true) => Zero::zero(),
			None if Self::is_active(account) => {
				Self::deactivate(account);
				let penalty = Self::slash(account, T::OfflinePenalty::get());
				Candidates::<T>::mutate(account, |record| {
					if let Some(record) = record {
						record.status = CandidateStatus::Dropped;
					}
				});
				penalty
			},
			Some(false) | None => return,
		};
		Self::deposit_event(Event::AuthorityOffline { account: account.clone(), penalty });
	}
}

impl<T: Config> pallet_authorship::EventHandler<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn note_author(author: T::AccountId) {
		Authored::<T>::mutate(author, |count| *count = count.saturating_add(1));
	}
}
