use crate::{mock::*, pallet::*, types::ModelRecord};
use fhe_ml_primitives::{
	ModelStatus, Quote,
	bounds::MaxArtifactBytes,
	format::{ArtifactPrefix, CircuitKind},
};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::InspectHold},
};
use sp_core::H256;
use sp_runtime::DispatchError;

#[test]
fn an_admin_registers_a_model() {
	run(|| {
		assert_ok!(FheMl::allow_model_deposit(RuntimeOrigin::signed(BOB), 1_000));
		assert_ok!(FheMl::register_model(RuntimeOrigin::root(), linear_model(), Some(BOB)));
		let artifact = hash(&linear_model());
		assert_eq!(
			Models::<Test>::get(0),
			Some(ModelRecord {
				name: b"iris".to_vec().try_into().unwrap(),
				artifact,
				artifact_bytes: linear_model().len() as u32,
				input_bytes: INPUT_BYTES,
				result_bytes: RESULT_BYTES,
				work: 7,
				needs_server_key: false,
				encrypted_for: None,
				status: ModelStatus::Active,
				open_jobs: 0,
				depositor: Some(BOB),
				deposit: linear_model().len() as u64,
				row_layout: None,
			})
		);
		assert_eq!(ModelArtifacts::<Test>::get(0).unwrap().into_inner(), linear_model());
		let name = b"iris".to_vec().try_into().unwrap();
		System::assert_last_event(Event::ModelRegistered { model: 0, name, artifact }.into());
		let deposit = u64::from(INPUT_BYTES + RESULT_BYTES);
		assert_eq!(FheMl::quote(0, 1), Some(Quote { fee: FEE, deposit }));
	});
}

#[test]
fn an_encrypted_model_takes_requests_of_its_key_only() {
	let key = server_key(1);
	for circuit in [CircuitKind::EncryptedLinear, CircuitKind::EncryptedForest] {
		run(|| {
			let artifact = encrypted_artifact(circuit, hash(&key));
			assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact.clone(), None));
			let record = Models::<Test>::get(0).unwrap();
			assert_eq!(record.encrypted_for, Some(hash(&key)));
			for key in [server_key(1), server_key(2)] {
				let origin = RuntimeOrigin::signed(ALICE);
				assert_ok!(FheMl::register_server_key(origin, key));
			}
			let needed = |key: &[u8]| record.needs_server_key.then(|| hash(key));
			let request = |key: &[u8]| {
				let input = input_for(&artifact, hash(key).0, 0);
				FheMl::request_inference(
					RuntimeOrigin::signed(ALICE),
					0,
					needed(key),
					input,
					FEE + SERVER_KEY_WORK * FEE_PER_WORK,
					1,
				)
			};
			assert_noop!(request(&server_key(2)), Error::<Test>::ModelForAnotherKey);
			assert_ok!(request(&key));
		});
	}
}

#[test]
fn an_encrypted_artifact_without_its_key_is_refused() {
	run(|| {
		let mut artifact = encrypted_artifact(CircuitKind::EncryptedForest, H256::zero());
		artifact.truncate(ArtifactPrefix::BYTES);
		assert_noop!(
			FheMl::register_model(RuntimeOrigin::root(), artifact, None),
			Error::<Test>::BlobWrongLength
		);
	});
}

#[test]
fn nobody_else_registers_or_retires_models() {
	run(|| {
		register_linear_model();
		assert_noop!(
			FheMl::register_model(RuntimeOrigin::signed(ALICE), linear_model(), None),
			DispatchError::BadOrigin
		);
		assert_noop!(
			FheMl::retire_model(RuntimeOrigin::signed(ALICE), 0),
			DispatchError::BadOrigin
		);
	});
}

#[test]
fn every_way_to_break_an_artifact_has_its_own_error() {
	let broken = |at: usize, error: Error<Test>| {
		let mut artifact = linear_model();
		artifact[at] ^= 0x40;
		run(|| {
			assert_noop!(FheMl::register_model(RuntimeOrigin::root(), artifact, None), error);
		});
	};
	broken(0, Error::BlobNotRecognised);
	broken(4, Error::BlobWrongVersion);
	broken(6, Error::BlobWrongParameterSet);
	broken(8, Error::BlobWrongKind);
	broken(9, Error::BlobMalformed);
	broken(12, Error::BlobWrongLength);
	// Lengths of input and result: 2^30 more.
	broken(19, Error::ModelTooLarge);
	broken(23, Error::ModelTooLarge);
	// 2^62 units of work.
	broken(31, Error::ModelTooExpensive);
}

#[test]
fn truncated_and_oversized_artifacts_are_refused() {
	run(|| {
		let register = |artifact| FheMl::register_model(RuntimeOrigin::root(), artifact, None);
		for len in [0, 3, 16, 40, linear_model().len() - 1] {
			assert_noop!(register(linear_model()[..len].to_vec()), Error::<Test>::BlobWrongLength);
		}
		let long = [linear_model(), vec![0]].concat();
		assert_noop!(register(long), Error::<Test>::BlobWrongLength);
		let max: u32 = MaxArtifactBytes::get();
		assert_noop!(register(vec![0; max as usize + 1]), Error::<Test>::BlobTooLong);
	});
}

#[test]
fn a_model_that_costs_too_much_is_refused() {
	run(|| {
		let register = |work| FheMl::register_model(RuntimeOrigin::root(), artifact(work), None);
		assert_noop!(register(1_001), Error::<Test>::ModelTooExpensive);
		assert_noop!(register(0), Error::<Test>::BlobMalformed);
		assert_ok!(register(1_000));
	});
}

#[test]
fn a_retired_model_takes_no_requests_and_frees_its_bytes() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), model));
		System::assert_last_event(Event::ModelRetired { model }.into());
		assert!(!ModelArtifacts::<Test>::contains_key(model));
		assert_eq!(FheMl::quote(model, 1), None);
		assert_noop!(
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input(0), FEE, 1),
			Error::<Test>::ModelIsRetired
		);
		assert_noop!(
			FheMl::retire_model(RuntimeOrigin::root(), model),
			Error::<Test>::ModelIsRetired
		);
		assert_noop!(FheMl::retire_model(RuntimeOrigin::root(), 77), Error::<Test>::UnknownModel);
	});
}

#[test]
fn open_jobs_of_a_retired_model_are_still_finished() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), model));
		assert!(ModelArtifacts::<Test>::contains_key(model));
		let held = || Balances::balance_on_hold(&HoldReason::Model.into(), &BOB);
		assert_eq!(held(), linear_model().len() as u64);
		assert_ok!(apply(submission(job, completed(&input(0), 1))).unwrap());
		assert!(!ModelArtifacts::<Test>::contains_key(model));
		assert_eq!(held(), 0);
	});
}

#[test]
fn the_admin_holds_no_deposit_that_its_account_has_not_allowed() {
	run(|| {
		let register = || FheMl::register_model(RuntimeOrigin::root(), linear_model(), Some(BOB));
		assert_noop!(register(), Error::<Test>::DepositNotAllowed);
		let deposit = linear_model().len() as u64;
		let allow = |most| FheMl::allow_model_deposit(RuntimeOrigin::signed(BOB), most);
		assert_ok!(allow(deposit - 1));
		assert_noop!(register(), Error::<Test>::DepositNotAllowed);
		assert_ok!(allow(2 * deposit));
		System::assert_last_event(
			Event::ModelDepositAllowed { depositor: BOB, most: 2 * deposit }.into(),
		);
		assert_ok!(register());
		assert_ok!(register());
		assert_noop!(register(), Error::<Test>::DepositNotAllowed);
		assert_ok!(allow(deposit));
		assert_ok!(allow(0));
		assert_noop!(register(), Error::<Test>::DepositNotAllowed);
		assert_eq!(ModelAllowances::<Test>::iter().count(), 0);
	});
}
