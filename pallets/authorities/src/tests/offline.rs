//! Authorities that author nothing.

use crate::{mock::*, offline::spare, pallet::*};
use fhe_ml_primitives::authorities::CandidateStatus;
use frame_support::{assert_noop, assert_ok};

#[test]
fn a_silent_authority_of_the_list_is_left_out_until_it_comes_back() {
	run(4, || {
		session(&[3]);
		assert!(happened(Event::AuthorityOffline { account: 3, penalty: 0 }));
		session(&[3]);
		assert_eq!(set(), [1, 2, 4]);
		assert_noop!(
			Authorities::come_back(RuntimeOrigin::signed(11)),
			Error::<Test>::NotPermanent
		);
		assert_noop!(Authorities::come_back(RuntimeOrigin::signed(1)), Error::<Test>::NotOffline);
		assert_ok!(Authorities::come_back(RuntimeOrigin::signed(3)));
		sessions(2);
		assert_eq!(set(), [1, 2, 3, 4]);
	});
}

#[test]
fn a_silent_candidate_loses_a_little_and_must_join_again() {
	run(4, || {
		let join = || Authorities::become_candidate(RuntimeOrigin::signed(11), BOND);
		assert_ok!(join());
		sessions(2);
		session(&[11]);
		assert!(happened(Event::AuthorityOffline { account: 11, penalty: PENALTY }));
		assert_eq!(Candidates::<Test>::get(11).unwrap().status, CandidateStatus::Dropped);
		// It is in this set still, and is not punished for the same twice.
		session(&[11]);
		assert_eq!(held(11), BOND - PENALTY);
		assert_eq!(Balances::free_balance(SLASHED), 1_000 + PENALTY);
		assert_eq!(set(), [1, 2, 3, 4]);
		assert_ok!(join());
		assert_eq!(held(11), BOND);
		sessions(2);
		assert_eq!(set(), [1, 2, 3, 4, 11]);
	});
}

#[test]
fn nobody_is_dropped_when_more_are_silent_than_grandpa_can_spare() {
	run(4, || {
		session(&[3, 4]);
		assert!(happened(Event::TooManyOffline { silent: 2, most: 1 }));
		sessions(2);
		assert_eq!(set(), [1, 2, 3, 4]);
	});
}

#[test]
fn two_of_seven_are_dropped_at_once_but_no_three() {
	run(7, || {
		assert_ok!(Authorities::set_session_length(RuntimeOrigin::root(), 20));
		session(&[1, 2, 3]);
		sessions(1);
		assert_eq!(set().len(), 7);
		session(&[1, 2]);
		session(&[1, 2]);
		assert_eq!(set(), [3, 4, 5, 6, 7]);
	});
}

#[test]
fn the_last_authorities_stay() {
	run(3, || {
		session(&[2]);
		sessions(2);
		assert_eq!(set(), [1, 2, 3]);
	});
}

#[test]
fn who_had_one_turn_only_is_not_called_silent() {
	run(6, || {
		session(&[3]);
		sessions(2);
		assert_eq!(set().len(), 6);
	});
}

#[test]
fn grandpa_spares_less_than_a_third() {
	for (authorities, spared) in [(0, 0), (1, 0), (3, 0), (4, 1), (6, 1), (7, 2), (32, 10)] {
		assert_eq!(spare(authorities), spared);
		// The rest is more than two thirds, which GRANDPA needs.
		assert!(authorities == 0 || 3 * (authorities - spared) > 2 * authorities);
	}
}
