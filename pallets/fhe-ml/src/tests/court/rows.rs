//! Jobs of several rows, four of which share a mask: nine rows are three parts, and the last is one row and a step less.

use super::*;
use fhe_ml_primitives::{
	FailureReason, JobStatus, ResultBytes, TrialScope,
	format::{InputPrefix, input_bytes},
};
use frame_support::assert_noop;

const ROWS: u32 = 9;
const FAILED: Outcome = Outcome::Failed(FailureReason::InputDoesNotDecode);

fn model() -> Vec<u8> {
	named_artifact(CircuitKind::Linear, "steps", true)
}

fn rows_input() -> Vec<u8> {
	rows_for(&model(), [0; 32], 0, ROWS)
}

/// The last row, which is the only one of the last part, does not decode.
fn with_a_broken_row() -> Vec<u8> {
	let mut input = rows_input();
	assert_eq!(input.len(), input_bytes(INPUT_BYTES, ROWS) as usize);
	*input.last_mut().unwrap() = BROKEN;
	input
}

fn rows_job(input: Vec<u8>) -> JobId {
	let model = register(model());
	let job = NextJob::<Test>::get();
	let alice = RuntimeOrigin::signed(ALICE);
	assert_ok!(FheMl::request_inference(alice, model, None, input, 1_000_000, 1));
	draw_now();
	job
}

/// The result whose second part begins with a wrong byte.
fn wrong_in_the_second_part() -> Outcome {
	let mut bytes = result(&rows_input(), RIGHT);
	// A prefix, and a part of a mask of five bytes and four rows of two.
	bytes[24 + 13] = 6;
	Outcome::Completed(ResultBytes::try_from(bytes).unwrap())
}

#[test]
fn only_the_part_that_is_named_is_tried_and_put_right() {
	in_court(|| {
		let job = rows_job(rows_input());
		post(job, wrong_in_the_second_part());
		let none = FheMl::challenge(RuntimeOrigin::signed(CAROL), job, 3);
		assert_noop!(none, Error::<Test>::UnknownPart);
		for (part, most) in [(0, 3), (2, 2)] {
			challenge(CAROL, job, part);
			steps(CAROL, job, most);
			assert_eq!(stored(job), wrong_in_the_second_part());
		}
		assert_eq!(free(CAROL), 100_000 - 2 * CHALLENGE_BOND);
		challenge(CAROL, job, 1);
		let trial = Trials::<Test>::get(job).unwrap();
		assert_eq!((trial.scope, trial.part, trial.bond), (TrialScope::Part(1), 1, PART_BOND));
		steps(CAROL, job, 3);
		assert_eq!(stored(job), completed(&rows_input(), RIGHT));
		assert_eq!(worker_record(&worker()).bond, 0);
	});
}

#[test]
fn a_failure_is_right_if_any_row_is_broken_whatever_part_is_named() {
	in_court(|| {
		let job = rows_job(with_a_broken_row());
		assert_eq!(InputPrefix::read(&with_a_broken_row()).unwrap().rows, ROWS);
		post(job, FAILED);
		challenge(CAROL, job, 0);
		assert_eq!(held(HoldReason::Challenge, CAROL), CHALLENGE_BOND + 8 * STEP_REWARD);
		steps(CAROL, job, 7);
		assert!(!CourtParts::<Test>::get(job).is_empty());
		steps(CAROL, job, 1);
		let status = JobStatus::Failed { reason: FailureReason::InputDoesNotDecode };
		assert_eq!((record(job).status, worker_record(&worker()).bond), (status, BOND));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + CHALLENGE_BOND);
	});
}

#[test]
fn all_rows_of_a_job_that_was_given_up_wrongly_are_evaluated() {
	in_court(|| {
		let job = rows_job(rows_input());
		post(job, FAILED);
		challenge(CAROL, job, 2);
		steps(CAROL, job, 8);
		assert_eq!(stored(job), completed(&rows_input(), RIGHT));
		assert_eq!(worker_record(&worker()).bond, 0);
	});
}

#[test]
fn one_broken_row_makes_a_result_of_all_a_lie() {
	in_court(|| {
		let job = rows_job(with_a_broken_row());
		post(job, completed(&with_a_broken_row(), RIGHT));
		challenge(CAROL, job, 2);
		steps(CAROL, job, 2);
		let status = JobStatus::Failed { reason: FailureReason::InputDoesNotDecode };
		assert_eq!((record(job).status, Results::<Test>::get(job)), (status, None));
	});
}
