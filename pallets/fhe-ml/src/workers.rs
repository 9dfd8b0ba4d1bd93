//! Who evaluates: joining, leaving, suspension, and which worker gets a job.

use crate::{pallet::*, types::*};
use codec::Encode;
use fhe_ml_primitives::{Assignees, JobId, WorkerId, WorkerSignature, WorkerStatus};
use frame_support::{
	ensure,
	pallet_prelude::*,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::proof_of_possession::statement_of_ownership;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	RuntimeAppPublic, SaturatedConversion,
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
		ActiveWorkers::<T>::try_append(worker.clone()).map_err(|_| Error::<T>::TooManyWorkers)?;
		let bond = T::WorkerBond::get();
		T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, bond)?;
		let record = WorkerRecord {
			operator: operator.clone(),
			bond,
			status: WorkerStatus::Active,
			open_jobs: 0,
			open_work: 0,
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
		ensure!(over && record.open_jobs == 0, Error::<T>::BondNotFree);
		let bond = record.bond;
		Self::release_hold(HoldReason::WorkerBond, &operator, bond)?;
		Workers::<T>::remove(&worker);
		Self::deposit_event(Event::WorkerLeft { worker, operator, bond });
		Ok(())
	}

	pub(crate) fn do_resume(operator: T::AccountId, worker: WorkerId) -> DispatchResult {
		let mut record = Workers::<T>::get(&worker).ok_or(Error::<T>::UnknownWorker)?;
		ensure!(record.operator == operator, Error::<T>::NotWorkerOperator);
		ensure!(record.status == WorkerStatus::Suspended, Error::<T>::WorkerNotSuspended);
		ActiveWorkers::<T>::try_append(worker.clone()).map_err(|_| Error::<T>::TooManyWorkers)?;
		let missing = T::WorkerBond::get().saturating_sub(record.bond);
		T::Currency::hold(&HoldReason::WorkerBond.into(), &operator, missing)?;
		record.bond = record.bond.saturating_add(missing);
		record.status = WorkerStatus::Active;
		Workers::<T>::insert(&worker, record);
		Self::deposit_event(Event::WorkerResumed { worker });
		Ok(())
	}

	/// A worker that missed the deadline of a job: it is suspended and pays the job's owner.
	pub(crate) fn suspend(worker: &WorkerId, job: JobId, owner: &T::AccountId) {
		let Some(mut record) = Workers::<T>::get(worker) else { return };
		let penalty = T::MissPenalty::get().min(record.bond);
		let paid = T::Currency::transfer_on_hold(
			&HoldReason::WorkerBond.into(),
			&record.operator,
			owner,
			penalty,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		);
		// An owner who cannot be paid (below the existential deposit) leaves the bond as it is.
		let penalty = paid.unwrap_or_else(|_| Zero::zero());
		record.bond = record.bond.saturating_sub(penalty);
		if record.status == WorkerStatus::Active {
			record.status = WorkerStatus::Suspended;
			Self::deactivate(worker);
		}
		Workers::<T>::insert(worker, record);
		Self::deposit_event(Event::WorkerSuspended { worker: worker.clone(), job, penalty });
	}

	fn deactivate(worker: &WorkerId) {
		ActiveWorkers::<T>::mutate(|workers| workers.retain(|other| other != worker));
	}

	/// The workers for a job: one, drawn with the parent hash, which nobody knew when the job's
	/// transaction was signed.
	pub(crate) fn draw_workers(job: JobId, round: u8) -> Result<Assignees, Error<T>> {
		let workers = ActiveWorkers::<T>::get();
		let parent = frame_system::Pallet::<T>::parent_hash();
		let seed = blake2_256(&(parent, job, round).encode());
		let draw = u64::from_le_bytes(seed.first_chunk().copied().unwrap_or_default());
		let index = draw.checked_rem(workers.len() as u64).ok_or(Error::NoWorkers)?;
		let worker = workers.get(index as usize).cloned().ok_or(Error::NoWorkers)?;
		let mut assignees = Assignees::new();
		assignees.try_push(worker).map_err(|_| Error::NoWorkers)?;
		Ok(assignees)
	}

	/// Gives a job to workers; returns the last block in which their results are accepted: the slowest
	/// must have time for all that it has to do.
	pub(crate) fn assign(job: JobId, work: u64, assignees: &Assignees) -> BlockNumberFor<T> {
		let mut most_work = work;
		for worker in assignees {
			Pending::<T>::insert(worker, job, ());
			Workers::<T>::mutate(worker, |record| {
				if let Some(record) = record {
					record.open_jobs = record.open_jobs.saturating_add(1);
					record.open_work = record.open_work.saturating_add(work);
					most_work = most_work.max(record.open_work);
				}
			});
		}
		let blocks = most_work.checked_div(T::WorkPerBlock::get()).unwrap_or(most_work);
		let deadline = frame_system::Pallet::<T>::block_number()
			.saturating_add(T::JobDeadline::get())
			.saturating_add(blocks.saturated_into());
		Deadlines::<T>::insert(deadline, job, ());
		deadline
	}

	/// Takes a job away from its workers.
	pub(crate) fn unassign(job: JobId, record: &JobRecordOf<T>) {
		Deadlines::<T>::remove(record.deadline, job);
		for worker in &record.assignees {
			Pending::<T>::remove(worker, job);
			Workers::<T>::mutate(worker, |worker| {
				if let Some(worker) = worker {
					worker.open_jobs = worker.open_jobs.saturating_sub(1);
					worker.open_work = worker.open_work.saturating_sub(record.work);
				}
			});
		}
	}
}
