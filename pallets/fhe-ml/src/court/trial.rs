//! The steps of a trial.

use super::{Case, Court};
use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use fhe_ml_primitives::{JobId, Outcome, Progress, TrialScope, bounds};
use frame_support::{BoundedVec, ensure, pallet_prelude::*, storage::with_storage_layer};
use sp_runtime::traits::{One, Saturating};

/// What the court says in the end.
pub(crate) enum Finding {
	/// The bytes of the part that was challenged.
	Part(u32, Vec<u8>),
	/// The outcome of the whole job.
	Whole(Outcome),
}

impl<T: Config> Pallet<T> {
	/// Runs a slice of a trial if the block has room for it, so that trials come to their end though nobody pays for
	/// steps; returns what it took. All trials have their turns: else a long one would make the others lapse.
	pub(crate) fn step_idly(remaining: Weight) -> Weight {
		// Whose turn it was, whose it is (at the end of the map once more), and that it was.
		let look = T::DbWeight::get().reads_writes(3, 1);
		let step = T::WeightInfo::step(bounds::MAX_ASSIGNEES)
			.saturating_add(T::Court::step_weight())
			.saturating_add(look);
		if step.any_gt(remaining) {
			return Weight::zero();
		}
		let next =
			SteppedLast::<T>::get().and_then(|last| Trials::<T>::iter_keys_from_key(last).next());
		let Some(job) = next.or_else(|| Trials::<T>::iter_keys().next()) else { return look };
		SteppedLast::<T>::put(job);
		if let Err(error) = with_storage_layer(|| Self::do_step(None, job)) {
			log::error!(target: crate::LOG_TARGET, "no step for job {job}: {error:?}");
		}
		step
	}

	/// Runs the next slice of a job's trial; returns the number of workers if it was the last one. Without a stepper it
	/// is a block that had room for it.
	pub(crate) fn do_step(
		stepper: Option<T::AccountId>,
		job: JobId,
	) -> Result<Option<u32>, DispatchError> {
		let mut trial = Trials::<T>::get(job).ok_or(Error::<T>::NoTrial)?;
		let mut record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		let workers = record.assignees.len() as u32;
		trial.count_step(stepper.clone());
		let (part, step, steps) = (trial.part, trial.steps, trial.steps_in_all);
		Self::deposit_event(Event::CourtStepped { job, stepper, part, step, steps });
		match Self::advance(job, &record, &mut trial) {
			Ok(None) => {
				Self::adjourn(job, &mut record, trial);
				return Ok(None);
			},
			Ok(Some(finding)) => Self::pass_verdict(job, record, trial, finding)?,
			Err(error) => {
				log::error!(target: crate::LOG_TARGET, "the court cannot try job {job}: {error:?}");
				Self::call_off(job, trial)?;
			},
		}
		Ok(Some(workers))
	}

	/// Evaluates a slice, and keeps what it gave; a finding, if it was the last one.
	fn advance(
		job: JobId,
		record: &JobRecordOf<T>,
		trial: &mut TrialOf<T>,
	) -> Result<Option<Finding>, Error<T>> {
		let carry = CourtCarries::<T>::take(job).into_inner();
		match Self::run_slice(job, record, trial.part, carry)? {
			Progress::Carry(bytes) => {
				// The bond of who challenges is for so many.
				ensure!(trial.steps < trial.steps_in_all, Error::CourtFailed);
				let carry = BoundedVec::try_from(bytes).map_err(|_| Error::CourtFailed)?;
				CourtCarries::<T>::insert(job, carry);
				Ok(None)
			},
			Progress::Unable => Err(Error::CourtFailed),
			Progress::Done(Err(reason)) => Ok(Some(Finding::Whole(Outcome::Failed(reason)))),
			Progress::Done(Ok(bytes)) => Self::take_part(job, record, trial, bytes),
		}
	}

	/// Evaluates a slice of a part of a job.
	pub(crate) fn run_slice(
		job: JobId,
		record: &JobRecordOf<T>,
		part: u32,
		carry: Vec<u8>,
	) -> Result<Progress, Error<T>> {
		let artifact = ModelArtifacts::<T>::get(record.model).ok_or(Error::UnknownModel)?;
		let input = Inputs::<T>::get(job).ok_or(Error::UnknownJob)?;
		let server_key = match record.server_key {
			Some(hash) => Some(ServerKeyBytes::<T>::get(hash).ok_or(Error::UnknownServerKey)?),
			None => None,
		};
		let case = Case {
			artifact: &artifact,
			server_key: server_key.as_ref().map(|key| key.as_slice()),
			server_key_hash: record.server_key,
			input: &input,
			part,
		};
		Ok(T::Court::step(&case, carry))
	}

	/// Keeps a part that is done, or says what follows from it.
	fn take_part(
		job: JobId,
		record: &JobRecordOf<T>,
		trial: &mut TrialOf<T>,
		bytes: Vec<u8>,
	) -> Result<Option<Finding>, Error<T>> {
		let parts = Self::parts_of(record)?;
		let expected = parts.range(trial.part).map(|range| range.len());
		ensure!(expected == Some(bytes.len()), Error::CourtFailed);
		if let TrialScope::Part(part) = trial.scope {
			return Ok(Some(Finding::Part(part, bytes)));
		}
		let mut bodies = CourtParts::<T>::get(job);
		bodies.try_extend(bytes.into_iter()).map_err(|()| Error::CourtFailed)?;
		trial.part = trial.part.saturating_add(1);
		if trial.part < parts.count() {
			CourtParts::<T>::insert(job, bodies);
			return Ok(None);
		}
		let outcome = parts.assemble(&record.input.0, &bodies).ok_or(Error::CourtFailed)?;
		Ok(Some(Finding::Whole(outcome)))
	}

	/// Gives a trial time for its next step.
	pub(crate) fn adjourn(job: JobId, record: &mut JobRecordOf<T>, mut trial: TrialOf<T>) {
		let before = trial.lapses_at;
		trial.lapses_at = Self::now().saturating_add(T::TrialTimeout::get());
		if trial.challenger.is_some() {
			Agenda::<T>::remove(before, job);
			Self::put_on_agenda(trial.lapses_at, job);
		} else {
			// A job whose workers differ is pending. Its deadline is the last block in which there is time.
			Deadlines::<T>::remove(record.deadline, job);
			record.deadline = trial.lapses_at.saturating_sub(One::one());
			Deadlines::<T>::insert(record.deadline, job, ());
			Jobs::<T>::insert(job, &*record);
		}
		Trials::<T>::insert(job, trial);
	}

	/// Removes a trial that is over.
	pub(crate) fn close_trial(job: JobId) {
		Trials::<T>::remove(job);
		CourtCarries::<T>::remove(job);
		CourtParts::<T>::remove(job);
	}
}
