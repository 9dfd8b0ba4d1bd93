//! What follows from what the court found: who pays, and to whom.

use super::trial::Finding;
use crate::{agreement::has_committed_to, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{Assignees, Ballot, JobId, JobStatus, Outcome, ProvisionalJob, WorkerId};
use frame_support::pallet_prelude::*;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{CheckedDiv, Saturating, Zero};

/// What convicted workers still have to pay, in this order; the rest of each bond goes to the slash account.
struct Dues<T: Config> {
	/// Rewards of steps.
	steps: Vec<(T::AccountId, BalanceOf<T>)>,
	/// Who has found the lie out, and gets half of what is left of each bond.
	finder: Option<T::AccountId>,
	/// What the finder got.
	reward: BalanceOf<T>,
	/// Who had asked, and what it gets for its trouble.
	owner: T::AccountId,
	compensation: BalanceOf<T>,
}

impl<T: Config> Pallet<T> {
	pub(crate) fn pass_verdict(
		job: JobId,
		record: JobRecordOf<T>,
		trial: TrialOf<T>,
		finding: Finding,
	) -> DispatchResult {
		let Some(challenger) = trial.challenger.clone() else {
			let Finding::Whole(outcome) = finding else {
				return Err(Error::<T>::CourtFailed.into());
			};
			Self::close_trial(job);
			let steps = Self::rewards_of(&trial);
			let ballot = Ballots::<T>::get(job);
			let hash = outcome.hash();
			let honest = |worker: &WorkerId| has_committed_to(&ballot, job, worker, hash);
			return Self::decide_in_court(job, record, outcome, honest, steps);
		};
		let provisional = Provisional::<T>::get(job).ok_or(Error::<T>::NothingToChallenge)?;
		match Self::correction(job, &record, finding)? {
			None => Self::uphold(job, trial, challenger, provisional),
			Some(right) => Self::overturn(job, record, trial, challenger, provisional, right),
		}
	}

	/// The outcome that should be there, if it is another one.
	fn correction(
		job: JobId,
		record: &JobRecordOf<T>,
		finding: Finding,
	) -> Result<Option<Outcome>, Error<T>> {
		let stated = match record.status {
			JobStatus::Failed { reason } => Outcome::Failed(reason),
			_ => Outcome::Completed(Results::<T>::get(job).ok_or(Error::NothingToChallenge)?),
		};
		let right = match (finding, &stated) {
			(Finding::Whole(outcome), _) => outcome,
			(Finding::Part(part, bytes), Outcome::Completed(result)) => {
				let parts = Self::parts_of(record)?;
				let result = Self::with_part(&parts, result.clone(), part, &bytes);
				Outcome::Completed(result.ok_or(Error::CourtFailed)?)
			},
			(Finding::Part(..), Outcome::Failed(_)) => return Err(Error::CourtFailed),
		};
		Ok((right != stated).then_some(right))
	}

	/// A challenge was wrong, or came to nothing: its bond pays for the steps and goes to the workers. The period in
	/// which others can challenge goes on where it stopped.
	pub(crate) fn uphold(
		job: JobId,
		trial: TrialOf<T>,
		challenger: T::AccountId,
		provisional: ProvisionalJob<BlockNumberFor<T>>,
	) -> DispatchResult {
		let mut bond = trial.bond;
		for (account, reward) in Self::rewards_of(&trial) {
			Self::take_challenge_bond(&challenger, &mut bond, &account, reward);
		}
		let shares = (1..=provisional.workers.len() as u32).rev();
		for (worker, shares) in provisional.workers.iter().zip(shares) {
			let share = bond.checked_div(&shares.into()).unwrap_or(bond);
			if let Some(worker) = Workers::<T>::get(worker) {
				Self::take_challenge_bond(&challenger, &mut bond, &worker.operator, share);
			}
		}
		// Who cannot be paid leaves it to the chain.
		let rest = bond;
		Self::take_challenge_bond(&challenger, &mut bond, &T::SlashAccount::get(), rest);
		Self::release_hold(HoldReason::Challenge, &challenger, bond)?;
		let final_at = Self::resume_period(job, &trial, provisional);
		let forfeit = trial.bond.saturating_sub(bond);
		Self::deposit_event(Event::ResultUpheld { job, challenger, forfeit, final_at });
		Ok(())
	}

	/// The trial of a challenge is over, and its job is provisional for as long as it was going to be; returns until
	/// when.
	fn resume_period(
		job: JobId,
		trial: &TrialOf<T>,
		mut provisional: ProvisionalJob<BlockNumberFor<T>>,
	) -> BlockNumberFor<T> {
		Agenda::<T>::remove(trial.lapses_at, job);
		Self::close_trial(job);
		let took = Self::now().saturating_sub(trial.opened_at);
		provisional.final_at = provisional.final_at.saturating_add(took);
		let final_at = provisional.final_at;
		Self::put_on_agenda(final_at, job);
		Provisional::<T>::insert(job, provisional);
		final_at
	}

	/// A challenge was right: what the workers stated is replaced, the fee goes back, and their bonds pay.
	fn overturn(
		job: JobId,
		mut record: JobRecordOf<T>,
		trial: TrialOf<T>,
		challenger: T::AccountId,
		provisional: ProvisionalJob<BlockNumberFor<T>>,
		right: Outcome,
	) -> DispatchResult {
		let refund = record.fee;
		Self::release_hold(HoldReason::InferenceFee, &record.owner, refund)?;
		Self::release_hold(HoldReason::Challenge, &challenger, trial.bond)?;
		let steps = Self::rewards_of(&trial);
		let liars = provisional.workers.clone();
		let compensation = T::Compensation::get();
		let dues =
			Self::convict_all(job, &record.owner, &liars, steps, Some(challenger), compensation);
		Agenda::<T>::remove(trial.lapses_at, job);
		Self::close_trial(job);
		Self::forget_provisional(job, &record, &provisional)?;
		Results::<T>::remove(job);
		record.status = Self::put_outcome(job, right);
		let (status, (reward, compensation)) = (record.status, dues);
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::OutcomeCorrected {
			job,
			status,
			convicted: liars,
			refund,
			reward,
			compensation,
		});
		Ok(())
	}

	/// Ends a pending job with the outcome that the court has got, which needs no further trial. Workers that state
	/// another one are convicted; the others share the fee. If there is none, it goes back.
	pub(crate) fn decide_in_court(
		job: JobId,
		record: JobRecordOf<T>,
		outcome: Outcome,
		is_honest: impl Fn(&WorkerId) -> bool,
		steps: Vec<(T::AccountId, BalanceOf<T>)>,
	) -> DispatchResult {
		let (honest, liars): (Vec<_>, Vec<_>) =
			record.assignees.iter().cloned().partition(is_honest);
		Self::dissolve(job, &record, &Ballots::<T>::get(job));
		let (refund, compensation) = match honest.is_empty() {
			true => (record.fee, T::Compensation::get()),
			false => (Zero::zero(), Zero::zero()),
		};
		let owner = record.owner.clone();
		let (reward, compensation) =
			Self::convict_all(job, &owner, &liars, steps, None, compensation);
		// A part of the assignees is within their bound.
		Self::finish_for_good(job, record, outcome, Assignees::truncate_from(honest))?;
		if let Some(record) = Jobs::<T>::get(job).filter(|_| !liars.is_empty()) {
			Self::deposit_event(Event::OutcomeCorrected {
				job,
				status: record.status,
				convicted: Assignees::truncate_from(liars),
				refund,
				reward,
				compensation,
			});
		}
		Ok(())
	}

	/// Takes the bonds of liars; returns what the finder and the owner got of them.
	fn convict_all(
		job: JobId,
		owner: &T::AccountId,
		liars: &[WorkerId],
		steps: Vec<(T::AccountId, BalanceOf<T>)>,
		finder: Option<T::AccountId>,
		compensation: BalanceOf<T>,
	) -> (BalanceOf<T>, BalanceOf<T>) {
		let (reward, owner) = (Zero::zero(), owner.clone());
		let mut dues = Dues::<T> { steps, finder, reward, owner, compensation };
		for worker in liars {
			Self::convict(worker, job, &mut dues);
		}
		(dues.reward, compensation.saturating_sub(dues.compensation))
	}

	/// A worker that the court has shown to be wrong pays with its whole bond: the bytes of a right outcome are the
	/// same on every machine.
	fn convict(worker: &WorkerId, job: JobId, dues: &mut Dues<T>) {
		let Some(mut record) = Workers::<T>::get(worker) else { return };
		record.slashed = record.slashed.saturating_add(1);
		let before = record.bond;
		for (account, due) in &mut dues.steps {
			let paid = Self::take_bond(&mut record, account, *due);
			*due = due.saturating_sub(paid);
		}
		if let Some(finder) = &dues.finder {
			let half = record.bond.checked_div(&2u32.into()).unwrap_or_default();
			let paid = Self::take_bond(&mut record, finder, half);
			dues.reward = dues.reward.saturating_add(paid);
		}
		let paid = Self::take_bond(&mut record, &dues.owner, dues.compensation);
		dues.compensation = dues.compensation.saturating_sub(paid);
		let rest = record.bond;
		Self::take_bond(&mut record, &T::SlashAccount::get(), rest);
		let penalty = before.saturating_sub(record.bond);
		ConvictedAt::<T>::insert(worker, Self::now());
		Self::suspend(worker, record);
		Self::deposit_event(Event::WorkerSlashed { worker: worker.clone(), job, penalty });
	}

	/// Whether a worker was convicted after it was given a job. No bond is left that would stand for what it says of it.
	pub(crate) fn convicted_since(worker: &WorkerId, assigned_at: BlockNumberFor<T>) -> bool {
		ConvictedAt::<T>::get(worker).is_some_and(|convicted_at| convicted_at >= assigned_at)
	}

	/// What is due to those who made the steps of a trial.
	fn rewards_of(trial: &TrialOf<T>) -> Vec<(T::AccountId, BalanceOf<T>)> {
		let reward = |steps: u32| T::StepReward::get().saturating_mul(steps.into());
		let steppers = trial.steppers.iter();
		steppers.map(|(account, steps)| (account.clone(), reward(*steps))).collect()
	}

	fn take_challenge_bond(
		challenger: &T::AccountId,
		bond: &mut BalanceOf<T>,
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) {
		Self::take_held(HoldReason::Challenge, (challenger, bond), to, amount);
	}

	/// A trial that nobody has gone on with. That of a challenge ends as if it had been wrong: else everybody could
	/// put a job off for nothing. Where workers differ, a jury decides.
	pub(crate) fn lapse(job: JobId, trial: TrialOf<T>) -> DispatchResult {
		Self::deposit_event(Event::TrialLapsed { job });
		if let Some(challenger) = trial.challenger.clone() {
			let provisional = Provisional::<T>::get(job).ok_or(Error::<T>::NothingToChallenge)?;
			return Self::uphold(job, trial, challenger, provisional);
		}
		Self::refer_to_jury(job)
	}

	/// The court has failed, which is an error of the runtime. Nobody pays for that, and nobody is paid.
	pub(crate) fn call_off(job: JobId, trial: TrialOf<T>) -> DispatchResult {
		Self::deposit_event(Event::TrialCalledOff { job });
		let Some(challenger) = &trial.challenger else { return Self::refer_to_jury(job) };
		let provisional = Provisional::<T>::get(job).ok_or(Error::<T>::NothingToChallenge)?;
		Self::release_hold(HoldReason::Challenge, challenger, trial.bond)?;
		Self::resume_period(job, &trial, provisional);
		Ok(())
	}

	/// Where workers differ and there is no verdict, a jury decides, if one can be drawn.
	fn refer_to_jury(job: JobId) -> DispatchResult {
		Self::close_trial(job);
		let record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		let ballot: Ballot = Ballots::<T>::get(job);
		if Waiting::<T>::decode_len().unwrap_or_default() >= T::MaxWaiting::get() as usize {
			return Self::end_without_agreement(job, record, &ballot);
		}
		Self::call_jury(job, record, ballot)
	}
}
