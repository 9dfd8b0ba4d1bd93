//! Failures can be wrong, too, and so can results that should have been failures.

use super::*;
use fhe_ml_primitives::{FailureReason, JobStatus};

const FAILED: Outcome = Outcome::Failed(FailureReason::InputDoesNotDecode);

#[test]
fn a_job_that_a_worker_has_given_up_wrongly_is_completed_by_the_court() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, FAILED);
		assert_eq!(held(HoldReason::InferenceFee, ALICE), FEE);
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		assert_eq!(stored(job), right());
		assert!(matches!(record(job).status, JobStatus::Completed { .. }));
		assert_eq!(worker_record(&worker()).bond, 0);
		assert_eq!(free(ALICE), RICH - DEPOSIT + COMPENSATION);
	});
}

#[test]
fn a_failure_that_is_none_of_the_owners_pays_nobody_when_it_is_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, Outcome::Failed(FailureReason::EvaluationCrashed));
		assert_eq!(held(HoldReason::InferenceFee, ALICE), FEE);
		go_to_block(1 + CHALLENGE_PERIOD);
		assert_eq!((free(PAYOUT), free(ALICE)), (EXISTENTIAL_DEPOSIT, RICH - DEPOSIT));
	});
}

#[test]
fn who_finds_out_that_an_input_is_broken_is_paid_and_need_not_fear_a_challenge() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let job = request(ALICE, model, broken_input("steps"));
		post(job, FAILED);
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		let status = JobStatus::Failed { reason: FailureReason::InputDoesNotDecode };
		assert_eq!((record(job).status, worker_record(&worker()).bond), (status, BOND));
		go_to_block(1 + CHALLENGE_PERIOD);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + CHALLENGE_BOND + FEE);
	});
}

#[test]
fn a_result_of_what_cannot_be_evaluated_becomes_a_failure() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let job = request(ALICE, model, broken_input("steps"));
		post(job, completed(&broken_input("steps"), RIGHT));
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		let status = JobStatus::Failed { reason: FailureReason::InputDoesNotDecode };
		assert_eq!((record(job).status, Results::<Test>::get(job)), (status, None));
		assert_eq!(worker_record(&worker()).bond, 0);
	});
}

#[test]
fn the_wrong_reason_is_a_lie_like_any_other() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let job = request(ALICE, model, broken_input("steps"));
		post(job, Outcome::Failed(FailureReason::EvaluationFailed));
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		let status = JobStatus::Failed { reason: FailureReason::InputDoesNotDecode };
		assert_eq!((record(job).status, worker_record(&worker()).bond), (status, 0));
	});
}
