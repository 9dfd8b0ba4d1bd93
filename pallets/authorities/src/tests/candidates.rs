//! Joining, leaving and the admin's list.

use crate::{mock::*, pallet::*};
use fhe_ml_primitives::authorities::{AuthorityRole, CandidateStatus};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn join(account: AccountId, bond: u64) -> frame_support::dispatch::DispatchResult {
	Authorities::become_candidate(RuntimeOrigin::signed(account), bond)
}

#[test]
fn a_candidate_is_in_the_set_of_the_session_after_next() {
	run(4, || {
		assert_ok!(join(11, BOND));
		assert_eq!(held(11), BOND);
		sessions(1);
		assert_eq!(set(), [1, 2, 3, 4]);
		sessions(1);
		assert_eq!(set(), [1, 2, 3, 4, 11]);
		let keys = pallet_aura::Authorities::<Test>::get();
		assert_eq!(keys.last(), Some(&keys_of(11)));
	});
}

fn keys_of(account: AccountId) -> sp_consensus_aura::sr25519::AuthorityId {
	keys(account).aura
}

#[test]
fn a_set_that_does_not_change_is_not_handed_over_again() {
	run(4, || {
		sessions(3);
		let log = System::digest();
		assert!(log.logs.is_empty(), "{log:?}");
		assert!(!pallet_session::QueuedChanged::<Test>::get());
	});
}

#[test]
fn new_keys_of_an_authority_come_into_the_set() {
	run(2, || {
		sessions(2);
		pallet_session::NextKeys::<Test>::insert(1, keys(77));
		sessions(2);
		assert_eq!(set(), [1, 2]);
		assert!(pallet_aura::Authorities::<Test>::get().contains(&keys_of(77)));
	});
}

#[test]
fn the_admin_sets_the_list() {
	run(2, || {
		let root = RuntimeOrigin::root;
		assert_noop!(
			Authorities::set_permanent(RuntimeOrigin::signed(1), vec![1]),
			DispatchError::BadOrigin
		);
		assert_noop!(Authorities::set_permanent(root(), vec![]), Error::<Test>::NoAuthorityLeft);
		assert_noop!(Authorities::set_permanent(root(), vec![1, 1]), Error::<Test>::NamedTwice);
		assert_noop!(Authorities::set_permanent(root(), vec![5]), Error::<Test>::NoSessionKeys);
		let many = (1..=1 + u64::from(MAX_AUTHORITIES)).collect();
		assert_noop!(Authorities::set_permanent(root(), many), Error::<Test>::TooManyAuthorities);
		assert_ok!(Authorities::set_permanent(root(), vec![12, 1]));
		sessions(2);
		assert_eq!(set(), [12, 1]);
	});
}

#[test]
fn a_candidate_needs_keys_and_the_least_bond_and_no_place_on_the_list() {
	run(2, || {
		assert_noop!(join(5, BOND), Error::<Test>::NoSessionKeys);
		assert_noop!(join(11, BOND - 1), Error::<Test>::BondTooSmall);
		assert_noop!(join(1, BOND), Error::<Test>::AlreadyPermanent);
		assert!(join(11, 20_000).is_err());
	});
}

#[test]
fn a_bond_can_be_raised_but_not_lowered() {
	run(2, || {
		assert_ok!(join(11, BOND));
		assert_ok!(join(11, BOND + 5));
		assert_eq!(held(11), BOND + 5);
		assert_noop!(join(11, BOND), Error::<Test>::BondTooSmall);
	});
}

#[test]
fn who_bonds_more_goes_first_and_takes_the_place_of_the_least() {
	run(2, || {
		for account in 11..=18 {
			assert_ok!(join(account, BOND + account));
		}
		assert_noop!(join(19, BOND + 11), Error::<Test>::NoRoom);
		assert_ok!(join(19, BOND + 100));
		let free_in = REPORTABLE + 2;
		assert!(happened(Event::CandidateOutbid { account: 11, free_in }));
		assert_eq!(
			Candidates::<Test>::get(11).unwrap().status,
			CandidateStatus::Leaving { free_in }
		);
		sessions(2);
		assert_eq!(set(), [1, 2, 19, 18, 17, 16, 15, 14]);
	});
}

#[test]
fn a_bond_comes_back_when_no_offence_can_be_reported_any_more() {
	run(2, || {
		let origin = || RuntimeOrigin::signed(11);
		assert_noop!(Authorities::leave_candidates(origin()), Error::<Test>::NotCandidate);
		assert_ok!(join(11, BOND));
		assert_noop!(Authorities::withdraw_bond(origin()), Error::<Test>::NotLeaving);
		sessions(2);
		assert_ok!(Authorities::leave_candidates(origin()));
		assert_noop!(Authorities::leave_candidates(origin()), Error::<Test>::LeavesAlready);
		sessions(2);
		assert_eq!(set(), [1, 2]);
		sessions(REPORTABLE - 1);
		assert_noop!(Authorities::withdraw_bond(origin()), Error::<Test>::BondNotFree);
		sessions(1);
		assert_ok!(Authorities::withdraw_bond(origin()));
		assert_eq!((held(11), Balances::free_balance(11)), (0, 10_000));
		assert!(!Candidates::<Test>::contains_key(11));
	});
}

#[test]
fn the_last_authority_cannot_leave() {
	run(1, || {
		assert_ok!(join(11, BOND));
		assert_ok!(Authorities::set_permanent(RuntimeOrigin::root(), vec![]));
		assert_noop!(
			Authorities::leave_candidates(RuntimeOrigin::signed(11)),
			Error::<Test>::NoAuthorityLeft
		);
	});
}

#[test]
fn without_any_authority_the_old_set_stays() {
	run(2, || {
		PermanentAuthorities::<Test>::kill();
		sessions(3);
		assert_eq!(set(), [1, 2]);
	});
}

#[test]
fn a_session_is_as_long_as_the_admin_says_within_bounds() {
	run(2, || {
		sessions(1);
		let root = RuntimeOrigin::root;
		for length in [LENGTH - 1, 101] {
			assert_noop!(
				Authorities::set_session_length(root(), length),
				Error::<Test>::ImpossibleSessionLength
			);
		}
		assert_noop!(
			Authorities::set_session_length(RuntimeOrigin::signed(1), 20),
			DispatchError::BadOrigin
		);
		assert_ok!(Authorities::set_session_length(root(), 20));
		let start = System::block_number();
		sessions(1);
		assert_eq!(System::block_number(), start + 20);
	});
}

#[test]
fn history_is_kept_as_long_as_offences_can_be_reported() {
	run(2, || {
		sessions(REPORTABLE + 7);
		let stored = pallet_session::historical::StoredRange::<Test>::get();
		let now = Session::current_index();
		assert_eq!(stored, Some((now - REPORTABLE, now + 2)));
	});
}

#[test]
fn the_overview_shows_everybody_once() {
	run(2, || {
		assert_ok!(join(11, BOND));
		sessions(1);
		let overview = Authorities::overview();
		assert_eq!((overview.session, overview.length), (1, LENGTH as u32));
		let shown: Vec<_> =
			overview.authorities.iter().map(|info| (info.account, info.in_set)).collect();
		assert_eq!(shown, [(1, true), (2, true), (11, false)]);
		let role = overview.authorities.into_iter().next_back().unwrap().role;
		assert!(matches!(role, AuthorityRole::Candidate(record) if record.bond == BOND));
	});
}
