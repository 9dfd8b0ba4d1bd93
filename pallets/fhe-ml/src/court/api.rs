//! What `FheMlApi` answers of the court.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	CourtView, JobId, JobStatus, Outcome, Trial, WatchedJob, WorkerId, WorkerSignature,
};
use frame_support::traits::Get;
use frame_system::{
	offchain::{CreateAuthorizedTransaction, CreateTransactionBase},
	pallet_prelude::BlockNumberFor,
};
use sp_runtime::{SaturatedConversion, traits::Saturating};

impl<T: Config> Pallet<T> {
	/// When a job is final, and what the court does with it; `None` if it is final already, or waits for its workers.
	pub fn court(job: JobId) -> Option<CourtView<T::AccountId, BalanceOf<T>>> {
		let final_at = Provisional::<T>::get(job).map(|job| job.final_at.saturated_into());
		let trial = Trials::<T>::get(job).map(|trial| Trial {
			challenger: trial.challenger,
			bond: trial.bond,
			scope: trial.scope,
			part: trial.part,
			steps: trial.steps,
			steps_in_all: trial.steps_in_all,
			steppers: trial.steppers,
			opened_at: trial.opened_at.saturated_into(),
			lapses_at: trial.lapses_at.saturated_into(),
		});
		(final_at.is_some() || trial.is_some()).then_some(CourtView { final_at, trial })
	}

	/// Jobs that ended in this block, and whose outcome can be challenged now.
	pub fn ended_in(block: BlockNumberFor<T>) -> Vec<WatchedJob> {
		let final_at = block.saturating_add(T::ChallengePeriod::get());
		let jobs = Agenda::<T>::iter_key_prefix(final_at);
		jobs.filter(|job| !Trials::<T>::contains_key(job)).filter_map(Self::watched).collect()
	}

	fn watched(job: JobId) -> Option<WatchedJob> {
		let workers = Provisional::<T>::get(job)?.workers.into_inner();
		let record: JobRecordOf<T> = Jobs::<T>::get(job)?;
		Some(WatchedJob {
			job,
			model: record.model,
			artifact: Models::<T>::get(record.model)?.artifact,
			server_key: record.server_key,
			input: record.input,
			engine: record.engine,
			work: record.work,
			workers,
		})
	}

	/// What the chain has as the outcome of a job that has ended.
	pub fn outcome(job: JobId) -> Option<Outcome> {
		match Jobs::<T>::get(job)?.status {
			JobStatus::Completed { .. } => Results::<T>::get(job).map(Outcome::Completed),
			JobStatus::Failed { reason } => Some(Outcome::Failed(reason)),
			_ => None,
		}
	}

	/// The transaction by which a worker challenges a part of an outcome.
	pub fn challenge_transaction(
		worker: WorkerId,
		job: JobId,
		part: u32,
		signature: WorkerSignature,
	) -> <T as CreateTransactionBase<Call<T>>>::Extrinsic {
		let call = Call::challenge_as_worker { worker, job, part, signature };
		<T as CreateAuthorizedTransaction<Call<T>>>::create_authorized_transaction(call.into())
	}
}
