use crate::{mock::*, pallet::*};
use fhe_ml_primitives::format::{BootstrapKeyPrefix, CircuitKind, ServerKeyPrefix};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_core::H256;
use sp_runtime::TokenError;

const DEPOSIT: u64 = BootstrapKeyPrefix::KEY_BYTES as u64;
const DEPOSIT_OF_BOTH: u64 = DEPOSIT + ServerKeyPrefix::KEY_BYTES as u64;

fn register(owner: AccountId, key: Vec<u8>) -> sp_runtime::DispatchResult {
	FheMl::register_bootstrap_key(RuntimeOrigin::signed(owner), key)
}

/// A server key of Alice.
fn registered_server_key() -> H256 {
	assert_ok!(FheMl::register_server_key(RuntimeOrigin::signed(ALICE), server_key(1)));
	hash(&server_key(1))
}

fn held() -> u64 {
	Balances::balance_on_hold(&HoldReason::ServerKey.into(), &ALICE)
}

#[test]
fn a_bootstrap_key_stays_as_long_as_its_server_key() {
	run(|| {
		let server_key = registered_server_key();
		let key = bootstrap_key(server_key, 1);
		assert_ok!(register(ALICE, key.clone()));
		System::assert_last_event(
			Event::BootstrapKeyRegistered {
				server_key,
				bootstrap_key: hash(&key),
				owner: ALICE,
				deposit: DEPOSIT,
			}
			.into(),
		);
		assert_eq!(held(), DEPOSIT_OF_BOTH);
		assert_eq!(FheMl::bootstrap_key(server_key), Some(key));
		FheMl::do_try_state().unwrap();
		assert_noop!(
			register(ALICE, bootstrap_key(server_key, 2)),
			Error::<Test>::BootstrapKeyAlreadyRegistered
		);
		assert_ok!(FheMl::remove_server_key(RuntimeOrigin::signed(ALICE), server_key));
		assert_eq!((held(), FheMl::bootstrap_key(server_key)), (0, None));
		FheMl::do_try_state().unwrap();
	});
}

#[test]
fn only_the_owner_of_the_server_key_registers_one() {
	run(|| {
		let unknown = bootstrap_key(H256::repeat_byte(7), 1);
		assert_noop!(register(ALICE, unknown), Error::<Test>::UnknownServerKey);
		let server_key = registered_server_key();
		let key = bootstrap_key(server_key, 1);
		assert_noop!(register(BOB, key), Error::<Test>::NotServerKeyOwner);
	});
}

#[test]
fn bad_keys_and_poor_accounts_are_refused() {
	run(|| {
		let registered = registered_server_key();
		let good = bootstrap_key(registered, 1);
		assert_noop!(register(ALICE, good[..1000].to_vec()), Error::<Test>::BlobWrongLength);
		assert_noop!(register(ALICE, [&*good, &[0]].concat()), Error::<Test>::BlobWrongLength);
		assert_noop!(register(ALICE, vec![0; 200_000]), Error::<Test>::BlobTooLong);
		assert_noop!(register(ALICE, vec![0; 1000]), Error::<Test>::BlobNotRecognised);
		let other_kind = server_key(1)[..1000].to_vec();
		assert_noop!(register(ALICE, other_kind), Error::<Test>::BlobWrongKind);

		let left = Balances::free_balance(ALICE) - DEPOSIT / 2;
		assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(ALICE), BOB, left));
		assert_noop!(register(ALICE, good), TokenError::FundsUnavailable);
	});
}

#[test]
fn deep_networks_take_inputs_that_name_the_bootstrap_key() {
	run(|| {
		let artifact = artifact_of(CircuitKind::Deep, 7, None);
		assert_ok!(FheMl::allow_model_deposit(RuntimeOrigin::signed(BOB), u64::MAX));
		assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact.clone(), Some(BOB)));
		let server_key = registered_server_key();
		let request = |input| {
			let origin = RuntimeOrigin::signed(ALICE);
			FheMl::request_inference(origin, 0, Some(server_key), input, u64::MAX, 1)
		};
		let key = bootstrap_key(server_key, 1);
		let right = input_for(&artifact, hash(&key).0, 1);
		assert_noop!(request(right.clone()), Error::<Test>::BootstrapKeyRequired);
		assert_ok!(register(ALICE, key));
		let of_server_key = input_for(&artifact, server_key.0, 1);
		assert_noop!(request(of_server_key), Error::<Test>::InputForAnotherKey);
		let another = hash(&bootstrap_key(server_key, 2));
		assert_noop!(
			request(input_for(&artifact, another.0, 1)),
			Error::<Test>::InputForAnotherKey
		);
		assert_ok!(request(right));
		// Older builds do not know such circuits.
		assert_eq!(Jobs::<Test>::get(0).unwrap().engine, 3);
		assert_noop!(
			FheMl::remove_server_key(RuntimeOrigin::signed(ALICE), server_key),
			Error::<Test>::ServerKeyInUse
		);
		FheMl::do_try_state().unwrap();
	});
}

#[test]
fn a_model_that_is_gone_takes_no_bootstrap_key() {
	run(|| {
		let artifact = artifact_of(CircuitKind::Deep, 7, None);
		assert_ok!(FheMl::allow_model_deposit(RuntimeOrigin::signed(BOB), u64::MAX));
		assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact, Some(BOB)));
		assert!(BootstrappedModels::<Test>::contains_key(0));
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), 0));
		assert!(!BootstrappedModels::<Test>::contains_key(0));
		FheMl::do_try_state().unwrap();
	});
}
