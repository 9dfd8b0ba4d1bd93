//! Who may submit which outcome, checked before a result takes place in the pool or in a block.

use crate::{pallet::*, types::*};
use fhe_ml_primitives::{
	JobId, JobStatus, Outcome, SubmissionPayload, WorkerId, WorkerSignature, format::ResultPrefix,
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

impl<T: Config> Pallet<T> {
	/// `#[pallet::authorize]` of `submit_result`. The signature is checked here: otherwise anybody
	/// could take the `provides` slot of an honest worker with a forged transaction.
	pub(crate) fn authorize_submission(
		_source: TransactionSource,
		worker: &WorkerId,
		job: &JobId,
		outcome: &Outcome,
		signature: &WorkerSignature,
	) -> TransactionValidityWithRefund {
		let record = Self::check_submission(worker, *job, outcome).map_err(invalid)?;
		let payload = Self::submission_payload(*job, &record, outcome);
		ensure!(
			payload.is_some_and(|payload| worker.verify(&payload.to_sign(), signature)),
			InvalidTransaction::BadProof
		);
		let blocks_left = record.deadline.saturating_sub(frame_system::Pallet::<T>::block_number());
		ValidTransaction::with_tag_prefix("fhe-ml/submission")
			.and_provides((worker, job))
			.priority(SUBMISSION_PRIORITY)
			.longevity(blocks_left.saturated_into())
			.propagate(true)
			.build()
			.map(|validity| (validity, Weight::zero()))
	}

	/// Checks everything but the signature.
	pub(crate) fn check_submission(
		worker: &WorkerId,
		job: JobId,
		outcome: &Outcome,
	) -> Result<JobRecordOf<T>, Error<T>> {
		let record = Jobs::<T>::get(job).ok_or(Error::UnknownJob)?;
		ensure!(record.status == JobStatus::Pending, Error::JobNotPending);
		ensure!(!Self::deadline_passed(record.deadline), Error::DeadlinePassed);
		ensure!(record.assignees.contains(worker), Error::NotAssigned);
		ensure!(Workers::<T>::contains_key(worker), Error::UnknownWorker);
		if let Outcome::Completed(result) = outcome {
			let prefix = ResultPrefix::read(result)?;
			let model = Models::<T>::get(record.model).ok_or(Error::UnknownModel)?;
			ensure!(result.len() as u32 == model.result_bytes, Error::BlobWrongLength);
			ensure!(record.input.0.starts_with(&prefix.input_tag), Error::ResultForAnotherInput);
		}
		Ok(record)
	}

	/// What the worker signs; `None` if the model is gone.
	pub(crate) fn submission_payload(
		job: JobId,
		record: &JobRecordOf<T>,
		outcome: &Outcome,
	) -> Option<SubmissionPayload> {
		Some(SubmissionPayload {
			genesis: Self::genesis_hash(),
			job,
			input: record.input,
			artifact: Models::<T>::get(record.model)?.artifact,
			server_key: record.server_key,
			outcome: outcome.hash(),
		})
	}

	fn genesis_hash() -> H256 {
		frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
	}
}

/// How the pool is told of an error; the numbers are shown by polkadot.js.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
	match error {
		Error::UnknownJob | Error::JobNotPending | Error::DeadlinePassed => {
			InvalidTransaction::Stale
		},
		Error::NotAssigned | Error::UnknownWorker => InvalidTransaction::BadSigner,
		Error::ResultForAnotherInput => InvalidTransaction::Custom(2),
		_ => InvalidTransaction::Custom(1),
	}
}
