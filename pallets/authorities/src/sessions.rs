//! When a session ends, and who is in the next one.

use crate::pallet::*;
use alloc::vec::Vec;
use fhe_ml_primitives::authorities::{AuthorityInfo, AuthorityRole, CandidateStatus, Overview};
use frame_support::{
	traits::{EstimateNextSessionRotation, Get},
	weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_session::{Pallet as Session, historical};
use sp_runtime::{
	Permill, SaturatedConversion,
	traits::{Convert, One, Saturating, Zero},
};
use sp_staking::{SessionIndex, offence::OffenceSeverity};

/// Nothing besides its account identifies an authority.
pub struct NoIdentification;

impl<AccountId> Convert<AccountId, Option<()>> for NoIdentification {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

impl<T: Config> Pallet<T> {
	/// Who should be in the set that is planned next: the permanent ones in the list's order, then candidates
	/// by bond. Those without session keys could not author.
	pub(crate) fn planned() -> Vec<T::AccountId> {
		let mut set: Vec<_> = PermanentAuthorities::<T>::get()
			.into_iter()
			.filter(|permanent| !permanent.offline)
			.map(|permanent| permanent.account)
			.collect();
		let mut candidates: Vec<_> = ActiveCandidates::<T>::get()
			.into_iter()
			.filter_map(|account| Some((Candidates::<T>::get(&account)?.bond, account)))
			.filter(|(_, account)| !set.contains(account))
			.collect();
		candidates.sort_by(|(a, _), (b, _)| b.cmp(a));
		set.extend(candidates.into_iter().map(|(_, account)| account));
		set.retain(|account| Session::<T>::load_keys(account).is_some());
		set.truncate(<T::MaxAuthorities as Get<u32>>::get() as usize);
		set
	}

	/// The planned set, or none if it is what `pallet-session` has already: every set that is handed over
	/// is a change of GRANDPA's, which must be finalised by its own authorities.
	fn next_set(is_genesis: bool) -> Option<Vec<T::AccountId>> {
		let planned = Self::planned();
		if planned.is_empty() {
			return None;
		}
		let with_keys: Vec<_> = planned
			.iter()
			.filter_map(|account| Some((account.clone(), Session::<T>::load_keys(account)?)))
			.collect();
		let is_new = is_genesis || with_keys != Session::<T>::queued_keys();
		is_new.then_some(planned)
	}

	/// Keeps what offences can still be reported for, and no more.
	fn prune_history(session: SessionIndex) {
		let oldest = session.saturating_sub(T::ReportableSessions::get());
		let first = historical::StoredRange::<T>::get().map(|(first, _)| first);
		if first.is_some_and(|first| first < oldest) {
			historical::Pallet::<T>::prune_up_to(oldest);
		}
	}

	/// All authorities, for the runtime API.
	pub fn overview() -> Overview<T::AccountId, BalanceOf<T>> {
		let set = Session::<T>::validators();
		let disabled = Session::<T>::disabled_validators();
		let permanent = PermanentAuthorities::<T>::get();
		let mut accounts = set.clone();
		accounts.extend(permanent.iter().map(|permanent| permanent.account.clone()));
		let mut bonded: Vec<_> = Candidates::<T>::iter_keys().collect();
		bonded.sort();
		accounts.extend(bonded);
		let mut seen = Vec::<T::AccountId>::new();
		for account in accounts {
			if !seen.contains(&account) {
				seen.push(account);
			}
		}
		let authorities = seen
			.into_iter()
			.map(|account| {
				let at = set.iter().position(|other| *other == account);
				let on_list = permanent.iter().find(|permanent| permanent.account == account);
				let role = match (on_list, Candidates::<T>::get(&account)) {
					(Some(on_list), _) => AuthorityRole::Permanent { offline: on_list.offline },
					(None, Some(record)) => AuthorityRole::Candidate(record),
					(None, None) => AuthorityRole::Removed,
				};
				AuthorityInfo {
					role,
					in_set: at.is_some(),
					disabled: at.is_some_and(|at| disabled.contains(&(at as u32))),
					authored: Authored::<T>::get(&account),
					account,
				}
			})
			.collect();
		Overview {
			session: Session::<T>::current_index(),
			started: SessionStart::<T>::get().saturated_into(),
			length: SessionLength::<T>::get().saturated_into(),
			authorities,
		}
	}

	/// Whether a candidate is in the sets that are planned.
	pub(crate) fn is_active(account: &T::AccountId) -> bool {
		Candidates::<T>::get(account).is_some_and(|record| record.status == CandidateStatus::Active)
	}
}

impl<T: Config> pallet_session::ShouldEndSession<BlockNumberFor<T>> for Pallet<T> {
	fn should_end_session(now: BlockNumberFor<T>) -> bool {
		now >= SessionStart::<T>::get().saturating_add(SessionLength::<T>::get())
	}
}

impl<T: Config> EstimateNextSessionRotation<BlockNumberFor<T>> for Pallet<T> {
	fn average_session_length() -> BlockNumberFor<T> {
		SessionLength::<T>::get()
	}

	fn estimate_current_session_progress(now: BlockNumberFor<T>) -> (Option<Permill>, Weight) {
		let done = now.saturating_sub(SessionStart::<T>::get()).saturating_add(One::one());
		let length = SessionLength::<T>::get().max(One::one());
		(Some(Permill::from_rational(done, length)), T::DbWeight::get().reads(2))
	}

	fn estimate_next_session_rotation(_: BlockNumberFor<T>) -> (Option<BlockNumberFor<T>>, Weight) {
		let end = SessionStart::<T>::get().saturating_add(SessionLength::<T>::get());
		(Some(end), T::DbWeight::get().reads(2))
	}
}

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
	fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::next_set(false)
	}

	fn new_session_genesis(_: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::next_set(true)
	}

	fn end_session(_: SessionIndex) {
		Self::judge_session();
	}

	fn start_session(session: SessionIndex) {
		SessionStart::<T>::put(frame_system::Pallet::<T>::block_number());
		// Sets are planned a session ahead: one that was punished may be in this one still.
		for account in Session::<T>::validators() {
			if Self::is_barred(&account) {
				Session::<T>::report_offence(account, OffenceSeverity::max_severity());
			}
		}
		if !session.is_zero() {
			Self::prune_history(session);
		}
	}
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
	fn new_session(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
		let set = <Self as pallet_session::SessionManager<_>>::new_session(session)?;
		Some(set.into_iter().map(|account| (account, ())).collect())
	}

	fn new_session_genesis(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
		let set = <Self as pallet_session::SessionManager<_>>::new_session_genesis(session)?;
		Some(set.into_iter().map(|account| (account, ())).collect())
	}

	fn start_session(session: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::start_session(session);
	}

	fn end_session(session: SessionIndex) {
		<Self as pallet_session::SessionManager<_>>::end_session(session);
	}
}
