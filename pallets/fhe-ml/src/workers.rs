//! Who evaluates: joining, leaving, suspension, and which worker gets a job.

use crate::{pallet::*, types::*};
use codec::Encode;
use fhe_ml_primitives::{Assignees, JobId, Limits, WorkerId, WorkerSignature, WorkerStatus};
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
		Self::activate(&worker)?;
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
		record.missed = record.missed.saturating_add(1);
		// An owner who cannot be paid (below the existential deposit) leaves the bond as it is.
		let penalty = Self::take_bond(&mut record, owner, T::MissPenalty::get());
		Self::set_suspended(worker, record);
		Self::deposit_event(Event::WorkerSuspended { worker: worker.clone(), job, penalty });
	}

	/// A worker whose result differs from the majority's: it is suspended and pays what is still `due` to
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
		Self::set_suspended(worker, record);
		Self::deposit_event(Event::WorkerSlashed { worker: worker.clone(), job, penalty });
	}

	/// Pays out of a worker's bond, as far as it reaches and the account can be paid; returns how much.
	fn take_bond(
		record: &mut WorkerRecordOf<T>,
		to: &T::AccountId,
		amount: BalanceOf<T>,
	) -> BalanceOf<T> {
		let amount = amount.min(record.bond);
		if amount.is_zero() {
			return amount;
		}
		let paid = T::Currency::transfer_on_hold(
			&HoldReason::WorkerBond.into(),
			&record.operator,
			to,
			amount,
			Precision::Exact,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap_or_else(|_| Zero::zero());
		record.bond = record.bond.saturating_sub(paid);
		paid
	}

	fn set_suspended(worker: &WorkerId, mut record: WorkerRecordOf<T>) {
		if record.status == WorkerStatus::Active {
			record.status = WorkerStatus::Suspended;
			Self::deactivate(worker);
		}
		Workers::<T>::insert(worker, record);
	}

	fn activate(worker: &WorkerId) -> DispatchResult {
		let count = ActiveWorkers::<T>::decode_len().unwrap_or_default();
		ensure!(count < Self::limits().workers as usize, Error::<T>::TooManyWorkers);
		ActiveWorkers::<T>::try_append(worker.clone()).map_err(|_| Error::<T>::TooManyWorkers)?;
		Ok(())
	}

	fn deactivate(worker: &WorkerId) {
		ActiveWorkers::<T>::mutate(|workers| workers.retain(|other| other != worker));
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
				&& max_redundancy <= T::MaxRedundancy::get(),
			Error::<T>::ImpossibleLimits
		);
		AdminLimits::<T>::put(limits);
		Self::deposit_event(Event::LimitsSet { limits });
		Ok(())
	}

	/// At most `count` workers for a job that are not among `present`; none in a round after `MaxRounds`.
	/// Each is one whose turn it is, in a row that begins anew with every block, or one at random if that has
	/// less than half of the work to do (power of two choices). Both follow from the parent hash, so nobody
	/// knew them when the job's transaction was signed. Turns share evenly; choices spare who is behind.
	pub(crate) fn draw_workers(
		job: JobId,
		round: u8,
		count: usize,
		present: &Assignees,
	) -> Assignees {
		let mut drawn = Assignees::new();
		if round >= T::MaxRounds::get() {
			return drawn;
		}
		let mut candidates = ActiveWorkers::<T>::get().into_inner();
		candidates.retain(|worker| !present.contains(worker));
		let parent = frame_system::Pallet::<T>::parent_hash();
		for number in 0..count.min(candidates.len()) as u32 {
			let random = blake2_256(&(parent, job, round, number).encode());
			let choice =
				|draw: u64| draw.checked_rem(candidates.len() as u64).unwrap_or_default() as usize;
			let turn = choice(first_bytes(&parent.0).wrapping_add(job).wrapping_add(number.into()));
			let other = choice(first_bytes(&random));
			let open_work = |at: usize| {
				candidates.get(at).and_then(Workers::<T>::get).map_or(0, |record| record.open_work)
			};
			let is_behind = open_work(other).saturating_mul(2) < open_work(turn);
			let at = if is_behind { other } else { turn };
			if drawn.try_push(candidates.swap_remove(at)).is_err() {
				break;
			}
		}
		drawn
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
		Self::set_deadline(job, blocks.saturated_into())
	}

	/// Gives the workers of a job time, besides `extra` blocks for evaluation.
	pub(crate) fn set_deadline(job: JobId, extra: BlockNumberFor<T>) -> BlockNumberFor<T> {
		let deadline = frame_system::Pallet::<T>::block_number()
			.saturating_add(T::JobDeadline::get())
			.saturating_add(extra);
		Deadlines::<T>::insert(deadline, job, ());
		deadline
	}

	/// Takes a job away from `workers`, and from the list of deadlines.
	pub(crate) fn unassign(job: JobId, record: &JobRecordOf<T>, workers: &[WorkerId]) {
		Deadlines::<T>::remove(record.deadline, job);
		for worker in workers {
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

/// A number out of a hash.
fn first_bytes(hash: &[u8; 32]) -> u64 {
	u64::from_le_bytes(hash.first_chunk().copied().unwrap_or_default())
}
