use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{
	FailureReason, JobId, JobStatus, Outcome, WorkerId, WorkerPair, WorkerStatus, commitment,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::Inspect};
use sp_core::Pair;
use sp_runtime::transaction_validity::{InvalidTransaction, UnknownTransaction};

/// Operators of the workers 2, 3, ...
fn operator(seed: u8) -> AccountId {
	20 + AccountId::from(seed)
}

fn pair_of(worker: &WorkerId) -> WorkerPair {
	(1..10).map(other_pair).find(|pair| pair.public() == *worker).unwrap()
}

/// A job that `redundancy` of `workers` workers must agree on.
fn job_of(workers: u8, redundancy: u8) -> JobId {
	let model = register_linear_model();
	for seed in 2..=workers {
		endow(operator(seed), EXISTENTIAL_DEPOSIT + BOND);
		assert_ok!(join(operator(seed), seed));
	}
	request_of(ALICE, model, input(0), redundancy)
}

fn assignees(job: JobId) -> Vec<WorkerPair> {
	Jobs::<Test>::get(job).unwrap().assignees.iter().map(pair_of).collect()
}

fn commit(pair: &WorkerPair, job: JobId, outcome: &Outcome) {
	assert_ok!(apply(commitment_by(pair, job, outcome)).unwrap());
}

fn reveal(pair: &WorkerPair, job: JobId, outcome: &Outcome) {
	assert_ok!(apply(submission_by(pair, job, outcome.clone())).unwrap());
}

fn status(job: JobId) -> JobStatus {
	Jobs::<Test>::get(job).unwrap().status
}

fn right() -> Outcome {
	completed(&input(0), 5)
}

fn wrong() -> Outcome {
	completed(&input(0), 6)
}

fn bond_of(pair: &WorkerPair) -> u64 {
	Workers::<Test>::get(pair.public()).unwrap().bond
}

#[test]
fn equal_results_are_posted_once_and_all_workers_are_paid() {
	run(|| {
		let job = job_of(3, 3);
		let pairs = assignees(job);
		for pair in &pairs {
			commit(pair, job, &right());
		}
		assert_eq!(status(job), JobStatus::Pending);
		reveal(&pairs[1], job, &right());
		let result = hash(&result(&input(0), 5));
		assert_eq!(status(job), JobStatus::Completed { result });
		for pair in &pairs {
			let worker = Workers::<Test>::get(pair.public()).unwrap();
			assert_eq!((worker.completed, worker.open_jobs, worker.bond), (1, 0, BOND));
			let paid = Balances::free_balance(worker.operator) - EXISTENTIAL_DEPOSIT;
			assert!((fee(3) / 3..=fee(3) / 3 + 2).contains(&paid), "{paid}");
		}
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 - fee(3) - deposit());
		assert!(!Ballots::<Test>::contains_key(job));
	});
}

fn deposit() -> u64 {
	(INPUT_BYTES + RESULT_BYTES).into()
}

#[test]
fn nobody_shows_a_result_before_all_have_committed_or_another_than_its_own() {
	run(|| {
		let job = job_of(2, 2);
		let pairs = assignees(job);
		let early = submission_by(&pairs[0], job, right());
		assert_eq!(validate(early.clone()), Err(UnknownTransaction::CannotLookup.into()));
		commit(&pairs[0], job, &right());
		assert_eq!(validate(early), Err(UnknownTransaction::CannotLookup.into()));
		let again = commitment_by(&pairs[0], job, &wrong());
		assert_eq!(validate(again), Err(InvalidTransaction::Stale.into()));
		commit(&pairs[1], job, &wrong());
		let changed = submission_by(&pairs[1], job, right());
		assert_eq!(validate(changed), Err(InvalidTransaction::Custom(3).into()));
	});
}

#[test]
fn a_copied_commitment_is_worth_nothing() {
	run(|| {
		let job = job_of(2, 2);
		let pairs = assignees(job);
		commit(&pairs[0], job, &right());
		let copied = Ballots::<Test>::get(job).commitments[0].1;
		assert_ok!(FheMl::do_commit_result(pairs[1].public(), job, copied));
		reveal(&pairs[0], job, &right());
		draw_now();
		assert_eq!(status(job), JobStatus::Failed { reason: FailureReason::NoAgreement });
	});
}

/// Two workers of `workers` differ; returns the honest one and the liar.
fn disputed(workers: u8) -> (JobId, WorkerPair, WorkerPair) {
	let job = job_of(workers, 2);
	let [honest, liar] = <[WorkerPair; 2]>::try_from(assignees(job)).ok().unwrap();
	commit(&honest, job, &right());
	commit(&liar, job, &wrong());
	// The liar is even the first to show its result.
	reveal(&liar, job, &wrong());
	(job, honest, liar)
}

fn assert_nobody_paid(pairs: &[WorkerPair]) {
	for pair in pairs {
		let worker = Workers::<Test>::get(pair.public()).unwrap();
		assert_eq!((worker.bond, worker.status), (BOND, WorkerStatus::Active));
	}
}

#[test]
fn a_jury_of_five_slashes_a_liar_and_the_user_gets_the_right_result() {
	run(|| {
		let (job, honest, liar) = disputed(6);
		System::assert_last_event(Event::InferenceDisputed { job, jurors: 3 }.into());
		// Nobody knows the jurors yet, and nothing is shown to them.
		assert_eq!(assignees(job).len(), 2);
		let early = submission_by(&honest, job, right());
		assert_eq!(validate(early), Err(UnknownTransaction::CannotLookup.into()));
		draw_now();
		let all = assignees(job);
		assert_eq!(all.len(), 5);
		System::assert_last_event(
			Event::InferenceAssigned {
				job,
				assignees: Jobs::<Test>::get(job).unwrap().assignees,
				deadline: 1 + DEADLINE,
			}
			.into(),
		);
		// The new ones have to commit without having seen the honest result.
		let early = submission_by(&honest, job, right());
		assert_eq!(validate(early), Err(UnknownTransaction::CannotLookup.into()));
		for pair in &all[2..] {
			commit(pair, job, &right());
		}
		reveal(&honest, job, &right());

		let stored = Results::<Test>::get(job).unwrap().into_inner();
		assert_eq!(stored, result(&input(0), 5));
		let record = Workers::<Test>::get(liar.public()).unwrap();
		assert_eq!((record.status, record.slashed), (WorkerStatus::Suspended, 1));
		assert_eq!((record.bond, record.open_jobs, record.completed), (BOND - LIE_PENALTY, 0, 0));
		System::assert_has_event(
			Event::WorkerSlashed { worker: liar.public(), job, penalty: LIE_PENALTY }.into(),
		);
		for pair in all.iter().filter(|pair| pair.public() != liar.public()) {
			assert_eq!(bond_of(pair), BOND);
			// More were asked than the fee was for: the liar pays the rest.
			let operator = Workers::<Test>::get(pair.public()).unwrap().operator;
			let paid = Balances::free_balance(operator) - EXISTENTIAL_DEPOSIT;
			assert!(paid.abs_diff(fee(2) / 2) <= 1, "{paid} instead of {}", fee(2) / 2);
		}
		assert!(Balances::free_balance(SLASHED) < LIE_PENALTY);
		assert_eq!(RevealedOutcomes::<Test>::iter().count(), 0);
	});
}

/// Attack 4: an honest worker and a liar differ, and one of those that are asked then is the liar's second.
#[test]
fn two_liars_do_not_get_an_honest_worker_slashed() {
	run(|| {
		let (job, honest, liar) = disputed(6);
		draw_now();
		let all = assignees(job);
		// Three to two is no lead of two, and there are no two more to ask.
		commit(&all[2], job, &wrong());
		commit(&all[3], job, &right());
		commit(&all[4], job, &right());
		assert_eq!(status(job), JobStatus::Pending);
		draw_now();
		assert_eq!(status(job), JobStatus::Failed { reason: FailureReason::NoAgreement });
		assert_nobody_paid(&all);
		assert_nobody_paid(&[honest, liar]);
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 - deposit());
	});
}

#[test]
fn even_four_liars_of_five_who_say_different_things_do_not() {
	run(|| {
		let (job, honest, _) = disputed(6);
		draw_now();
		let all = assignees(job);
		for (pair, lie) in all[2..].iter().zip(7..) {
			commit(pair, job, &completed(&input(0), lie));
		}
		reveal(&honest, job, &right());
		draw_now();
		assert_eq!(status(job), JobStatus::Failed { reason: FailureReason::NoAgreement });
		assert_nobody_paid(&all);
	});
}

#[test]
fn a_split_of_failed_and_completed_goes_to_the_jury_like_any_other() {
	run(|| {
		let job = job_of(6, 2);
		let first = assignees(job);
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		commit(&first[0], job, &right());
		commit(&first[1], job, &failed);
		reveal(&first[1], job, &failed);
		draw_now();
		let all = assignees(job);
		assert_eq!(all.len(), 5);
		for pair in &all[2..] {
			commit(pair, job, &right());
		}
		reveal(&first[0], job, &right());
		assert!(matches!(status(job), JobStatus::Completed { .. }));
		assert_eq!(bond_of(&first[1]), BOND - LIE_PENALTY);
	});
}

#[test]
fn a_liar_cannot_know_its_jurors_before_it_has_committed() {
	run(|| {
		let (job, ..) = disputed(6);
		let jurors = || {
			draw_now();
			assignees(job)[2..].iter().map(WorkerPair::public).collect::<Vec<_>>()
		};
		// Not in the block that shows that they differ, whose author chose what is in it.
		FheMl::prepare_draws(1);
		FheMl::seat_jobs(1);
		assert_eq!(assignees(job).len(), 2);
		let mut seen = std::collections::BTreeSet::new();
		for number in 0..50 {
			sp_io::storage::start_transaction();
			set_randomness(number);
			seen.insert(jurors());
			sp_io::storage::rollback_transaction();
		}
		assert!(seen.len() > 12, "of 24 orders only {}", seen.len());
	});
}

#[test]
fn a_jury_that_nobody_has_room_for_is_given_up_at_the_deadline() {
	run(|| {
		let (job, honest, liar) = disputed(6);
		let busy = |jobs, work| {
			for (id, mut worker) in Workers::<Test>::iter().collect::<Vec<_>>() {
				if ![honest.public(), liar.public()].contains(&id) {
					(worker.open_jobs, worker.open_work) = (jobs, work);
					Workers::<Test>::insert(id, worker);
				}
			}
		};
		busy(1, MAX_WORKER_WORK);
		run_to_block(1 + DEADLINE);
		assert_eq!(status(job), JobStatus::Pending);
		run_to_block(2 + DEADLINE);
		assert_eq!(status(job), JobStatus::Failed { reason: FailureReason::NoAgreement });
		busy(0, 0);
		assert_nobody_paid(&[honest, liar]);
	});
}

#[test]
fn without_a_jury_nobody_is_slashed_and_the_user_refunded() {
	for workers in [2, 3, 4] {
		run(|| {
			let (job, honest, liar) = disputed(workers);
			draw_now();
			assert_eq!(status(job), JobStatus::Failed { reason: FailureReason::NoAgreement });
			assert_nobody_paid(&[honest, liar]);
			assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
			assert_eq!(Balances::free_balance(ALICE), 10_000_000);
		});
	}
}

#[test]
fn a_worker_that_does_not_commit_is_replaced_and_the_others_keep_their_place() {
	run(|| {
		let job = job_of(3, 2);
		let pairs = assignees(job);
		commit(&pairs[0], job, &right());
		let deadline = Jobs::<Test>::get(job).unwrap().deadline;
		run_to_block(deadline + 1);
		let now = assignees(job);
		assert_eq!(now.len(), 2);
		assert_eq!(now[0].public(), pairs[0].public());
		assert_ne!(now[1].public(), pairs[1].public());
		assert_eq!(bond_of(&pairs[1]), BOND - fee(2));
		assert_eq!(Workers::<Test>::get(pairs[1].public()).unwrap().missed, 1);
		commit(&now[1], job, &right());
		reveal(&now[1], job, &right());
		assert!(matches!(status(job), JobStatus::Completed { .. }));
	});
}

#[test]
fn workers_that_commit_and_never_reveal_miss_the_deadline() {
	run(|| {
		let job = job_of(2, 2);
		let pairs = assignees(job);
		for pair in &pairs {
			commit(pair, job, &right());
		}
		let deadline = Jobs::<Test>::get(job).unwrap().deadline;
		run_to_block(deadline + 1);
		assert_eq!(status(job), JobStatus::Expired);
		for pair in &pairs {
			assert_eq!(bond_of(pair), BOND - fee(2));
		}
		assert_eq!(Balances::total_balance(&ALICE), 10_000_000);
	});
}

#[test]
fn workers_agree_that_an_input_is_broken() {
	run(|| {
		let job = job_of(2, 2);
		let pairs = assignees(job);
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		for pair in &pairs {
			commit(pair, job, &failed);
		}
		reveal(&pairs[0], job, &failed);
		let reason = FailureReason::InputDoesNotDecode;
		assert_eq!(status(job), JobStatus::Failed { reason });
		// Whoever sends a broken input pays for the attempt.
		assert_eq!(Balances::free_balance(ALICE), 10_000_000 - fee(2) - deposit());
	});
}

#[test]
fn a_worker_that_declines_is_replaced_before_it_commits_and_not_after() {
	run(|| {
		let job = job_of(3, 2);
		let pairs = assignees(job);
		assert_ok!(apply(refusal_by(&pairs[0], job)).unwrap());
		let now = assignees(job);
		assert!(now.len() == 2 && now.iter().all(|pair| pair.public() != pairs[0].public()));
		commit(&now[0], job, &right());
		let late = refusal_by(&now[0], job);
		assert_eq!(validate(late), Err(InvalidTransaction::Stale.into()));
		assert_eq!(bond_of(&pairs[0]), BOND);
		commit(&now[1], job, &right());
		reveal(&now[1], job, &right());
		assert!(matches!(status(job), JobStatus::Completed { .. }));
	});
}

#[test]
fn a_request_needs_as_many_workers_as_must_agree() {
	run(|| {
		let model = register_linear_model();
		let request = FheMl::request_inference(
			RuntimeOrigin::signed(ALICE),
			model,
			None,
			input(0),
			fee(2),
			2,
		);
		assert_noop!(request.map(|_| ()), Error::<Test>::TooFewWorkers);
	});
}

#[test]
fn one_worker_alone_does_not_commit() {
	run(|| {
		let job = job_of(1, 1);
		let early = commitment_by(&worker_pair(), job, &right());
		assert_eq!(validate(early), Err(InvalidTransaction::Custom(1).into()));
		let made = commitment(&worker(), job, &right().hash());
		let refused = FheMl::do_commit_result(worker(), job, made);
		assert_noop!(refused, Error::<Test>::CommitmentNotExpected);
	});
}
