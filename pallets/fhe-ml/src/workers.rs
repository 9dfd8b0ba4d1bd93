//! Joining and leaving the workers, suspension, and what a bond pays for.

use crate::{pallet::*, types::*};
use codec::Encode;
use fhe_ml_primitives::{JobId, Limits, WorkerId, WorkerSignature, WorkerStatus};
use frame_support::{ensure, pallet_prelude::*, traits::fungible::MutateHold};
use sp_core::proof_of_possession::statement_of_ownership;
use sp_runtime::{
	RuntimeAppPublic,
	traits::{Saturating, Zero},
};

impl<T: Config> Pallet<T> {
	/// Whoever joins a worker must hold its key, or could take the place of another.
	pub(crate) fn check_worker_proof(
		operator: &T::AccountId,
		worker: &WorkerId,
		proof: &WorkerSignature,
	) -> DispatchResult {
		let statement = operator.using_encoded(statement_of_ownership);
		ensure!(worker.verify(&statement, proof), Error::<T>::BadWorkerProof);
		Ok(())
	}

	pub(crate) fn do_join(worker: WorkerId, operator: T::AccountId) -> DispatchResult {
		ensure!(!Workers::<T>::contains_key(&worker), Error::<T>::WorkerAlreadyJoined);
		Self::activate(&worker)?;
		let bond = T::WorkerBond::get();
		T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, bond)?;
		let record = WorkerRecord {
			operator: operator.clone(),
			bond,
			status: WorkerStatus::Active,
			open_jobs: 0,
			open_work: 0,
			completed: 0,
			missed: 0,
			slashed: 0,
			active_since: frame_system::Pallet::<T>::block_number(),
		};
		Workers::<T>::insert(&worker, record);
		Self::deposit_event(Event::WorkerJoined { worker, operator, bond });
		Ok(())
	}

	/// `operator` is none for the admin.
	pub(crate) fn do_leave(operator: Option<T::AccountId>, worker: WorkerId) -> DispatchResult {
		let mut record = Workers::<T>::get(&worker).ok_or(Error::<T>::UnknownWorker)?;
		if let Some(operator) = operator {
			ensure!(record.operator == operator, Error::<T>::NotWorkerOperator);
		}
		let leaves = matches!(record.status, WorkerStatus::Leaving { .. });
		ensure!(!leaves, Error::<T>::WorkerLeavesAlready);
		let now = frame_system::Pallet::<T>::block_number();
		let free_at = now.saturating_add(T::UnbondingDelay::get());
		record.status = WorkerStatus::Leaving { free_at };
		Self::deactivate(&worker);
		Workers::<T>::insert(&worker, record);
		Self::deposit_event(Event::WorkerLeaves { worker, free_at });
		Ok(())
	}

	pub(crate) fn do_withdraw_bond(operator: T::AccountId, worker: WorkerId) -> DispatchResult {
		let record = Workers::<T>::get(&worker).ok_or(Error::<T>::UnknownWorker)?;
		ensure!(record.operator == operator, Error::<T>::NotWorkerOperator);
		let WorkerStatus::Leaving { free_at } = record.status else {
			return Err(Error::<T>::WorkerNotLeaving.into());
		};
		let over = frame_system::Pallet::<T>::block_number() >= free_at;
		// It answers for what can still be challenged, too.
		let is_free = record.open_jobs == 0 && !AtRisk::<T>::contains_key(&worker);
		ensure!(over && is_free, Error::<T>::BondNotFree);
		let bond = record.bond;
		Self::release_hold(HoldReason::WorkerBond, &operator, bond)?;
		Workers::<T>::remove(&worker);
		ConvictedAt::<T>::remove(&worker);
		Self::deposit_event(Event::WorkerLeft { worker, operator, bond });
		Ok(())
	}

	pub(crate) fn do_resume(operator: T::AccountId, worker: WorkerId) -> DispatchResult {
		let mut record = Workers::<T>::get(&worker).ok_or(Error::<T>::UnknownWorker)?;
		ensure!(record.operator == operator, Error::<T>::NotWorkerOperator);
		ensure!(record.status == WorkerStatus::Suspended, Error::<T>::WorkerNotSuspended);
		Self::activate(&worker)?;
		let missing = T::WorkerBond::get().saturating_sub(record.bond);
		T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, missing)?;
		record.bond = record.bond.saturating_add(missing);
		record.status = WorkerStatus::Active;
		record.active_since = frame_system::Pallet::<T>::block_number();
		Workers::<T>::insert(&worker, record);
		Self::deposit_event(Event::WorkerResumed { worker });
		Ok(())
	}

	/// A worker that missed the deadline of a job: it is suspended and pays, but not more than the job's owner
	/// has at stake, not to the owner, and once only, however many of its jobs expire after this one. So
	/// nobody gains by giving a worker more than it can do.
	pub(crate) fn punish_miss(worker: &WorkerId, job: JobId, assigned: &JobRecordOf<T>) {
		let Some(mut record) = Workers::<T>::get(worker) else { return };
		record.missed = record.missed.saturating_add(1);
		let is_first =
			record.status == WorkerStatus::Active && assigned.assigned_at >= record.active_since;
		if !is_first {
			Workers::<T>::insert(worker, record);
			return;
		}
		let penalty = T::MissPenalty::get().min(assigned.fee);
		let penalty = Self::take_bond(&mut record, &T::SlashAccount::get(), penalty);
		Self::suspend(worker, record);
		Self::deposit_event(Event::WorkerSuspended { worker: worker.clone(), job, penalty });
	}

	/// A worker that has declined a job is assigned no more, and pays nothing.
	pub(crate) fn suspend_unpunished(worker: &WorkerId, job: JobId) {
		if let Some(record) = Workers::<T>::get(worker) {
			Self::suspend(worker, record);
			let penalty = Zero::zero();
			Self::deposit_event(Event::WorkerSuspended { worker: worker.clone(), job, penalty });
		}
	}

	/// A worker whose result differs from that of a jury: it is suspended and pays what is still `due` to
	/// honest workers, and the rest of the penalty to the chain's account.
	pub(crate) fn slash(worker: &WorkerId, job: JobId, due: &mut [(T::AccountId, BalanceOf<T>)]) {
		let Some(mut record) = Workers::<T>::get(worker) else { return };
		record.slashed = record.slashed.saturating_add(1);
		let all = T::LiePenalty::get().min(record.bond);
		let mut penalty = BalanceOf::<T>::zero();
		for (account, amount) in due {
			let share = (*amount).min(all.saturating_sub(penalty));
			let paid = Self::take_bond(&mut record, account, share);
			*amount = amount.saturating_sub(paid);
			penalty = penalty.saturating_add(paid);
		}
		let rest = all.saturating_sub(penalty);
		let taken = Self::take_bond(&mut record, &T::SlashAccount::get(), rest);
		penalty = penalty.saturating_add(taken);
		Self::suspend(worker, record);
		Self::deposit_event(Event::WorkerSlashed { worker: worker.clone(), job, penalty });
	}

	/// Pays out of a worker's bond, as far as it reaches and the account can be paid; returns how much.
	pub(crate) fn take_bond(
		record: &mut WorkerRecordOf<T>,
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) -> BalanceOf<T> {
		let from = (&record.operator, &mut record.bond);
		Self::take_held(HoldReason::WorkerBond, from, to, amount)
	}

	pub(crate) fn suspend(worker: &WorkerId, mut record: WorkerRecordOf<T>) {
		if record.status == WorkerStatus::Active {
			record.status = WorkerStatus::Suspended;
			Self::deactivate(worker);
		}
		Workers::<T>::insert(worker, record);
	}

	/// The bounds that hold now.
	pub fn limits() -> Limits {
		AdminLimits::<T>::get().unwrap_or_else(|| Limits {
			workers: T::MaxWorkers::get(),
			min_redundancy: 1,
			max_redundancy: T::MaxRedundancy::get(),
		})
	}

	pub(crate) fn do_set_limits(limits: Limits) -> DispatchResult {
		let Limits { workers, min_redundancy, max_redundancy } = limits;
		ensure!(
			(1..=T::MaxWorkers::get()).contains(&workers)
				&& (1..=max_redundancy).contains(&min_redundancy)
				&& max_redundancy <= T::MaxRedundancy::get()
				&& UntriedRedundancy::<T>::get() <= max_redundancy,
			Error::<T>::ImpossibleLimits
		);
		AdminLimits::<T>::put(limits);
		Self::deposit_event(Event::LimitsSet { limits });
		Ok(())
	}

	pub(crate) fn do_set_untried_redundancy(least: u8) -> DispatchResult {
		let possible = (1..=Self::limits().max_redundancy).contains(&least);
		ensure!(possible, Error::<T>::ImpossibleLimits);
		UntriedRedundancy::<T>::put(least);
		Self::deposit_event(Event::UntriedRedundancySet { least });
		Ok(())
	}
}
