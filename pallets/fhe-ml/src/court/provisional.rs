//! Jobs that are finished and not final: the result is in `Results`, and everything that a trial needs stays.

use super::Docket;
use crate::{pallet::*, types::*};
use fhe_ml_primitives::{Assignees, FailureReason, JobId, JobStatus, Outcome, ProvisionalJob};
use frame_support::{ensure, pallet_prelude::*};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{Saturating, Zero};

impl<T: Config> Pallet<T> {
	/// Whether anybody could show that an outcome is wrong. That workers differ is no outcome of theirs.
	pub(crate) fn can_be_challenged(record: &JobRecordOf<T>, outcome: &Outcome) -> bool {
		*outcome != Outcome::Failed(FailureReason::NoAgreement)
			&& matches!(Self::docket_of(record.model), Docket::Steps { .. })
	}

	/// Ends a job, as `finish` does, but for its fee and for what a trial needs.
	pub(crate) fn finish_provisionally(
		job: JobId,
		record: JobRecordOf<T>,
		outcome: Outcome,
		workers: Assignees,
	) -> DispatchResult {
		let final_at = Self::now().saturating_add(T::ChallengePeriod::get());
		Self::put_at_risk(&workers, Self::share_at_risk(&record));
		Self::put_on_agenda(final_at, job);
		Provisional::<T>::insert(job, ProvisionalJob { final_at, workers: workers.clone() });
		let status = Self::store_outcome(job, &record, workers, outcome, Zero::zero());
		Self::close(job, record, status)?;
		Self::deposit_event(Event::InferenceProvisional { job, final_at });
		Ok(())
	}

	/// The job is final: its outcome stands, and its fee goes where it belongs.
	pub(crate) fn make_final(
		job: JobId,
		record: &JobRecordOf<T>,
		provisional: ProvisionalJob<BlockNumberFor<T>>,
	) -> DispatchResult {
		let failure = match record.status {
			JobStatus::Failed { reason } => Some(reason),
			JobStatus::Completed { .. } | JobStatus::Pending | JobStatus::Expired => None,
		};
		let workers = provisional.workers.clone();
		let fee = Self::settle_fee(record, &workers, failure)?;
		Self::forget_provisional(job, record, &provisional)?;
		Self::deposit_event(Event::InferenceFinal { job, workers, fee });
		Ok(())
	}

	/// Lets go of what a trial would have needed.
	pub(crate) fn forget_provisional(
		job: JobId,
		record: &JobRecordOf<T>,
		provisional: &ProvisionalJob<BlockNumberFor<T>>,
	) -> DispatchResult {
		Self::take_off_risk(&provisional.workers, Self::share_at_risk(record));
		Agenda::<T>::remove(provisional.final_at, job);
		Provisional::<T>::remove(job);
		Self::let_go(record)
	}

	/// Makes a provisional job final before it is released; whether it was one. Its owner accepts the outcome by that.
	pub(crate) fn accept(
		caller: &T::AccountId,
		job: JobId,
		record: &JobRecordOf<T>,
	) -> Result<bool, DispatchError> {
		let Some(provisional) = Provisional::<T>::get(job) else { return Ok(false) };
		ensure!(!Trials::<T>::contains_key(job), Error::<T>::JobInCourt);
		let may = record.owner == *caller || Self::now() >= provisional.final_at;
		ensure!(may, Error::<T>::JobNotFinal);
		Self::make_final(job, record, provisional)?;
		Ok(true)
	}

	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}
}
