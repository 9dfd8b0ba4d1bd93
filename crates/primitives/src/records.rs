//! The records in the pallet's storage. They hold hashes and lengths, never blobs.

use crate::{RowLayout, WorkerId, bounds};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::BoundedVec;

/// Number of a model, counted from 0.
pub type ModelId = u32;

/// Number of an inference job, counted from 0.
pub type JobId = u64;

/// BLAKE2b-256 hash of a server key; how a key is referred to.
pub type KeyHash = H256;

/// A model's name in UTF-8.
pub type ModelName = BoundedVec<u8, bounds::MaxNameBytes>;

/// The workers that one job is assigned to.
pub type Assignees = BoundedVec<WorkerId, bounds::MaxAssignees>;

/// Whether a model takes requests.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum ModelStatus {
	/// Takes requests.
	Active,
	/// Takes no new requests. Its artifact is removed with its last open job.
	Retired,
}

/// A registered model.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct ModelRecord<AccountId, Balance> {
	/// Name in UTF-8.
	pub name: ModelName,
	/// BLAKE2b-256 hash of the artifact.
	pub artifact: H256,
	/// Length of the artifact in bytes.
	pub artifact_bytes: u32,
	/// Exact length in bytes of an input of one row. Each further row adds all of them but the first 96.
	pub input_bytes: u32,
	/// Exact length in bytes of a result of one row. `row_layout` says what further rows add.
	pub result_bytes: u32,
	/// Work units of evaluating one row, about one per microsecond of one core. Loading what it reads is not
	/// part of them; the record of a job has both.
	pub work: u64,
	/// Whether a request must name a registered server key.
	pub needs_server_key: bool,
	/// For a model that is itself encrypted: hash of the server key whose client key it is encrypted
	/// under. It takes requests of that key only.
	pub encrypted_for: Option<KeyHash>,
	/// Whether the model takes requests.
	pub status: ModelStatus,
	/// Jobs that have been requested and are not final.
	pub open_jobs: u32,
	/// Account that the deposit is held from, until the artifact is removed.
	pub depositor: Option<AccountId>,
	/// Deposit for the artifact's bytes.
	pub deposit: Balance,
	/// How several rows of one request lie in its result; none if the model takes one row per request.
	// Last: tools made for earlier runtimes still read the other fields.
	pub row_layout: Option<RowLayout>,
}

/// A registered server key.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct KeyRecord<AccountId, Balance> {
	/// Account that registered the key, may use it and gets the deposit back.
	pub owner: AccountId,
	/// Length of the key in bytes.
	pub bytes: u32,
	/// Deposit held from the owner.
	pub deposit: Balance,
	/// Jobs that use the key and are not final.
	pub open_jobs: u32,
}

/// Whether a worker is assigned jobs.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum WorkerStatus<BlockNumber> {
	/// It is.
	Active,
	/// It is not, because it missed a deadline, declined a job or was slashed; its operator can resume it.
	Suspended,
	/// It is not, because it leaves.
	Leaving {
		/// First block in which its bond can be withdrawn.
		free_at: BlockNumber,
	},
}

/// A worker that has joined.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct WorkerRecord<AccountId, Balance, BlockNumber> {
	/// Account that holds the bond and is paid for the worker's results.
	pub operator: AccountId,
	/// Bond held from the operator.
	pub bond: Balance,
	/// Whether it is assigned jobs.
	pub status: WorkerStatus<BlockNumber>,
	/// Jobs that wait for a result of this worker.
	pub open_jobs: u32,
	/// Work units of these jobs; a new job's deadline lies behind them.
	pub open_work: u64,
	/// Jobs that were completed with its result.
	pub completed: u64,
	/// Deadlines that it missed.
	pub missed: u32,
	/// Times that it was slashed for a result that a jury or the court did not get.
	pub slashed: u32,
	/// Block in which it joined or was resumed last. Misses of jobs that it was given before are not
	/// punished: it has been suspended for one of them.
	pub active_since: BlockNumber,
}

/// What an account has asked for and not got yet.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct OpenRequests {
	/// Jobs that are not finished.
	pub jobs: u32,
	/// Their work units, times their redundancies.
	pub work: u64,
}

/// Why a job failed.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum FailureReason {
	/// The model's artifact has a valid header but does not decode.
	ModelDoesNotDecode,
	/// The server key has a valid header but does not decode.
	ServerKeyDoesNotDecode,
	/// The input has a valid header but does not decode.
	InputDoesNotDecode,
	/// Everything decodes, but evaluation returned an error.
	EvaluationFailed,
	/// Evaluation panicked, or crashed the worker several times.
	EvaluationCrashed,
	/// The workers gave different results, and there were too few more to ask; for a private model nobody more
	/// is asked.
	NoAgreement,
	/// Of the evaluators of a private model too few are left that have its private file and this engine.
	ModelNotHeld,
	/// The bootstrap key has a valid header but does not decode.
	BootstrapKeyDoesNotDecode,
}

impl FailureReason {
	/// Whether the job's owner sent what cannot be evaluated, and pays for the attempt.
	pub fn is_of_owner(self) -> bool {
		matches!(
			self,
			Self::ServerKeyDoesNotDecode
				| Self::BootstrapKeyDoesNotDecode
				| Self::InputDoesNotDecode
		)
	}
}

/// Where a job stands.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub enum JobStatus {
	/// Waits for its assignees to be drawn, or for their results.
	Pending,
	/// The result is in storage.
	Completed {
		/// BLAKE2b-256 hash of the result.
		result: H256,
	},
	/// The assignees could not evaluate it; the fee went back.
	Failed {
		/// Why.
		reason: FailureReason,
	},
	/// No worker gave a result in time; the fee went back.
	Expired,
}

/// One inference job.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub struct JobRecord<AccountId, Balance, BlockNumber> {
	/// Account that requested it.
	pub owner: AccountId,
	/// Model to evaluate.
	pub model: ModelId,
	/// Server key to evaluate with, if the model needs one.
	pub server_key: Option<KeyHash>,
	/// BLAKE2b-256 hash of the input.
	pub input: H256,
	/// Length of the input in bytes.
	pub input_bytes: u32,
	/// How many equal results complete it. With more than one, workers commit to theirs first.
	pub redundancy: u8,
	/// Workers that must evaluate it; none before the block after the request.
	pub assignees: Assignees,
	/// Who replaces those of them that are silent, in this order: drawn together with them. None once it is
	/// finished.
	pub reserves: Assignees,
	/// Jurors that it waits for, because results of its assignees differ.
	pub jurors: u8,
	/// Version of the evaluation that all its workers must have.
	pub engine: u16,
	/// Work units of evaluating all rows at one worker, with loading server key, model and input.
	pub work: u64,
	/// How often the job has been assigned; it is assigned again when workers miss its deadline or
	/// give different results.
	pub rounds: u8,
	/// Block of the request.
	pub requested_at: BlockNumber,
	/// Block in which workers were assigned or jurors asked for last; that of the request before that.
	pub assigned_at: BlockNumber,
	/// While it is pending, the last block in which what the assignees have to post next is accepted.
	/// Afterwards the block in which it was finished.
	pub deadline: BlockNumber,
	/// Fee held from the owner until the job is final.
	pub fee: Balance,
	/// Storage deposit held from the owner until the job is released.
	pub deposit: Balance,
	/// Where the job stands.
	pub status: JobStatus,
	/// Rows of the input, and of the result.
	// Last: tools made for earlier runtimes still read the other fields.
	pub rows: u32,
}

/// What a worker needs to know of a job that it is assigned to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AssignedJob {
	/// Number of the job.
	pub job: JobId,
	/// The worker key that it is assigned to.
	pub worker: WorkerId,
	/// The model to evaluate.
	pub model: ModelId,
	/// Hash of the model's artifact.
	pub artifact: H256,
	/// Hash of the server key to evaluate with, if the model needs one.
	pub server_key: Option<KeyHash>,
	/// Hash of the input.
	pub input: H256,
	/// Version of the evaluation that is asked for.
	pub engine: u16,
	/// Work units of the job.
	pub work: u64,
	/// What the worker has to post next.
	pub step: Step,
	/// Last block in which it is accepted.
	pub deadline: u32,
}

/// [`AssignedJob`] as runtimes before spec version 5 have it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(missing_docs)] // As there.
pub struct AssignedJobBeforeSpec5 {
	pub job: JobId,
	pub worker: WorkerId,
	pub model: ModelId,
	pub artifact: H256,
	pub server_key: Option<KeyHash>,
	pub input: H256,
	pub step: Step,
	pub deadline: u32,
}

impl From<AssignedJobBeforeSpec5> for AssignedJob {
	/// Those runtimes knew of one version of the engine only.
	fn from(old: AssignedJobBeforeSpec5) -> Self {
		let AssignedJobBeforeSpec5 { job, worker, model, artifact, server_key, input, .. } = old;
		let (step, deadline, engine, work) = (old.step, old.deadline, 1, 0);
		Self { job, worker, model, artifact, server_key, input, engine, work, step, deadline }
	}
}

/// What a worker has to do next for a job that it is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Step {
	/// Post its commitment to the outcome.
	Commit,
	/// Wait for the commitments or the outcomes of others.
	Wait,
	/// Post the outcome.
	Post,
}

/// Bounds that the admin sets, within the constants of the runtime.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct Limits {
	/// Most workers that may have joined and be active.
	pub workers: u32,
	/// Least redundancy that a request may ask for.
	pub min_redundancy: u8,
	/// Most redundancy that a request may ask for.
	pub max_redundancy: u8,
}

/// The bytes that one evaluation reads.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct JobBlobs {
	/// The model's artifact, if it was asked for.
	pub artifact: Option<Vec<u8>>,
	/// The server key, if the model needs one and it was asked for.
	pub server_key: Option<Vec<u8>>,
	/// The encrypted input.
	pub input: Vec<u8>,
}

/// What one request costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Quote<Balance> {
	/// Paid for the result; returned if there is none.
	pub fee: Balance,
	/// Held until the job is released.
	pub deposit: Balance,
}
