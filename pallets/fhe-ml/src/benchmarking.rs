//! Benchmarks of every call at its largest blobs.

use crate::{court::Docket, pallet::*, types::*};
use alloc::{vec, vec::Vec};
use codec::Encode;
use fhe_ml_primitives::{
	Assignees, Ballot, JobStatus, KeyHash, Limits, MIN_JURY, Outcome, Quota, QuotaUse, ResultBytes,
	Statement, WorkerId, WorkerSignature,
	bounds::MAX_ASSIGNEES,
	commitment,
	format::{
		ArtifactPrefix, BootstrapKeyPrefix, CircuitKind, InputPrefix, MODEL_NAME_BYTES,
		ResultPrefix, ServerKeyPrefix,
	},
};
use frame_benchmarking::v2::*;
use frame_support::{
	BoundedVec, assert_ok,
	pallet_prelude::TransactionSource,
	traits::{
		Authorize, EnsureOrigin, Get,
		fungible::{Inspect, Mutate},
	},
};
use frame_system::RawOrigin;
use sp_core::{H256, proof_of_possession::statement_of_ownership};
use sp_io::hashing::blake2_256;
use sp_runtime::{
	RuntimeAppPublic,
	traits::{Bounded, One, Saturating},
};

const MAX_ARTIFACT: u32 = 1024 * 1024;
const MAX_INPUT: u32 = 256 * 1024;
const MAX_RESULT: u32 = 256 * 1024;
/// Active workers up to which requests are measured; the weight is linear in their number.
const MAX_WORKERS: u32 = 64;
/// Jobs up to which draws are measured; the weight is linear in their number.
const MAX_DRAWS: u32 = 128;

fn rich_account<T: Config>() -> T::AccountId {
	let account: T::AccountId = whitelisted_caller();
	let amount = BalanceOf::<T>::max_value() / 4u32.into();
	let _ = T::Currency::set_balance(&account, amount.max(T::Currency::minimum_balance()));
	account
}

/// An artifact of `bytes` bytes for inputs and results of these lengths.
fn artifact(bytes: u32, input_bytes: u32, result_bytes: u32) -> Vec<u8> {
	artifact_of(CircuitKind::Linear, bytes, input_bytes, result_bytes)
}

fn artifact_of(circuit: CircuitKind, bytes: u32, input_bytes: u32, result_bytes: u32) -> Vec<u8> {
	let circuit_bytes = bytes.saturating_sub(ArtifactPrefix::BYTES as u32);
	let prefix = ArtifactPrefix {
		circuit,
		input_bytes,
		result_bytes,
		work: 1,
		card_bytes: 0,
		circuit_bytes,
		name: [b'x'; MODEL_NAME_BYTES],
		row_layout: None,
		encrypted_for: None,
	};
	let mut artifact = prefix.to_bytes()[..prefix.encoded_len()].to_vec();
	artifact.resize(ArtifactPrefix::BYTES + circuit_bytes as usize, 7);
	artifact
}

fn server_key() -> Vec<u8> {
	let mut key = ServerKeyPrefix { mask_seed: [1; 16], has_zero_row: true }.to_bytes().to_vec();
	key.resize(ServerKeyPrefix::KEY_BYTES, 7);
	key
}

/// The bootstrap key of a server key.
fn bootstrap_key(server_key: KeyHash) -> Vec<u8> {
	let prefix = BootstrapKeyPrefix { server_key: server_key.0, mask_seed: [1; 16] };
	let mut key = prefix.to_bytes().to_vec();
	key.resize(BootstrapKeyPrefix::KEY_BYTES, 7);
	key
}

/// Terms with as many evaluators as there can be, and everything that there can be in terms.
fn terms<T: Config>() -> PrivateTermsOf<T> {
	let evaluators = Workers::<T>::iter_keys().collect::<Vec<_>>();
	let missing = MAX_ASSIGNEES.saturating_sub(evaluators.len() as u32);
	let first = evaluators.len() as u32;
	let more = (first..first.saturating_add(missing)).map(another_worker::<T>);
	let evaluators = Assignees::truncate_from(evaluators.into_iter().chain(more).collect());
	PrivateTermsOf::<T> {
		evaluators,
		price: T::Currency::minimum_balance(),
		quota: Some(Quota { requests: u32::MAX, period: 1u32.into() }),
		auditor: Some(rich_account::<T>()),
	}
}

/// A private model of [`rich_account`], with the largest terms and a change of them.
fn private_model<T: Config>(bytes: u32) -> Vec<u8> {
	single_worker::<T>();
	let (input, result) = (InputPrefix::BYTES as u32, ResultPrefix::BYTES as u32);
	let artifact = artifact_of(CircuitKind::Private, bytes, input, result);
	let (owner, terms) = (rich_account::<T>(), terms::<T>());
	let registered = Pallet::<T>::do_register_private_model(
		owner.clone(),
		artifact.clone(),
		H256::zero(),
		terms.clone(),
	);
	assert_ok!(registered);
	assert_ok!(Pallet::<T>::do_update_private_model(owner, 0, terms));
	artifact
}

/// A pending job of [`private_model`], its worker and its outcome.
fn pending_private_job<T: Config>() -> Result<(WorkerId, Outcome), BenchmarkError> {
	let artifact = private_model::<T>(ArtifactPrefix::BYTES as u32);
	let (owner, key) = (rich_account::<T>(), server_key());
	let hash = blake2_256(&key);
	assert_ok!(Pallet::<T>::do_register_server_key(owner.clone(), key));
	let mut input = input(&artifact, InputPrefix::BYTES as u32);
	let prefix = InputPrefix {
		artifact: blake2_256(&artifact),
		server_key: hash,
		mask_seed: [1; 16],
		rows: 1,
	};
	input.splice(.., prefix.to_bytes(0));
	let outcome = outcome(&input, ResultPrefix::BYTES as u32);
	let most = BalanceOf::<T>::max_value();
	let key = Some(KeyHash::from(hash));
	assert_ok!(Pallet::<T>::do_request_inference(owner, 0, key, input, most, 1));
	seat_all::<T>();
	let record = Jobs::<T>::get(last_job::<T>()).ok_or(BenchmarkError::Stop("no job"))?;
	let worker = record.assignees.first().cloned().ok_or(BenchmarkError::Stop("not drawn"))?;
	Ok((worker, outcome))
}

fn input(artifact: &[u8], bytes: u32) -> Vec<u8> {
	let bodies = bytes.saturating_sub(InputPrefix::BYTES as u32);
	let prefix = InputPrefix {
		artifact: blake2_256(artifact),
		server_key: [0; 32],
		mask_seed: [1; 16],
		rows: 1,
	};
	let mut input = prefix.to_bytes(bodies).to_vec();
	input.resize(InputPrefix::BYTES + bodies as usize, 7);
	input
}

fn outcome(input: &[u8], bytes: u32) -> Outcome {
	let bodies = bytes.saturating_sub(ResultPrefix::BYTES as u32);
	let [a, b, c, d, e, f, g, h, ..] = blake2_256(input);
	let prefix = ResultPrefix { input_tag: [a, b, c, d, e, f, g, h], rows: 1 };
	let mut result = prefix.to_bytes(bodies).to_vec();
	result.resize(ResultPrefix::BYTES + bodies as usize, 7);
	Outcome::Completed(ResultBytes::truncate_from(result))
}

/// A worker whose key is in the keystore, with an operator of its own: to pay many costs more than to pay
/// one.
fn another_worker<T: Config>(number: u32) -> WorkerId {
	let seed = alloc::format!("//Worker//{number}");
	let worker = WorkerId::generate_pair(Some(seed.into_bytes()));
	let operator: T::AccountId = account("operator", number, 0);
	let amount = BalanceOf::<T>::max_value() / 1024u32.into();
	let _ = T::Currency::set_balance(&operator, amount);
	assert_ok!(Pallet::<T>::do_join(worker.clone(), operator));
	worker
}

/// Replaces all workers by one whose operator is [`rich_account`].
fn single_worker<T: Config>() -> WorkerId {
	let _ = Workers::<T>::clear(u32::MAX, None);
	ActiveWorkers::<T>::kill();
	let worker = WorkerId::generate_pair(Some(b"//Worker".to_vec()));
	let operator = rich_account::<T>();
	assert_ok!(Pallet::<T>::do_join(worker.clone(), operator));
	worker
}

/// A pending job with a result of `result_bytes` bytes, its worker and its outcome.
fn pending_job<T: Config>(input_bytes: u32, result_bytes: u32) -> (WorkerId, Outcome) {
	let worker = single_worker::<T>();
	let outcome = pending_job_of::<T>(1, input_bytes, result_bytes);
	(worker, outcome)
}

/// A pending job that `workers` workers were asked for, two of which must agree, with reserves; its outcome.
fn ballot_of<T: Config>(workers: u32, result_bytes: u32) -> Outcome {
	single_worker::<T>();
	for number in 1..workers.max(2).saturating_mul(2) {
		another_worker::<T>(number);
	}
	let outcome = pending_job_of::<T>(2, InputPrefix::BYTES as u32, result_bytes);
	let job = last_job::<T>();
	if let Some(mut record) = Jobs::<T>::get(job) {
		let wanted = (workers as usize).saturating_sub(record.assignees.len());
		let more = Pallet::<T>::call_reserves(&mut record, wanted);
		Pallet::<T>::unassign(job, &record, &[]);
		Pallet::<T>::assign_more(job, &mut record, &more);
		record.rounds = 1;
		Jobs::<T>::insert(job, record);
	}
	outcome
}

/// Commits all workers of the last job to its outcome; if they are a jury, one of them to another outcome: it
/// is slashed. Returns one of the others.
fn commit_all<T: Config>(outcome: &Outcome) -> Option<WorkerId> {
	let job = last_job::<T>();
	let record = Jobs::<T>::get(job)?;
	let lies = record.assignees.len() >= MIN_JURY;
	let mut ballot = Ballot::default();
	for (at, worker) in record.assignees.iter().enumerate() {
		let said = if lies && at == 0 { H256::zero() } else { outcome.hash() };
		ballot.commitments.try_push((worker.clone(), commitment(worker, job, &said))).ok()?;
	}
	Ballots::<T>::insert(job, ballot);
	record.assignees.last().cloned()
}

/// The worker's signature over what it says of a job.
fn signed<T: Config>(
	worker: &WorkerId,
	job: u64,
	statement: Statement,
) -> Result<WorkerSignature, BenchmarkError> {
	let record = Jobs::<T>::get(job).ok_or(BenchmarkError::Stop("no job"))?;
	let payload = Pallet::<T>::submission_payload(job, &record, statement)
		.ok_or(BenchmarkError::Stop("no model"))?;
	worker.sign(&payload.to_sign()).ok_or(BenchmarkError::Stop("no keystore"))
}

fn pending_job_of<T: Config>(redundancy: u8, input_bytes: u32, result_bytes: u32) -> Outcome {
	let artifact = artifact(ArtifactPrefix::BYTES as u32, input_bytes, result_bytes);
	let input = input(&artifact, input_bytes);
	let outcome = outcome(&input, result_bytes);
	let model = NextModel::<T>::get();
	assert_ok!(Pallet::<T>::do_register_model(artifact, None));
	let owner = rich_account::<T>();
	assert_ok!(Pallet::<T>::do_request_inference(
		owner,
		model,
		None,
		input,
		BalanceOf::<T>::max_value(),
		redundancy,
	));
	seat_all::<T>();
	outcome
}

/// A job with a result that `workers` workers stand for, and that can be challenged.
fn provisional_job<T: Config>(workers: u32) -> Result<u64, BenchmarkError> {
	let outcome = ballot_of::<T>(workers, MAX_RESULT);
	let job = last_job::<T>();
	let record = Jobs::<T>::get(job).ok_or(BenchmarkError::Stop("no job"))?;
	Dockets::<T>::insert(record.model, Docket::Steps { per_part: 1 });
	let said = |worker: &WorkerId| (worker.clone(), commitment(worker, job, &outcome.hash()));
	let mut ballot = Ballot::default();
	for worker in &record.assignees {
		let full = BenchmarkError::Stop("too many workers");
		ballot.commitments.try_push(said(worker)).map_err(|_| full)?;
	}
	Ballots::<T>::insert(job, ballot);
	let worker = record.assignees.first().cloned().ok_or(BenchmarkError::Stop("not drawn"))?;
	assert_ok!(Pallet::<T>::do_submit_result(worker, job, outcome.hash(), outcome));
	assert!(Provisional::<T>::contains_key(job));
	Ok(job)
}

/// As many bytes as there may be.
fn longest<B: Get<u32>>() -> BoundedVec<u8, B> {
	BoundedVec::truncate_from(vec![7; B::get() as usize])
}

/// Goes on to the next block, at whose end the workers of all jobs are drawn.
fn seat_all<T: Config>() {
	let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
	frame_system::Pallet::<T>::set_block_number(next);
	// Whoever has joined is old enough.
	Pallet::<T>::prepare_draws(next.saturating_add(T::JoinDelay::get()));
	Pallet::<T>::seat_jobs(next);
}

fn last_job<T: Config>() -> u64 {
	NextJob::<T>::get().saturating_sub(One::one())
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register_model(
		b: Linear<{ ArtifactPrefix::BYTES as u32 }, MAX_ARTIFACT>,
	) -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let artifact = artifact(b, MAX_INPUT, MAX_RESULT);
		let depositor = rich_account::<T>();
		Pallet::<T>::do_allow_model_deposit(depositor.clone(), BalanceOf::<T>::max_value());
		let depositor = Some(depositor);
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, artifact, depositor);
		assert!(ModelArtifacts::<T>::contains_key(0));
		Ok(())
	}

	#[benchmark]
	fn retire_model() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let artifact = artifact(MAX_ARTIFACT, MAX_INPUT, MAX_RESULT);
		let depositor = rich_account::<T>();
		Pallet::<T>::do_allow_model_deposit(depositor.clone(), BalanceOf::<T>::max_value());
		assert_ok!(Pallet::<T>::do_register_model(artifact, Some(depositor)));
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, 0);
		assert!(!ModelArtifacts::<T>::contains_key(0));
		Ok(())
	}

	/// Every valid key has the same length.
	#[benchmark]
	fn register_server_key() {
		let owner = rich_account::<T>();
		let key = server_key();
		let hash: KeyHash = blake2_256(&key).into();
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), key);
		assert!(ServerKeyBytes::<T>::contains_key(hash));
	}

	/// Every valid key has the same length.
	#[benchmark]
	fn register_bootstrap_key() {
		let owner = rich_account::<T>();
		let key = server_key();
		let hash: KeyHash = blake2_256(&key).into();
		assert_ok!(Pallet::<T>::do_register_server_key(owner.clone(), key));
		let bootstrap_key = bootstrap_key(hash);
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), bootstrap_key);
		assert!(BootstrapKeyBytes::<T>::contains_key(hash));
	}

	#[benchmark]
	fn remove_server_key() {
		let owner = rich_account::<T>();
		let key = server_key();
		let hash: KeyHash = blake2_256(&key).into();
		assert_ok!(Pallet::<T>::do_register_server_key(owner.clone(), key));
		assert_ok!(Pallet::<T>::do_register_bootstrap_key(owner.clone(), bootstrap_key(hash)));
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), hash);
		assert!(!ServerKeyBytes::<T>::contains_key(hash));
	}

	#[benchmark]
	fn request_inference(
		b: Linear<{ InputPrefix::BYTES as u32 }, MAX_INPUT>,
		w: Linear<1, MAX_WORKERS>,
	) {
		single_worker::<T>();
		for number in 1..w {
			another_worker::<T>(number);
		}
		let owner = rich_account::<T>();
		let artifact = artifact(ArtifactPrefix::BYTES as u32, b, ResultPrefix::BYTES as u32);
		let input = input(&artifact, b);
		assert_ok!(Pallet::<T>::do_register_model(artifact, None));
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), 0, None, input, BalanceOf::<T>::max_value(), 1);
		assert!(Inputs::<T>::contains_key(last_job::<T>()));
	}

	/// The outcome decides a job of `n` workers, one of which is slashed.
	#[benchmark]
	fn submit_result(
		b: Linear<{ ResultPrefix::BYTES as u32 }, MAX_RESULT>,
		n: Linear<2, MAX_ASSIGNEES>,
	) -> Result<(), BenchmarkError> {
		let outcome = ballot_of::<T>(n, b);
		let job = last_job::<T>();
		let worker = commit_all::<T>(&outcome).ok_or(BenchmarkError::Stop("no job"))?;
		let signature = worker
			.sign(&b"checked by authorize only".encode())
			.ok_or(BenchmarkError::Stop("no keystore"))?;
		#[extrinsic_call]
		_(frame_system::Origin::<T>::Authorized, worker, job, outcome.hash(), signature, outcome);
		assert!(Results::<T>::contains_key(job));
		Ok(())
	}

	/// The last commitment of as many workers as a job can have.
	#[benchmark]
	fn commit_result() -> Result<(), BenchmarkError> {
		let outcome = ballot_of::<T>(MAX_ASSIGNEES, ResultPrefix::BYTES as u32);
		let job = last_job::<T>();
		let worker = commit_all::<T>(&outcome).ok_or(BenchmarkError::Stop("no job"))?;
		Ballots::<T>::mutate(job, |ballot| ballot.commitments.pop());
		let made = commitment(&worker, job, &outcome.hash());
		let signature = worker
			.sign(&b"checked by authorize only".encode())
			.ok_or(BenchmarkError::Stop("no keystore"))?;
		#[extrinsic_call]
		_(frame_system::Origin::<T>::Authorized, worker.clone(), job, made, signature);
		assert_eq!(Ballots::<T>::get(job).commitment_of(&worker), Some(made));
		Ok(())
	}

	#[benchmark]
	fn authorize_commit_result() -> Result<(), BenchmarkError> {
		let outcome = ballot_of::<T>(MAX_ASSIGNEES, ResultPrefix::BYTES as u32);
		let job = last_job::<T>();
		let worker = commit_all::<T>(&outcome).ok_or(BenchmarkError::Stop("no job"))?;
		Ballots::<T>::mutate(job, |ballot| ballot.commitments.pop());
		let commitment = commitment(&worker, job, &outcome.hash());
		let signature = signed::<T>(&worker, job, Statement::Commitment(commitment))?;
		let call = Call::<T>::commit_result { worker, job, commitment, signature };
		let validity;
		#[block]
		{
			validity = call.authorize(TransactionSource::External);
		}
		assert!(matches!(validity, Some(Ok(_))));
		Ok(())
	}

	#[benchmark]
	fn authorize_submit_result(
		b: Linear<{ ResultPrefix::BYTES as u32 }, MAX_RESULT>,
	) -> Result<(), BenchmarkError> {
		let outcome = ballot_of::<T>(MAX_ASSIGNEES, b);
		let job = last_job::<T>();
		let worker = commit_all::<T>(&outcome).ok_or(BenchmarkError::Stop("no job"))?;
		let signature = signed::<T>(&worker, job, Statement::Outcome(outcome.hash()))?;
		let outcome_hash = outcome.hash();
		let call = Call::<T>::submit_result { worker, job, outcome_hash, signature, outcome };
		let validity;
		#[block]
		{
			validity = call.authorize(TransactionSource::External);
		}
		assert!(matches!(validity, Some(Ok(_))));
		Ok(())
	}

	#[benchmark]
	fn release() {
		let (worker, outcome) = pending_job::<T>(MAX_INPUT, MAX_RESULT);
		let job = last_job::<T>();
		assert_ok!(Pallet::<T>::do_submit_result(worker, job, outcome.hash(), outcome));
		let owner = rich_account::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), job);
		assert!(!Jobs::<T>::contains_key(job));
	}

	#[benchmark]
	fn join_workers() -> Result<(), BenchmarkError> {
		single_worker::<T>();
		let worker = WorkerId::generate_pair(Some(b"//Another".to_vec()));
		let operator = rich_account::<T>();
		let statement = operator.using_encoded(statement_of_ownership);
		let proof = worker.sign(&statement).ok_or(BenchmarkError::Stop("no keystore"))?;
		#[extrinsic_call]
		_(RawOrigin::Signed(operator), worker.clone(), proof);
		assert!(Workers::<T>::contains_key(worker));
		Ok(())
	}

	#[benchmark]
	fn leave_workers() {
		let worker = single_worker::<T>();
		let operator = rich_account::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(operator), worker);
		assert!(ActiveWorkers::<T>::get().is_empty());
	}

	#[benchmark]
	fn withdraw_bond() {
		let worker = single_worker::<T>();
		let operator = rich_account::<T>();
		assert_ok!(Pallet::<T>::do_leave(None, worker.clone()));
		let now = frame_system::Pallet::<T>::block_number();
		frame_system::Pallet::<T>::set_block_number(now.saturating_add(T::UnbondingDelay::get()));
		#[extrinsic_call]
		_(RawOrigin::Signed(operator), worker.clone());
		assert!(!Workers::<T>::contains_key(worker));
	}

	#[benchmark]
	fn resume_worker() {
		let worker = single_worker::<T>();
		let operator = rich_account::<T>();
		Pallet::<T>::suspend_unpunished(&worker, 0);
		#[extrinsic_call]
		_(RawOrigin::Signed(operator), worker.clone());
		assert!(ActiveWorkers::<T>::get().contains(&worker));
	}

	/// All `n` workers of a job are silent, and it is assigned to others: that is more to do than to give
	/// it up.
	#[benchmark]
	fn expire(n: Linear<1, MAX_ASSIGNEES>) {
		ballot_of::<T>(n, ResultPrefix::BYTES as u32);
		// What they answer for is counted.
		Dockets::<T>::insert(0, Docket::Steps { per_part: 1 });
		let caller = rich_account::<T>();
		let job = last_job::<T>();
		let record = Jobs::<T>::get(job);
		let passed = record.map(|record| record.deadline.saturating_add(One::one()));
		frame_system::Pallet::<T>::set_block_number(passed.unwrap_or_default());
		#[extrinsic_call]
		_(RawOrigin::Signed(caller), job);
		assert_eq!(Jobs::<T>::get(job).map(|record| record.status), Some(JobStatus::Pending));
	}

	/// `n` jobs that as many workers as possible must agree on, out of as many as there can be.
	#[benchmark]
	fn seat_jobs(n: Linear<1, MAX_DRAWS>) {
		single_worker::<T>();
		for number in 1..MAX_WORKERS {
			another_worker::<T>(number);
		}
		let redundancy = T::MaxRedundancy::get();
		let (input_bytes, result_bytes) = (InputPrefix::BYTES as u32, ResultPrefix::BYTES as u32);
		let artifact = artifact(ArtifactPrefix::BYTES as u32, input_bytes, result_bytes);
		let input = input(&artifact, input_bytes);
		assert_ok!(Pallet::<T>::do_register_model(artifact, None));
		Dockets::<T>::insert(0, Docket::Steps { per_part: 1 });
		let (owner, most) = (rich_account::<T>(), BalanceOf::<T>::max_value());
		for _ in 0..n {
			let (owner, input) = (owner.clone(), input.clone());
			assert_ok!(Pallet::<T>::do_request_inference(owner, 0, None, input, most, redundancy));
		}
		#[block]
		{
			seat_all::<T>();
		}
		assert!(Waiting::<T>::get().is_empty());
	}

	#[benchmark]
	fn allow_model_deposit() {
		let caller = rich_account::<T>();
		let most: BalanceOf<T> = 1u32.into();
		#[extrinsic_call]
		_(RawOrigin::Signed(caller.clone()), most);
		assert_eq!(ModelAllowances::<T>::get(caller), Some(most));
	}

	#[benchmark]
	fn set_limits() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let limits = Limits { workers: 1, min_redundancy: 1, max_redundancy: 1 };
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, limits);
		assert_eq!(AdminLimits::<T>::get(), Some(limits));
		Ok(())
	}

	#[benchmark]
	fn set_untried_redundancy() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let least = T::MaxRedundancy::get();
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, least);
		assert_eq!(UntriedRedundancy::<T>::get(), least);
		Ok(())
	}

	#[benchmark]
	fn register_private_model(b: Linear<{ ArtifactPrefix::BYTES as u32 }, MAX_ARTIFACT>) {
		single_worker::<T>();
		let artifact = artifact_of(CircuitKind::Private, b, MAX_INPUT, MAX_RESULT);
		let (owner, terms) = (rich_account::<T>(), terms::<T>());
		PrivateRegistrationClosed::<T>::put(true);
		PrivateOwners::<T>::insert(&owner, ());
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), artifact, H256::zero(), terms);
		assert!(PrivateModels::<T>::contains_key(0));
	}

	#[benchmark]
	fn update_private_model() {
		private_model::<T>(ArtifactPrefix::BYTES as u32);
		let (owner, terms) = (rich_account::<T>(), terms::<T>());
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), 0, terms);
		assert!(PrivateModels::<T>::get(0).is_some_and(|record| record.next_terms.is_some()));
	}

	#[benchmark]
	fn retire_private_model() {
		private_model::<T>(MAX_ARTIFACT);
		let owner = rich_account::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), 0);
		assert!(!ModelArtifacts::<T>::contains_key(0));
	}

	/// With as many counts of quotas as go with it.
	#[benchmark]
	fn withdraw_model_bond() {
		private_model::<T>(ArtifactPrefix::BYTES as u32);
		let owner = rich_account::<T>();
		for number in 0..64 {
			let asker: T::AccountId = account("asker", number, 0);
			let used = QuotaUse { since: Default::default(), requests: 1 };
			QuotaUsed::<T>::insert(0, asker, used);
		}
		assert_ok!(Pallet::<T>::do_retire_private_model(owner.clone(), 0));
		let now = frame_system::Pallet::<T>::block_number();
		frame_system::Pallet::<T>::set_block_number(now.saturating_add(T::UnbondingDelay::get()));
		#[extrinsic_call]
		_(RawOrigin::Signed(owner), 0);
		assert!(!PrivateModels::<T>::contains_key(0));
	}

	#[benchmark]
	fn resume_private_model() -> Result<(), BenchmarkError> {
		let (worker, outcome) = pending_private_job::<T>()?;
		let job = last_job::<T>();
		assert_ok!(Pallet::<T>::do_submit_result(worker, job, outcome.hash(), outcome));
		assert_ok!(Pallet::<T>::do_condemn_result(None, job, H256::zero()));
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, 0);
		assert!(PrivateModels::<T>::get(0).is_some_and(|record| record.is_active()));
		Ok(())
	}

	#[benchmark]
	fn condemn_result() -> Result<(), BenchmarkError> {
		let (worker, outcome) = pending_private_job::<T>()?;
		let job = last_job::<T>();
		assert_ok!(Pallet::<T>::do_submit_result(worker, job, outcome.hash(), outcome));
		let auditor = rich_account::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(auditor), job, H256::zero());
		assert!(!PrivateJobs::<T>::contains_key(job));
		Ok(())
	}

	#[benchmark]
	fn set_private_registration() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, false);
		assert!(PrivateRegistrationClosed::<T>::get());
		Ok(())
	}

	#[benchmark]
	fn allow_private_owner() -> Result<(), BenchmarkError> {
		let origin =
			T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
		let owner = rich_account::<T>();
		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, owner.clone(), true);
		assert!(PrivateOwners::<T>::contains_key(owner));
		Ok(())
	}

	/// What a decline that gives the job to a reserve does besides replacing a worker, and the payment of a price.
	#[benchmark]
	fn private_job() -> Result<(), BenchmarkError> {
		let (worker, _) = pending_private_job::<T>()?;
		let job = last_job::<T>();
		let record = Jobs::<T>::get(job).ok_or(BenchmarkError::Stop("no job"))?;
		let result = H256::zero();
		#[block]
		{
			Pallet::<T>::note_absence(record.model, &worker);
			let _ = Pallet::<T>::eligible(job, record.model);
			Pallet::<T>::close_private(job, &record, &JobStatus::Completed { result })?;
		}
		assert!(PrivateJobs::<T>::contains_key(job));
		Ok(())
	}

	#[benchmark]
	fn challenge() -> Result<(), BenchmarkError> {
		let job = provisional_job::<T>(MAX_ASSIGNEES)?;
		let challenger = rich_account::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(challenger), job, 0);
		assert!(Trials::<T>::contains_key(job));
		Ok(())
	}

	/// The last step of a trial with the longest blobs, without what the court itself takes for them: they do not
	/// decode, so that all `n` workers are convicted.
	#[benchmark]
	fn step(n: Linear<2, MAX_ASSIGNEES>) -> Result<(), BenchmarkError> {
		let job = provisional_job::<T>(n)?;
		let stepper = rich_account::<T>();
		let key = server_key();
		let hash: KeyHash = blake2_256(&key).into();
		assert_ok!(Pallet::<T>::do_register_server_key(stepper.clone(), key));
		Jobs::<T>::mutate(job, |record| {
			if let Some(record) = record {
				record.server_key = Some(hash);
				ModelArtifacts::<T>::insert(record.model, longest());
			}
		});
		Inputs::<T>::insert(job, longest());
		assert_ok!(Pallet::<T>::do_challenge(stepper.clone(), job, 0));
		CourtCarries::<T>::insert(job, longest());
		#[extrinsic_call]
		_(RawOrigin::Signed(stepper), job);
		assert!(!Trials::<T>::contains_key(job) && !Provisional::<T>::contains_key(job));
		Ok(())
	}

	#[benchmark]
	fn finalise(n: Linear<2, MAX_ASSIGNEES>) -> Result<(), BenchmarkError> {
		let job = provisional_job::<T>(n)?;
		let caller = rich_account::<T>();
		let due = Provisional::<T>::get(job).map(|provisional| provisional.final_at);
		frame_system::Pallet::<T>::set_block_number(due.unwrap_or_default());
		#[extrinsic_call]
		_(RawOrigin::Signed(caller), job);
		assert!(!Provisional::<T>::contains_key(job));
		Ok(())
	}

	impl_benchmark_test_suite!(
		Pallet,
		crate::mock::externalities_with_keystore(),
		crate::mock::Test
	);
}
