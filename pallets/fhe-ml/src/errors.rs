//! Why the pallet refuses a call, and what to do.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
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
		/// Jobs that are not final use the server key; wait for them, or release them.
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
		/// Bounds must not be zero, reversed, or beyond the constants of the runtime, and `untriedRedundancy` must be
		/// within those of the redundancy.
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
		/// The bond is not free yet: the worker still has jobs, its results are not final, or the delay is not over.
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
		/// The model is private: its owner registers it, with `register_private_model`.
		PrivateModelNeedsTerms,
		/// Only accounts that the admin has allowed may register private models now.
		PrivateRegistrationClosed,
		/// The model is not private, or the file is none that `fhe-ml model import --private` wrote for the chain.
		NotAPrivateModel,
		/// Name at least one evaluator, and none twice.
		EvaluatorsMissingOrTwice,
		/// A quota of no requests or no blocks: nobody could ask. For no bound name no quota.
		ImpossibleQuota,
		/// Only the account that registered the private model may do this.
		NotModelOwner,
		/// The private model is suspended; its record shows why.
		ModelIsSuspended,
		/// The private model is not suspended.
		ModelNotSuspended,
		/// A result of the model was condemned: only the admin can resume it.
		ResumedByAdminOnly,
		/// These are more rows than the owner of this private model allows you in this period: ask for fewer, or wait
		/// for the next period.
		QuotaExceeded,
		/// The server key has an old format: make a new key with `fhe-ml keygen` and register it.
		ServerKeyTooOld,
		/// The private model has fewer evaluators, or fewer that can be asked now, than must agree on the result.
		TooFewEvaluators,
		/// The bond is not free: retire the model, wait for its open jobs, and then for the delay.
		ModelBondNotFree,
		/// The job's model is not private, or the job has no result, or the result is condemned already.
		NothingToCondemn,
		/// Only the admin, and the auditor that the model names, may do this.
		NotModelAuditor,
		/// The model's bond is gone: it was slashed already, or its owner has withdrawn it.
		NoModelBond,
		/// That the private file is missing is no outcome: a worker that lacks it declines the job.
		DeclineInstead,
		/// The model takes one row per request: send a request for each row. Models take several whose record has a
		/// `row_layout`.
		OneRowPerRequest,
		/// The result of so many rows would be longer than the chain stores: send fewer rows in one request.
		TooManyRowsForResult,
		/// So many rows take a worker more work than `MaxAccountWork`: send fewer rows in one request.
		TooManyRowsForWork,
		/// The result has another number of rows than the job's input.
		ResultOfOtherRows,
		/// The artifact has a valid header, but its circuit does not decode: import the model again.
		ArtifactDoesNotDecode,
		/// The runtime evaluates so many rows of this model not at once: send fewer rows in one request.
		TooManyRowsForCourt,
		/// The outcome cannot be challenged: the job is not finished or final already, or the court cannot try it.
		NothingToChallenge,
		/// The time in which the outcome could be challenged is over.
		ChallengeTooLate,
		/// The job's result has no part with this number.
		UnknownPart,
		/// The court evaluates the job: wait for its verdict, or make the next `step`.
		JobInCourt,
		/// The court does not evaluate this job: `challenge` its outcome first.
		NoTrial,
		/// The job is not final yet: its outcome can be challenged.
		JobNotFinal,
		/// The job is not finished, or it is final already.
		NotProvisional,
		/// The operator of the worker has not enough free to answer for a challenge.
		NoFundsToChallenge,
		/// Only an active worker can do this.
		WorkerNotActive,
		/// The court gave what cannot be part of a result: an error of this runtime.
		CourtFailed,
		/// The server key has a bootstrap key already: it has one, and keeps it until it is removed.
		BootstrapKeyAlreadyRegistered,
		/// The model takes a bootstrap key beside the server key: `register_bootstrap_key` first.
		BootstrapKeyRequired,
		/// The court cannot try jobs of this model, so more workers must agree: ask again with a redundancy of at least
		/// `untriedRedundancy`.
		RedundancyBelowUntried,
	}
}
