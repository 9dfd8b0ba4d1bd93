//! What `FheMlApi` answers, for the runtime to call.

use crate::{
	pallet::*,
	types::{BalanceOf, JobRecordOf, WorkerRecordOf},
};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	AssignedJob, JobBlobs, JobId, JobStatus, ModelId, ModelStatus, Outcome, Quote, Step, WorkerId,
	WorkerRecord, WorkerSignature, WorkerStatus,
};
use frame_system::offchain::{CreateAuthorizedTransaction, CreateTransactionBase};
use sp_core::H256;
use sp_runtime::{
	SaturatedConversion,
	traits::{Saturating, Zero},
};

/// A worker with its key, blocks as the runtime API has them.
type ListedWorker<T> =
	(WorkerId, WorkerRecord<<T as frame_system::Config>::AccountId, BalanceOf<T>, u32>);

impl<T: Config> Pallet<T> {
	/// A transaction that posts `outcome`.
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

	/// A transaction that posts `commitment`.
	pub fn commitment(
		worker: WorkerId,
		job: JobId,
		commitment: H256,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::commit_result { worker, job, commitment, signature };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}

	/// A transaction with which a worker declines a job.
	pub fn refusal(
		worker: WorkerId,
		job: JobId,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::decline_job { worker, job, signature };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}

	/// Jobs that wait for one of `workers`, oldest first, at most `limit`.
	pub fn assigned_jobs(workers: Vec<WorkerId>, limit: u32) -> Vec<AssignedJob> {
		let mut jobs = Vec::new();
		for worker in workers {
			for job in Pending::<T>::iter_key_prefix(&worker) {
				let Some(record) = Jobs::<T>::get(job) else { continue };
				let step = Self::next_step(job, &record, &worker);
				jobs.extend(Self::as_assigned(job, &record, &worker, step));
			}
		}
		jobs.sort_by_key(|assigned| assigned.job);
		jobs.truncate(limit as usize);
		jobs
	}

	/// A job as a worker needs to know it; `None` if its model is gone.
	pub(crate) fn as_assigned(
		job: JobId,
		record: &JobRecordOf<T>,
		worker: &WorkerId,
		step: Step,
	) -> Option<AssignedJob> {
		Some(AssignedJob {
			job,
			worker: worker.clone(),
			model: record.model,
			artifact: Models::<T>::get(record.model)?.artifact,
			server_key: record.server_key,
			input: record.input,
			engine: record.engine,
			work: record.work,
			step,
			deadline: record.deadline.saturated_into(),
		})
	}

	/// The blobs that evaluating `job` reads, or `None` if it is neither pending nor provisional.
	pub fn job_blobs(job: JobId, artifact: bool, server_key: bool) -> Option<JobBlobs> {
		let is_needed = |record: &JobRecordOf<T>| {
			record.status == JobStatus::Pending || Provisional::<T>::contains_key(job)
		};
		let record = Jobs::<T>::get(job).filter(is_needed)?;
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

	/// What a request of one row for `model` costs, or `None` if the model takes no requests with this
	/// redundancy.
	pub fn quote(model: ModelId, redundancy: u8) -> Option<Quote<BalanceOf<T>>> {
		Self::quote_rows(model, redundancy, 1)
	}

	/// What a request of this many rows for `model` costs, or `None` if the model takes no requests with this
	/// redundancy or of so many rows.
	pub fn quote_rows(model: ModelId, redundancy: u8, rows: u32) -> Option<Quote<BalanceOf<T>>> {
		let record = Models::<T>::get(model)?;
		Self::check_redundancy(model, redundancy).ok()?;
		Self::check_untried(model, redundancy).ok()?;
		let size = Self::request_size(&record, rows).ok()?;
		Self::check_rows_at_once(model, rows).ok()?;
		let price = match PrivateModels::<T>::get(model) {
			None => Zero::zero(),
			Some(private) => {
				let private = private.at(frame_system::Pallet::<T>::block_number()).0;
				let enough = usize::from(redundancy) <= private.terms.evaluators.len();
				let allowed = private.terms.quota.is_none_or(|quota| rows <= quota.requests);
				let takes = private.is_active() && enough && allowed;
				takes.then(|| Self::price_of_rows(&private.terms, rows))?
			},
		};
		(record.status == ModelStatus::Active).then(|| Quote {
			fee: Self::inference_fee(size.work, redundancy, size.stored_bytes)
				.saturating_add(price),
			deposit: Self::storage_deposit(size.stored_bytes),
		})
	}

	/// The commitment of a private model to what its evaluators have; `None` for other models.
	pub fn private_commitment(model: ModelId) -> Option<H256> {
		PrivateModels::<T>::get(model).map(|private| private.commitment)
	}

	/// All workers.
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
