//! Who may submit which outcome, checked before a result takes place in the pool or in a block.

use crate::{pallet::*, types::*};
use fhe_ml_primitives::{
	FailureReason, JobId, JobStatus, Outcome, Statement, Step, SubmissionPayload, WorkerId,
	WorkerSignature, commitment, format::ResultPrefix,
};
use frame_support::{ensure, pallet_prelude::*};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_runtime::{
	RuntimeAppPublic, SaturatedConversion,
	traits::{Saturating, Zero},
};

/// Results go before ordinary transactions: they pay no tip, and users wait for them.
const SUBMISSION_PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;

/// Jobs that this node may not know yet, because it is some blocks behind.
const JOBS_AHEAD: JobId = 10_000;

impl<T: Config> Pallet<T> {
	/// `#[pallet::authorize]` of `submit_result`. The signature is checked here: otherwise anybody
	/// could take the `provides` slot of an honest worker with a forged transaction. It covers the hash that
	/// the transaction names, so that a forged outcome is refused before it is hashed.
	pub(crate) fn authorize_submission(
		_source: TransactionSource,
		worker: &WorkerId,
		job: &JobId,
		outcome_hash: &H256,
		outcome: &Outcome,
		signature: &WorkerSignature,
	) -> TransactionValidityWithRefund {
		let record =
			Self::check_signature(worker, *job, Statement::Outcome(*outcome_hash), signature)?;
		Self::check_submission(worker, *job, outcome_hash, outcome)
			.map_err(|error| refused(error))?;
		ensure!(outcome.hash() == *outcome_hash, InvalidTransaction::BadProof);
		Self::valid(worker, *job, &record, 0)
	}

	/// `#[pallet::authorize]` of `commit_result`.
	pub(crate) fn authorize_commitment(
		_source: TransactionSource,
		worker: &WorkerId,
		job: &JobId,
		commitment: &H256,
		signature: &WorkerSignature,
	) -> TransactionValidityWithRefund {
		let statement = Statement::Commitment(*commitment);
		let record = Self::check_signature(worker, *job, statement, signature)?;
		Self::check_commitment(worker, *job).map_err(|error| refused(error))?;
		Self::valid(worker, *job, &record, 1)
	}

	/// `#[pallet::authorize]` of `decline_job`.
	pub(crate) fn authorize_decline(
		_source: TransactionSource,
		worker: &WorkerId,
		job: &JobId,
		signature: &WorkerSignature,
	) -> TransactionValidityWithRefund {
		let record = Self::check_signature(worker, *job, Statement::Declined, signature)?;
		Self::check_decline(worker, *job).map_err(|error| refused(error))?;
		Self::valid(worker, *job, &record, 2)
	}

	/// `#[pallet::authorize]` of `challenge_as_worker`.
	pub(crate) fn authorize_challenge(
		_source: TransactionSource,
		worker: &WorkerId,
		job: &JobId,
		part: &u32,
		signature: &WorkerSignature,
	) -> TransactionValidityWithRefund {
		let record = Self::check_signature(worker, *job, Statement::Wrong(*part), signature)?;
		Self::check_challenge_as_worker(worker, *job, *part).map_err(|error| refused(error))?;
		Self::valid(worker, *job, &record, 3)
	}

	/// The job, if `worker` has signed `statement` for it. Before anything else: what is forged is invalid, and
	/// banned, whatever else is true of it.
	fn check_signature(
		worker: &WorkerId,
		job: JobId,
		statement: Statement,
		signature: &WorkerSignature,
	) -> Result<JobRecordOf<T>, TransactionValidityError> {
		let Some(record) = Jobs::<T>::get(job) else {
			let next = NextJob::<T>::get();
			let may_come = job >= next && job < next.saturating_add(JOBS_AHEAD);
			return Err(if may_come && Workers::<T>::contains_key(worker) {
				UnknownTransaction::CannotLookup.into()
			} else {
				InvalidTransaction::Stale.into()
			});
		};
		let payload = Self::submission_payload(job, &record, statement);
		ensure!(
			payload.is_some_and(|payload| worker.verify(&payload.to_sign(), signature)),
			InvalidTransaction::BadProof
		);
		Ok(record)
	}

	/// `kind` tells what a worker says of one job apart.
	fn valid(
		worker: &WorkerId,
		job: JobId,
		record: &JobRecordOf<T>,
		kind: u8,
	) -> TransactionValidityWithRefund {
		let blocks_left = record.deadline.saturating_sub(frame_system::Pallet::<T>::block_number());
		ValidTransaction::with_tag_prefix("fhe-ml/submission")
			.and_provides((worker, job, kind))
			.priority(SUBMISSION_PRIORITY)
			.longevity(blocks_left.saturated_into())
			.propagate(true)
			.build()
			.map(|validity| (validity, Weight::zero()))
	}

	/// The pending job, if `worker` may post something for it now.
	fn check_assigned(worker: &WorkerId, job: JobId) -> Result<JobRecordOf<T>, Error<T>> {
		let record = Jobs::<T>::get(job).ok_or(Error::UnknownJob)?;
		ensure!(record.status == JobStatus::Pending, Error::JobNotPending);
		ensure!(!Self::deadline_passed(record.deadline), Error::DeadlinePassed);
		ensure!(record.assignees.contains(worker), Error::NotAssigned);
		ensure!(Workers::<T>::contains_key(worker), Error::UnknownWorker);
		Ok(record)
	}

	/// Checks everything of a commitment but the signature.
	pub(crate) fn check_commitment(
		worker: &WorkerId,
		job: JobId,
	) -> Result<JobRecordOf<T>, Error<T>> {
		let record = Self::check_assigned(worker, job)?;
		ensure!(record.redundancy > 1, Error::CommitmentNotExpected);
		let made = Ballots::<T>::get(job).commitment_of(worker);
		ensure!(made.is_none(), Error::AlreadyCommitted);
		Ok(record)
	}

	/// Checks everything of a refusal but the signature.
	pub(crate) fn check_decline(worker: &WorkerId, job: JobId) -> Result<JobRecordOf<T>, Error<T>> {
		let record = Self::check_assigned(worker, job)?;
		let made = Ballots::<T>::get(job).commitment_of(worker);
		ensure!(made.is_none(), Error::AlreadyCommitted);
		Ok(record)
	}

	/// What `worker` has to do next for a pending job that it is assigned to.
	pub(crate) fn next_step(job: JobId, record: &JobRecordOf<T>, worker: &WorkerId) -> Step {
		match record.redundancy {
			0 | 1 => Step::Post,
			_ if record.jurors > 0 || Trials::<T>::contains_key(job) => Step::Wait,
			_ => Ballots::<T>::get(job).step(job, &record.assignees, worker),
		}
	}

	/// Checks everything of an outcome but the signature, and that `hash` is its hash.
	pub(crate) fn check_submission(
		worker: &WorkerId,
		job: JobId,
		hash: &H256,
		outcome: &Outcome,
	) -> Result<JobRecordOf<T>, Error<T>> {
		let record = Self::check_assigned(worker, job)?;
		let lacks_file = *outcome == Outcome::Failed(FailureReason::ModelNotHeld);
		ensure!(!lacks_file, Error::DeclineInstead);
		if record.redundancy > 1 {
			let ballot = Ballots::<T>::get(job);
			let all = record.jurors == 0 && ballot.is_committed(&record.assignees);
			ensure!(all, Error::CommitmentsMissing);
			ensure!(!Trials::<T>::contains_key(job), Error::JobInCourt);
			let made = ballot.commitment_of(worker);
			ensure!(made == Some(commitment(worker, job, hash)), Error::CommitmentMismatch);
			ensure!(!ballot.revealed.contains(hash), Error::AlreadyRevealed);
		}
		if let Outcome::Completed(result) = outcome {
			let prefix = ResultPrefix::read(result)?;
			let model = Models::<T>::get(record.model).ok_or(Error::UnknownModel)?;
			ensure!(prefix.rows == record.rows, Error::ResultOfOtherRows);
			let bytes = Self::result_bytes(&model, record.rows);
			ensure!(result.len() as u32 == bytes, Error::BlobWrongLength);
			ensure!(record.input.0.starts_with(&prefix.input_tag), Error::ResultForAnotherInput);
		}
		Ok(record)
	}

	/// What the worker signs; `None` if the model is gone.
	pub(crate) fn submission_payload(
		job: JobId,
		record: &JobRecordOf<T>,
		statement: Statement,
	) -> Option<SubmissionPayload> {
		Some(SubmissionPayload {
			genesis: Self::genesis_hash(),
			job,
			input: record.input,
			artifact: Models::<T>::get(record.model)?.artifact,
			server_key: record.server_key,
			engine: record.engine,
			statement,
		})
	}

	fn genesis_hash() -> H256 {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}
}

/// How the pool is told of an error; the numbers are shown by polkadot.js. What may be right a block later,
/// and is signed by the worker, is unknown, not invalid: the pool of a node that has not seen that block yet must not ban it.
fn refused<T: Config>(error: Error<T>) -> TransactionValidityError {
	match error {
		Error::CommitmentsMissing | Error::NotAssigned | Error::JobInCourt => {
			UnknownTransaction::CannotLookup.into()
		},
		Error::UnknownJob
		| Error::JobNotPending
		| Error::DeadlinePassed
		| Error::AlreadyCommitted
		| Error::AlreadyRevealed
		| Error::ChallengeTooLate
		| Error::NothingToChallenge => InvalidTransaction::Stale.into(),
		Error::NoFundsToChallenge => InvalidTransaction::Payment.into(),
		Error::UnknownWorker => InvalidTransaction::BadSigner.into(),
		Error::CommitmentMismatch => InvalidTransaction::Custom(3).into(),
		Error::ResultForAnotherInput => InvalidTransaction::Custom(2).into(),
		_ => InvalidTransaction::Custom(1).into(),
	}
}
