use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{FailureReason, JobStatus, Outcome, Statement, WorkerPair};
use frame_support::assert_ok;
use sp_core::Pair;
use sp_runtime::{
	DispatchError,
	transaction_validity::{InvalidTransaction, TransactionValidityError, UnknownTransaction},
};

fn invalid(reason: InvalidTransaction) -> TransactionValidityError {
	TransactionValidityError::Invalid(reason)
}

#[test]
fn a_result_is_stored_and_its_worker_paid() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		assert_ok!(apply(submission(job, completed(&input(0), 5))).unwrap());
		let bytes = result(&input(0), 5);
		assert_eq!(Results::<Test>::get(job).unwrap().into_inner(), bytes);
		assert_eq!(
			Jobs::<Test>::get(job).unwrap().status,
			JobStatus::Completed { result: hash(&bytes) }
		);
		System::assert_last_event(
			Event::InferenceCompleted {
				job,
				owner: ALICE,
				workers: vec![worker()].try_into().unwrap(),
				result: hash(&bytes),
				fee: FEE,
			}
			.into(),
		);
		assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		assert_eq!(FheMl::assigned_jobs(vec![worker()], 10), vec![]);
	});
}

#[test]
fn a_job_that_fails_without_its_owners_doing_says_why_and_returns_the_fee() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let reason = FailureReason::ModelDoesNotDecode;
		assert_ok!(apply(submission(job, Outcome::Failed(reason))).unwrap());
		assert_eq!(Jobs::<Test>::get(job).unwrap().status, JobStatus::Failed { reason });
		System::assert_last_event(
			Event::InferenceFailed {
				job,
				owner: ALICE,
				workers: vec![worker()].try_into().unwrap(),
				reason,
			}
			.into(),
		);
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		assert_eq!(Balances::free_balance(ALICE), 10_000_000);
		assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn who_sends_a_broken_input_or_key_pays_for_the_attempt() {
	for reason in [FailureReason::InputDoesNotDecode, FailureReason::ServerKeyDoesNotDecode] {
		run(|| {
			let model = register_linear_model();
			let job = request(ALICE, model, input(0));
			assert_ok!(apply(submission(job, Outcome::Failed(reason))).unwrap());
			assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
			assert_eq!(Balances::free_balance(ALICE), 10_000_000 - FEE);
			assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		});
	}
}

#[test]
fn a_second_result_is_stale_and_changes_nothing() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let again = submission(job, completed(&input(0), 6));
		assert_ok!(apply(submission(job, completed(&input(0), 5))).unwrap());
		assert_eq!(apply(again), Err(invalid(InvalidTransaction::Stale)));
		assert_eq!(Results::<Test>::get(job).unwrap().into_inner(), result(&input(0), 5));
		assert_eq!(Balances::free_balance(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
	});
}

#[test]
fn the_pool_takes_one_result_per_job_and_worker_and_spreads_it() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let validity = validate(submission(job, completed(&input(0), 5))).unwrap();
		let other = validate(submission(job, completed(&input(0), 6))).unwrap();
		assert_eq!(validity.provides, other.provides);
		assert_eq!(validity.provides.len(), 1);
		assert!(validity.propagate);
		assert_eq!(validity.longevity, DEADLINE);
	});
}

#[test]
fn forged_and_foreign_results_take_no_place_in_the_pool() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let outcome = completed(&input(0), 5);
		let stranger = WorkerPair::from_seed(&[2; 32]);

		let said = Statement::Outcome(outcome.hash());
		let forged = sign(&stranger, job, said);
		let forged = FheMl::submission(worker(), job, outcome.hash(), outcome.clone(), forged);
		assert_eq!(validate(forged), Err(invalid(InvalidTransaction::BadProof)));

		let foreign = submission_by(&stranger, job, outcome.clone());
		// A block that this node has not seen may have assigned the job anew.
		assert_eq!(validate(foreign), Err(UnknownTransaction::CannotLookup.into()));

		let another = completed(&input(0), 6).hash();
		let of_another = sign(&worker_pair(), job, Statement::Outcome(another));
		for hash in [another, outcome.hash()] {
			let replaced =
				FheMl::submission(worker(), job, hash, outcome.clone(), of_another.clone());
			assert_eq!(validate(replaced), Err(invalid(InvalidTransaction::BadProof)));
		}

		let another_input = submission(job, completed(&input(1), 5));
		assert_eq!(validate(another_input), Err(invalid(InvalidTransaction::Custom(2))));

		let short = Outcome::Completed(vec![1, 2, 3].try_into().unwrap());
		let short = submission(job, short);
		assert_eq!(validate(short), Err(invalid(InvalidTransaction::Custom(1))));
	});
}

#[test]
fn a_signature_for_one_job_does_not_serve_another() {
	run(|| {
		let model = register_linear_model();
		let first = request(ALICE, model, input(0));
		let second = request(ALICE, model, input(0));
		let outcome = completed(&input(0), 5);
		let signature = sign(&worker_pair(), first, Statement::Outcome(outcome.hash()));
		let hash = outcome.hash();
		let replayed = FheMl::submission(worker(), second, hash, outcome, signature);
		assert_eq!(validate(replayed), Err(invalid(InvalidTransaction::BadProof)));
	});
}

#[test]
fn results_after_the_deadline_are_stale() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let late = submission(job, completed(&input(0), 5));
		System::set_block_number(2 + DEADLINE);
		assert_eq!(validate(late), Err(invalid(InvalidTransaction::Stale)));
	});
}

#[test]
fn nobody_submits_without_authorization() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let outcome = completed(&input(0), 5);
		let signature = sign(&worker_pair(), job, Statement::Outcome(outcome.hash()));
		for origin in [RuntimeOrigin::signed(ALICE), RuntimeOrigin::none(), RuntimeOrigin::root()] {
			let (hash, outcome) = (outcome.hash(), outcome.clone());
			let submitted =
				FheMl::submit_result(origin, worker(), job, hash, signature.clone(), outcome);
			assert_eq!(submitted.unwrap_err().error, DispatchError::BadOrigin);
		}
	});
}

#[test]
fn only_what_may_become_valid_is_unknown_and_only_if_its_worker_signed_it() {
	run(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		let (outcome, stranger) = (completed(&input(0), 5), other_pair(2));
		let of_job = |pair: &WorkerPair, signature, job| {
			let outcome = outcome.clone();
			FheMl::submission(pair.public(), job, outcome.hash(), outcome, signature)
		};
		let signature = |pair| sign(pair, job, Statement::Outcome(outcome.hash()));
		// A job that this node has not seen may come, but not for a worker that there is not.
		let pair = worker_pair();
		let next = of_job(&pair, signature(&pair), job + 1);
		assert_eq!(validate(next), Err(UnknownTransaction::CannotLookup.into()));
		let by_stranger = of_job(&stranger, signature(&stranger), job + 1);
		assert_eq!(validate(by_stranger), Err(invalid(InvalidTransaction::Stale)));
		let far = of_job(&pair, signature(&pair), job + 1_000_000);
		assert_eq!(validate(far), Err(invalid(InvalidTransaction::Stale)));
		// Not assigned, and not even signed by the one that it names.
		let forged = of_job(&stranger, signature(&pair), job);
		assert_eq!(validate(forged), Err(invalid(InvalidTransaction::BadProof)));
	});
}
