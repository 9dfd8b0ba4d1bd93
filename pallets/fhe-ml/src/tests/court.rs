//! Tests of the court, with [`MockCourt`]: right is what is full of [`RIGHT`].

mod at_once;
mod challenges;
mod failures;
mod guards;
mod rows;
mod split;
mod untried;

use crate::{mock::*, pallet::*};
use fhe_ml_primitives::{
	JobId, JobRecord, ModelId, Outcome, WorkerId, WorkerPair, WorkerRecord, format::CircuitKind,
};
use frame_support::{assert_ok, traits::fungible::InspectHold};
use sp_core::Pair;

/// Some account without a part in anything.
const CAROL: AccountId = 5;
/// What is held from who challenges a part.
const PART_BOND: u64 = CHALLENGE_BOND + STEPS as u64 * STEP_REWARD;
/// Storage deposit of a job of one row.
const DEPOSIT: u64 = (INPUT_BYTES + RESULT_BYTES) as u64;
const RICH: u64 = 10_000_000;

/// As [`run`]; no money appears or vanishes.
fn in_court(test: impl FnOnce()) {
	run(|| {
		endow(CAROL, 100_000);
		endow(SLASHED, EXISTENTIAL_DEPOSIT);
		(2..=6).for_each(|seed| endow(operator(seed), EXISTENTIAL_DEPOSIT + BOND));
		let before = Balances::total_issuance();
		test();
		assert_eq!(Balances::total_issuance(), before);
	});
}

fn artifact_named(named: &str) -> Vec<u8> {
	named_artifact(CircuitKind::Linear, named, false)
}

fn register(artifact: Vec<u8>) -> ModelId {
	let model = NextModel::<Test>::get();
	assert_ok!(FheMl::register_model(RuntimeOrigin::root(), artifact, None));
	model
}

/// An input for the model with this name.
fn input_named(named: &str, seed: u8) -> Vec<u8> {
	input_for(&artifact_named(named), [0; 32], seed)
}

/// The same, whose row does not decode.
fn broken_input(named: &str) -> Vec<u8> {
	let mut input = input_named(named, 0);
	*input.last_mut().unwrap() = BROKEN;
	input
}

/// A job of ALICE with a model of this name, whose workers are drawn.
fn job_named(named: &str, redundancy: u8) -> JobId {
	let model = register(artifact_named(named));
	request_of(ALICE, model, input_named(named, 0), redundancy)
}

fn right() -> Outcome {
	completed(&input_named("steps", 0), RIGHT)
}

fn wrong() -> Outcome {
	completed(&input_named("steps", 0), 6)
}

/// The only worker posts this.
fn post(job: JobId, outcome: Outcome) {
	assert_ok!(apply(submission(job, outcome)).unwrap());
	check();
}

fn check() {
	FheMl::do_try_state().unwrap();
}

fn challenge(who: AccountId, job: JobId, part: u32) {
	assert_ok!(FheMl::challenge(RuntimeOrigin::signed(who), job, part));
	check();
}

fn steps(who: AccountId, job: JobId, count: u32) {
	for _ in 0..count {
		assert_ok!(FheMl::step(RuntimeOrigin::signed(who), job));
		check();
	}
}

/// As [`run_to_block`], and looks at the storage after each block.
fn go_to_block(block: u64) {
	while System::block_number() < block {
		run_to_block(System::block_number() + 1);
		check();
	}
}

fn record(job: JobId) -> JobRecord<AccountId, u64, u64> {
	Jobs::<Test>::get(job).unwrap()
}

fn worker_record(worker: &WorkerId) -> WorkerRecord<AccountId, u64, u64> {
	Workers::<Test>::get(worker).unwrap()
}

fn free(account: AccountId) -> u64 {
	Balances::free_balance(account)
}

fn held(reason: HoldReason, account: AccountId) -> u64 {
	Balances::balance_on_hold(&reason.into(), &account)
}

fn stored(job: JobId) -> Outcome {
	Outcome::Completed(Results::<Test>::get(job).unwrap())
}

/// Operators of the workers 2, 3, ...
fn operator(seed: u8) -> AccountId {
	20 + AccountId::from(seed)
}

/// Workers 1 to `workers`, each of an operator of its own.
fn join_all(workers: u8) {
	for seed in 2..=workers {
		assert_ok!(join(operator(seed), seed));
	}
}

fn pairs_of(job: JobId) -> Vec<WorkerPair> {
	let pair = |worker: &WorkerId| (1..10).map(other_pair).find(|pair| pair.public() == *worker);
	record(job).assignees.iter().map(|worker| pair(worker).unwrap()).collect()
}

fn commit(pair: &WorkerPair, job: JobId, outcome: &Outcome) {
	assert_ok!(apply(commitment_by(pair, job, outcome)).unwrap());
	check();
}

fn reveal(pair: &WorkerPair, job: JobId, outcome: &Outcome) {
	assert_ok!(apply(submission_by(pair, job, outcome.clone())).unwrap());
	check();
}
