//! Workers that differ: the court decides, not the majority.

use super::*;
use crate::weights::WeightInfo;
use fhe_ml_primitives::{FailureReason, JobStatus, Step, WorkerStatus};
use frame_support::{BoundedVec, assert_noop, traits::Get};
use sp_runtime::transaction_validity::UnknownTransaction;

/// Of `workers` workers, those that are drawn say these things; the last one shows its first.
fn split(workers: u8, said: &[Outcome]) -> (JobId, Vec<WorkerPair>) {
	join_all(workers);
	let job = job_named("steps", said.len() as u8);
	let pairs = pairs_of(job);
	for (pair, outcome) in pairs.iter().zip(said) {
		commit(pair, job, outcome);
	}
	reveal(pairs.last().unwrap(), job, said.last().unwrap());
	(job, pairs)
}

fn bond_of(pair: &WorkerPair) -> u64 {
	worker_record(&pair.public()).bond
}

#[test]
fn one_honest_worker_against_two_liars_is_enough() {
	in_court(|| {
		let (job, pairs) = split(3, &[right(), wrong(), wrong()]);
		System::assert_last_event(Event::SplitInCourt { job, steps: STEPS }.into());
		assert_eq!(record(job).status, JobStatus::Pending);
		assert_eq!(FheMl::court(job).unwrap().final_at, None);
		// Nobody has to show more.
		let assigned = FheMl::assigned_jobs(vec![pairs[0].public()], 10);
		assert_eq!(assigned[0].step, Step::Wait);
		let more = submission_by(&pairs[0], job, right());
		assert_eq!(validate(more), Err(UnknownTransaction::CannotLookup.into()));
		steps(CAROL, job, 3);

		assert_eq!(stored(job), right());
		assert_eq!([0, 1, 2].map(|at| bond_of(&pairs[at])), [BOND, 0, 0]);
		let honest = worker_record(&pairs[0].public());
		assert_eq!(free(honest.operator), EXISTENTIAL_DEPOSIT + fee(3));
		assert_eq!((honest.completed, honest.open_jobs), (1, 0));
		assert_eq!(free(CAROL), 100_000 + 3 * STEP_REWARD);
		assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + 2 * BOND - 3 * STEP_REWARD);
		assert_eq!(free(ALICE), RICH - DEPOSIT - fee(3));
		// The court's own result needs no time to be challenged.
		assert_eq!((FheMl::court(job), AtRisk::<Test>::iter().count()), (None, 0));
		assert_eq!(RevealedOutcomes::<Test>::iter().count(), 0);
	});
}

#[test]
fn where_all_are_wrong_the_fee_goes_back() {
	in_court(|| {
		let (job, pairs) = split(2, &[completed(&input_named("steps", 0), 7), wrong()]);
		steps(CAROL, job, 3);
		assert_eq!(stored(job), right());
		assert_eq!([0, 1].map(|at| bond_of(&pairs[at])), [0, 0]);
		assert_eq!(free(ALICE), RICH - DEPOSIT + COMPENSATION);
		let bonds = 2 * BOND - 3 * STEP_REWARD - COMPENSATION;
		assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + bonds);
	});
}

#[test]
fn a_failure_against_a_result_is_decided_in_the_same_way() {
	let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
	for said in [[right(), failed.clone()], [failed, right()]] {
		in_court(|| {
			let (job, pairs) = split(2, &said);
			steps(CAROL, job, 3);
			assert_eq!(stored(job), right());
			for (pair, said) in pairs.iter().zip(&said) {
				assert_eq!(bond_of(pair), if *said == right() { BOND } else { 0 });
			}
		});
	}
}

#[test]
fn a_jury_decides_where_nobody_makes_steps_and_its_result_can_be_challenged() {
	in_court(|| {
		let (job, pairs) = split(5, &[right(), wrong()]);
		steps(BOB, job, 1);
		go_to_block(TRIAL_TIMEOUT);
		let expire = FheMl::expire(RuntimeOrigin::signed(BOB), job);
		assert!(expire.is_err_and(|e| e.error == Error::<Test>::DeadlineNotPassed.into()));
		go_to_block(1 + TRIAL_TIMEOUT);
		System::assert_has_event(Event::TrialLapsed { job }.into());
		System::assert_has_event(Event::InferenceDisputed { job, jurors: 3 }.into());
		assert_noop!(
			FheMl::step(RuntimeOrigin::signed(BOB), job).map_err(|refused| refused.error),
			Error::<Test>::NoTrial
		);
		draw_now();
		check();
		let all = pairs_of(job);
		assert_eq!(all.len(), 5);
		all[2..].iter().for_each(|pair| commit(pair, job, &right()));
		reveal(&pairs[0], job, &right());
		assert_eq!(stored(job), right());
		let liar = worker_record(&pairs[1].public());
		assert_eq!((liar.bond, liar.status), (BOND - LIE_PENALTY, WorkerStatus::Suspended));
		assert!(FheMl::court(job).unwrap().final_at.is_some());
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		let final_at = FheMl::court(job).unwrap().final_at.unwrap();
		go_to_block(final_at.into());
		assert_eq!(FheMl::court(job), None);
	});
}

#[test]
fn where_no_jury_can_be_drawn_either_the_fee_goes_back() {
	in_court(|| {
		let (job, pairs) = split(5, &[right(), wrong()]);
		let most: u32 = <Test as Config>::MaxWaiting::get();
		let queue = (1_000..).take(most as usize);
		Waiting::<Test>::put(BoundedVec::truncate_from(queue.collect::<Vec<JobId>>()));
		System::set_block_number(2 + TRIAL_TIMEOUT);
		assert_ok!(FheMl::expire(RuntimeOrigin::signed(BOB), job));
		Waiting::<Test>::kill();
		check();
		assert_eq!(record(job).status, JobStatus::Failed { reason: FailureReason::NoAgreement });
		assert_eq!([0, 1].map(|at| bond_of(&pairs[at])), [BOND, BOND]);
		assert_eq!((free(ALICE), FheMl::court(job)), (RICH - DEPOSIT, None));
	});
}

#[test]
fn a_jury_decides_where_the_court_fails() {
	in_court(|| {
		join_all(5);
		let job = job_named("crazy", 2);
		let pairs = pairs_of(job);
		let said = |byte| completed(&input_named("crazy", 0), byte);
		commit(&pairs[0], job, &said(5));
		commit(&pairs[1], job, &said(6));
		reveal(&pairs[1], job, &said(6));
		steps(CAROL, job, 1);
		System::assert_last_event(Event::InferenceDisputed { job, jurors: 3 }.into());
		draw_now();
		check();
		assert_eq!(pairs_of(job).len(), 5);
	});
}

#[test]
fn a_step_costs_its_slice_and_the_verdict_only_if_there_is_one() {
	in_court(|| {
		let (job, _) = split(2, &[right(), wrong()]);
		let slice = <MockCourt as crate::Court>::step_weight();
		for workers in [0, 0, 2] {
			let taken = FheMl::step(RuntimeOrigin::signed(BOB), job).unwrap().actual_weight;
			let step = <Test as Config>::WeightInfo::step(workers).saturating_add(slice);
			assert_eq!(taken, Some(step));
		}
	});
}
