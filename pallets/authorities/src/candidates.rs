//! Joining and leaving, and the admin's list.

use crate::pallet::*;
use alloc::vec::Vec;
use fhe_ml_primitives::authorities::{CandidateRecord, CandidateStatus};
use frame_support::{
	ensure,
	pallet_prelude::*,
	traits::{fungible::MutateHold, tokens::Precision},
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::Pallet as Session;
use sp_runtime::traits::{Saturating, Zero};
use sp_staking::SessionIndex;

/// A candidate that leaves is in the set of this session and of the next, which is planned already.
const PLANNED_SESSIONS: SessionIndex = 2;

impl<T: Config> Pallet<T> {
	pub(crate) fn put_permanent(authorities: Vec<T::AccountId>) -> DispatchResult {
		let list: Vec<_> =
			authorities.into_iter().map(|account| Permanent { account, offline: false }).collect();
		let list = BoundedVec::try_from(list).map_err(|_| Error::<T>::TooManyAuthorities)?;
		PermanentAuthorities::<T>::put(list);
		Ok(())
	}

	pub(crate) fn do_set_permanent(authorities: Vec<T::AccountId>) -> DispatchResult {
		let is_empty = authorities.is_empty() && ActiveCandidates::<T>::get().is_empty();
		ensure!(!is_empty, Error::<T>::NoAuthorityLeft);
		let most = <T::MaxAuthorities as Get<u32>>::get() as usize;
		ensure!(authorities.len() <= most, Error::<T>::TooManyAuthorities);
		for (at, account) in authorities.iter().enumerate() {
			ensure!(!authorities.iter().take(at).any(|a| a == account), Error::<T>::NamedTwice);
			ensure!(Session::<T>::load_keys(account).is_some(), Error::<T>::NoSessionKeys);
		}
		Self::put_permanent(authorities.clone())?;
		authorities.iter().for_each(Barred::<T>::remove);
		Self::deposit_event(Event::PermanentSet { authorities });
		Ok(())
	}

	pub(crate) fn do_become_candidate(account: T::AccountId, bond: BalanceOf<T>) -> DispatchResult {
		ensure!(Session::<T>::load_keys(&account).is_some(), Error::<T>::NoSessionKeys);
		let is_permanent = PermanentAuthorities::<T>::get().iter().any(|p| p.account == account);
		ensure!(!is_permanent, Error::<T>::AlreadyPermanent);
		ensure!(!Self::is_barred(&account), Error::<T>::StillBarred);
		let held = Candidates::<T>::get(&account).map_or_else(Zero::zero, |record| record.bond);
		ensure!(bond >= T::CandidateBond::get().max(held), Error::<T>::BondTooSmall);
		Self::activate(&account, bond)?;
		let missing = bond.saturating_sub(held);
		T::BondCurrency::hold(&HoldReason::CandidateBond.into(), &account, missing)?;
		let record = CandidateRecord { bond, status: CandidateStatus::Active };
		Candidates::<T>::insert(&account, record);
		Barred::<T>::remove(&account);
		Self::deposit_event(Event::CandidateJoined { account, bond });
		Ok(())
	}

	/// Puts a candidate among the active ones; if there is no room, in the place of the one with the least
	/// bond, so that cheap bonds cannot shut everybody else out.
	fn activate(account: &T::AccountId, bond: BalanceOf<T>) -> DispatchResult {
		let mut active = ActiveCandidates::<T>::get();
		if active.contains(account) {
			return Ok(());
		}
		if active.is_full() {
			let least = active
				.iter()
				.filter_map(|other| Some((Candidates::<T>::get(other)?.bond, other.clone())))
				.min_by(|(a, _), (b, _)| a.cmp(b));
			let (_, outbid) = least.filter(|(least, _)| *least < bond).ok_or(Error::<T>::NoRoom)?;
			let free_in = Self::start_leaving(&outbid);
			active.retain(|other| *other != outbid);
			Self::deposit_event(Event::CandidateOutbid { account: outbid, free_in });
		}
		active.try_push(account.clone()).map_err(|_| Error::<T>::NoRoom)?;
		ActiveCandidates::<T>::put(active);
		Ok(())
	}

	pub(crate) fn deactivate(account: &T::AccountId) {
		ActiveCandidates::<T>::mutate(|active| active.retain(|other| other != account));
	}

	/// Marks a candidate as leaving; returns the first session in which its bond is free.
	pub(crate) fn start_leaving(account: &T::AccountId) -> SessionIndex {
		let free_in = Session::<T>::current_index()
			.saturating_add(T::ReportableSessions::get())
			.saturating_add(PLANNED_SESSIONS);
		Candidates::<T>::mutate(account, |record| {
			if let Some(record) = record {
				record.status = CandidateStatus::Leaving { free_in };
			}
		});
		free_in
	}

	pub(crate) fn do_leave_candidates(account: T::AccountId) -> DispatchResult {
		let record = Candidates::<T>::get(&account).ok_or(Error::<T>::NotCandidate)?;
		let leaves = matches!(record.status, CandidateStatus::Leaving { .. });
		ensure!(!leaves, Error::<T>::LeavesAlready);
		let others = Self::planned().iter().any(|other| *other != account);
		ensure!(others, Error::<T>::NoAuthorityLeft);
		Self::deactivate(&account);
		let free_in = Self::start_leaving(&account);
		Self::deposit_event(Event::CandidateLeaves { account, free_in });
		Ok(())
	}

	pub(crate) fn do_withdraw_bond(account: T::AccountId) -> DispatchResult {
		let record = Candidates::<T>::get(&account).ok_or(Error::<T>::NotCandidate)?;
		let CandidateStatus::Leaving { free_in } = record.status else {
			return Err(Error::<T>::NotLeaving.into());
		};
		ensure!(Session::<T>::current_index() >= free_in, Error::<T>::BondNotFree);
		let bond = record.bond;
		let reason = HoldReason::CandidateBond.into();
		T::BondCurrency::release(&reason, &account, bond, Precision::Exact)?;
		Candidates::<T>::remove(&account);
		Self::deposit_event(Event::BondWithdrawn { account, bond });
		Ok(())
	}

	pub(crate) fn do_come_back(account: T::AccountId) -> DispatchResult {
		PermanentAuthorities::<T>::try_mutate(|list| {
			let found = list.iter_mut().find(|permanent| permanent.account == account);
			let permanent = found.ok_or(Error::<T>::NotPermanent)?;
			ensure!(permanent.offline, Error::<T>::NotOffline);
			permanent.offline = false;
			Self::deposit_event(Event::AuthorityBack { account });
			Ok(())
		})
	}

	pub(crate) fn do_set_session_length(length: BlockNumberFor<T>) -> DispatchResult {
		let possible = T::MinSessionLength::get()..=T::MaxSessionLength::get();
		ensure!(possible.contains(&length), Error::<T>::ImpossibleSessionLength);
		SessionLength::<T>::put(length);
		Self::deposit_event(Event::SessionLengthSet { length });
		Ok(())
	}
}
