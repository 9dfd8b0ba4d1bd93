//! Private models: BOB owns one, ALICE asks, workers 1, 2, ... evaluate.

mod rows;

use crate::{PrivateTermsOf, mock::*, pallet::*};
use fhe_ml_primitives::{
	FailureReason, JobId, JobStatus, Limits, ModelId, ModelStatus, Outcome, PrivateModelState,
	Quota, QuotaUse, Suspension, WorkerId, WorkerStatus,
	format::{CircuitKind, ServerKeyPrefix},
};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::DispatchResult,
	traits::{
		Get, Hooks,
		fungible::{InspectHold, Mutate},
	},
	weights::Weight,
};
use sp_core::H256;
use sp_runtime::{DispatchError, TokenError};

/// Price of the model in most tests.
const PRICE: u64 = 1_000;
/// Who may condemn results.
const AUDITOR: AccountId = 7;
const COMMITMENT: H256 = H256::repeat_byte(0xc0);

/// What `workers` workers are paid for a job of the private model.
const fn work_fee(workers: u64) -> u64 {
	fee(workers) + SERVER_KEY_WORK * FEE_PER_WORK * workers
}

fn signed(account: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(account)
}

fn operator(seed: u8) -> AccountId {
	if seed == 1 { PAYOUT } else { 20 + AccountId::from(seed) }
}

/// Workers 1 to `count`, joined.
fn workers(count: u8) -> Vec<WorkerId> {
	for seed in 2..=count {
		endow(operator(seed), 2 * EXISTENTIAL_DEPOSIT + BOND);
		assert_ok!(join(operator(seed), seed));
	}
	(1..=count).map(other_id).collect()
}

fn register(terms: PrivateTermsOf<Test>) -> DispatchResult {
	FheMl::register_private_model(signed(BOB), private_artifact(), COMMITMENT, terms)
}

/// A model with workers 1 to `count` as evaluators, and a key of ALICE.
fn market(count: u8) -> ModelId {
	let model = NextModel::<Test>::get();
	let terms =
		PrivateTermsOf::<Test> { auditor: Some(AUDITOR), ..private_terms(&workers(count), PRICE) };
	assert_ok!(register(terms));
	assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
	model
}

fn ask_with(key: &[u8], model: ModelId, seed: u8, max_fee: u64, redundancy: u8) -> DispatchResult {
	let input = input_for(&private_artifact(), hash(key).0, seed);
	let key = Some(hash(key));
	FheMl::request_inference(signed(ALICE), model, key, input, max_fee, redundancy)
}

fn ask(model: ModelId, seed: u8, redundancy: u8) -> DispatchResult {
	ask_with(&server_key(1), model, seed, u64::MAX, redundancy)
}

/// A job of ALICE whose evaluators are drawn.
fn job(model: ModelId, seed: u8, redundancy: u8) -> JobId {
	let job = NextJob::<Test>::get();
	assert_ok!(ask(model, seed, redundancy));
	draw_now();
	job
}

fn record(job: JobId) -> crate::JobRecordOf<Test> {
	Jobs::<Test>::get(job).unwrap()
}

fn seats(job: JobId) -> Vec<WorkerId> {
	record(job).assignees.into_inner()
}

fn seed_of(worker: &WorkerId) -> u8 {
	(1..=9).find(|seed| other_id(*seed) == *worker).unwrap()
}

/// The first evaluator of the job posts `outcome`.
fn post(job: JobId, outcome: Outcome) {
	let pair = other_pair(seed_of(&seats(job)[0]));
	apply(submission_by(&pair, job, outcome)).unwrap().unwrap();
}

fn right(job: JobId) -> Outcome {
	completed(&Inputs::<Test>::get(job).unwrap(), 0)
}

fn complete(job: JobId) {
	post(job, right(job));
}

fn decline(job: JobId, worker: &WorkerId) {
	apply(refusal_by(&other_pair(seed_of(worker)), job)).unwrap().unwrap();
}

fn held(reason: HoldReason, account: AccountId) -> u64 {
	Balances::balance_on_hold(&reason.into(), &account)
}

fn free(account: AccountId) -> u64 {
	Balances::free_balance(account)
}

fn private(model: ModelId) -> crate::PrivateModelRecordOf<Test> {
	PrivateModels::<Test>::get(model).unwrap()
}

fn suspended(reason: Suspension) -> PrivateModelState {
	PrivateModelState::Suspended { reason }
}

fn was_seen(event: Event<Test>) -> bool {
	let event = RuntimeEvent::from(event);
	System::events().iter().any(|record| record.event == event)
}

// Registration.

#[test]
fn anybody_registers_a_private_model_with_a_deposit_and_a_bond() {
	run(|| {
		let before = free(BOB);
		let terms = private_terms(&workers(2), PRICE);
		assert_ok!(register(terms.clone()));
		let deposit = private_artifact().len() as u64;
		assert_eq!(held(HoldReason::Model, BOB), deposit);
		assert_eq!(held(HoldReason::PrivateModelBond, BOB), MODEL_BOND);
		assert_eq!(free(BOB), before - deposit - MODEL_BOND);
		let model = Models::<Test>::get(0).unwrap();
		assert!(model.needs_server_key && model.depositor == Some(BOB));
		let found = private(0);
		assert_eq!((found.owner, found.commitment, found.bond), (BOB, COMMITMENT, MODEL_BOND));
		assert_eq!((found.terms.clone(), found.next_terms), (terms.clone(), None));
		let (owner, commitment, bond) = (BOB, COMMITMENT, MODEL_BOND);
		System::assert_last_event(
			Event::PrivateModelRegistered { model: 0, owner, commitment, bond, terms }.into(),
		);
	});
}

#[test]
fn terms_that_cannot_be_kept_are_refused() {
	run(|| {
		let terms = private_terms(&workers(2), PRICE);
		let with = |evaluators: &[WorkerId]| private_terms(evaluators, PRICE);
		assert_noop!(register(with(&[])), Error::<Test>::EvaluatorsMissingOrTwice);
		let twice = with(&[other_id(1), other_id(2), other_id(1)]);
		assert_noop!(register(twice), Error::<Test>::EvaluatorsMissingOrTwice);
		assert_noop!(register(with(&[other_id(1), other_id(8)])), Error::<Test>::UnknownWorker);
		for (requests, period) in [(0, 10), (5, 0)] {
			let quota = Some(Quota { requests, period });
			let terms = PrivateTermsOf::<Test> { quota, ..terms.clone() };
			assert_noop!(register(terms), Error::<Test>::ImpossibleQuota);
		}
		let of = |artifact| {
			FheMl::register_private_model(signed(BOB), artifact, COMMITMENT, terms.clone())
		};
		assert_noop!(of(linear_model()), Error::<Test>::NotAPrivateModel);
		assert_noop!(of(vec![7; 200]), Error::<Test>::BlobNotRecognised);
		let dear = artifact_of(CircuitKind::Private, MAX_ACCOUNT_WORK + 1, None);
		assert_noop!(of(dear), Error::<Test>::ModelTooExpensive);
		let poor = FheMl::register_private_model(
			signed(77),
			private_artifact(),
			COMMITMENT,
			terms.clone(),
		);
		assert_noop!(poor, TokenError::FundsUnavailable);
	});
}

#[test]
fn the_admin_registers_no_private_model_without_terms() {
	run(|| {
		let registered = FheMl::register_model(RuntimeOrigin::root(), private_artifact(), None);
		assert_noop!(registered, Error::<Test>::PrivateModelNeedsTerms);
	});
}

#[test]
fn the_admin_closes_registration_for_all_but_whom_it_allows() {
	run(|| {
		let terms = private_terms(&[worker()], PRICE);
		let set = |origin, open| FheMl::set_private_registration(origin, open);
		let allow = |origin, allowed| FheMl::allow_private_owner(origin, BOB, allowed);
		assert_noop!(set(signed(BOB), false), DispatchError::BadOrigin);
		assert_noop!(allow(signed(BOB), true), DispatchError::BadOrigin);
		assert_ok!(set(RuntimeOrigin::root(), false));
		System::assert_last_event(Event::PrivateRegistrationSet { open: false }.into());
		assert_noop!(register(terms.clone()), Error::<Test>::PrivateRegistrationClosed);
		assert_ok!(allow(RuntimeOrigin::root(), true));
		System::assert_last_event(Event::PrivateOwnerAllowed { owner: BOB, allowed: true }.into());
		assert_ok!(register(terms.clone()));
		assert_ok!(allow(RuntimeOrigin::root(), false));
		assert_noop!(register(terms.clone()), Error::<Test>::PrivateRegistrationClosed);
		assert_ok!(set(RuntimeOrigin::root(), true));
		assert_ok!(register(terms));
	});
}

// Terms.

#[test]
fn changed_terms_come_into_force_after_the_delay_and_open_jobs_keep_their_price() {
	run(|| {
		let model = market(2);
		let open = job(model, 0, 1);
		let terms = private_terms(&[other_id(2)], 2 * PRICE);
		assert_ok!(FheMl::update_private_model(signed(BOB), model, terms.clone()));
		let from = 1 + TERMS_DELAY;
		System::assert_last_event(
			Event::PrivateTermsChanged { model, from, terms: terms.clone() }.into(),
		);
		run_to_block(from - 1);
		let fee = |price| work_fee(1) + price;
		assert_eq!(FheMl::quote(model, 1).unwrap().fee, fee(PRICE));
		System::set_block_number(from);
		assert_eq!(FheMl::quote(model, 1).unwrap().fee, fee(2 * PRICE));
		assert_eq!(FheMl::quote(model, 2), None);
		let too_little = ask_with(&server_key(1), model, 1, fee(2 * PRICE) - 1, 1);
		assert_noop!(too_little, Error::<Test>::FeeAboveMax);
		assert_noop!(ask(model, 1, 2), Error::<Test>::TooFewEvaluators);
		let later = NextJob::<Test>::get();
		assert_ok!(ask_with(&server_key(1), model, 1, fee(2 * PRICE), 1));
		assert_eq!((private(model).terms, private(model).next_terms), (terms, None));
		draw_now();
		assert_eq!(seats(later), [other_id(2)]);
		let before = free(BOB);
		complete(open);
		assert_eq!(free(BOB), before + PRICE);
		complete(later);
		assert_eq!(free(BOB), before + 3 * PRICE);
		assert_eq!(held(HoldReason::InferenceFee, ALICE), 0);
	});
}

#[test]
fn only_the_owner_changes_terms_and_only_to_what_can_be_kept() {
	run(|| {
		let model = market(1);
		let public = register_linear_model();
		let update = |who, model, terms| FheMl::update_private_model(signed(who), model, terms);
		let terms = private_terms(&[worker()], 5);
		assert_noop!(update(ALICE, model, terms.clone()), Error::<Test>::NotModelOwner);
		assert_noop!(update(BOB, public, terms.clone()), Error::<Test>::NotAPrivateModel);
		assert_noop!(update(BOB, 9, terms.clone()), Error::<Test>::UnknownModel);
		let none = private_terms(&[], 5);
		assert_noop!(update(BOB, model, none), Error::<Test>::EvaluatorsMissingOrTwice);
		assert_ok!(update(BOB, model, terms.clone()));
		System::set_block_number(4);
		// A second change replaces the first, and waits as long.
		assert_ok!(update(BOB, model, private_terms(&[worker()], 6)));
		assert_eq!(private(model).next_terms.unwrap().from, 4 + TERMS_DELAY);
		assert_ok!(FheMl::retire_private_model(signed(BOB), model));
		assert_noop!(update(BOB, model, terms), Error::<Test>::ModelIsRetired);
	});
}

// Requests.

#[test]
fn a_result_pays_workers_their_fee_and_the_owner_its_price() {
	run(|| {
		let model = market(1);
		let quote = FheMl::quote(model, 1).unwrap();
		assert_eq!(quote.fee, work_fee(1) + PRICE);
		let (alice, bob) = (free(ALICE), free(BOB));
		let job = job(model, 0, 1);
		assert_eq!(held(HoldReason::InferenceFee, ALICE), quote.fee);
		assert_eq!(record(job).fee, work_fee(1));
		complete(job);
		assert!(was_seen(Event::PricePaid { job, model, owner: BOB, price: PRICE }));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + work_fee(1));
		assert_eq!(free(BOB), bob + PRICE);
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!(free(ALICE), alice - quote.fee);
		assert!(PrivateJobs::<Test>::get(job).is_none());
	});
}

#[test]
fn the_price_of_an_owner_that_cannot_be_paid_goes_back() {
	run(|| {
		let model = market(1);
		let job = job(model, 0, 1);
		// An account without money, whose price is below the existential deposit.
		let owner_gone = 12345;
		PrivateModels::<Test>::mutate(model, |found| found.as_mut().unwrap().owner = owner_gone);
		PrivateJobs::<Test>::mutate(job, |found| found.as_mut().unwrap().price = 10);
		let before = free(ALICE);
		complete(job);
		assert_eq!(free(owner_gone), 0);
		assert_eq!(free(ALICE), before + 10);
		// Put back what this test has changed behind the books.
		PrivateModels::<Test>::mutate(model, |found| found.as_mut().unwrap().owner = BOB);
		let rest = PRICE - 10;
		let reason = HoldReason::InferenceFee.into();
		use frame_support::traits::{fungible::MutateHold, tokens::Precision};
		assert_ok!(Balances::release(&reason, &ALICE, rest, Precision::Exact));
	});
}

#[test]
fn who_sends_a_broken_input_pays_the_workers_but_no_price() {
	run(|| {
		let model = market(1);
		let (alice, bob) = (free(ALICE), free(BOB));
		let job = job(model, 0, 1);
		post(job, Outcome::Failed(FailureReason::InputDoesNotDecode));
		assert_eq!(free(PAYOUT), EXISTENTIAL_DEPOSIT + work_fee(1));
		assert_eq!(free(BOB), bob);
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!(free(ALICE), alice - work_fee(1));
	});
}

#[test]
fn everything_goes_back_if_evaluation_fails_or_nobody_answers() {
	run(|| {
		let model = market(1);
		let (alice, bob) = (free(ALICE), free(BOB));
		let failed = job(model, 0, 1);
		post(failed, Outcome::Failed(FailureReason::EvaluationFailed));
		let silent = job(model, 1, 1);
		run_to_block(record(silent).deadline + 1);
		assert_eq!(record(silent).status, JobStatus::Expired);
		let (owner, refund) = (ALICE, work_fee(1) + PRICE);
		assert!(was_seen(Event::InferenceExpired { job: silent, owner, refund }));
		for job in [failed, silent] {
			assert!(PrivateJobs::<Test>::get(job).is_none());
			assert_ok!(FheMl::release(signed(ALICE), job));
		}
		assert_eq!((free(ALICE), free(BOB)), (alice, bob));
	});
}

#[test]
fn a_server_key_of_the_old_format_is_refused_and_says_what_to_do() {
	run(|| {
		let model = market(1);
		let mut old =
			ServerKeyPrefix { mask_seed: [9; 16], has_zero_row: false }.to_bytes().to_vec();
		old.resize(ServerKeyPrefix::KEY_BYTES_BEFORE_ZERO_ROW, 0);
		assert_ok!(FheMl::register_server_key(signed(ALICE), old.clone()));
		let asked = ask_with(&old, model, 0, u64::MAX, 1);
		assert_noop!(asked, Error::<Test>::ServerKeyTooOld);
	});
}

#[test]
fn redundancy_goes_up_to_the_number_of_evaluators_whatever_the_least_of_others_is() {
	run(|| {
		let model = market(3);
		let limits = Limits { workers: 6, min_redundancy: 2, max_redundancy: 4 };
		assert_ok!(FheMl::set_limits(RuntimeOrigin::root(), limits));
		assert_ok!(FheMl::set_untried_redundancy(RuntimeOrigin::root(), 4));
		assert_noop!(ask(model, 0, 0), Error::<Test>::RedundancyOutOfBounds);
		assert_noop!(ask(model, 0, 4), Error::<Test>::TooFewEvaluators);
		assert_noop!(ask(model, 0, 5), Error::<Test>::RedundancyOutOfBounds);
		for redundancy in 1..=3 {
			let quote = FheMl::quote(model, redundancy).unwrap();
			assert_eq!(quote.fee, work_fee(redundancy.into()) + PRICE);
			assert_ok!(ask(model, redundancy, redundancy));
		}
		assert_eq!(FheMl::quote(model, 4), None);
	});
}

#[test]
fn a_quota_counts_the_requests_of_each_account_and_period() {
	run(|| {
		let terms = PrivateTermsOf::<Test> {
			quota: Some(Quota { requests: 2, period: 10 }),
			..private_terms(&[worker()], PRICE)
		};
		assert_ok!(register(terms));
		assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
		assert_ok!(FheMl::register_server_key(signed(BOB), server_key(2)));
		let first = job(0, 0, 1);
		complete(first);
		assert_ok!(ask(0, 1, 1));
		assert_noop!(ask(0, 2, 1), Error::<Test>::QuotaExceeded);
		// Another account has its own.
		let input = input_for(&private_artifact(), hash(&server_key(2)).0, 3);
		let key = Some(hash(&server_key(2)));
		assert_ok!(FheMl::request_inference(signed(BOB), 0, key, input, u64::MAX, 1));
		let used = |account| QuotaUsed::<Test>::get(0, account);
		assert_eq!(used(ALICE), Some(QuotaUse { since: 0, requests: 2 }));
		System::set_block_number(10);
		let next = job(0, 4, 1);
		assert_eq!(used(ALICE), Some(QuotaUse { since: 10, requests: 1 }));
		complete(next);
		// The count goes with a job that is released after its period.
		assert_ok!(FheMl::release(signed(ALICE), first));
		assert!(used(ALICE).is_some());
		System::set_block_number(20);
		assert_ok!(FheMl::release(signed(ALICE), next));
		assert_eq!(used(ALICE), None);
	});
}

#[test]
fn a_request_whose_money_went_back_does_not_count_but_a_broken_one_does() {
	run(|| {
		let quota = Some(Quota { requests: 1, period: 1_000 });
		let terms = PrivateTermsOf::<Test> { quota, ..private_terms(&[worker()], PRICE) };
		assert_ok!(register(terms));
		assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
		let failed = job(0, 0, 1);
		assert_noop!(ask(0, 1, 1), Error::<Test>::QuotaExceeded);
		post(failed, Outcome::Failed(FailureReason::EvaluationCrashed));
		assert_eq!(QuotaUsed::<Test>::get(0, ALICE), None);
		let broken = job(0, 1, 1);
		post(broken, Outcome::Failed(FailureReason::InputDoesNotDecode));
		assert_noop!(ask(0, 2, 1), Error::<Test>::QuotaExceeded);
	});
}

// Draws.

#[test]
fn only_evaluators_are_drawn_and_are_reserves() {
	run(|| {
		let all = workers(5);
		assert_ok!(register(private_terms(&[all[1].clone(), all[3].clone()], PRICE)));
		assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
		for seed in 0..8 {
			set_randomness(seed);
			let job = job(0, seed as u8, 1);
			let record = record(job);
			let mut asked = [record.assignees.to_vec(), record.reserves.to_vec()].concat();
			asked.sort();
			let mut expected = [all[1].clone(), all[3].clone()];
			expected.sort();
			assert_eq!(asked, expected);
		}
	});
}

#[test]
fn jobs_of_a_block_are_shared_evenly_by_the_evaluators_beside_those_of_public_models() {
	run(|| {
		let model = market(2);
		let public = register_linear_model();
		for seed in 0..8 {
			assert_ok!(ask(model, seed, 1));
			waiting_request(BOB, public, input(seed), 1);
		}
		draw_now();
		for seed in [1, 2] {
			assert_eq!(Workers::<Test>::get(other_id(seed)).unwrap().open_jobs, 8);
		}
	});
}

#[test]
fn room_is_judged_among_the_evaluators() {
	run(|| {
		workers(4);
		// Worker 1 alone, with one job that fills it: as much as an account may ask for, twice.
		let work = MAX_ACCOUNT_WORK - SERVER_KEY_WORK - 1;
		let artifact = artifact_of(CircuitKind::Private, work, None);
		let terms = private_terms(&[worker()], PRICE);
		assert_ok!(FheMl::register_private_model(signed(BOB), artifact.clone(), COMMITMENT, terms));
		let ask = |account: AccountId, seed: u8| {
			let key = server_key(seed);
			assert_ok!(FheMl::register_server_key(signed(account), key.clone()));
			let input = input_for(&artifact, hash(&key).0, seed);
			let key = Some(hash(&key));
			FheMl::request_inference(signed(account), 0, key, input, u64::MAX, 1)
		};
		assert_ok!(ask(ALICE, 1));
		draw_now();
		let before = Waiting::<Test>::get().len();
		assert_eq!(ask(BOB, 2), Err(Error::<Test>::AllWorkersBusy.into()));
		assert_eq!(Waiting::<Test>::get().len(), before);
	});
}

#[test]
fn private_jobs_leave_half_of_the_queue_to_public_ones() {
	run(|| {
		let model = market(1);
		let most: u32 = <Test as Config>::MaxWaiting::get();
		let half = most.div_ceil(2) as u8;
		for seed in 0..half {
			assert_ok!(ask(model, seed, 1));
		}
		assert_noop!(ask(model, half, 1), Error::<Test>::TooManyWaitingJobs);
		let public = register_linear_model();
		waiting_request(BOB, public, input(0), 1);
		assert_eq!(WaitingWork::<Test>::get(), WORK);
		let work = u64::from(half) * (WORK + SERVER_KEY_WORK);
		assert_eq!(WaitingPrivateWork::<Test>::get(model), work);
		draw_now();
		assert_eq!(WaitingPrivateWork::<Test>::iter().count(), 0);
	});
}

#[test]
fn evaluators_that_are_suspended_or_gone_are_too_few() {
	run(|| {
		let model = market(1);
		workers(3);
		assert_ok!(FheMl::leave_workers(signed(PAYOUT), worker()));
		assert_noop!(ask(model, 0, 1), Error::<Test>::TooFewEvaluators);
	});
}

// Declines.

#[test]
fn an_evaluator_without_the_file_declines_at_no_cost_and_another_is_asked() {
	run(|| {
		let model = market(3);
		let job = job(model, 0, 1);
		let mut asked = seats(job);
		for _ in 0..2 {
			let worker = seats(job)[0].clone();
			decline(job, &worker);
			assert!(was_seen(Event::EvaluatorDeclined { job, model, worker: worker.clone() }));
			let found = Workers::<Test>::get(&worker).unwrap();
			assert_eq!((found.status, found.open_jobs), (WorkerStatus::Active, 0));
			assert_eq!((found.bond, found.missed), (BOND, 0));
			asked.extend(seats(job));
		}
		asked.sort();
		asked.dedup();
		assert_eq!(asked.len(), 3);
		// As often as there are evaluators, which is more than there are rounds.
		assert_eq!((record(job).status, record(job).rounds), (JobStatus::Pending, 1));
		complete(job);
		assert!(matches!(record(job).status, JobStatus::Completed { .. }));
	});
}

#[test]
fn who_has_declined_is_not_asked_again_for_a_while() {
	run(|| {
		let model = market(2);
		let first = job(model, 0, 1);
		let absent = seats(first)[0].clone();
		decline(first, &absent);
		assert_eq!(private(model).absent[0].until, 1 + DECLINE_DELAY);
		for seed in 1..5 {
			let other = job(model, seed, 1);
			assert!(!seats(other).contains(&absent));
			assert!(record(other).reserves.is_empty());
		}
		assert_noop!(ask(model, 9, 2), Error::<Test>::TooFewEvaluators);
		System::set_block_number(1 + DECLINE_DELAY);
		let both = job(model, 9, 2);
		assert!(seats(both).contains(&absent));
		assert!(private(model).absent.is_empty());
	});
}

#[test]
fn a_job_that_no_evaluator_can_do_fails_and_everything_goes_back() {
	run(|| {
		let model = market(2);
		let (alice, bob) = (free(ALICE), free(BOB));
		let job = job(model, 0, 1);
		for _ in 0..2 {
			assert_eq!(record(job).status, JobStatus::Pending);
			decline(job, &seats(job)[0]);
		}
		let reason = FailureReason::ModelNotHeld;
		assert_eq!(record(job).status, JobStatus::Failed { reason });
		assert!(PrivateJobs::<Test>::get(job).is_none());
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!((free(ALICE), free(BOB)), (alice, bob));
		assert_noop!(ask(model, 1, 1), Error::<Test>::TooFewEvaluators);
		// The model is not suspended: as soon as evaluators may be asked again, they are.
		System::set_block_number(1 + DECLINE_DELAY);
		assert_ok!(ask(model, 1, 1));
	});
}

#[test]
fn a_declined_job_is_drawn_anew_where_no_reserve_has_room() {
	run(|| {
		let model = market(3);
		let job = job(model, 0, 2);
		let before = seats(job);
		// Who could replace them is not a reserve any more.
		Jobs::<Test>::mutate(job, |record| record.as_mut().unwrap().reserves.clear());
		let (gone, stays) = (before[0].clone(), before[1].clone());
		apply(commitment_by(&other_pair(seed_of(&stays)), job, &right(job))).unwrap().unwrap();
		decline(job, &gone);
		assert!(seats(job).is_empty() && Waiting::<Test>::get().contains(&job));
		assert!(!Ballots::<Test>::contains_key(job));
		FheMl::do_try_state().unwrap();
		draw_now();
		let after = seats(job);
		assert!(after.len() == 2 && after.contains(&stays) && !after.contains(&gone));
		for worker in &after {
			let pair = other_pair(seed_of(worker));
			apply(commitment_by(&pair, job, &right(job))).unwrap().unwrap();
		}
		complete(job);
		assert!(matches!(record(job).status, JobStatus::Completed { .. }));
	});
}

#[test]
fn a_job_expires_if_it_can_neither_be_given_away_nor_wait() {
	run(|| {
		let model = market(2);
		let public = register_linear_model();
		let (alice, job) = (free(ALICE), job(model, 0, 1));
		Jobs::<Test>::mutate(job, |record| record.as_mut().unwrap().reserves.clear());
		let most: u32 = <Test as Config>::MaxWaiting::get();
		for seed in 0..most as u8 {
			let account = if seed % 2 == 0 { BOB } else { ALICE };
			waiting_request(account, public, input(seed), 1);
		}
		let alice_waits = u64::from(most / 2) * (FEE + u64::from(INPUT_BYTES + RESULT_BYTES));
		decline(job, &seats(job)[0]);
		assert_eq!(record(job).status, JobStatus::Expired);
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!(free(ALICE), alice - alice_waits);
	});
}

#[test]
fn a_miss_is_punished_as_for_other_jobs_and_a_reserve_takes_over() {
	run(|| {
		let model = market(2);
		let job = job(model, 0, 1);
		let silent = seats(job)[0].clone();
		run_to_block(record(job).deadline + 1);
		let found = Workers::<Test>::get(&silent).unwrap();
		assert_eq!(found.status, WorkerStatus::Suspended);
		assert_eq!(found.bond, BOND - work_fee(1).min(PENALTY));
		assert_ne!(seats(job), [silent]);
		complete(job);
	});
}

#[test]
fn reserves_that_are_no_evaluators_any_more_are_not_called() {
	run(|| {
		let model = market(2);
		let job = job(model, 0, 1);
		let stays = seats(job);
		assert_ok!(FheMl::update_private_model(signed(BOB), model, private_terms(&stays, PRICE)));
		run_to_block(record(job).deadline + 1);
		assert_eq!(record(job).status, JobStatus::Expired);
	});
}

#[test]
fn that_the_file_is_missing_is_no_outcome() {
	run(|| {
		let model = market(1);
		let job = job(model, 0, 1);
		let outcome = Outcome::Failed(FailureReason::ModelNotHeld);
		let posted = FheMl::do_submit_result(worker(), job, outcome.hash(), outcome.clone());
		assert_noop!(posted, Error::<Test>::DeclineInstead);
		assert!(apply(submission(job, outcome)).is_err());
	});
}

#[test]
fn declining_a_job_of_a_public_model_still_suspends() {
	run(|| {
		let _ = market(1);
		let public = register_linear_model();
		let job = request(ALICE, public, input(0));
		apply(refusal_by(&worker_pair(), job)).unwrap().unwrap();
		assert_eq!(Workers::<Test>::get(worker()).unwrap().status, WorkerStatus::Suspended);
	});
}

// Disagreement.

/// A job of two evaluators that differ.
fn dispute(model: ModelId, seed: u8) -> JobId {
	let job = job(model, seed, 2);
	let input = Inputs::<Test>::get(job).unwrap();
	let said = [completed(&input, 0), completed(&input, 1)];
	let pairs: Vec<_> = seats(job).iter().map(|worker| other_pair(seed_of(worker))).collect();
	for (pair, outcome) in pairs.iter().zip(&said) {
		apply(commitment_by(pair, job, outcome)).unwrap().unwrap();
	}
	let [first, _] = said;
	apply(submission_by(&pairs[0], job, first)).unwrap().unwrap();
	job
}

#[test]
fn evaluators_that_differ_suspend_the_model_and_nobody_pays() {
	run(|| {
		// Enough workers for a jury, which is not called.
		let _ = workers(6);
		let terms = private_terms(&[other_id(1), other_id(2)], PRICE);
		assert_ok!(register(terms));
		assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
		let (alice, bob) = (free(ALICE), free(BOB));
		let job = dispute(0, 0);
		let reason = FailureReason::NoAgreement;
		assert_eq!(record(job).status, JobStatus::Failed { reason });
		let reason = Suspension::Disagreement;
		assert!(was_seen(Event::PrivateModelSuspended { model: 0, job, reason }));
		assert_eq!(private(0).state, suspended(reason));
		for seed in [1, 2] {
			let found = Workers::<Test>::get(other_id(seed)).unwrap();
			assert_eq!((found.status, found.bond), (WorkerStatus::Active, BOND));
		}
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert_eq!((free(ALICE), free(BOB)), (alice, bob));
		assert_noop!(ask(0, 1, 1), Error::<Test>::ModelIsSuspended);
		assert_eq!(FheMl::quote(0, 1), None);

		let resume = |origin| FheMl::resume_private_model(origin, 0);
		assert_noop!(resume(signed(ALICE)), Error::<Test>::NotModelOwner);
		assert_ok!(resume(signed(BOB)));
		System::assert_last_event(Event::PrivateModelResumed { model: 0, bond: MODEL_BOND }.into());
		assert_noop!(resume(signed(BOB)), Error::<Test>::ModelNotSuspended);
		assert_ok!(ask(0, 1, 1));
	});
}

#[test]
fn evaluators_that_agree_complete_the_job() {
	run(|| {
		let model = market(3);
		let bob = free(BOB);
		let job = job(model, 0, 3);
		for worker in seats(job) {
			let pair = other_pair(seed_of(&worker));
			apply(commitment_by(&pair, job, &right(job))).unwrap().unwrap();
		}
		complete(job);
		assert_eq!(free(BOB), bob + PRICE);
		let paid: u64 = (1..=3).map(|seed| free(operator(seed))).sum();
		assert_eq!(paid, 5 * EXISTENTIAL_DEPOSIT + work_fee(3));
	});
}

#[test]
fn open_jobs_of_a_suspended_model_are_finished_and_paid() {
	run(|| {
		let model = market(2);
		let open = job(model, 0, 1);
		let bob = free(BOB);
		dispute(model, 1);
		complete(open);
		assert_eq!(free(BOB), bob + PRICE);
	});
}

// Audit.

fn condemn(origin: RuntimeOrigin, job: JobId) -> DispatchResult {
	FheMl::condemn_result(origin, job, H256::repeat_byte(0xaa))
}

#[test]
fn a_condemned_result_is_paid_back_out_of_the_bond_and_suspends_the_model() {
	run(|| {
		let model = market(1);
		let job = job(model, 0, 1);
		let waits = self::job(model, 1, 1);
		complete(job);
		let (alice, bob) = (free(ALICE), free(BOB));
		assert_noop!(condemn(signed(ALICE), job), Error::<Test>::NotModelAuditor);
		assert_noop!(condemn(signed(AUDITOR), waits), Error::<Test>::JobNotFinished);
		assert_noop!(condemn(signed(AUDITOR), 99), Error::<Test>::UnknownJob);
		assert_ok!(condemn(signed(AUDITOR), job));
		let refund = work_fee(1) + PRICE;
		assert!(refund < MODEL_BOND / 2);
		let (auditor, statement) = (Some(AUDITOR), H256::repeat_byte(0xaa));
		let slashed = MODEL_BOND;
		assert!(was_seen(Event::ResultCondemned {
			job,
			model,
			auditor,
			statement,
			slashed,
			refund
		}));
		let reason = Suspension::Audit;
		assert!(was_seen(Event::PrivateModelSuspended { model, job, reason }));
		assert_eq!(free(ALICE), alice + refund);
		assert_eq!(free(SLASHED), MODEL_BOND - refund);
		assert_eq!((free(BOB), held(HoldReason::PrivateModelBond, BOB)), (bob, 0));
		assert_noop!(ask(model, 2, 1), Error::<Test>::ModelIsSuspended);
		// Nobody pays a price for what comes of open jobs; the workers have had their work.
		complete(waits);
		assert_eq!(free(BOB), bob);
		assert_eq!(free(ALICE), alice + refund + PRICE);
		assert_noop!(condemn(signed(AUDITOR), waits), Error::<Test>::NoModelBond);
		assert_noop!(condemn(signed(AUDITOR), job), Error::<Test>::NothingToCondemn);
	});
}

#[test]
fn only_the_admin_resumes_after_an_audit_and_the_bond_is_filled_up() {
	run(|| {
		let model = market(1);
		let (first, second) = (job(model, 0, 1), job(model, 1, 1));
		complete(first);
		complete(second);
		let bob = free(BOB);
		assert_ok!(condemn(RuntimeOrigin::root(), first));
		let resume = |origin| FheMl::resume_private_model(origin, model);
		assert_noop!(resume(signed(BOB)), Error::<Test>::ResumedByAdminOnly);
		assert_ok!(resume(RuntimeOrigin::root()));
		assert_eq!(free(BOB), bob - MODEL_BOND);
		assert_eq!(held(HoldReason::PrivateModelBond, BOB), MODEL_BOND);
		// Each bond once.
		assert_ok!(condemn(signed(AUDITOR), second));
		Balances::set_balance(&BOB, EXISTENTIAL_DEPOSIT);
		assert_noop!(resume(RuntimeOrigin::root()), TokenError::FundsUnavailable);
		assert_ok!(FheMl::retire_private_model(signed(BOB), model));
		assert_noop!(resume(RuntimeOrigin::root()), Error::<Test>::ModelIsRetired);
	});
}

#[test]
fn an_auditor_gives_users_at_most_half_of_the_bond_and_the_admin_all_of_it() {
	for (origin, most) in [(RuntimeOrigin::root(), MODEL_BOND), (signed(AUDITOR), MODEL_BOND / 2)] {
		run(|| {
			let terms = PrivateTermsOf::<Test> {
				auditor: Some(AUDITOR),
				..private_terms(&[worker()], 3 * MODEL_BOND)
			};
			assert_ok!(register(terms));
			assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
			let job = job(0, 0, 1);
			complete(job);
			let alice = free(ALICE);
			assert_ok!(condemn(origin.clone(), job));
			assert_eq!(free(ALICE), alice + most);
			assert_eq!(free(SLASHED), MODEL_BOND - most);
			assert_eq!(held(HoldReason::PrivateModelBond, BOB), 0);
		});
	}
}

#[test]
fn who_was_auditor_at_the_request_may_condemn_whoever_is_now() {
	run(|| {
		let model = market(1);
		let (first, second) = (job(model, 0, 1), job(model, 1, 1));
		complete(first);
		complete(second);
		let terms = private_terms(&[worker()], PRICE);
		assert_ok!(FheMl::update_private_model(signed(BOB), model, terms));
		System::set_block_number(1 + TERMS_DELAY);
		assert_eq!(FheMl::private_model(model).unwrap().terms.auditor, None);
		assert_noop!(condemn(signed(8), first), Error::<Test>::NotModelAuditor);
		assert_ok!(condemn(signed(AUDITOR), second));
	});
}

#[test]
fn there_is_nothing_to_condemn_of_public_models_and_failed_jobs() {
	run(|| {
		let model = market(1);
		let failed = job(model, 0, 1);
		post(failed, Outcome::Failed(FailureReason::InputDoesNotDecode));
		let public = register_linear_model();
		let of_public = request(ALICE, public, input(0));
		apply(submission(of_public, completed(&input(0), 0))).unwrap().unwrap();
		for job in [failed, of_public] {
			assert_noop!(condemn(RuntimeOrigin::root(), job), Error::<Test>::NothingToCondemn);
		}
	});
}

#[test]
fn an_audit_is_not_undone_by_a_disagreement() {
	run(|| {
		let model = market(2);
		let first = job(model, 0, 1);
		complete(first);
		let disputed = job(model, 1, 2);
		assert_ok!(condemn(signed(AUDITOR), first));
		let input = Inputs::<Test>::get(disputed).unwrap();
		let pairs: Vec<_> =
			seats(disputed).iter().map(|worker| other_pair(seed_of(worker))).collect();
		for (pair, seed) in pairs.iter().zip([0, 1]) {
			apply(commitment_by(pair, disputed, &completed(&input, seed))).unwrap().unwrap();
		}
		apply(submission_by(&pairs[0], disputed, completed(&input, 0))).unwrap().unwrap();
		assert_eq!(private(model).state, suspended(Suspension::Audit));
	});
}

// Retirement.

#[test]
fn a_retired_model_gives_its_deposit_back_at_once_and_its_bond_after_the_delay() {
	run(|| {
		let before = free(BOB);
		let model = market(1);
		let job = job(model, 0, 1);
		complete(job);
		let retire = |who| FheMl::retire_private_model(signed(who), model);
		let withdraw = |who| FheMl::withdraw_model_bond(signed(who), model);
		assert_noop!(retire(ALICE), Error::<Test>::NotModelOwner);
		assert_noop!(withdraw(BOB), Error::<Test>::ModelBondNotFree);
		assert_ok!(retire(BOB));
		System::assert_last_event(Event::ModelRetired { model }.into());
		assert_noop!(retire(BOB), Error::<Test>::ModelIsRetired);
		assert_eq!(free(BOB), before + PRICE - MODEL_BOND);
		assert_noop!(ask(model, 1, 1), Error::<Test>::ModelIsRetired);
		let free_at = 1 + UNBONDING;
		assert_eq!(private(model).bond_free_at, Some(free_at));
		System::set_block_number(free_at - 1);
		assert_noop!(withdraw(BOB), Error::<Test>::ModelBondNotFree);
		System::set_block_number(free_at);
		assert_noop!(withdraw(ALICE), Error::<Test>::NotModelOwner);
		assert_ok!(withdraw(BOB));
		System::assert_last_event(
			Event::ModelBondWithdrawn { model, owner: BOB, bond: MODEL_BOND }.into(),
		);
		assert_eq!(free(BOB), before + PRICE);
		assert_noop!(withdraw(BOB), Error::<Test>::NotAPrivateModel);
		assert_noop!(condemn(RuntimeOrigin::root(), job), Error::<Test>::NoModelBond);
		assert_ok!(FheMl::release(signed(ALICE), job));
		assert!(Models::<Test>::contains_key(model));
	});
}

#[test]
fn the_delay_of_a_bond_begins_with_the_end_of_the_last_job() {
	run(|| {
		let model = market(1);
		let job = job(model, 0, 1);
		// The admin retires abuse in the same way.
		assert_ok!(FheMl::retire_model(RuntimeOrigin::root(), model));
		assert_eq!(private(model).bond_free_at, None);
		System::set_block_number(5);
		complete(job);
		assert_eq!(private(model).bond_free_at, Some(5 + UNBONDING));
		assert_eq!(Models::<Test>::get(model).unwrap().status, ModelStatus::Retired);
		assert_eq!(held(HoldReason::Model, BOB), 0);
		// A result can still be condemned, until the bond has gone back.
		assert_ok!(condemn(RuntimeOrigin::root(), job));
		System::set_block_number(5 + UNBONDING);
		assert_ok!(FheMl::withdraw_model_bond(signed(BOB), model));
	});
}

#[test]
fn counts_of_quotas_go_with_the_model() {
	run(|| {
		let quota = Some(Quota { requests: 3, period: 1_000 });
		assert_ok!(register(PrivateTermsOf::<Test> { quota, ..private_terms(&[worker()], PRICE) }));
		assert_ok!(FheMl::register_server_key(signed(ALICE), server_key(1)));
		let job = job(0, 0, 1);
		complete(job);
		assert_ok!(FheMl::retire_private_model(signed(BOB), 0));
		System::set_block_number(1 + UNBONDING);
		assert_ok!(FheMl::withdraw_model_bond(signed(BOB), 0));
		assert_eq!(QuotaUsed::<Test>::iter().count(), 0);
	});
}

#[test]
fn draws_of_private_jobs_are_announced() {
	run(|| {
		let model = market(1);
		let idle = FheMl::on_initialize(2);
		assert_ok!(ask(model, 0, 1));
		let waiting = FheMl::on_initialize(2);
		assert!(waiting.ref_time() > idle.ref_time());
		end_block(Weight::MAX);
	});
}
