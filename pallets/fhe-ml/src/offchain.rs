//! The offchain hook: sends what the native worker left in the mailbox.
//!
//! It looks at state, never at the events of its block, so it makes up for restarts, forks and
//! skipped blocks: as long as a job is pending and its mailbox entry is there, it comes again.

use crate::{LOG_TARGET, pallet::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	AssignedJob, JobBlobs, JobId, JobStatus, MailboxEntry, ModelId, ModelStatus, Outcome, Quote,
	Sent, Statement, Step, WorkerId, WorkerRecord, WorkerSignature, WorkerStatus, commitment,
	mailbox_key, sent_key,
};
use frame_system::{
	offchain::{CreateAuthorizedTransaction, CreateTransactionBase, SubmitTransaction},
	pallet_prelude::BlockNumberFor,
};
use sp_core::H256;
use sp_runtime::{
	RuntimeAppPublic, SaturatedConversion, offchain::storage::StorageValueRef, traits::Saturating,
};

use crate::types::{BalanceOf, WorkerRecordOf};
use frame_support::traits::Get;

/// Most results that one run of the hook sends, so that it stays short.
const MAX_SENDS_PER_BLOCK: usize = 64;

/// A worker with its key, blocks as the runtime API has them.
type ListedWorker<T> =
	(WorkerId, WorkerRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, u32>);

impl<T: Config> Pallet<T> {
	pub(crate) fn send_finished(block: BlockNumberFor<T>) {
		let mut budget = MAX_SENDS_PER_BLOCK;
		for worker in WorkerId::all().into_iter().filter(|key| Workers::<T>::contains_key(key)) {
			for job in Pending::<T>::iter_key_prefix(&worker) {
				if budget == 0 {
					return;
				}
				if Self::send_if_due(&worker, job, block) {
					budget = budget.saturating_sub(1);
				}
			}
		}
	}

	/// Sends what a job now wants of its mailbox entry, unless there is none or it was sent a moment ago.
	fn send_if_due(worker: &WorkerId, job: JobId, block: BlockNumberFor<T>) -> bool {
		let mailbox = mailbox_key(worker, job);
		let Ok(Some(entry)) = StorageValueRef::persistent(&mailbox).get::<MailboxEntry>() else {
			return false;
		};
		let Some(record) = Jobs::<T>::get(job).filter(|record| record.input == entry.input) else {
			return false;
		};
		let step = Self::step(job, &record, worker);
		if step == Step::Wait {
			return false;
		}
		let sent_key = sent_key(worker, job);
		let sent = StorageValueRef::persistent(&sent_key);
		if let Ok(Some(last)) = sent.get::<Sent>() {
			// A time in the future was written on a longer fork that is gone.
			let at = BlockNumberFor::<T>::from(last.at);
			let resend_at = at.saturating_add(T::ResendAfter::get());
			if last.step == step && at <= block && block < resend_at {
				return false;
			}
		}
		let hash = entry.outcome.hash();
		let statement = match step {
			Step::Commit => Self::check_commitment(worker, job)
				.map(|_| Statement::Commitment(commitment(worker, job, &hash))),
			_ => Self::check_submission(worker, job, &hash, &entry.outcome)
				.map(|_| Statement::Outcome(hash)),
		};
		let statement = match statement {
			Ok(statement) => statement,
			Err(error) => {
				log::warn!(target: LOG_TARGET, "job {job}: result not sent: {error:?}");
				return false;
			},
		};
		let Some(payload) = Self::submission_payload(job, &record, statement) else {
			return false;
		};
		let Some(signature) = worker.sign(&payload.to_sign()) else {
			log::warn!(target: LOG_TARGET, "job {job}: the keystore does not sign for {worker:?}");
			return false;
		};
		sent.set(&Sent { step, at: SaturatedConversion::saturated_into(block) });
		let worker = worker.clone();
		let transaction = match statement {
			Statement::Commitment(made) => Self::commitment(worker, job, made, signature),
			_ => Self::submission(worker, job, hash, entry.outcome, signature),
		};
		if SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).is_err() {
			log::debug!(target: LOG_TARGET, "job {job}: the pool has it already");
		}
		true
	}

	/// Runtime API: a transaction that posts `outcome`.
	pub fn submission(
		worker: WorkerId,
		job: JobId,
		outcome_hash: H256,
		outcome: Outcome,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::submit_result { worker, job, outcome_hash, signature, outcome };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}

	/// Runtime API: a transaction that posts `commitment`.
	pub fn commitment(
		worker: WorkerId,
		job: JobId,
		commitment: H256,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::commit_result { worker, job, commitment, signature };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}

	/// Runtime API: a transaction with which a worker declines a job.
	pub fn refusal(
		worker: WorkerId,
		job: JobId,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::decline_job { worker, job, signature };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}

	/// Runtime API: jobs that wait for one of `workers`, oldest first, at most `limit`.
	pub fn assigned_jobs(workers: Vec<WorkerId>, limit: u32) -> Vec<AssignedJob> {
		let mut jobs = Vec::new();
		for worker in workers {
			for job in Pending::<T>::iter_key_prefix(&worker) {
				let Some(record) = Jobs::<T>::get(job) else { continue };
				let Some(model) = Models::<T>::get(record.model) else { continue };
				jobs.push(AssignedJob {
					job,
					worker: worker.clone(),
					model: record.model,
					artifact: model.artifact,
					server_key: record.server_key,
					input: record.input,
					engine: record.engine,
					work: record.work,
					step: Self::step(job, &record, &worker),
					deadline: record.deadline.saturated_into(),
				});
			}
		}
		jobs.sort_by_key(|assigned| assigned.job);
		jobs.truncate(limit as usize);
		jobs
	}

	/// Runtime API: the blobs that evaluating `job` reads, or `None` if it is not pending.
	pub fn job_blobs(job: JobId, artifact: bool, server_key: bool) -> Option<JobBlobs> {
		let record = Jobs::<T>::get(job).filter(|record| record.status == JobStatus::Pending)?;
		let server_key = match record.server_key.filter(|_| server_key) {
			Some(hash) => Some(ServerKeyBytes::<T>::get(hash)?.into_inner()),
			None => None,
		};
		let artifact = match artifact {
			true => Some(ModelArtifacts::<T>::get(record.model)?.into_inner()),
			false => None,
		};
		Some(JobBlobs { artifact, server_key, input: Inputs::<T>::get(job)?.into_inner() })
	}

	/// Runtime API: what one inference with `model` costs, or `None` if the model takes no requests with
	/// this redundancy.
	pub fn quote(model: ModelId, redundancy: u8) -> Option<Quote<BalanceOf<T>>> {
		let record = Models::<T>::get(model)?;
		let limits = Self::limits();
		let allowed = (limits.min_redundancy..=limits.max_redundancy).contains(&redundancy);
		let bytes = record.input_bytes.saturating_add(record.result_bytes);
		(record.status == ModelStatus::Active && allowed).then(|| Quote {
			fee: Self::inference_fee(Self::job_work(&record), redundancy, bytes),
			deposit: Self::storage_deposit(bytes),
		})
	}

	/// Runtime API: all workers.
	pub fn workers() -> Vec<ListedWorker<T>> {
		let in_blocks = |status| match status {
			WorkerStatus::Active => WorkerStatus::Active,
			WorkerStatus::Suspended => WorkerStatus::Suspended,
			WorkerStatus::Leaving { free_at } => {
				WorkerStatus::Leaving { free_at: SaturatedConversion::saturated_into(free_at) }
			},
		};
		let workers = Workers::<T>::iter().map(|(worker, record)| {
			let status = in_blocks(record.status);
			let active_since = record.active_since.saturated_into();
			let WorkerRecordOf::<T> { operator, bond, open_jobs, open_work, .. } = record;
			let WorkerRecordOf::<T> { completed, missed, slashed, .. } = record;
			let record = WorkerRecord {
				operator,
				bond,
				status,
				open_jobs,
				open_work,
				completed,
				missed,
				slashed,
				active_since,
			};
			(worker, record)
		});
		workers.collect()
	}
}
