//! Models that are evaluated in the call that posts an outcome.

use super::*;
use crate::weights::WeightInfo;
use fhe_ml_primitives::{FailureReason, JobStatus, WorkerStatus};
use frame_support::{
	assert_noop, dispatch::GetDispatchInfo, traits::Get, weights::RuntimeDbWeight,
};

fn right() -> Outcome {
	completed(&input_named("small", 0), RIGHT)
}

fn wrong() -> Outcome {
	completed(&input_named("small", 0), 6)
}

#[test]
fn a_right_result_is_final_at_once() {
	in_court(|| {
		let job = job_named("small", 1);
		post(job, right());
		assert_eq!((stored(job), free(PAYOUT)), (right(), EXISTENTIAL_DEPOSIT + FEE));
		assert_eq!((FheMl::court(job), AtRisk::<Test>::iter().count()), (None, 0));
		let refused = FheMl::challenge(RuntimeOrigin::signed(CAROL), job, 0);
		assert_eq!(refused, Err(Error::<Test>::NothingToChallenge.into()));
	});
}

#[test]
fn a_wrong_one_is_replaced_in_the_same_call_and_its_worker_convicted() {
	let crashed = Outcome::Failed(FailureReason::EvaluationCrashed);
	for lie in [wrong(), crashed, Outcome::Failed(FailureReason::InputDoesNotDecode)] {
		in_court(|| {
			let job = job_named("small", 1);
			post(job, lie);
			assert_eq!(stored(job), right());
			assert!(matches!(record(job).status, JobStatus::Completed { .. }));
			let liar = worker_record(&worker());
			assert_eq!((liar.bond, liar.status), (0, WorkerStatus::Suspended));
			assert_eq!(free(ALICE), RICH - DEPOSIT + COMPENSATION);
			assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + BOND - COMPENSATION);
			assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT);
			let corrected = |record: &frame_system::EventRecord<_, _>| {
				matches!(record.event, RuntimeEvent::FheMl(Event::OutcomeCorrected { .. }))
			};
			assert!(System::events().iter().any(corrected));
		});
	}
}

#[test]
fn an_input_that_is_broken_is_known_at_once() {
	in_court(|| {
		let model = register(artifact_named("small"));
		let job = request(ALICE, model, broken_input("small"));
		let failed = Outcome::Failed(FailureReason::InputDoesNotDecode);
		post(job, failed);
		assert_eq!(
			(free(PAYOUT), worker_record(&worker()).bond),
			(EXISTENTIAL_DEPOSIT + FEE, BOND)
		);
	});
}

#[test]
fn one_honest_worker_of_three_is_enough() {
	in_court(|| {
		join_all(3);
		let job = job_named("small", 3);
		let pairs = pairs_of(job);
		commit(&pairs[0], job, &wrong());
		commit(&pairs[1], job, &right());
		commit(&pairs[2], job, &wrong());
		// Whoever shows what first.
		reveal(&pairs[2], job, &wrong());
		assert_eq!(stored(job), right());
		for (pair, bond) in pairs.iter().zip([0, BOND, 0]) {
			assert_eq!(worker_record(&pair.public()).bond, bond);
		}
		let honest = worker_record(&pairs[1].public()).operator;
		assert_eq!(free(honest), EXISTENTIAL_DEPOSIT + fee(3));
		assert_eq!(free(ALICE), RICH - DEPOSIT - fee(3));
		assert_eq!(free(SLASHED), EXISTENTIAL_DEPOSIT + 2 * BOND);
		assert_eq!(RevealedOutcomes::<Test>::iter().count(), 0);
	});
}

#[test]
fn a_request_has_no_more_rows_than_are_evaluated_at_once() {
	in_court(|| {
		let artifact = named_artifact(CircuitKind::Linear, "small", true);
		let model = register(artifact.clone());
		let ask = |rows| {
			let input = rows_for(&artifact, [0; 32], 0, rows);
			FheMl::request_inference(RuntimeOrigin::signed(ALICE), model, None, input, 1_000_000, 1)
		};
		let most = ROWS_AT_ONCE as u32;
		assert_noop!(ask(most + 1), Error::<Test>::TooManyRowsForCourt);
		assert_eq!(FheMl::quote_rows(model, 1, most + 1), None);
		assert!(FheMl::quote_rows(model, 1, most).is_some());
		assert_ok!(ask(most));
		draw_now();
		let input = rows_for(&artifact, [0; 32], 0, most);
		post(0, completed(&input, 6));
		assert_eq!(stored(0), completed(&input, RIGHT));
	});
}

#[test]
fn a_worker_is_believed_where_the_court_does_not_what_it_said() {
	in_court(|| {
		let job = job_named("later", 1);
		let outcome = completed(&input_named("later", 0), 6);
		post(job, outcome.clone());
		assert_eq!((stored(job), free(PAYOUT)), (outcome, EXISTENTIAL_DEPOSIT + FEE));
	});
}

#[test]
fn evaluating_counts_as_weight_of_the_call_by_the_row() {
	in_court(|| {
		let artifact = named_artifact(CircuitKind::Linear, "small", true);
		let model = register(artifact.clone());
		let input = rows_for(&artifact, [0; 32], 0, 7);
		let alice = RuntimeOrigin::signed(ALICE);
		assert_ok!(FheMl::request_inference(alice, model, None, input.clone(), 1_000_000, 1));
		draw_now();
		let outcome = completed(&input, RIGHT);
		let bytes = codec::Encode::encoded_size(&outcome) as u32;
		let weight = submission(0, outcome).function.get_dispatch_info().call_weight;
		let without = <Test as Config>::WeightInfo::submit_result(bytes, 16)
			.saturating_add(<Test as Config>::WeightInfo::private_job());
		let db: RuntimeDbWeight = <Test as frame_system::Config>::DbWeight::get();
		let reads = db.reads(5);
		let court = MaxAtOnce::get().saturating_mul(7).saturating_div(ROWS_AT_ONCE);
		assert_eq!(weight, without.saturating_add(court).saturating_add(reads));
	});
}

#[test]
#[cfg(not(feature = "runtime-benchmarks"))] // They register fillers.
fn an_artifact_that_does_not_decode_is_refused() {
	in_court(|| {
		let register = FheMl::register_model(RuntimeOrigin::root(), artifact_named("wrong"), None);
		assert_noop!(register, Error::<Test>::ArtifactDoesNotDecode);
	});
}
