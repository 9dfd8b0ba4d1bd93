//! What the pallet tells the world, with every field documented.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
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
		/// A worker had another result than a jury or the court: it has paid out of its bond and is assigned no jobs until its
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
			/// Fee, and price of a private model for all rows, held until the job is final.
			fee: BalanceOf<T>,
			/// Rows of its input.
			rows: u32,
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
			/// Workers that got this result and share the fee; none if the court alone did.
			workers: Assignees,
			/// BLAKE2b-256 hash of the result.
			result: H256,
			/// Fee paid to the workers' accounts; nothing yet if an `InferenceProvisional` follows.
			fee: BalanceOf<T>,
		},
		/// A job could not be evaluated. Its fee goes to the workers if input or server key are broken, else back; at
		/// once, unless an `InferenceProvisional` follows.
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
			/// Fee, and price of a private model, returned.
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
		/// A private model takes requests now; it has a `ModelRegistered` event, too.
		PrivateModelRegistered {
			/// Its number.
			model: ModelId,
			/// Account that is paid its price.
			owner: T::AccountId,
			/// Commitment to the private file.
			commitment: H256,
			/// Bond held from the owner.
			bond: BalanceOf<T>,
			/// Evaluators, price, quota and auditor.
			terms: PrivateTermsOf<T>,
		},
		/// The owner of a private model changes its terms.
		PrivateTermsChanged {
			/// Number of the model.
			model: ModelId,
			/// First block in which they are in force. Jobs that were requested before keep their price.
			from: BlockNumberFor<T>,
			/// The terms from then on.
			terms: PrivateTermsOf<T>,
		},
		/// A private model takes no requests.
		PrivateModelSuspended {
			/// Number of the model.
			model: ModelId,
			/// The job whose results differed, or whose result was condemned.
			job: JobId,
			/// Why; with it, who can resume the model.
			reason: Suspension,
		},
		/// A private model takes requests again.
		PrivateModelResumed {
			/// Number of the model.
			model: ModelId,
			/// Its bond, which is full again.
			bond: BalanceOf<T>,
		},
		/// What is left of the bond of a retired private model went back.
		ModelBondWithdrawn {
			/// Number of the model.
			model: ModelId,
			/// Account that got it.
			owner: T::AccountId,
			/// How much.
			bond: BalanceOf<T>,
		},
		/// An evaluator lacks the file of a private model, or has another engine. Others are asked, if there are any.
		EvaluatorDeclined {
			/// Number of the job.
			job: JobId,
			/// The private model.
			model: ModelId,
			/// The evaluator, which is given no jobs of the model for `DeclineDelay` blocks.
			worker: WorkerId,
		},
		/// The owner of a private model was paid for a result.
		PricePaid {
			/// Number of the job.
			job: JobId,
			/// The private model.
			model: ModelId,
			/// Account that was paid.
			owner: T::AccountId,
			/// How much, for all rows.
			price: BalanceOf<T>,
		},
		/// A result of a private model is wrong, says who has evaluated it again. The model is suspended.
		ResultCondemned {
			/// Number of the job.
			job: JobId,
			/// The private model.
			model: ModelId,
			/// The auditor; none for the admin.
			auditor: Option<T::AccountId>,
			/// Hash of what the auditor has to say.
			statement: H256,
			/// What was taken out of the model's bond, `refund` included; the rest of it is in `SlashAccount`.
			slashed: BalanceOf<T>,
			/// What the account that had requested the job got of it.
			refund: BalanceOf<T>,
		},
		/// The admin has said who may register private models.
		PrivateRegistrationSet {
			/// Whether anybody may.
			open: bool,
		},
		/// The admin has said whether an account may register private models while registration is closed.
		PrivateOwnerAllowed {
			/// The account.
			owner: T::AccountId,
			/// Whether it may.
			allowed: bool,
		},
		/// The outcome of a job can be challenged for a while; its fee is held until then.
		InferenceProvisional {
			/// Number of the job.
			job: JobId,
			/// First block in which it is final, if nobody challenges it.
			final_at: BlockNumberFor<T>,
		},
		/// The outcome of a job counts, and its fee is where it belongs.
		InferenceFinal {
			/// Number of the job.
			job: JobId,
			/// Workers that stood for the outcome.
			workers: Assignees,
			/// Fee paid to their accounts; the rest went back.
			fee: BalanceOf<T>,
		},
		/// Somebody says that the outcome of a job is wrong. The court evaluates it: anybody may make the steps.
		ResultChallenged {
			/// Number of the job.
			job: JobId,
			/// Who says so.
			challenger: T::AccountId,
			/// The part of the result that is evaluated, or the whole job.
			scope: TrialScope,
			/// Bond held from the challenger.
			bond: BalanceOf<T>,
			/// Steps that it takes.
			steps: u32,
		},
		/// Workers of a job have different results, and the court evaluates it: anybody may make the steps.
		SplitInCourt {
			/// Number of the job.
			job: JobId,
			/// Steps that it takes.
			steps: u32,
		},
		/// A slice of a job that is before the court was evaluated.
		CourtStepped {
			/// Number of the job.
			job: JobId,
			/// Who made the step.
			stepper: Option<T::AccountId>,
			/// Part of the result that it was about.
			part: u32,
			/// Steps made so far.
			step: u32,
			/// Steps that it takes.
			steps: u32,
		},
		/// The outcome that was challenged stands.
		ResultUpheld {
			/// Number of the job.
			job: JobId,
			/// Who has challenged it.
			challenger: T::AccountId,
			/// What it lost: to those who made the steps, and to the workers.
			forfeit: BalanceOf<T>,
			/// First block in which the job is final now.
			final_at: BlockNumberFor<T>,
		},
		/// What workers stated of a job was wrong, and the court's own outcome stands in its place. Of a result of several
		/// parts that was challenged, only the part that was tried is the court's. The job is final.
		OutcomeCorrected {
			/// Number of the job.
			job: JobId,
			/// Where the job stands now, with the hash of the right result, or why there is none.
			status: JobStatus,
			/// Workers that were wrong and lose their bonds.
			convicted: Assignees,
			/// Fee that went back to the job's owner.
			refund: BalanceOf<T>,
			/// What the challenger got out of the bonds, besides the rewards of its steps.
			reward: BalanceOf<T>,
			/// What the job's owner got out of the bonds.
			compensation: BalanceOf<T>,
		},
		/// Nobody has made a step of a trial for too long. A challenge counts as wrong then; where workers differ, a jury
		/// is drawn.
		TrialLapsed {
			/// Number of the job.
			job: JobId,
		},
		/// The court gave what cannot be part of a result: an error of this runtime. The bond of a challenge went back;
		/// where workers differ, a jury is drawn.
		TrialCalledOff {
			/// Number of the job.
			job: JobId,
		},
		/// Jobs of deep networks can be requested with a server key now.
		BootstrapKeyRegistered {
			/// BLAKE2b-256 hash of the server key; name it in `request_inference`.
			server_key: KeyHash,
			/// BLAKE2b-256 hash of the bootstrap key, which inputs of deep networks name.
			bootstrap_key: KeyHash,
			/// Account that may use it.
			owner: T::AccountId,
			/// Deposit held for it until the server key is removed.
			deposit: BalanceOf<T>,
		},
		/// The admin has set how many workers must agree on jobs that the court cannot try.
		UntriedRedundancySet {
			/// Least redundancy of requests for public models without a docket.
			least: u8,
		},
	}
}
