use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{bounds::MaxServerKeyBytes, format::ServerKeyPrefix};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::InspectHold},
};
use sp_runtime::TokenError;

const DEPOSIT: u64 = ServerKeyPrefix::KEY_BYTES as u64;

#[test]
fn the_deposit_is_held_until_the_key_is_removed() {
	run(|| {
		let hash = hash(&server_key(1));
		let origin = || RuntimeOrigin::signed(ALICE);
		assert_ok!(FheMl::register_server_key(origin(), server_key(1)));
		System::assert_last_event(
			Event::ServerKeyRegistered { server_key: hash, owner: ALICE, deposit: DEPOSIT }.into(),
		);
		assert_eq!(Balances::balance_on_hold(&HoldReason::ServerKey.into(), &ALICE), DEPOSIT);
		assert_eq!(ServerKeyBytes::<Test>::get(hash).unwrap().into_inner(), server_key(1));
		FheMl::do_try_state().unwrap();

		assert_ok!(FheMl::remove_server_key(origin(), hash));
		System::assert_last_event(
			Event::ServerKeyRemoved { server_key: hash, owner: ALICE }.into(),
		);
		assert_eq!(Balances::total_balance_on_hold(&ALICE), 0);
		assert!(ServerKeyBytes::<Test>::get(hash).is_none());
		assert_noop!(FheMl::remove_server_key(origin(), hash), Error::<Test>::UnknownServerKey);
	});
}

#[test]
fn a_key_is_registered_once_and_removed_by_its_owner_only() {
	run(|| {
		assert_ok!(FheMl::register_server_key(RuntimeOrigin::signed(ALICE), server_key(1)));
		assert_noop!(
			FheMl::register_server_key(RuntimeOrigin::signed(BOB), server_key(1)),
			Error::<Test>::ServerKeyAlreadyRegistered
		);
		assert_noop!(
			FheMl::remove_server_key(RuntimeOrigin::signed(BOB), hash(&server_key(1))),
			Error::<Test>::NotServerKeyOwner
		);
	});
}

#[test]
fn bad_keys_and_poor_accounts_are_refused_and_nothing_is_stored() {
	run(|| {
		let register = |owner, key| FheMl::register_server_key(RuntimeOrigin::signed(owner), key);
		let mut short = server_key(1);
		short.truncate(1000);
		assert_noop!(register(ALICE, short), Error::<Test>::BlobWrongLength);
		// A consistent header with another length than parameter set 1 has.
		let mut other_length = server_key(1)[..ServerKeyPrefix::BYTES + 5].to_vec();
		other_length[12..16].copy_from_slice(&21u32.to_le_bytes());
		assert_noop!(register(ALICE, other_length), Error::<Test>::BlobWrongLength);
		let max: u32 = MaxServerKeyBytes::get();
		assert_noop!(register(ALICE, vec![0; max as usize + 1]), Error::<Test>::BlobTooLong);
		assert_noop!(register(ALICE, input(0)), Error::<Test>::BlobWrongKind);
		let mut version = server_key(1);
		version[4] = 9;
		assert_noop!(register(ALICE, version), Error::<Test>::BlobWrongVersion);
		assert_noop!(register(PAYOUT, server_key(1)), TokenError::FundsUnavailable);
	});
}
