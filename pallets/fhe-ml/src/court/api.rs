//! What `FheMlApi` answers of the court.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	AssignedJob, CourtView, JobId, JobStatus, Outcome, Step, Trial, WorkerId, WorkerSignature,
};
use frame_support::traits::Get;
use frame_system::{
	offchain::{CreateAuthorizedTransaction, CreateTransactionBase},
	pallet_prelude::BlockNumberFor,
};
use sp_runtime::{
	SaturatedConversion,
	traits::{One, Saturating},
};

/// Most blocks that are looked through in one call: anybody can call.
const MAX_LISTED_BLOCKS: u32 = 1_000;

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

	/// Jobs that ended in these blocks and whose outcome can be challenged now, as if they were assigned to `worker`,
	/// each with the workers that stand for its outcome.
	pub fn ended_between(
		first: BlockNumberFor<T>,
		last: BlockNumberFor<T>,
		worker: WorkerId,
	) -> Vec<(AssignedJob, Vec<WorkerId>)> {
		let mut jobs = Vec::new();
		let mut block = first;
		let most = first.saturating_add(MAX_LISTED_BLOCKS.into());
		while block <= last && block < most {
			let final_at = block.saturating_add(T::ChallengePeriod::get());
			let ended = Agenda::<T>::iter_key_prefix(final_at);
			let in_time = ended.filter(|job| !Trials::<T>::contains_key(job));
			jobs.extend(in_time.filter_map(|job| {
				let workers = Provisional::<T>::get(job)?.workers.into_inner();
				let record = Jobs::<T>::get(job)?;
				Some((Self::as_assigned(job, &record, &worker, Step::Post)?, workers))
			}));
			block = block.saturating_add(One::one());
		}
		jobs
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
