use super::*;
use fhe_ml_primitives::{Assignees, JobStatus, Statement, Step, Trial, TrialScope, WorkerStatus};
use frame_support::{BoundedVec, assert_noop, traits::Hooks, weights::Weight};
use sp_runtime::{
	traits::Zero,
	transaction_validity::{InvalidTransaction, TransactionValidityError},
};

#[test]
fn a_result_is_there_at_once_and_its_fee_is_paid_when_it_is_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		let final_at = 1 + CHALLENGE_PERIOD;
		System::assert_last_event(Event::InferenceProvisional { job, final_at }.into());
		assert_eq!((stored(job), PendingCount::<Test>::get()), (right(), 0));
		assert_eq!(
			(free(PAYOUT), held(HoldReason::InferenceFee, ALICE)),
			(EXISTENTIAL_DEPOSIT, FEE)
		);
		assert_eq!(
			(worker_record(&worker()).open_jobs, worker_record(&worker()).completed),
			(0, 0)
		);
		assert_eq!(FheMl::court(job).unwrap().final_at, Some(final_at as u32));
		go_to_block(final_at - 1);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT);
		go_to_block(final_at);
		let workers = Assignees::try_from(vec![worker()]).unwrap();
		System::assert_last_event(Event::InferenceFinal { job, workers, fee: FEE }.into());
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		assert_eq!((free(ALICE), FheMl::court(job)), (RICH - FEE - DEPOSIT, None));
		assert_eq!(worker_record(&worker()).completed, 1);
	});
}

#[test]
fn its_owner_accepts_a_result_by_releasing_the_job() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
		check();
		assert_eq!((free(PAYOUT), free(ALICE)), (EXISTENTIAL_DEPOSIT + FEE, RICH - FEE));
		assert!(Jobs::<Test>::iter().next().is_none());
	});
}

#[test]
fn its_owner_makes_a_job_final_at_any_time_and_anybody_when_it_is_due() {
	in_court(|| {
		let model = register(artifact_named("steps"));
		let [first, second] = [0, 1].map(|seed| {
			let input = input_named("steps", seed);
			let job = request(ALICE, model, input.clone());
			post(job, completed(&input, RIGHT));
			job
		});
		let finalise = |who, job| FheMl::finalise(RuntimeOrigin::signed(who), job);
		assert_noop!(finalise(BOB, first), Error::<Test>::JobNotFinal);
		assert_ok!(finalise(ALICE, first));
		assert_noop!(finalise(ALICE, first), Error::<Test>::NotProvisional);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		// Blocks without room do nothing by themselves.
		System::set_block_number(1 + CHALLENGE_PERIOD);
		FheMl::on_idle(1 + CHALLENGE_PERIOD, Weight::zero());
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		assert_ok!(finalise(BOB, second));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + 2 * FEE);
	});
}

#[test]
fn a_single_liar_is_convicted_and_the_user_gets_the_right_result() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		go_to_block(5);
		challenge(CAROL, job, 0);
		assert_eq!(held(HoldReason::Challenge, CAROL), PART_BOND);
		steps(BOB, job, 2);
		let trial = FheMl::court(job).unwrap().trial.unwrap();
		assert_eq!((trial.steps, trial.steps_in_all, trial.lapses_at), (2, 3, 5 + 10));
		assert!(!CourtCarries::<Test>::get(job).is_empty());
		steps(CAROL, job, 1);

		assert_eq!(stored(job), right());
		let JobStatus::Completed { result } = record(job).status else { panic!("not completed") };
		assert_eq!(result, hash(&result_named(job)));
		let liar = worker_record(&worker());
		assert_eq!((liar.bond, liar.status), (0, WorkerStatus::Suspended));
		assert_eq!((liar.slashed, liar.completed), (1, 0));
		let rest = BOND - 3 * STEP_REWARD;
		let reward = rest / 2;
		assert_eq!(free(BOB), RICH + 2 * STEP_REWARD);
		assert_eq!(free(CAROL), 100_000 + STEP_REWARD + reward);
		assert_eq!(free(ALICE), RICH - DEPOSIT + COMPENSATION);
		assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + rest - reward - COMPENSATION);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT);
		System::assert_last_event(
			Event::OutcomeCorrected {
				job,
				status: record(job).status,
				convicted: Assignees::try_from(vec![worker()]).unwrap(),
				refund: FEE,
				reward,
				compensation: COMPENSATION,
			}
			.into(),
		);
		// It is final: nothing is left to be done.
		go_to_block(60);
		assert_ok!(FheMl::release(RuntimeOrigin::signed(ALICE), job));
	});
}

fn result_named(job: JobId) -> Vec<u8> {
	Results::<Test>::get(job).unwrap().into_inner()
}

#[test]
fn a_false_challenge_pays_the_steps_and_the_worker() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		go_to_block(20);
		challenge(CAROL, job, 0);
		go_to_block(24);
		steps(BOB, job, 3);
		// Four blocks that nobody could challenge in are added.
		let final_at = 1 + CHALLENGE_PERIOD + 4;
		System::assert_last_event(
			Event::ResultUpheld { job, challenger: CAROL, forfeit: PART_BOND, final_at }.into(),
		);
		assert_eq!((free(CAROL), free(BOB)), (100_000 - PART_BOND, RICH + 3 * STEP_REWARD));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + CHALLENGE_BOND);
		assert_eq!((stored(job), worker_record(&worker()).bond), (right(), BOND));
		go_to_block(final_at - 1);
		assert_eq!(held(HoldReason::InferenceFee, ALICE), FEE);
		go_to_block(final_at);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + CHALLENGE_BOND + FEE);
	});
}

#[test]
fn who_challenges_and_does_nothing_loses_its_bond() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		challenge(CAROL, job, 0);
		steps(BOB, job, 1);
		go_to_block(TRIAL_TIMEOUT);
		assert!(Trials::<Test>::contains_key(job));
		go_to_block(1 + TRIAL_TIMEOUT);
		assert!(!Trials::<Test>::contains_key(job));
		System::assert_has_event(Event::TrialLapsed { job }.into());
		assert_eq!((free(CAROL), free(BOB)), (100_000 - PART_BOND, RICH + STEP_REWARD));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + PART_BOND - STEP_REWARD);
		// Another one has as much time as there was.
		go_to_block(CHALLENGE_PERIOD + TRIAL_TIMEOUT);
		challenge(BOB, job, 0);
		steps(BOB, job, 3);
		assert_eq!(stored(job), right());
	});
}

#[test]
fn a_trial_goes_on_as_long_as_somebody_makes_steps() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		challenge(CAROL, job, 0);
		for block in [10, 19, 28] {
			go_to_block(block);
			let finalise = FheMl::finalise(RuntimeOrigin::signed(BOB), job);
			assert_eq!(finalise, Err(Error::<Test>::JobInCourt.into()));
			steps(BOB, job, 1);
		}
		assert_eq!(stored(job), right());
	});
}

#[test]
fn a_trial_that_nobody_goes_on_with_is_ended_by_anybody() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, right());
		challenge(CAROL, job, 0);
		System::set_block_number(1 + TRIAL_TIMEOUT);
		assert_ok!(FheMl::finalise(RuntimeOrigin::signed(BOB), job));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + PART_BOND);
		assert_eq!(FheMl::court(job).unwrap().trial, None);
	});
}

#[test]
fn every_challenge_and_step_out_of_place_has_its_own_error() {
	in_court(|| {
		let challenge_of = |job, part| FheMl::challenge(RuntimeOrigin::signed(CAROL), job, part);
		let step_of = |job| FheMl::step(RuntimeOrigin::signed(CAROL), job);
		assert_noop!(challenge_of(9, 0), Error::<Test>::UnknownJob);
		let job = job_named("steps", 1);
		assert_noop!(challenge_of(job, 0), Error::<Test>::NothingToChallenge);
		post(job, right());
		assert_noop!(challenge_of(job, 1), Error::<Test>::UnknownPart);
		assert!(step_of(job).is_err_and(|e| e.error == Error::<Test>::NoTrial.into()));
		let poor = FheMl::challenge(RuntimeOrigin::signed(77), job, 0);
		assert!(poor.is_err());
		assert_ok!(challenge_of(job, 0));
		assert_noop!(challenge_of(job, 0), Error::<Test>::JobInCourt);
		steps(CAROL, job, 3);
		System::set_block_number(1 + CHALLENGE_PERIOD);
		assert_noop!(challenge_of(job, 0), Error::<Test>::ChallengeTooLate);
		go_to_block(2 + CHALLENGE_PERIOD);
		assert_noop!(challenge_of(job, 0), Error::<Test>::NothingToChallenge);
	});
}

#[test]
fn models_that_the_court_cannot_try_are_as_they_always_were() {
	in_court(|| {
		let model = register_linear_model();
		let job = request(ALICE, model, input(0));
		post(job, completed(&input(0), 6));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
		let refused = FheMl::challenge(RuntimeOrigin::signed(CAROL), job, 0);
		assert_eq!(refused, Err(Error::<Test>::NothingToChallenge.into()));
		assert_eq!((FheMl::court(job), AtRisk::<Test>::iter().count()), (None, 0));
		assert!(!NextHearing::<Test>::exists());
	});
}

#[test]
fn all_who_agreed_on_a_lie_pay_for_it() {
	in_court(|| {
		join_all(2);
		let job = job_named("steps", 2);
		let pairs = pairs_of(job);
		pairs.iter().for_each(|pair| commit(pair, job, &wrong()));
		reveal(&pairs[0], job, &wrong());
		assert_eq!(AtRisk::<Test>::get(worker()), fee(2) / 2);
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		assert_eq!(stored(job), right());
		for pair in &pairs {
			assert_eq!(worker_record(&pair.public()).bond, 0);
		}
		let bonds = 2 * BOND - 3 * STEP_REWARD;
		assert_eq!(free(ALICE), RICH - DEPOSIT + COMPENSATION, "one compensation");
		let reward = (BOND - 3 * STEP_REWARD) / 2 + BOND / 2;
		assert_eq!(free(CAROL), 100_000 + 3 * STEP_REWARD + reward);
		assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + bonds - reward - COMPENSATION);
	});
}

#[test]
fn workers_share_the_bond_of_a_false_challenge() {
	in_court(|| {
		join_all(2);
		let job = job_named("steps", 2);
		let pairs = pairs_of(job);
		pairs.iter().for_each(|pair| commit(pair, job, &right()));
		reveal(&pairs[0], job, &right());
		challenge(CAROL, job, 0);
		steps(CAROL, job, 3);
		for pair in &pairs {
			let operator = worker_record(&pair.public()).operator;
			assert_eq!(free(operator), EXISTENTIAL_DEPOSIT + CHALLENGE_BOND / 2);
		}
		go_to_block(1 + CHALLENGE_PERIOD);
		assert!(AtRisk::<Test>::get(worker()).is_zero());
	});
}

#[test]
fn nobody_pays_for_an_error_of_the_court() {
	in_court(|| {
		let job = job_named("crazy", 1);
		let outcome = completed(&input_named("crazy", 0), RIGHT);
		post(job, outcome.clone());
		challenge(CAROL, job, 0);
		go_to_block(4);
		steps(BOB, job, 1);
		System::assert_has_event(Event::TrialCalledOff { job }.into());
		assert_eq!((free(CAROL), free(BOB), stored(job)), (100_000, RICH, outcome));
		assert_eq!(FheMl::court(job).unwrap().final_at, Some(1 + CHALLENGE_PERIOD as u32 + 3));
		go_to_block(4 + CHALLENGE_PERIOD);
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + FEE);
	});
}

#[test]
fn a_trial_that_takes_more_steps_than_was_said_is_called_off() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		challenge(CAROL, job, 0);
		Trials::<Test>::mutate(job, |trial| trial.as_mut().unwrap().steps_in_all = 2);
		steps(BOB, job, 2);
		System::assert_has_event(Event::TrialCalledOff { job }.into());
		assert_eq!((free(CAROL), stored(job)), (100_000, wrong()));
	});
}

#[test]
fn others_cannot_take_the_challengers_place_among_those_that_are_rewarded() {
	let mut trial = Trial::<u64, u64, u64> {
		challenger: Some(CAROL),
		bond: 0,
		scope: TrialScope::Whole,
		part: 0,
		steps: 0,
		steps_in_all: 40,
		steppers: BoundedVec::truncate_from(vec![(CAROL, 0)]),
		opened_at: 0,
		lapses_at: 0,
	};
	(100..130).for_each(|account| trial.count_step(Some(account)));
	(0..2).for_each(|_| trial.count_step(Some(CAROL)));
	assert_eq!((trial.steps, trial.steppers.len()), (32, 17));
	assert_eq!((trial.steppers[0], trial.steppers[16]), ((CAROL, 2), (115, 1)));
}

#[test]
fn blocks_with_room_make_the_steps_by_themselves() {
	in_court(|| {
		let job = job_named("steps", 1);
		post(job, wrong());
		challenge(CAROL, job, 0);
		let before = free(CAROL);
		let mut blocks = 0;
		while Trials::<Test>::contains_key(job) {
			end_block(Weight::MAX);
			check();
			blocks += 1;
			assert!(blocks < 100);
		}
		assert!(blocks > 1, "one step a block");
		assert_eq!(stored(job), right());
		// Nobody is paid for such steps, and the finder gets the more.
		assert!(free(CAROL) > before);
	});
}

#[test]
fn all_trials_have_their_turns() {
	in_court(|| {
		let jobs: Vec<_> = (0..4).map(|_| job_named("steps", 1)).collect();
		for job in &jobs {
			post(*job, wrong());
			challenge(CAROL, *job, 0);
		}
		// A long trial cannot make others lapse.
		for made in 1..STEPS {
			jobs.iter().for_each(|_| end_block(Weight::MAX));
			check();
			for job in &jobs {
				assert_eq!(Trials::<Test>::get(job).map(|trial| trial.steps), Some(made));
			}
		}
	});
}

#[test]
fn a_worker_challenges_for_its_operator() {
	in_court(|| {
		join_all(2);
		let job = job_named("steps", 1);
		let (liar, watcher) = match pairs_of(job)[0].public() == other_pair(2).public() {
			true => (other_pair(2), other_pair(1)),
			false => (other_pair(1), other_pair(2)),
		};
		assert_ok!(apply(submission_by(&liar, job, wrong())).unwrap());
		let transaction = |pair: &WorkerPair, signed: u32, part: u32| {
			let signature = sign(pair, job, Statement::Wrong(signed));
			FheMl::challenge_transaction(pair.public(), job, part, signature)
		};
		let refused = |error: InvalidTransaction| Err(TransactionValidityError::Invalid(error));
		// For another part than was signed; by nobody's key.
		assert_eq!(
			apply(transaction(&watcher, 1, 0)).map(|_| ()),
			refused(InvalidTransaction::BadProof)
		);
		assert_eq!(
			apply(transaction(&other_pair(7), 0, 0)).map(|_| ()),
			refused(InvalidTransaction::BadSigner)
		);
		let operator = worker_record(&watcher.public()).operator;
		let poor = free(operator) < PART_BOND + EXISTENTIAL_DEPOSIT;
		if poor {
			assert_eq!(
				apply(transaction(&watcher, 0, 0)).map(|_| ()),
				refused(InvalidTransaction::Payment)
			);
			let amount = PART_BOND + EXISTENTIAL_DEPOSIT;
			let carol = RuntimeOrigin::signed(CAROL);
			assert_ok!(Balances::transfer_allow_death(carol, operator, amount));
		}
		assert_ok!(apply(transaction(&watcher, 0, 0)).unwrap());
		check();
		let trial = Trials::<Test>::get(job).unwrap();
		assert_eq!(trial.challenger, Some(operator));
		assert_eq!(held(HoldReason::Challenge, operator), trial.bond);
	});
}

#[test]
fn what_ended_in_a_block_is_listed_until_it_is_in_court_or_final() {
	in_court(|| {
		let job = job_named("steps", 1);
		assert_eq!(FheMl::outcome(job), None);
		post(job, wrong());
		let block = System::block_number();
		let listed = |first, last| FheMl::ended_between(first, last, other_pair(3).public());
		let all = listed(block, block);
		assert_eq!(all.len(), 1);
		assert_eq!((all[0].0.job, &all[0].1), (job, &vec![worker()]));
		assert_eq!((&all[0].0.worker, all[0].0.step), (&other_pair(3).public(), Step::Post));
		assert_eq!(listed(0, block + 5), all);
		assert_eq!(FheMl::outcome(job), Some(wrong()));
		assert!(listed(block + 1, u64::MAX).is_empty());
		challenge(CAROL, job, 0);
		assert!(listed(block, block).is_empty());
	});
}
