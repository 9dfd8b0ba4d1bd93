use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{WorkerId, WorkerPair};
use frame_support::{assert_noop, assert_ok};
use sp_core::Pair;
use sp_runtime::{DispatchError, transaction_validity::InvalidTransaction};

fn other_worker(seed: u8) -> WorkerId {
	WorkerPair::from_seed(&[seed; 32]).public()
}

#[test]
fn only_an_admin_adds_and_removes_workers() {
	run(|| {
		let add = |origin, seed| FheMl::add_worker(origin, other_worker(seed), BOB);
		assert_noop!(add(RuntimeOrigin::signed(ALICE), 2), DispatchError::BadOrigin);
		assert_ok!(add(RuntimeOrigin::root(), 2));
		System::assert_last_event(
			Event::WorkerAdded { worker: other_worker(2), payout: BOB }.into(),
		);
		assert_noop!(add(RuntimeOrigin::root(), 2), Error::<Test>::WorkerAlreadyAdded);
		assert_noop!(add(RuntimeOrigin::root(), 3), Error::<Test>::TooManyWorkers);

		let remove = |origin| FheMl::remove_worker(origin, other_worker(2));
		assert_noop!(remove(RuntimeOrigin::signed(ALICE)), DispatchError::BadOrigin);
		assert_ok!(remove(RuntimeOrigin::root()));
		assert_noop!(remove(RuntimeOrigin::root()), Error::<Test>::UnknownWorker);
	});
}

#[test]
fn without_workers_there_are_no_jobs() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(FheMl::remove_worker(RuntimeOrigin::root(), worker()));
		assert_noop!(
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input(0), FEE),
			Error::<Test>::NoWorkers
		);
	});
}

#[test]
fn a_removed_worker_is_not_heard() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let late = submission(job, completed(&input(0), 5));
		assert_ok!(FheMl::remove_worker(RuntimeOrigin::root(), worker()));
		assert_eq!(validate(late), Err(InvalidTransaction::BadSigner.into()));
	});
}

#[test]
fn jobs_are_spread_over_the_workers() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(FheMl::add_worker(RuntimeOrigin::root(), other_worker(2), BOB));
		let mut first = 0;
		for seed in 0..100 {
			let job = request(ALICE, model, input(seed));
			let record = Jobs::<Test>::get(job).unwrap();
			first += usize::from(record.assignees[0] == worker());
			System::set_block_number(System::block_number() + DEADLINE + 1);
			assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		}
		assert!((30..70).contains(&first), "{first} of 100 jobs for the first of two workers");
	});
}
