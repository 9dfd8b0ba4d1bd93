//! Models, server keys, inference jobs and encrypted results.
//!
//! An admin registers compiled models. A user registers a server key if the model needs one, and
//! requests an inference with an encrypted input. A block later the job's workers are drawn (`seats.rs`),
//! whose collators evaluate it off-chain and post the encrypted result with a transaction that the
//! worker's app-crypto key has signed. The user reads `Results`, decrypts on their own machine and
//! releases the job to get the storage deposit back.
//!
//! A request with a redundancy of more than one goes to as many workers. They commit to their results
//! before one of them shows its own; equal results complete the job, different ones bring in a jury, and
//! whoever is not of its opinion is slashed (`agreement.rs`).
//!
//! Nobody gets more work than there is time for: jobs and work that are open are bounded for accounts and
//! workers (`load.rs`).
//!
//! Nothing is stored before its header, its exact length, its version and its parameter set have
//! been checked. What cannot be checked cheaply on chain (that a body decodes) is found out by the
//! worker, and the job then fails with a [`FailureReason`](fhe_ml_primitives::FailureReason).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub use pallet::*;
pub use weights::WeightInfo;

mod agreement;
mod api;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod blobs;
mod deadlines;
mod dispatchable_impls;
mod load;
pub mod migrations;
#[cfg(test)]
mod mock;
mod offchain;
mod seats;
mod submission;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", feature = "std"))]
mod try_state;
mod types;
pub mod weights;
mod workers;

pub use types::*;

/// Target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::fhe-ml";

/// A node's session keys include its worker key, so `author_rotateKeys` makes one.
impl<T: pallet::Config> sp_runtime::BoundToRuntimeAppPublic for Pallet<T> {
	type Public = fhe_ml_primitives::WorkerId;
}

/// A change of the authorities changes nothing here: the worker key among the session keys does not join the
/// workers. That takes a bond of its own (`join_workers`).
impl<T: pallet::Config> frame_support::traits::OneSessionHandler<T::AccountId> for Pallet<T> {
	type Key = fhe_ml_primitives::WorkerId;

	fn on_genesis_session<'a, I>(_: I)
	where
		I: Iterator<Item = (&'a T::AccountId, Self::Key)> + 'a,
	{
	}

	fn on_new_session<'a, I>(_: bool, _: I, _: I)
	where
		I: Iterator<Item = (&'a T::AccountId, Self::Key)> + 'a,
	{
	}

	fn on_disabled(_: u32) {}
}

#[frame_support::pallet]
#[allow(missing_docs, clippy::expect_used)] // The macros generate them.
pub mod pallet {
	use super::*;
	use alloc::vec::Vec;
	use fhe_ml_primitives::{
		Assignees, Ballot, FailureReason, JobId, KeyHash, Limits, ModelId, ModelName, OpenRequests,
		Outcome, ResultBytes, WorkerId, WorkerSignature, bounds,
	};
	use frame_support::{
		pallet_prelude::*,
		traits::{
			Randomness,
			fungible::{Mutate, MutateHold},
		},
	};
	use frame_system::{offchain::CreateAuthorizedTransaction, pallet_prelude::*};
	use sp_core::H256;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(4);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config:
		frame_system::Config<Hash = H256, RuntimeEvent: From<Event<Self>>>
		+ CreateAuthorizedTransaction<Call<Self>>
	{
		/// The currency of fees and deposits.
		type Currency: Mutate<Self::AccountId>
			+ MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// Randomness of the block that is being made, known in `on_finalize`, and to nobody before this block.
		type Randomness: Randomness<H256, BlockNumberFor<Self>>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// Who may register and retire models, and remove workers.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// Deposit for each byte that a user puts into storage.
		#[pallet::constant]
		type DepositPerByte: Get<BalanceOf<Self>>;

		/// Fee of an inference before its work is counted.
		#[pallet::constant]
		type BaseFee: Get<BalanceOf<Self>>;

		/// Fee for each unit of a model's work (about one microsecond of one core).
		#[pallet::constant]
		type FeePerWork: Get<BalanceOf<Self>>;

		/// Fee for each byte of input and result.
		#[pallet::constant]
		type FeePerByte: Get<BalanceOf<Self>>;

		/// Work units of reading and preparing a server key that a worker has not got.
		#[pallet::constant]
		type ServerKeyWork: Get<u64>;

		/// Work units of reading 1,024 bytes of a model or an input.
		#[pallet::constant]
		type WorkPerKibibyte: Get<u64>;

		/// Most work units that a model may cost.
		#[pallet::constant]
		type MaxWork: Get<u64>;

		/// Most jobs that may wait for their results at one time.
		#[pallet::constant]
		type MaxPending: Get<u32>;

		/// Most jobs that may wait for their workers to be drawn at one time.
		#[pallet::constant]
		type MaxWaiting: Get<u32>;

		/// Most unfinished jobs of an account.
		#[pallet::constant]
		type MaxAccountJobs: Get<u32>;

		/// Most work units of an account's unfinished jobs, if it has more than one.
		#[pallet::constant]
		type MaxAccountWork: Get<u64>;

		/// Most unfinished jobs of a worker; who has as many is given no more.
		#[pallet::constant]
		type MaxWorkerJobs: Get<u32>;

		/// Most work units of a worker's unfinished jobs, if it has more than one.
		#[pallet::constant]
		type MaxWorkerWork: Get<u64>;

		/// Most workers.
		#[pallet::constant]
		type MaxWorkers: Get<u32>;

		/// Blocks that a worker has for a job besides the time that its open work takes.
		#[pallet::constant]
		type JobDeadline: Get<BlockNumberFor<Self>>;

		/// Work units that the slowest worker does in a block: the open work of a worker, this job
		/// included, divided by it is added to the deadline.
		#[pallet::constant]
		type WorkPerBlock: Get<u64>;

		/// How often a job is assigned before it expires.
		#[pallet::constant]
		type MaxRounds: Get<u8>;

		/// Bond of a worker.
		#[pallet::constant]
		type WorkerBond: Get<BalanceOf<Self>>;

		/// What a worker that misses a deadline pays out of its bond; no more than the fee of the job.
		#[pallet::constant]
		type MissPenalty: Get<BalanceOf<Self>>;

		/// What a worker whose result differs from that of a jury pays out of its bond.
		#[pallet::constant]
		type LiePenalty: Get<BalanceOf<Self>>;

		/// Account that gets what is slashed.
		#[pallet::constant]
		type SlashAccount: Get<Self::AccountId>;

		/// Most workers that a request may ask to agree; an admin may set less.
		#[pallet::constant]
		type MaxRedundancy: Get<u8>;

		/// Blocks after joining or resuming in which a worker is not drawn yet: who knows the randomness of a few
		/// blocks in a row must not be able to choose a key for it.
		#[pallet::constant]
		type JoinDelay: Get<BlockNumberFor<Self>>;

		/// Blocks between leaving and the return of the bond; no fewer than `ReleaseDelay`, so that no bond
		/// leaves before the worker's last results.
		#[pallet::constant]
		type UnbondingDelay: Get<BlockNumberFor<Self>>;

		/// Blocks after which anybody may release a finished job.
		#[pallet::constant]
		type ReleaseDelay: Get<BlockNumberFor<Self>>;

		/// Blocks after which an offchain hook sends an unconfirmed result again.
		#[pallet::constant]
		type ResendAfter: Get<BlockNumberFor<Self>>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}

	/// Why the pallet holds an account's funds.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Deposit for a registered server key; back with `remove_server_key`.
		ServerKey,
		/// Deposit for a job's input and result; back with `release`.
		JobStorage,
		/// Fee of a job that is not finished.
		InferenceFee,
		/// Bond of a worker; back some time after `leave_workers`.
		WorkerBond,
		/// Deposit for a registered model; back when its artifact is removed.
		Model,
	}

	/// Number that the next model gets.
	#[pallet::storage]
	pub type NextModel<T> = StorageValue<_, ModelId, ValueQuery>;

	/// All models that were ever registered, by number.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Twox64Concat, ModelId, ModelRecordOf<T>>;

	/// The compiled models (`.fheml` files). Anyone can read them to encrypt inputs and to check
	/// results.
	#[pallet::storage]
	pub type ModelArtifacts<T: Config> =
		StorageMap<_, Twox64Concat, ModelId, BoundedVec<u8, bounds::MaxArtifactBytes>>;

	/// Registered server keys, by the BLAKE2b-256 hash of their bytes.
	#[pallet::storage]
	pub type ServerKeys<T: Config> =
		StorageMap<_, Identity, KeyHash, KeyRecord<T::AccountId, BalanceOf<T>>>;

	/// The bytes of registered server keys.
	#[pallet::storage]
	pub type ServerKeyBytes<T: Config> =
		StorageMap<_, Identity, KeyHash, BoundedVec<u8, bounds::MaxServerKeyBytes>>;

	/// Workers, by the public key with which they sign results.
	#[pallet::storage]
	pub type Workers<T: Config> = StorageMap<_, Blake2_128Concat, WorkerId, WorkerRecordOf<T>>;

	/// The workers that new jobs are assigned to.
	#[pallet::storage]
	pub type ActiveWorkers<T: Config> =
		StorageValue<_, BoundedVec<WorkerId, T::MaxWorkers>, ValueQuery>;

	/// Number that the next job gets.
	#[pallet::storage]
	pub type NextJob<T> = StorageValue<_, JobId, ValueQuery>;

	/// Jobs that their owners have not released.
	#[pallet::storage]
	pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, JobRecordOf<T>>;

	/// Encrypted inputs of the jobs in `Jobs`.
	#[pallet::storage]
	pub type Inputs<T: Config> =
		StorageMap<_, Twox64Concat, JobId, BoundedVec<u8, bounds::MaxInputBytes>>;

	/// Encrypted results of completed jobs. Give the bytes to `fhe-ml decrypt`.
	#[pallet::storage]
	pub type Results<T: Config> = StorageMap<_, Twox64Concat, JobId, ResultBytes>;

	/// Jobs that wait for the result of a worker.
	#[pallet::storage]
	pub type Pending<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, WorkerId, Twox64Concat, JobId, ()>;

	/// Pending jobs by their deadlines.
	#[pallet::storage]
	pub type Deadlines<T: Config> =
		StorageDoubleMap<_, Twox64Concat, BlockNumberFor<T>, Twox64Concat, JobId, ()>;

	/// First block whose deadlines have not been looked through.
	#[pallet::storage]
	pub type NextSweep<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// Number of jobs with status `Pending`.
	#[pallet::storage]
	pub type PendingCount<T> = StorageValue<_, u32, ValueQuery>;

	/// Jobs whose workers or jurors are drawn at the end of the next block, oldest first.
	#[pallet::storage]
	pub type Waiting<T: Config> = StorageValue<_, BoundedVec<JobId, T::MaxWaiting>, ValueQuery>;

	/// Work units of the jobs in `Waiting`, times the workers that they wait for.
	#[pallet::storage]
	pub type WaitingWork<T> = StorageValue<_, u64, ValueQuery>;

	/// Who can be drawn in this block, as it was when the block began; none between blocks. Its author knows what
	/// will be drawn, and must not be able to change among whom.
	#[pallet::storage]
	pub type Candidates<T: Config> = StorageValue<_, BoundedVec<Candidate, T::MaxWorkers>>;

	/// Unfinished jobs and their work, by account.
	#[pallet::storage]
	pub type OpenOf<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, OpenRequests, ValueQuery>;

	/// Deposits for models that accounts let the admin take.
	#[pallet::storage]
	pub type ModelAllowances<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, BalanceOf<T>>;

	/// What the workers of pending jobs with a redundancy of more than one have said.
	#[pallet::storage]
	pub type Ballots<T> = StorageMap<_, Twox64Concat, JobId, Ballot, ValueQuery>;

	/// Outcomes that workers of pending jobs have revealed, by their hashes.
	#[pallet::storage]
	pub type RevealedOutcomes<T> =
		StorageDoubleMap<_, Twox64Concat, JobId, Identity, H256, Outcome>;

	/// Bounds that the admin has set; none before the first `set_limits`.
	#[pallet::storage]
	pub type AdminLimits<T> = StorageValue<_, Limits>;

	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// Workers and their operators, who hold the bond and are paid.
		pub workers: Vec<(WorkerId, T::AccountId)>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			for (worker, operator) in &self.workers {
				if let Err(error) = Pallet::<T>::do_join(worker.clone(), operator.clone()) {
					panic!("genesis: worker {worker:?} cannot join: {error:?}");
				}
			}
		}
	}

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A model takes requests now.
		ModelRegistered {
			/// Its number.
			model: ModelId,
			/// Its name in UTF-8.
			name: ModelName,
			/// BLAKE2b-256 hash of its artifact.
			artifact: H256,
		},
		/// A model takes no new requests.
		ModelRetired {
			/// Its number.
			model: ModelId,
		},
		/// A server key can be used in requests now.
		ServerKeyRegistered {
			/// BLAKE2b-256 hash of the key; name it in `request_inference`.
			server_key: KeyHash,
			/// Account that may use it.
			owner: T::AccountId,
			/// Deposit held until the key is removed.
			deposit: BalanceOf<T>,
		},
		/// A server key was removed and its deposit returned.
		ServerKeyRemoved {
			/// BLAKE2b-256 hash of the key.
			server_key: KeyHash,
			/// Account that got the deposit back.
			owner: T::AccountId,
		},
		/// A worker may be assigned jobs now.
		WorkerJoined {
			/// Public key with which it signs results.
			worker: WorkerId,
			/// Account that holds its bond and is paid for its results.
			operator: T::AccountId,
			/// Bond held.
			bond: BalanceOf<T>,
		},
		/// A worker missed a deadline, or declined a job because its engine has another version, and is assigned
		/// no jobs until its operator resumes it.
		WorkerSuspended {
			/// Public key of the worker.
			worker: WorkerId,
			/// The job.
			job: JobId,
			/// What it paid to the slash account; nothing for a declined job.
			penalty: BalanceOf<T>,
		},
		/// A worker had another result than a jury: it has paid out of its bond and is assigned no jobs until its
		/// operator resumes it.
		WorkerSlashed {
			/// Public key of the worker.
			worker: WorkerId,
			/// The job.
			job: JobId,
			/// What it paid.
			penalty: BalanceOf<T>,
		},
		/// The admin has set bounds.
		LimitsSet {
			/// The bounds.
			limits: Limits,
		},
		/// A suspended worker may be assigned jobs again.
		WorkerResumed {
			/// Public key of the worker.
			worker: WorkerId,
		},
		/// A worker is assigned no more jobs.
		WorkerLeaves {
			/// Public key of the worker.
			worker: WorkerId,
			/// First block in which its bond can be withdrawn.
			free_at: BlockNumberFor<T>,
		},
		/// The bond of a worker that left went back.
		WorkerLeft {
			/// Public key of the worker.
			worker: WorkerId,
			/// Account that got the bond back.
			operator: T::AccountId,
			/// The bond.
			bond: BalanceOf<T>,
		},
		/// A job waits for its workers, which are drawn in the next block, and for its result.
		InferenceRequested {
			/// Its number; the result will be in `Results` under it.
			job: JobId,
			/// Account that requested it.
			owner: T::AccountId,
			/// Model to evaluate.
			model: ModelId,
			/// How many workers must get the same result.
			redundancy: u8,
			/// Fee held until the job is finished.
			fee: BalanceOf<T>,
		},
		/// The workers of a job, or its jurors, have been drawn.
		InferenceAssigned {
			/// Number of the job.
			job: JobId,
			/// All workers that must evaluate it, new jurors last; their equal results complete it.
			assignees: Assignees,
			/// Last block in which their results, or commitments to them, are accepted.
			deadline: BlockNumberFor<T>,
		},
		/// One of several workers has committed to its result of a job.
		ResultCommitted {
			/// Number of the job.
			job: JobId,
			/// The worker.
			worker: WorkerId,
		},
		/// Workers of a job have different results. A jury is drawn in the next block: more workers, who commit to
		/// theirs before another one is shown.
		InferenceDisputed {
			/// Number of the job.
			job: JobId,
			/// How many more workers there will be.
			jurors: u8,
		},
		/// The encrypted result of a job is in `Results`.
		InferenceCompleted {
			/// Number of the job.
			job: JobId,
			/// Account that requested it.
			owner: T::AccountId,
			/// Workers that got this result and share the fee.
			workers: Assignees,
			/// BLAKE2b-256 hash of the result.
			result: H256,
			/// Fee paid to the workers' accounts.
			fee: BalanceOf<T>,
		},
		/// A job could not be evaluated. Its fee went to the workers if input or server key are broken, else back.
		InferenceFailed {
			/// Number of the job.
			job: JobId,
			/// Account that requested it.
			owner: T::AccountId,
			/// Workers that tried.
			workers: Assignees,
			/// Why it failed.
			reason: FailureReason,
		},
		/// Workers missed a job's deadline or declined it, and others evaluate it now.
		InferenceReassigned {
			/// Number of the job.
			job: JobId,
			/// Workers that must evaluate it now.
			assignees: Assignees,
			/// Last block in which their results are accepted.
			deadline: BlockNumberFor<T>,
		},
		/// No worker gave a result in time; the fee went back.
		InferenceExpired {
			/// Number of the job.
			job: JobId,
			/// Account that requested it.
			owner: T::AccountId,
			/// Fee returned.
			refund: BalanceOf<T>,
		},
		/// An account lets the admin hold deposits for models.
		ModelDepositAllowed {
			/// The account.
			depositor: T::AccountId,
			/// The most that may be held from now on.
			most: BalanceOf<T>,
		},
		/// A job's input and result were removed from storage.
		JobReleased {
			/// Number of the job.
			job: JobId,
			/// Account that requested it.
			owner: T::AccountId,
			/// Deposit returned.
			deposit: BalanceOf<T>,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The bytes do not begin with `FHML`: this is not a file written by fhe-ml.
		BlobNotRecognised,
		/// The bytes are fewer or more than their header announces, or than this model or key
		/// needs: truncated, oversized or made for another model.
		BlobWrongLength,
		/// The bytes were written by another version of fhe-ml.
		BlobWrongVersion,
		/// The bytes use another cryptographic parameter set.
		BlobWrongParameterSet,
		/// The bytes are an fhe-ml file of another kind, for example a key where an input belongs.
		BlobWrongKind,
		/// A header field has an impossible value.
		BlobMalformed,
		/// The bytes are more than the chain stores for a blob of this kind.
		BlobTooLong,
		/// The model's inputs or results are longer than the chain stores.
		ModelTooLarge,
		/// The model costs more work than the chain allows.
		ModelTooExpensive,
		/// There is no model with this number.
		UnknownModel,
		/// The model takes no new requests.
		ModelIsRetired,
		/// There is no registered server key with this hash.
		UnknownServerKey,
		/// This server key is registered already.
		ServerKeyAlreadyRegistered,
		/// Unfinished jobs use the server key; wait for them.
		ServerKeyInUse,
		/// Only the account that registered the server key may do this.
		NotServerKeyOwner,
		/// The model needs a server key: register one and name its hash.
		ServerKeyRequired,
		/// The model needs no server key: pass none.
		ServerKeyNotNeeded,
		/// The input was encrypted for another model.
		InputForAnotherModel,
		/// The input was encrypted with a client key that does not belong to the server key.
		InputForAnotherKey,
		/// The model is encrypted under another client key than the input: only the owner of that
		/// key can use it. The model's record shows the hash of its server key.
		ModelForAnotherKey,
		/// The fee is more than `max_fee`.
		FeeAboveMax,
		/// There are fewer active workers than must agree on the result.
		TooFewWorkers,
		/// The redundancy is not within the bounds that `limits` shows.
		RedundancyOutOfBounds,
		/// Bounds must not be zero, reversed, or beyond the constants of the runtime.
		ImpossibleLimits,
		/// The job has one worker only: it posts its result without a commitment.
		CommitmentNotExpected,
		/// The worker has committed already.
		AlreadyCommitted,
		/// Other workers have not committed yet: to post the result now would show it to them.
		CommitmentsMissing,
		/// The outcome is not the one that the worker committed to.
		CommitmentMismatch,
		/// This outcome has been posted already.
		AlreadyRevealed,
		/// Too many jobs wait for their results; try again later.
		TooManyPendingJobs,
		/// Too many jobs wait for their workers to be drawn; try again in the next block.
		TooManyWaitingJobs,
		/// You have as many unfinished jobs as an account may have; wait for their results.
		TooManyOpenJobs,
		/// Your unfinished jobs are as much work as an account may ask for; wait for their results.
		TooMuchOpenWork,
		/// The workers have as much to do as they can; try again later.
		AllWorkersBusy,
		/// The depositor has not allowed this deposit: it has to call `allow_model_deposit` first.
		DepositNotAllowed,
		/// There are as many workers as the chain allows.
		TooManyWorkers,
		/// This worker has joined already.
		WorkerAlreadyJoined,
		/// The proof is not a signature of the worker's key over the operator's account.
		BadWorkerProof,
		/// Only the operator of the worker may do this.
		NotWorkerOperator,
		/// The worker is not suspended.
		WorkerNotSuspended,
		/// The worker leaves already.
		WorkerLeavesAlready,
		/// The worker does not leave: call `leave_workers` first.
		WorkerNotLeaving,
		/// The bond is not free yet: the worker still has jobs, or the delay is not over.
		BondNotFree,
		/// There is no worker with this key.
		UnknownWorker,
		/// There is no job with this number.
		UnknownJob,
		/// Only the account that requested the job may do this.
		NotJobOwner,
		/// The job waits for its result.
		JobNotFinished,
		/// The job's deadline has not passed.
		DeadlineNotPassed,
		/// The job is finished already.
		JobNotPending,
		/// The job's deadline has passed.
		DeadlinePassed,
		/// The job is not assigned to this worker.
		NotAssigned,
		/// The result belongs to another input.
		ResultForAnotherInput,
		/// All numbers for models or jobs are used up.
		OutOfNumbers,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a model. Admin only (on the dev chain: through `sudo`).
		///
		/// - `artifact`: the bytes of a `.fheml` file, as written by `fhe-ml model import`.
		/// - `depositor`: account that the deposit for these bytes is held from until the model is retired
		///   and its last job finished, as far as it has allowed with `allow_model_deposit`; none for no deposit.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register_model(artifact.len() as u32))]
		pub fn register_model(
			origin: OriginFor<T>,
			artifact: Vec<u8>,
			depositor: Option<T::AccountId>,
		) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_register_model(artifact, depositor)
		}

		/// Retire a model. Admin only. Open jobs are still finished; new ones are refused.
		///
		/// - `model`: number of the model, from its `ModelRegistered` event.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::retire_model())]
		pub fn retire_model(origin: OriginFor<T>, model: ModelId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_retire_model(model)
		}

		/// Register a server key, for models that need one. Its deposit is returned when it is
		/// removed.
		///
		/// - `server_key`: the bytes of `server.key`, as written by `fhe-ml keygen`.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::register_server_key())]
		pub fn register_server_key(origin: OriginFor<T>, server_key: Vec<u8>) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_register_server_key(owner, server_key)
		}

		/// Remove your server key and get its deposit back.
		///
		/// - `server_key`: hash of the key, from its `ServerKeyRegistered` event.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::remove_server_key())]
		pub fn remove_server_key(origin: OriginFor<T>, server_key: KeyHash) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_remove_server_key(owner, server_key)
		}

		/// Request the evaluation of a model on an encrypted input.
		///
		/// The fee is held until the result is there, and a deposit for the bytes of input and
		/// result until you `release` the job. The fee is paid, too, if input or server key do not decode.
		///
		/// - `model`: number of the model.
		/// - `server_key`: hash of your registered server key; none for linear models.
		/// - `input`: the bytes that `fhe-ml encrypt` wrote for this model.
		/// - `max_fee`: the most that you are ready to pay.
		/// - `redundancy`: how many workers must get the same result; 1 trusts a single one. It multiplies
		///   the part of the fee that pays for work.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::request_inference(input.len() as u32, T::MaxWorkers::get()))]
		pub fn request_inference(
			origin: OriginFor<T>,
			model: ModelId,
			server_key: Option<KeyHash>,
			input: Vec<u8>,
			max_fee: BalanceOf<T>,
			redundancy: u8,
		) -> DispatchResult {
			let owner = ensure_signed(origin)?;
			Self::do_request_inference(owner, model, server_key, input, max_fee, redundancy)
		}

		/// Post what became of a job. Sent by the workers' nodes, not by people.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `outcome_hash`: BLAKE2b-256 hash of the outcome.
		/// - `signature`: of the worker over chain, job, input, model, key, engine version and that hash.
		/// - `outcome`: the encrypted result, or why there is none.
		#[pallet::call_index(5)]
		#[pallet::weight(
			T::WeightInfo::submit_result(outcome.encoded_size() as u32, bounds::MAX_ASSIGNEES)
		)]
		#[pallet::weight_of_authorize(
			T::WeightInfo::authorize_submit_result(outcome.encoded_size() as u32)
		)]
		#[pallet::authorize(|source, worker, job, outcome_hash, signature, outcome| {
			Pallet::<T>::authorize_submission(source, worker, job, outcome_hash, outcome, signature)
		})]
		pub fn submit_result(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			outcome_hash: H256,
			signature: WorkerSignature,
			outcome: Outcome,
		) -> DispatchResultWithPostInfo {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_submission`, without which we are not here.
			let bytes = outcome.encoded_size() as u32;
			let workers = Self::do_submit_result(worker, job, outcome_hash, outcome)?;
			Ok(Some(T::WeightInfo::submit_result(bytes, workers)).into())
		}

		/// Remove a finished job from storage; its owner gets the deposit back. Some time after it was
		/// finished anybody may do this.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::release())]
		pub fn release(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::do_release(caller, job)
		}

		/// Join the workers; you hold its bond and are paid for its results.
		///
		/// - `worker`: public key with which it signs results (key type `fhe!`).
		/// - `proof`: its proof of possession for your account. `author_rotateKeysWithOwner` with the 32
		///   bytes of your account, called on the worker's node, makes both: the last 32 bytes of the
		///   keys and the last 64 bytes of the proof.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::join_workers())]
		pub fn join_workers(
			origin: OriginFor<T>,
			worker: WorkerId,
			proof: WorkerSignature,
		) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::check_worker_proof(&operator, &worker, &proof)?;
			Self::do_join(worker, operator)
		}

		/// Remove a worker as admin: it is assigned no more jobs, and its bond is free after a while.
		///
		/// - `worker`: public key of the worker.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::leave_workers())]
		pub fn remove_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_leave(None, worker)
		}

		/// Leave the workers: yours is assigned no more jobs. Open ones should still be finished.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::leave_workers())]
		pub fn leave_workers(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_leave(Some(operator), worker)
		}

		/// Get the bond of a worker back that left long enough ago.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::withdraw_bond())]
		pub fn withdraw_bond(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_withdraw_bond(operator, worker)
		}

		/// Resume a suspended worker, once its node runs again. A bond that was cut is filled up.
		///
		/// - `worker`: public key of your worker.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::resume_worker())]
		pub fn resume_worker(origin: OriginFor<T>, worker: WorkerId) -> DispatchResult {
			let operator = ensure_signed(origin)?;
			Self::do_resume(operator, worker)
		}

		/// Take a job whose deadline has passed away from its workers: others evaluate it, or its fee
		/// goes back. Anybody may do this; blocks with room do it by themselves.
		///
		/// - `job`: number of the job.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::expire(bounds::MAX_ASSIGNEES))]
		pub fn expire(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			let workers = Self::do_expire(job)?;
			Ok(Some(T::WeightInfo::expire(workers)).into())
		}

		/// Commit to a result that other workers must get, too. Sent by the workers' nodes, not by people.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `commitment`: BLAKE2b-256 hash of `fhe-ml/commitment/1`, worker, job and the hash of the
		///   outcome.
		/// - `signature`: of the worker over chain, job, input, model, key, engine version and commitment.
		#[pallet::call_index(13)]
		#[pallet::weight(T::WeightInfo::commit_result().saturating_add(
			// Where another result is known already, the last commitment may decide.
			T::WeightInfo::submit_result(bounds::MAX_RESULT_BYTES, bounds::MAX_ASSIGNEES)
		))]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_commit_result())]
		#[pallet::authorize(Self::authorize_commitment)]
		pub fn commit_result(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			commitment: H256,
			signature: WorkerSignature,
		) -> DispatchResultWithPostInfo {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_commitment`.
			let decided = Self::do_commit_result(worker, job, commitment)?;
			Ok((!decided).then(T::WeightInfo::commit_result).into())
		}

		/// Set how many workers there may be, and how many a request may ask to agree. Admin only.
		///
		/// - `limits`: the bounds; workers that are active already stay so.
		#[pallet::call_index(14)]
		#[pallet::weight(T::WeightInfo::set_limits())]
		pub fn set_limits(origin: OriginFor<T>, limits: Limits) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_limits(limits)
		}

		/// Decline a job because the worker's engine has another version than the job asks for. Sent by the
		/// workers' nodes, not by people. The worker is suspended until its operator resumes it, and pays nothing.
		///
		/// - `worker`: public key of the worker.
		/// - `job`: number of the job.
		/// - `signature`: of the worker over chain, job, input, model, key and engine version.
		#[pallet::call_index(15)]
		#[pallet::weight(T::WeightInfo::expire(bounds::MAX_ASSIGNEES))]
		#[pallet::weight_of_authorize(T::WeightInfo::authorize_commit_result())]
		#[pallet::authorize(Self::authorize_decline)]
		pub fn decline_job(
			origin: OriginFor<T>,
			worker: WorkerId,
			job: JobId,
			signature: WorkerSignature,
		) -> DispatchResult {
			ensure_authorized(origin)?;
			let _ = signature; // Checked by `authorize_decline`.
			Self::do_decline(worker, job)
		}

		/// Let the admin hold deposits from your account for models that it registers for you.
		///
		/// - `most`: the most that may be held from now on; 0 takes an allowance back. What is held already
		///   stays held until its model is retired.
		#[pallet::call_index(16)]
		#[pallet::weight(T::WeightInfo::allow_model_deposit())]
		pub fn allow_model_deposit(origin: OriginFor<T>, most: BalanceOf<T>) -> DispatchResult {
			let depositor = ensure_signed(origin)?;
			Self::do_allow_model_deposit(depositor, most);
			Ok(())
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		/// Sends the results that local workers have finished. Takes milliseconds: the evaluation
		/// itself runs in the native worker.
		fn offchain_worker(block: BlockNumberFor<T>) {
			Self::send_finished(block);
		}

		/// Leaves room for the draws at the end of the block, and notes among whom they are.
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::prepare_draws(now)
		}

		/// Draws the workers of jobs that were requested before this block: now its randomness is known.
		fn on_finalize(now: BlockNumberFor<T>) {
			Self::seat_jobs(now);
		}

		/// Looks for jobs whose deadline has passed, as long as the block has room.
		fn on_idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
			Self::sweep_deadlines(now, remaining)
		}

		fn integrity_test() {
			Self::check_config();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
