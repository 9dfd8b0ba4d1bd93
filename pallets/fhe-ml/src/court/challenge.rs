//! How a job comes before the court.

use super::Docket;
use crate::{pallet::*, types::*};
use fhe_ml_primitives::{
	Ballot, JobId, JobStatus, ProvisionalJob, Trial, TrialScope, WorkerId, WorkerStatus,
};
use frame_support::{
	BoundedVec, ensure,
	pallet_prelude::*,
	traits::fungible::{InspectHold, MutateHold},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{SaturatedConversion, traits::Saturating};

/// An outcome that can be challenged.
pub(crate) struct Challengeable<T: Config> {
	provisional: ProvisionalJob<BlockNumberFor<T>>,
	scope: TrialScope,
	/// Most steps of a trial.
	steps: u32,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn do_challenge(challenger: T::AccountId, job: JobId, part: u32) -> DispatchResult {
		let outcome = Self::check_challenge(job, part)?;
		Self::open_trial(challenger, job, outcome)
	}

	fn open_trial(
		challenger: T::AccountId,
		job: JobId,
		outcome: Challengeable<T>,
	) -> DispatchResult {
		let Challengeable { provisional, scope, steps } = outcome;
		let bond = Self::challenge_bond(steps);
		T::Currency::hold(&HoldReason::Challenge.into(), &challenger, bond)?;
		Agenda::<T>::remove(provisional.final_at, job);
		// It has a place among those that are rewarded, whoever comes before it.
		let steppers = BoundedVec::truncate_from(alloc::vec![(challenger.clone(), 0)]);
		let trial = Trial {
			challenger: Some(challenger.clone()),
			bond,
			scope,
			part: if let TrialScope::Part(part) = scope { part } else { 0 },
			steps: 0,
			steps_in_all: steps,
			steppers,
			opened_at: Self::now(),
			lapses_at: Self::now().saturating_add(T::TrialTimeout::get()),
		};
		Self::put_on_agenda(trial.lapses_at, job);
		Trials::<T>::insert(job, trial);
		Self::deposit_event(Event::ResultChallenged { job, challenger, scope, bond, steps });
		Ok(())
	}

	/// Checks that a part of an outcome can be challenged now.
	fn check_challenge(job: JobId, part: u32) -> Result<Challengeable<T>, Error<T>> {
		let record = Jobs::<T>::get(job).ok_or(Error::UnknownJob)?;
		let provisional = Provisional::<T>::get(job).ok_or(Error::NothingToChallenge)?;
		let Docket::Steps { per_part } = Self::docket_of(record.model) else {
			return Err(Error::NothingToChallenge);
		};
		ensure!(!Trials::<T>::contains_key(job), Error::JobInCourt);
		ensure!(Self::now() < provisional.final_at, Error::ChallengeTooLate);
		let parts = Self::parts_of(&record)?;
		ensure!(part < parts.count(), Error::UnknownPart);
		// A job fails as a whole if any of its rows does.
		let (scope, steps) = match record.status {
			JobStatus::Completed { .. } => (TrialScope::Part(part), parts.steps_of(part, per_part)),
			_ => (TrialScope::Whole, parts.steps_of_all(per_part)),
		};
		Ok(Challengeable { provisional, scope, steps })
	}

	/// Checks that a worker may challenge a part of an outcome now, and that its operator, whom it returns, can answer
	/// for it.
	pub(crate) fn check_challenge_as_worker(
		worker: &WorkerId,
		job: JobId,
		part: u32,
	) -> Result<(T::AccountId, Challengeable<T>), Error<T>> {
		let record = Workers::<T>::get(worker).ok_or(Error::UnknownWorker)?;
		ensure!(record.status == WorkerStatus::Active, Error::WorkerNotActive);
		let outcome = Self::check_challenge(job, part)?;
		let (reason, bond) = (HoldReason::Challenge.into(), Self::challenge_bond(outcome.steps));
		let can = T::Currency::can_hold(&reason, &record.operator, bond);
		ensure!(can, Error::NoFundsToChallenge);
		Ok((record.operator, outcome))
	}

	pub(crate) fn do_challenge_as_worker(
		worker: WorkerId,
		job: JobId,
		part: u32,
	) -> DispatchResult {
		let (operator, outcome) = Self::check_challenge_as_worker(&worker, job, part)?;
		Self::open_trial(operator, job, outcome)
	}

	/// What who challenges has at stake: its steps, and what the workers get if it is wrong.
	pub(crate) fn challenge_bond(steps: u32) -> BalanceOf<T> {
		let rewards = T::StepReward::get().saturating_mul(steps.saturated_into());
		T::ChallengeBond::get().saturating_add(rewards)
	}

	/// Brings a job before the court whose workers differ. It stays theirs until the verdict.
	pub(crate) fn try_split(
		job: JobId,
		mut record: JobRecordOf<T>,
		ballot: Ballot,
		per_part: u32,
	) -> DispatchResult {
		let steps = Self::parts_of(&record)?.steps_of_all(per_part);
		let trial = Trial {
			challenger: None,
			bond: Default::default(),
			scope: TrialScope::Whole,
			part: 0,
			steps: 0,
			steps_in_all: steps,
			steppers: BoundedVec::new(),
			opened_at: Self::now(),
			lapses_at: Self::now(),
		};
		Self::adjourn(job, &mut record, trial);
		Ballots::<T>::insert(job, ballot);
		Self::deposit_event(Event::SplitInCourt { job, steps });
		Ok(())
	}
}
