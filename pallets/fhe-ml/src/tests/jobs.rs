use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{JobStatus, bounds::MaxInputBytes, format::CircuitKind};
use frame_support::{
	assert_noop, assert_ok,
	traits::{Get, fungible::InspectHold},
	weights::Weight,
};

const DEPOSIT: u64 = (INPUT_BYTES + RESULT_BYTES) as u64;

fn held(reason: HoldReason) -> u64 {
	Balances::balance_on_hold(&reason.into(), &ALICE)
}

fn try_request(input: Vec<u8>) -> frame_support::dispatch::DispatchResult {
	FheMl::request_inference(RuntimeOrigin::signed(ALICE), 0, None, input, FEE, 1)
}

#[test]
fn a_request_holds_fee_and_deposit_and_is_assigned_in_the_next_block() {
	run(|| {
		let model = register_linear_model();
		let job = waiting_request(ALICE, model, input(0), 1);
		System::assert_last_event(
			Event::InferenceRequested {
				job,
				owner: ALICE,
				model,
				redundancy: 1,
				fee: FEE,
				rows: 1,
			}
			.into(),
		);
		end_block(Weight::MAX);
		assert_eq!(FheMl::assigned_jobs(vec![worker()], 10), vec![]);
		run_to_block(2);
		System::assert_last_event(
			Event::InferenceAssigned {
				job,
				assignees: vec![worker()].try_into().unwrap(),
				deadline: 2 + DEADLINE, // Eight units are less than a block's work.
			}
			.into(),
		);
		assert_eq!((held(HoldReason::InferenceFee), held(HoldReason::JobStorage)), (FEE, DEPOSIT));
		let record = Jobs::<Test>::get(job).unwrap();
		assert_eq!((record.status, record.input), (JobStatus::Pending, hash(&input(0))));
		assert_eq!(Inputs::<Test>::get(job).unwrap().into_inner(), input(0));
		let assigned = FheMl::assigned_jobs(vec![worker()], 10);
		assert_eq!(assigned.len(), 1);
		assert_eq!((assigned[0].job, assigned[0].input), (job, hash(&input(0))));
		let blobs = FheMl::job_blobs(job, true, true).unwrap();
		assert_eq!((blobs.artifact, blobs.input), (Some(linear_model()), input(0)));
		assert_eq!(FheMl::job_blobs(job, false, false).unwrap().artifact, None);
	});
}

#[test]
fn every_way_to_break_an_input_has_its_own_error() {
	run(|| {
		register_linear_model();
		for (at, error) in [
			(0, Error::<Test>::BlobNotRecognised),
			(4, Error::BlobWrongVersion),
			(6, Error::BlobWrongParameterSet),
			(8, Error::BlobWrongKind),
			(9, Error::BlobMalformed),
			(12, Error::BlobWrongLength),
			(16, Error::InputForAnotherModel),
		] {
			let mut broken = input(0);
			broken[at] ^= 0x40;
			assert_noop!(try_request(broken), error);
		}
		assert_noop!(try_request(input(0)[..50].to_vec()), Error::<Test>::BlobWrongLength);
		let mut long = input(0);
		long.push(0);
		long[12] += 1;
		assert_noop!(try_request(long), Error::<Test>::BlobWrongLength);
		let max: u32 = MaxInputBytes::get();
		assert_noop!(try_request(vec![0; max as usize + 1]), Error::<Test>::BlobTooLong);
	});
}

#[test]
fn the_fee_is_never_more_than_the_user_said() {
	run(|| {
		register_linear_model();
		let origin = RuntimeOrigin::signed(ALICE);
		assert_noop!(
			FheMl::request_inference(origin, 0, None, input(0), FEE - 1, 1),
			Error::<Test>::FeeAboveMax
		);
	});
}

#[test]
fn unknown_models_and_needless_keys_are_refused() {
	run(|| {
		assert_noop!(try_request(input(0)), Error::<Test>::UnknownModel);
		register_linear_model();
		let origin = RuntimeOrigin::signed(ALICE);
		assert_noop!(
			FheMl::request_inference(origin, 0, Some(hash(b"key")), input(0), FEE, 1),
			Error::<Test>::ServerKeyNotNeeded
		);
	});
}

#[test]
fn pending_jobs_are_bounded() {
	run(|| {
		register_linear_model();
		for seed in 0..40 {
			request(if seed % 2 == 0 { ALICE } else { BOB }, 0, input(seed));
		}
		assert_noop!(try_request(input(40)), Error::<Test>::TooManyPendingJobs);
	});
}

#[test]
fn an_account_has_a_bounded_number_of_unfinished_jobs() {
	run(|| {
		register_linear_model();
		let jobs: Vec<_> =
			(0..MAX_ACCOUNT_JOBS).map(|seed| request(ALICE, 0, input(seed as u8))).collect();
		assert_noop!(try_request(input(99)), Error::<Test>::TooManyOpenJobs);
		// Others can go on, and so can ALICE when a job is finished.
		let of_bob = request(BOB, 0, input(100));
		assert_ok!(apply(submission(jobs[3], completed(&input(3), 1))).unwrap());
		assert_ok!(apply(submission(of_bob, completed(&input(100), 1))).unwrap());
		assert_ok!(try_request(input(99)));
		assert_eq!(OpenOf::<Test>::iter_keys().collect::<Vec<_>>(), [ALICE]);
	});
}

#[test]
fn an_account_has_a_bounded_amount_of_open_work_but_may_ask_for_one_job_of_any_model() {
	run(|| {
		for work in [300, 700] {
			assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact(work), None));
		}
		let ask = |owner, model, work, seed| {
			let input = input_for(&artifact(work), [0; 32], seed);
			let max_fee = 1_000_000;
			FheMl::request_inference(RuntimeOrigin::signed(owner), model, None, input, max_fee, 1)
		};
		for seed in [2, 3] {
			assert_ok!(join(BOB, seed));
		}
		assert_ok!(ask(ALICE, 0, 300, 0));
		assert_noop!(ask(ALICE, 0, 300, 1), Error::<Test>::TooMuchOpenWork);
		assert_ok!(ask(BOB, 1, 700, 2));
		assert_noop!(ask(BOB, 1, 700, 3), Error::<Test>::TooMuchOpenWork);
	});
}

#[test]
fn a_job_costs_what_it_takes_to_load_its_blobs_and_its_key() {
	run(|| {
		let needs_key = artifact_of(CircuitKind::Forest, 7, None);
		assert_ok!(FheMl::register_model(RuntimeOrigin::root(), needs_key, None));
		register_linear_model();
		let fee = |model| FheMl::quote(model, 1).unwrap().fee;
		assert_eq!(fee(1), FEE);
		assert_eq!(fee(0), FEE + SERVER_KEY_WORK * FEE_PER_WORK);
	});
}

#[test]
fn releasing_a_finished_job_returns_the_deposit() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let release = |who| FheMl::release(RuntimeOrigin::signed(who), job);
		assert_noop!(release(ALICE), Error::<Test>::JobNotFinished);
		assert_ok!(apply(submission(job, completed(&input(0), 1))).unwrap());
		assert_noop!(release(BOB), Error::<Test>::NotJobOwner);
		assert_ok!(release(ALICE));
		System::assert_last_event(
			Event::JobReleased { job, owner: ALICE, deposit: DEPOSIT }.into(),
		);
		assert_eq!(Balances::total_balance_on_hold(&ALICE), 0);
		assert!(Inputs::<Test>::get(job).is_none() && Results::<Test>::get(job).is_none());
		assert_noop!(release(ALICE), Error::<Test>::UnknownJob);
	});
}

#[test]
fn after_a_while_anybody_may_release_a_finished_job() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		run_to_block(3);
		assert_ok!(apply(submission(job, completed(&input(0), 1))).unwrap());
		run_to_block(3 + RELEASE_DELAY - 1);
		let release = || FheMl::release(RuntimeOrigin::signed(BOB), job);
		assert_noop!(release(), Error::<Test>::NotJobOwner);
		run_to_block(3 + RELEASE_DELAY);
		assert_ok!(release());
		assert_eq!(held(HoldReason::JobStorage), 0);
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 - FEE);
	});
}
