use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{Limits, WorkerStatus};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_core::Pair;
use sp_runtime::{DispatchError, TokenError};

fn bond(account: AccountId) -> u64 {
	Balances::balance_on_hold(&HoldReason::WorkerBond.into(), &account)
}

#[test]
fn whoever_holds_a_key_joins_with_a_bond() {
	run(|| {
		assert_ok!(join(BOB, 2));
		let worker = other_id(2);
		System::assert_last_event(
			Event::WorkerJoined { worker: worker.clone(), operator: BOB, bond: BOND }.into(),
		);
		assert_eq!(bond(BOB), BOND);
		assert!(ActiveWorkers::<Test>::get().contains(&worker));
		assert_noop!(join(BOB, 2), Error::<Test>::WorkerAlreadyJoined);
		let limits = Limits { workers: 2, min_redundancy: 1, max_redundancy: 2 };
		assert_ok!(FheMl::set_limits(RuntimeOrigin::root(), limits));
		assert_noop!(join(BOB, 3), Error::<Test>::TooManyWorkers);
	});
}

#[test]
fn nobody_joins_with_the_key_of_another_or_without_money() {
	run(|| {
		let pair = other_pair(2);
		let join = |operator, proof| {
			FheMl::join_workers(RuntimeOrigin::signed(operator), pair.public(), proof)
		};
		// A proof for BOB is none for ALICE, and another key's is none at all.
		assert_noop!(join(ALICE, proof(&pair, BOB)), Error::<Test>::BadWorkerProof);
		assert_noop!(join(BOB, proof(&other_pair(3), BOB)), Error::<Test>::BadWorkerProof);
		let poor = 77;
		assert_noop!(join(poor, proof(&pair, poor)), TokenError::FundsUnavailable);
	});
}

#[test]
fn a_worker_that_leaves_finishes_its_jobs_and_gets_its_bond_after_the_delay() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let leave = |who| FheMl::leave_workers(RuntimeOrigin::signed(who), worker());
		assert_noop!(leave(BOB), Error::<Test>::NotWorkerOperator);
		assert_ok!(leave(PAYOUT));
		let free_at = 1 + UNBONDING;
		System::assert_last_event(Event::WorkerLeaves { worker: worker(), free_at }.into());
		assert_noop!(leave(PAYOUT), Error::<Test>::WorkerLeavesAlready);
		let again =
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input(1), FEE, 1);
		assert_noop!(again.map(|_| ()), Error::<Test>::TooFewWorkers);

		let withdraw = || FheMl::withdraw_bond(RuntimeOrigin::signed(PAYOUT), worker());
		System::set_block_number(free_at);
		assert_noop!(withdraw(), Error::<Test>::BondNotFree);
		System::set_block_number(1 + DEADLINE);
		assert_ok!(apply(submission(job, completed(&input(0), 5))).unwrap());
		assert_noop!(withdraw(), Error::<Test>::BondNotFree);
		System::set_block_number(free_at);
		assert_ok!(withdraw());
		assert_eq!(bond(PAYOUT), 0);
		assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT + BOND + FEE);
		assert_noop!(withdraw(), Error::<Test>::UnknownWorker);
	});
}

#[test]
fn a_bond_is_not_free_before_its_worker_leaves() {
	run(|| {
		let withdraw = FheMl::withdraw_bond(RuntimeOrigin::signed(PAYOUT), worker());
		assert_noop!(withdraw.map(|_| ()), Error::<Test>::WorkerNotLeaving);
	});
}

#[test]
fn an_admin_removes_a_worker() {
	run(|| {
		let remove = |origin| FheMl::remove_worker(origin, worker());
		assert_noop!(remove(RuntimeOrigin::signed(PAYOUT)), DispatchError::BadOrigin);
		assert_ok!(remove(RuntimeOrigin::root()));
		assert!(ActiveWorkers::<Test>::get().is_empty());
		assert_eq!(bond(PAYOUT), BOND);
	});
}

#[test]
fn a_suspended_worker_resumes_with_a_full_bond() {
	run(|| {
		let model = register_linear_model();
		request(ALICE, model, input(0));
		run_to_block(2 + DEADLINE);
		assert_eq!(bond(PAYOUT), BOND - FEE);
		let resume = |who| FheMl::resume_worker(RuntimeOrigin::signed(who), worker());
		assert_noop!(resume(BOB), Error::<Test>::NotWorkerOperator);
		assert_noop!(resume(PAYOUT), TokenError::FundsUnavailable);
		endow(PAYOUT, FEE);
		assert_ok!(resume(PAYOUT));
		assert_eq!(bond(PAYOUT), BOND);
		assert_eq!(Workers::<Test>::get(worker()).unwrap().status, WorkerStatus::Active);
		assert_noop!(resume(PAYOUT), Error::<Test>::WorkerNotSuspended);
		request(ALICE, model, input(1));
	});
}

#[test]
fn without_workers_there_are_no_jobs() {
	run(|| {
		let model = register_linear_model();
		assert_ok!(FheMl::remove_worker(RuntimeOrigin::root(), worker()));
		let request =
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input(0), FEE, 1);
		assert_noop!(request.map(|_| ()), Error::<Test>::TooFewWorkers);
	});
}

#[test]
fn an_admin_sets_limits_within_the_constants() {
	run(|| {
		let set = |origin, workers, min_redundancy, max_redundancy| {
			FheMl::set_limits(origin, Limits { workers, min_redundancy, max_redundancy })
		};
		assert_noop!(set(RuntimeOrigin::signed(ALICE), 2, 1, 1), DispatchError::BadOrigin);
		for (workers, min, max) in [(0, 1, 1), (7, 1, 1), (2, 0, 1), (2, 2, 1), (2, 1, 5)] {
			let refused = set(RuntimeOrigin::root(), workers, min, max);
			assert_noop!(refused.map(|_| ()), Error::<Test>::ImpossibleLimits);
		}
		assert_ok!(set(RuntimeOrigin::root(), 2, 2, 3));
		let model = register_linear_model();
		assert!(FheMl::quote(model, 1).is_none() && FheMl::quote(model, 4).is_none());
		assert_eq!(FheMl::quote(model, 2).unwrap().fee, fee(2));
		for redundancy in [0, 1, 4] {
			let request = FheMl::request_inference(
				RuntimeOrigin::signed(ALICE),
				model,
				None,
				input(0),
				fee(4),
				redundancy,
			);
			assert_noop!(request.map(|_| ()), Error::<Test>::RedundancyOutOfBounds);
		}
	});
}
