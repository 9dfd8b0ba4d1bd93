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
		assert_eq!((silent.bond, silent.open_jobs, silent.open_work), (BOND - FEE, 0, 0));
		System::assert_has_event(
			Event::WorkerSuspended { worker: first.clone(), job, penalty: FEE }.into(),
		);
		// Whoever overloads a worker gains nothing by it.
		assert_eq!(Balances::total_balance(&ALICE), 10_000_000);
		assert_eq!(Balances::free_balance(SLASHED), FEE);
		if let Some(late) = late {
			assert_eq!(validate(late), Err(UnknownTransaction::CannotLookup.into()));
		}
		assert_ok!(FheMl::do_submit_result(
			record.assignees[0].clone(),
			job,
			completed(&input(0), 5).hash(),
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
		assert_eq!(Balances::free_balance(ALICE), 10_000_000);
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
		endow(PAYOUT, FEE);
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
fn a_worker_is_punished_once_however_many_of_its_jobs_expire() {
	run(|| {
		let model = register_linear_model();
		for seed in 0..20 {
			request(ALICE, model, input(seed));
		}
		run_to_block(10 + 2 * DEADLINE);
		let record = Workers::<Test>::get(worker()).unwrap();
		assert_eq!((record.missed, record.open_jobs), (20, 0));
		assert_eq!(record.bond, BOND - FEE);
		assert_eq!(Balances::total_balance(&ALICE), 10_000_000);
	});
}

#[test]
fn a_resumed_worker_is_not_punished_for_jobs_of_the_time_before() {
	run(|| {
		let model = register_linear_model();
		let first = request(ALICE, model, input(0));
		System::set_block_number(5);
		let second = request(ALICE, model, input(1));
		System::set_block_number(2 + DEADLINE);
		assert_ok!(FheMl::expire(RuntimeOrigin::signed(BOB), first));
		endow(PAYOUT, FEE);
		assert_ok!(FheMl::resume_worker(RuntimeOrigin::signed(PAYOUT), worker()));
		System::set_block_number(20 + DEADLINE);
		assert_ok!(FheMl::expire(RuntimeOrigin::signed(BOB), second));
		let record = Workers::<Test>::get(worker()).unwrap();
		assert_eq!((record.bond, record.status), (BOND, WorkerStatus::Active));
		// Of the time after, it is.
		request(ALICE, model, input(2));
		run_to_block(30 + 2 * DEADLINE);
		let record = Workers::<Test>::get(worker()).unwrap();
		assert_eq!((record.bond, record.status), (BOND - FEE, WorkerStatus::Suspended));
	});
}

#[test]
fn a_job_that_gets_no_workers_expires() {
	run(|| {
		let model = register_linear_model();
		let job = waiting_request(ALICE, model, input(0), 1);
		assert_ok!(FheMl::remove_worker(RuntimeOrigin::root(), worker()));
		run_to_block(1 + DEADLINE);
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Pending);
		assert_eq!(Waiting::<Test>::get().into_inner(), [job]);
		run_to_block(2 + DEADLINE);
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Expired);
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		assert_eq!(Balances::free_balance(ALICE), 10_000_000);
	});
}

#[test]
fn a_worker_with_another_engine_declines_and_pays_nothing() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(join(BOB, 2));
		let job = request(ALICE, model, input(0));
		let first = Jobs::<Test>::get(job).unwrap().assignees[0].clone();
		let pair = if first == worker() { worker_pair() } else { other_pair(2) };
		assert_ok!(apply(refusal_by(&pair, job)).unwrap());
		let record = Jobs::<Test>::get(job).unwrap();
		assert_eq!(record.assignees.len(), 1);
		assert_ne!(record.assignees[0], first);
		let declined = Workers::<Test>::get(&first).unwrap();
		assert_eq!((declined.status, declined.bond), (WorkerStatus::Suspended, BOND));
		// Nobody is left to replace the other one.
		let other = if first == worker() { other_pair(2) } else { worker_pair() };
		assert_ok!(apply(refusal_by(&other, job)).unwrap());
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Expired);
		assert_eq!(Balances::total_balance(&ALICE), 10_000_000);
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
		// 8, 16 and 24 units of work, ten a block.
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
