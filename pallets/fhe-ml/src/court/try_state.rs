//! What is true of the court between blocks.

use super::Docket;
use crate::{pallet::*, types::*};
use alloc::collections::BTreeMap;
use fhe_ml_primitives::{JobStatus, TrialScope, WorkerId};
use frame_support::ensure;
use sp_runtime::{
	TryRuntimeError,
	traits::{Saturating, Zero},
};

impl<T: Config> Pallet<T> {
	/// Checks dockets, provisional jobs and trials; returns the bonds that challengers hold.
	pub(crate) fn check_court() -> Result<BTreeMap<T::AccountId, BalanceOf<T>>, TryRuntimeError> {
		for (model, docket) in Dockets::<T>::iter() {
			ensure!(docket != Docket::None, "a docket that says nothing");
			ensure!(ModelArtifacts::<T>::contains_key(model), "a docket without an artifact");
			ensure!(!PrivateModels::<T>::contains_key(model), "the court tries a private model");
		}
		let asked = 1..=Self::limits().max_redundancy;
		ensure!(
			asked.contains(&UntriedRedundancy::<T>::get()),
			"nobody can ask for UntriedRedundancy"
		);
		let now = Self::now();
		for (job, provisional) in Provisional::<T>::iter() {
			let record = Jobs::<T>::get(job).ok_or("a provisional job is no job")?;
			let is_finished =
				matches!(record.status, JobStatus::Completed { .. } | JobStatus::Failed { .. });
			ensure!(is_finished, "a provisional job has no outcome");
			let docket = Self::docket_of(record.model);
			ensure!(matches!(docket, Docket::Steps { .. }), "nobody could challenge this job");
			ensure!(!provisional.workers.is_empty(), "nobody stands for an outcome");
			let of_job = |worker| record.assignees.contains(worker);
			ensure!(provisional.workers.iter().all(of_job), "another worker stands for an outcome");
			let due = Trials::<T>::get(job).map_or(provisional.final_at, |trial| trial.lapses_at);
			ensure!(Agenda::<T>::contains_key(due, job), "a provisional job is forgotten");
		}
		let (jobs, due) = (Provisional::<T>::iter().count(), Agenda::<T>::iter().count());
		ensure!(jobs == due, "something is on the agenda twice, or without a job");

		let mut bonds = BTreeMap::new();
		for (job, trial) in Trials::<T>::iter() {
			let record = Jobs::<T>::get(job).ok_or("a trial without a job")?;
			ensure!(trial.opened_at <= now, "a trial of the future");
			let parts = Self::parts_of(&record).map_err(|_| "a trial without a model")?.count();
			ensure!(trial.part < parts, "a trial of a part that there is not");
			let steps: u32 = trial.steppers.iter().map(|(_, steps)| *steps).sum();
			ensure!(steps <= trial.steps, "more steps are rewarded than were made");
			let is_provisional = Provisional::<T>::contains_key(job);
			ensure!(trial.challenger.is_some() == is_provisional, "a trial that nobody asked for");
			match &trial.challenger {
				Some(challenger) => {
					let sum = bonds.entry(challenger.clone()).or_insert_with(BalanceOf::<T>::zero);
					*sum = sum.saturating_add(trial.bond);
					let of_part = matches!(trial.scope, TrialScope::Part(_));
					let is_completed = matches!(record.status, JobStatus::Completed { .. });
					ensure!(of_part == is_completed, "the court evaluates too much or too little");
				},
				None => {
					let differs = record.status == JobStatus::Pending
						&& record.redundancy > 1
						&& record.jurors == 0
						&& trial.scope == TrialScope::Whole
						&& trial.bond.is_zero();
					ensure!(differs, "the court decides where nobody differs");
					ensure!(
						Ballots::<T>::contains_key(job),
						"workers differ who have said nothing"
					);
				},
			}
		}
		let tried = Trials::<T>::contains_key;
		ensure!(CourtCarries::<T>::iter_keys().all(tried), "a carry without a trial");
		ensure!(CourtParts::<T>::iter_keys().all(tried), "parts without a trial");
		let joined = Workers::<T>::contains_key;
		ensure!(ConvictedAt::<T>::iter_keys().all(joined), "a convicted worker has no record");
		Self::check_risks()?;
		Ok(bonds)
	}

	/// Every worker's count is the sum of the shares of its jobs that are not final.
	fn check_risks() -> Result<(), TryRuntimeError> {
		let mut at_risk = BTreeMap::<WorkerId, BalanceOf<T>>::new();
		let mut count = |worker: WorkerId, share: BalanceOf<T>| {
			if !share.is_zero() {
				let sum = at_risk.entry(worker).or_insert_with(Zero::zero);
				*sum = sum.saturating_add(share);
			}
		};
		for (worker, job, ()) in Pending::<T>::iter() {
			let record = Jobs::<T>::get(job).ok_or("an assignment without a job")?;
			count(worker, Self::share_at_risk(&record));
		}
		for (job, provisional) in Provisional::<T>::iter() {
			let record = Jobs::<T>::get(job).ok_or("a provisional job is no job")?;
			let share = Self::share_at_risk(&record);
			provisional.workers.into_iter().for_each(|worker| count(worker, share));
		}
		ensure!(at_risk == AtRisk::<T>::iter().collect(), "AtRisk is wrong");
		Ok(())
	}
}
