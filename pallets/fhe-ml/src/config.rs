//! What a runtime sets.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod config {
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

		/// Fee of a request before its work is counted, however many rows it has.
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

		/// Most work units of an account's unfinished jobs, if it has more than one, and of a request of several
		/// rows for one worker.
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

		/// Bond of a private model, out of which a condemned result is paid for.
		#[pallet::constant]
		type PrivateModelBond: Get<BalanceOf<Self>>;

		/// Blocks until changed terms of a private model are in force.
		#[pallet::constant]
		type TermsDelay: Get<BlockNumberFor<Self>>;

		/// Blocks in which an evaluator that has declined a job of a private model is given no other of that model.
		#[pallet::constant]
		type DeclineDelay: Get<BlockNumberFor<Self>>;

		/// Evaluates what is disputed; `()` for a chain on which workers and juries are believed.
		type Court: Court;

		/// Most weight of evaluating a job in the call that posts its outcome.
		#[pallet::constant]
		type MaxAtOnce: Get<Weight>;

		/// Blocks after its completion or failure in which the outcome of a job can be challenged, if the court can try
		/// it. Until then its fee is held.
		#[pallet::constant]
		type ChallengePeriod: Get<BlockNumberFor<Self>>;

		/// Blocks without a step after which a trial is over.
		#[pallet::constant]
		type TrialTimeout: Get<BlockNumberFor<Self>>;

		/// What the workers of a job get if a challenge of its outcome is wrong. Who challenges is held this, and the
		/// rewards of all steps of the trial.
		#[pallet::constant]
		type ChallengeBond: Get<BalanceOf<Self>>;

		/// What who was wrong pays for each step of a trial to the account that made it. It should be more than the
		/// fee of `step`.
		#[pallet::constant]
		type StepReward: Get<BalanceOf<Self>>;

		/// What the owner of a job gets out of its workers' bonds, besides its fee, if nobody of them was right. Less
		/// than half of a bond: a worker could ask itself, lie, and challenge itself to save it.
		#[pallet::constant]
		type Compensation: Get<BalanceOf<Self>>;

		/// Weights of the calls.
		type WeightInfo: WeightInfo;
	}
}
