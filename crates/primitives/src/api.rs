//! The runtime API of a chain with `pallet-fhe-ml`.

#[cfg(feature = "std")] // The runtime has the newest version only.
use crate::AssignedJobBeforeSpec5;
use crate::{
	AssignedJob, CourtView, JobBlobs, JobId, KeyHash, ModelId, Outcome, Quote, WorkerId,
	WorkerRecord, WorkerSignature,
};
use alloc::vec::Vec;
use codec::Codec;
use sp_core::H256;

sp_api::decl_runtime_apis! {
	/// What collators and clients ask the runtime.
	#[api_version(8)]
	pub trait FheMlApi<AccountId, Balance> where AccountId: Codec, Balance: Codec {
		/// Before spec version 5.
		#[changed_in(4)]
		fn assigned_jobs(workers: Vec<WorkerId>, limit: u32) -> Vec<AssignedJobBeforeSpec5>;

		/// Jobs that wait for one of `workers`, oldest first, at most `limit`.
		fn assigned_jobs(workers: Vec<WorkerId>, limit: u32) -> Vec<AssignedJob>;

		/// The blobs that evaluating `job` reads, or `None` if the job is not pending. Artifact and server
		/// key are left out unless they are asked for: a worker has those of the last jobs.
		fn job_blobs(job: JobId, artifact: bool, server_key: bool) -> Option<JobBlobs>;

		/// The bytes of the bootstrap key of a server key. Runtimes before version 8 of this API do not have it.
		fn bootstrap_key(server_key: KeyHash) -> Option<Vec<u8>>;

		/// Before spec version 5.
		#[changed_in(4)]
		fn submission(
			worker: WorkerId,
			job: JobId,
			outcome: Outcome,
			signature: WorkerSignature,
		) -> Block::Extrinsic;

		/// A transaction that posts `outcome`, whose hash is `outcome_hash`, ready for the pool.
		fn submission(
			worker: WorkerId,
			job: JobId,
			outcome_hash: H256,
			outcome: Outcome,
			signature: WorkerSignature,
		) -> Block::Extrinsic;

		/// A transaction that posts `commitment`, ready for the pool.
		fn commitment(
			worker: WorkerId,
			job: JobId,
			commitment: H256,
			signature: WorkerSignature,
		) -> Block::Extrinsic;

		/// A transaction with which a worker declines a job, ready for the pool.
		fn refusal(worker: WorkerId, job: JobId, signature: WorkerSignature) -> Block::Extrinsic;

		/// What a request of one row for `model` costs, or `None` if the model takes no requests with this
		/// redundancy.
		fn quote(model: ModelId, redundancy: u8) -> Option<Quote<Balance>>;

		/// What a request of this many rows for `model` costs, or `None` if the model takes no requests with this
		/// redundancy or of so many rows. Runtimes before version 6 of this API do not have it.
		fn quote_rows(model: ModelId, redundancy: u8, rows: u32) -> Option<Quote<Balance>>;

		/// The commitment of a private model to what its evaluators have; `None` for other models.
		fn private_commitment(model: ModelId) -> Option<H256>;

		/// When a job is final, and what the court does with it; `None` if it is final already, or waits for its
		/// workers. Runtimes before version 7 of this API do not have it.
		fn court(job: JobId) -> Option<CourtView<AccountId, Balance>>;

		/// Jobs that ended in blocks `first` to `last` and whose outcome can be challenged now, as if they were assigned
		/// to `worker`, each with the workers that stand for its outcome.
		fn ended_between(
			first: u32,
			last: u32,
			worker: WorkerId,
		) -> Vec<(AssignedJob, Vec<WorkerId>)>;

		/// What the chain has as the outcome of a job that has ended.
		fn outcome(job: JobId) -> Option<Outcome>;

		/// The transaction by which a worker challenges a part of an outcome.
		fn challenge_transaction(
			worker: WorkerId,
			job: JobId,
			part: u32,
			signature: WorkerSignature,
		) -> Block::Extrinsic;

		/// All workers.
		fn workers() -> Vec<(WorkerId, WorkerRecord<AccountId, Balance, u32>)>;
	}
}
