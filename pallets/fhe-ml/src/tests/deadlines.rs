use crate::{mock::*, pallet::*, weights::WeightInfo};
use fhe_ml_primitives::{JobStatus, WorkerStatus};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::DispatchErrorWithPostInfo,
	traits::{Hooks, fungible::Inspect},
	weights::Weight,
};
use sp_runtime::transaction_validity::UnknownTransaction;

fn total() -> u64 {
	Balances::total_issuance()
}

#[test]
fn a_job_whose_worker_is_silent_goes_to_another() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(join(BOB, 2));
		let job = request(ALICE, model, input(0));
		let first = Jobs::<Test>::get(job).unwrap().assignees[0].clone();
		let late = (first == worker()).then(|| submission(job, completed(&input(0), 5)));
		run_to_block(1 + DEADLINE);
		assert_eq!(Jobs::<Test>::get(job).unwrap().rounds, 1);
		run_to_block(2 + DEADLINE);

		let record = Jobs::<Test>::get(job).unwrap();
		assert_eq!((record.status, record.rounds), (JobStatus::Pending, 2));
		assert_ne!(record.assignees[0], first);
		assert_eq!(record.deadline, 2 + 2 * DEADLINE);
		let silent = Workers::<Test>::get(&first).unwrap();
		assert_eq!(silent.status, WorkerStatus::Suspended);
		assert_eq!((silent.bond, silent.open_jobs, silent.open_work), (BOND - PENALTY, 0, 0));
		System::assert_has_event(
			Event::WorkerSuspended { worker: first.clone(), job, penalty: PENALTY }.into(),
		);
		// The user is compensated at once.
		assert_eq!(Balances::total_balance(&ALICE), 10_000_000 + PENALTY);
		if let Some(late) = late {
			assert_eq!(validate(late), Err(UnknownTransaction::CannotLookup.into()));
		}
		assert_ok!(FheMl::do_submit_result(
			record.assignees[0].clone(),
			job,
			completed(&input(0), 5)
		));
		assert_eq!(FheMl::assigned_jobs(vec![first], 10), vec![]);
	});
}

#[test]
fn a_job_that_nobody_evaluates_expires_and_the_user_gets_everything_back() {
	run(|| {
		let model = register_linear_model();
		let before = total();
		let job = request(ALICE, model, input(0));
		run_to_block(2 + DEADLINE);
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Expired);
		System::assert_last_event(
			Event::InferenceExpired { job, owner: ALICE, refund: FEE }.into(),
		);
		assert_eq!(PendingCount::<Test>::get(), 0);
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 + PENALTY);
		assert_eq!(total(), before);
		let request = |seed| {
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input(seed), FEE, 1)
		};
		assert_noop!(request(1), Error::<Test>::TooFewWorkers);
	});
}

#[test]
fn a_job_is_assigned_a_bounded_number_of_times() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(join(BOB, 2));
		let job = request(ALICE, model, input(0));
		run_to_block(2 + DEADLINE);
		// The first one is back before the second one misses, too.
		endow(PAYOUT, PENALTY);
		let suspended = if Workers::<Test>::get(worker()).unwrap().status == WorkerStatus::Suspended
		{
			(PAYOUT, worker())
		} else {
			(BOB, other_id(2))
		};
		assert_ok!(FheMl::resume_worker(RuntimeOrigin::signed(suspended.0), suspended.1));
		run_to_block(3 + 2 * DEADLINE);
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Expired);
	});
}

#[test]
fn anybody_may_expire_a_job_but_not_before_its_deadline() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		System::set_block_number(1 + DEADLINE);
		let expire = || FheMl::expire(RuntimeOrigin::signed(BOB), job);
		let refused = |error: Error<Test>| Err(DispatchErrorWithPostInfo::from(error));
		assert_eq!(expire(), refused(Error::DeadlineNotPassed));
		System::set_block_number(2 + DEADLINE);
		assert_ok!(expire());
		assert_eq!(expire(), refused(Error::JobNotPending));
		let unknown = FheMl::expire(RuntimeOrigin::signed(BOB), 77);
		assert_eq!(unknown, refused(Error::UnknownJob));
	});
}

#[test]
fn deadlines_leave_time_for_the_work_before() {
	run(|| {
		let model = register_linear_model();
		let deadline = |seed| {
			let job = request(ALICE, model, input(seed));
			Jobs::<Test>::get(job).unwrap().deadline - System::block_number()
		};
		// 7, 14 and 21 units of work, ten a block.
		assert_eq!([0, 1, 2].map(deadline), [DEADLINE, DEADLINE + 1, DEADLINE + 2]);
	});
}

#[test]
fn a_sweep_takes_no_more_than_the_block_has_and_goes_on_in_the_next() {
	run(|| {
		let model = register_linear_model();
		for seed in 0..3 {
			request(ALICE, model, input(seed));
		}
		System::set_block_number(10 + DEADLINE);
		let pending = || PendingCount::<Test>::get();
		assert_eq!(FheMl::on_idle(10 + DEADLINE, Weight::zero()), Weight::zero());
		assert_eq!(pending(), 3);
		let expire = <Test as Config>::WeightInfo::expire(16);
		let empty_blocks = FheMl::on_idle(10 + DEADLINE, expire);
		assert!(empty_blocks.all_lte(expire));
		for _ in 0..100 {
			let room = expire.saturating_mul(2);
			let before = pending();
			assert!(FheMl::on_idle(10 + DEADLINE, room).all_lte(room));
			assert!(before - pending() <= 2);
		}
		assert_eq!(pending(), 0);
	});
}
