//! What is true of private models between blocks.

use crate::{pallet::*, types::*};
use alloc::collections::{BTreeMap, BTreeSet};
use fhe_ml_primitives::{JobStatus, ModelStatus, WorkerId};
use frame_support::{ensure, traits::Get};
use sp_runtime::{
	TryRuntimeError,
	traits::{Saturating, Zero},
};

impl<T: Config> Pallet<T> {
	/// Checks the records of private models and their jobs; returns the bonds that owners hold.
	pub(crate) fn check_private_models()
	-> Result<BTreeMap<T::AccountId, BalanceOf<T>>, TryRuntimeError> {
		let mut bonds = BTreeMap::new();
		for (model, record) in PrivateModels::<T>::iter() {
			let listed = Models::<T>::get(model).ok_or("a private model is no model")?;
			let is_over = listed.status == ModelStatus::Retired && listed.open_jobs == 0;
			ensure!(record.bond_free_at.is_some() == is_over, "a bond is free too early or never");
			ensure!(listed.needs_server_key, "a private model without a server key");
			ensure!(
				is_over || listed.depositor.as_ref() == Some(&record.owner),
				"a deposit of another"
			);
			ensure!(
				!record.is_active() || record.bond >= T::PrivateModelBond::get(),
				"an active private model lacks its bond"
			);
			for terms in
				core::iter::once(&record.terms).chain(record.next_terms.as_ref().map(|n| &n.terms))
			{
				let different = terms.evaluators.iter().collect::<BTreeSet<_>>().len();
				ensure!(
					different == terms.evaluators.len() && different > 0,
					"evaluators are wrong"
				);
				let possible = terms.quota.is_none_or(|q| q.requests > 0 && !q.period.is_zero());
				ensure!(possible, "a quota that nobody can use");
			}
			let absent = record.absent.iter().map(|absence| &absence.worker);
			let different = absent.clone().collect::<BTreeSet<&WorkerId>>().len();
			ensure!(different == record.absent.len(), "an evaluator is absent twice");
			let sum = bonds.entry(record.owner).or_insert_with(BalanceOf::<T>::zero);
			*sum = sum.saturating_add(record.bond);
		}
		for (job, private) in PrivateJobs::<T>::iter() {
			let record = Jobs::<T>::get(job).ok_or("a private job is no job")?;
			let kept = matches!(record.status, JobStatus::Pending | JobStatus::Completed { .. });
			ensure!(kept, "a private job that has failed was left behind");
			let is_pending = record.status == JobStatus::Pending;
			let has_model = PrivateModels::<T>::contains_key(record.model);
			ensure!(has_model || !is_pending, "an open job of a private model that is gone");
			if is_pending {
				let asked = record.assignees.iter().chain(&record.reserves);
				ensure!(
					!asked.into_iter().any(|worker| private.declined.contains(worker)),
					"who declined is asked"
				);
				ensure!(record.jurors == 0, "a jury for a private model");
			}
		}
		for (job, record) in Jobs::<T>::iter() {
			let is_private = PrivateModels::<T>::contains_key(record.model);
			ensure!(
				record.status != JobStatus::Pending
					|| PrivateJobs::<T>::contains_key(job) == is_private,
				"a job of a private model is not private, or another is"
			);
		}
		for (_, _, used) in QuotaUsed::<T>::iter() {
			ensure!(used.requests > 0, "a count of nothing");
			ensure!(
				used.since <= frame_system::Pallet::<T>::block_number(),
				"a count of the future"
			);
		}
		Ok(bonds)
	}
}
