//! What is in storage.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage {
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

	/// Bootstrap keys by the server keys that they belong to: the BLAKE2b-256 hash of their bytes.
	#[pallet::storage]
	pub type BootstrapKeys<T> = StorageMap<_, Identity, KeyHash, KeyHash>;

	/// The bytes of bootstrap keys, by the server keys that they belong to.
	#[pallet::storage]
	pub type BootstrapKeyBytes<T> =
		StorageMap<_, Identity, KeyHash, BoundedVec<u8, bounds::MaxBootstrapKeyBytes>>;

	/// Models whose evaluation takes a bootstrap key beside the server key.
	#[pallet::storage]
	pub type BootstrappedModels<T> = StorageMap<_, Twox64Concat, ModelId, ()>;

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

	/// Work units of the jobs of public models in `Waiting`, times the workers that they wait for.
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

	/// Least redundancy of requests for public models without a docket: no court tries what their workers say.
	#[pallet::storage]
	pub type UntriedRedundancy<T> = StorageValue<_, u8, ValueQuery, UntriedRedundancyOfNewChains>;

	/// Of chains whose genesis says nothing else: two of three workers must not lie.
	#[pallet::type_value]
	pub fn UntriedRedundancyOfNewChains() -> u8 {
		3
	}

	/// What private models have besides their records in `Models`: owner, terms, bond.
	#[pallet::storage]
	pub type PrivateModels<T: Config> =
		StorageMap<_, Twox64Concat, ModelId, PrivateModelRecordOf<T>>;

	/// What jobs of private models have besides their records in `Jobs`.
	#[pallet::storage]
	pub type PrivateJobs<T: Config> = StorageMap<_, Twox64Concat, JobId, PrivateJobRecordOf<T>>;

	/// For how many rows accounts have asked private models with a quota, in the period of their last request.
	#[pallet::storage]
	pub type QuotaUsed<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		ModelId,
		Blake2_128Concat,
		T::AccountId,
		QuotaUse<BlockNumberFor<T>>,
	>;

	/// Work units of the jobs of private models in `Waiting`, times the evaluators that they wait for.
	#[pallet::storage]
	pub type WaitingPrivateWork<T> = StorageMap<_, Twox64Concat, ModelId, u64, ValueQuery>;

	/// Whether only accounts in `PrivateOwners` may register private models.
	#[pallet::storage]
	pub type PrivateRegistrationClosed<T> = StorageValue<_, bool, ValueQuery>;

	/// Accounts that may register private models while registration is closed.
	#[pallet::storage]
	pub type PrivateOwners<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

	/// How the court can try jobs of models; those that are not here it cannot try.
	#[pallet::storage]
	pub type Dockets<T> = StorageMap<_, Twox64Concat, ModelId, Docket>;

	/// Jobs that are completed or have failed, and whose outcome can be challenged: their fees are held, and what a
	/// trial needs stays.
	#[pallet::storage]
	pub type Provisional<T: Config> =
		StorageMap<_, Twox64Concat, JobId, ProvisionalJob<BlockNumberFor<T>>>;

	/// Fees that workers get for open and provisional jobs whose outcomes can be challenged; no more than their bonds
	/// when they are assigned.
	#[pallet::storage]
	pub type AtRisk<T: Config> =
		StorageMap<_, Blake2_128Concat, WorkerId, BalanceOf<T>, ValueQuery>;

	/// The blocks in which workers were convicted last: they are paid for no job that they were given before.
	#[pallet::storage]
	pub type ConvictedAt<T: Config> = StorageMap<_, Blake2_128Concat, WorkerId, BlockNumberFor<T>>;

	/// Jobs that the court evaluates.
	#[pallet::storage]
	pub type Trials<T: Config> =
		StorageMap<_, Twox64Concat, JobId, Trial<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>>;

	/// What the last step of a trial has left for the next one; its bytes are the court's own affair.
	#[pallet::storage]
	pub type CourtCarries<T> =
		StorageMap<_, Twox64Concat, JobId, BoundedVec<u8, bounds::MaxCarryBytes>, ValueQuery>;

	/// The parts that the court has got so far where it evaluates a job as a whole.
	#[pallet::storage]
	pub type CourtParts<T> =
		StorageMap<_, Twox64Concat, JobId, BoundedVec<u8, bounds::MaxResultBytes>, ValueQuery>;

	/// The job whose trial a block with room has gone on with last: the next block goes on with another one.
	#[pallet::storage]
	pub type SteppedLast<T> = StorageValue<_, JobId>;

	/// Provisional jobs by the blocks in which they are final or, if they are tried, their trials lapse.
	#[pallet::storage]
	pub type Agenda<T: Config> =
		StorageDoubleMap<_, Twox64Concat, BlockNumberFor<T>, Twox64Concat, JobId, ()>;

	/// First block of the agenda that has not been looked through; none before the first provisional job.
	#[pallet::storage]
	pub type NextHearing<T: Config> = StorageValue<_, BlockNumberFor<T>>;
}
