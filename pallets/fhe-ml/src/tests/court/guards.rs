//! What a trial needs stays, and who could lose is still there.

use super::*;
use fhe_ml_primitives::ModelStatus;
use frame_support::assert_noop;

#[test]
fn artifact_and_server_key_stay_until_a_job_is_final() {
	in_court(|| {
		let alice = RuntimeOrigin::signed(ALICE);
		let key = hash(&server_key(1));
		assert_ok!(FheMl::register_server_key(alice.clone(), server_key(1)));
		let artifact = named_artifact(CircuitKind::Forest, "steps", false);
		let model = register(artifact.clone());
		let input = input_for(&artifact, key.0, 0);
		let ask =
			FheMl::request_inference(alice.clone(), model, Some(key), input.clone(), 10_000, 1);
		assert_ok!(ask);
		draw_now();
		post(0, completed(&input, 6));
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), model));
		check();
		assert_noop!(FheMl::remove_server_key(alice.clone(), key), Error::<Test>::ServerKeyInUse);
		challenge(CAROL, 0, 0);
		steps(CAROL, 0, 2);
		assert!(ModelArtifacts::<Test>::contains_key(model));
		steps(CAROL, 0, 1);
		assert_eq!(stored(0), completed(&input, RIGHT));
		assert!(!ModelArtifacts::<Test>::contains_key(model));
		assert!(!Dockets::<Test>::contains_key(model));
		assert_eq!(Models::<Test>::get(model).unwrap().status, ModelStatus::Retired);
		assert_ok!(FheMl::remove_server_key(alice, key));
	});
}

#[test]
fn what_watchers_read_is_there_until_a_job_is_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		let blobs = FheMl::job_blobs(job, true, true).unwrap();
		assert_eq!(blobs.artifact, Some(artifact_named("steps")));
		go_to_block(1 + CHALLENGE_PERIOD);
		assert_eq!(FheMl::job_blobs(job, true, true), None);
	});
}

#[test]
fn nobody_releases_a_job_that_is_in_court_and_others_none_that_is_not_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		let release = |who| FheMl::release(RuntimeOrigin::signed(who), job);
		let refused = |who, error: Error<Test>| {
			assert!(release(who).is_err_and(|refused| refused.error == error.into()));
		};
		refused(BOB, Error::NotJobOwner);
		challenge(CAROL, job, 0);
		refused(ALICE, Error::JobInCourt);
		// Nobody has had room for what was due.
		System::set_block_number(1 + RELEASE_DELAY);
		refused(BOB, Error::JobInCourt);
		steps(BOB, job, 3);
		refused(BOB, Error::JobNotFinal);
		assert_ok!(release(ALICE));
	});
}

#[test]
fn a_worker_answers_for_no_more_fees_than_its_bond() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let most = BOND / FEE;
		let ask = |seed: u64| {
			let (alice, input) = (RuntimeOrigin::signed(ALICE), input_named("steps", seed as u8));
			FheMl::request_inference(alice, model, None, input, FEE, 1)
		};
		for seed in 0..=most {
			assert_ok!(ask(seed));
		}
		draw_now();
		check();
		assert_eq!(AtRisk::<Test>::get(worker()), most * FEE);
		assert_eq!(
			(worker_record(&worker()).open_jobs, Waiting::<Test>::get().len()),
			(most as u32, 1)
		);
		assert_noop!(ask(most + 1), Error::<Test>::AllWorkersBusy);
		// To post a result is not enough: it can still be wrong.
		post(0, completed(&input_named("steps", 0), RIGHT));
		draw_now();
		assert_eq!(Waiting::<Test>::get().len(), 1);
		// Jobs of models that cannot be tried are no risk.
		let other = register_linear_model();
		let job = request(ALICE, other, input(0));
		assert!(!record(job).assignees.is_empty());
		assert_ok!(FheMl::finalise(RuntimeOrigin::signed(ALICE), 0));
		draw_now();
		assert_eq!((Waiting::<Test>::get().len(), AtRisk::<Test>::get(worker())), (0, most * FEE));
	});
}

#[test]
fn a_convicted_worker_is_paid_for_nothing_that_it_was_given_before() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let ask = |seed| request(ALICE, model, input_named("steps", seed));
		let post_of = |job, seed, byte| post(job, completed(&input_named("steps", seed), byte));
		let [lie, before, open] = [0, 1, 2].map(ask);
		post_of(before, 1, RIGHT);
		post_of(lie, 0, 6);
		challenge(CAROL, lie, 0);
		steps(CAROL, lie, 3);
		post_of(open, 2, RIGHT);
		let fees = held(HoldReason::InferenceFee, ALICE);
		assert_eq!(fees, 2 * FEE);
		go_to_block(1 + CHALLENGE_PERIOD);
		assert_eq!((free(PAYOUT), held(HoldReason::InferenceFee, ALICE)), (EXISTENTIAL_DEPOSIT, 0));
		assert_eq!(free(ALICE), RICH - 3 * DEPOSIT + COMPENSATION);
		// Who fills its bond up again is paid for what it does from then on.
		endow_again();
		assert_ok!(FheMl::resume_worker(RuntimeOrigin::signed(PAYOUT), worker()));
		go_to_block(2 + CHALLENGE_PERIOD);
		let paid = free(PAYOUT);
		let after = ask(3);
		post_of(after, 3, RIGHT);
		assert_ok!(FheMl::finalise(RuntimeOrigin::signed(ALICE), after));
		assert_eq!(free(PAYOUT), paid + FEE);
	});
}

/// BOB lends the operator of the worker a bond.
fn endow_again() {
	assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(BOB), PAYOUT, BOND));
}

#[test]
fn a_bond_stays_until_all_results_of_its_worker_are_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		let payout = || RuntimeOrigin::signed(PAYOUT);
		assert_ok!(FheMl::leave_workers(payout(), worker()));
		challenge(CAROL, job, 0);
		while System::block_number() < 2 + UNBONDING {
			go_to_block(System::block_number() + TRIAL_TIMEOUT - 1);
			if Trials::<Test>::get(job).is_some_and(|trial| trial.steps < 2) {
				steps(BOB, job, 1);
			}
			if Provisional::<Test>::contains_key(job) {
				let early = FheMl::withdraw_bond(payout(), worker());
				assert_noop!(early, Error::<Test>::BondNotFree);
			}
		}
		assert_ok!(FheMl::withdraw_bond(payout(), worker()));
	});
}
