//! Which workers evaluate a job: drawn a block after its request, from randomness that nobody had when the
//! request was made or included.
//!
//! One draw gives the seats and the order of those that replace or join them later, so that nothing that
//! happens afterwards changes the odds. The chance of a worker is its share of all active bond: who divides a
//! bond among several keys gains nothing.
//!
//! The first seats of all jobs of a block are drawn together (systematic sampling: equal steps from a random
//! start, along the jobs in random order), so that workers share a queue evenly. For each single job the
//! start alone makes its chances exactly the shares of the bond, whatever other jobs there are: fillers, tips
//! and order leave them as they are. All further seats and the reserves are drawn for each job by itself.

use crate::{load::all_work, pallet::*, types::*, weights::WeightInfo};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use codec::Encode;
use fhe_ml_primitives::{Assignees, JobId, WorkerId, WorkerStatus};
use frame_support::{ensure, pallet_prelude::*, traits::Randomness};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	SaturatedConversion,
	traits::{Saturating, Zero},
};

/// Domain of the randomness of a job's draw.
const OF_JOB: &[u8] = b"fhe-ml/seats/1/job";
/// Domain of the start of a block's first seats.
const OF_BLOCK: &[u8] = b"fhe-ml/seats/1/block";

/// The active workers of a block, as far as jobs have been given to them in it.
type Active<T> = BTreeMap<WorkerId, WorkerRecordOf<T>>;

impl<T: Config> Pallet<T> {
	/// Puts a requested job into the queue of those that wait for their workers.
	pub(crate) fn await_seats(job: JobId, work: u64, redundancy: u8) -> DispatchResult {
		Waiting::<T>::try_append(job).map_err(|_| Error::<T>::TooManyWaitingJobs)?;
		WaitingWork::<T>::mutate(|sum| *sum = sum.saturating_add(all_work(work, redundancy)));
		Ok(())
	}

	/// Takes a job out of the queue, if it is in there.
	pub(crate) fn stop_waiting(job: JobId, record: &JobRecordOf<T>) {
		if record.assignees.is_empty() {
			Waiting::<T>::mutate(|jobs| jobs.retain(|other| *other != job));
			Self::forget_waiting_work(record);
		}
	}

	fn forget_waiting_work(record: &JobRecordOf<T>) {
		let work = all_work(record.work, record.redundancy);
		WaitingWork::<T>::mutate(|sum| *sum = sum.saturating_sub(work));
	}

	/// What the draws at the end of this block will take.
	pub(crate) fn weight_of_draws() -> Weight {
		let waiting = Waiting::<T>::decode_len().unwrap_or_default() as u32;
		T::WeightInfo::seat_jobs(waiting)
	}

	/// Draws the workers of the jobs that were requested before this block. Whom no room is left for waits on.
	pub(crate) fn seat_jobs(now: BlockNumberFor<T>) {
		let waiting = Waiting::<T>::get();
		if waiting.is_empty() {
			return;
		}
		let mut active: Active<T> = ActiveWorkers::<T>::get()
			.into_iter()
			.filter_map(|worker| Workers::<T>::get(&worker).map(|record| (worker, record)))
			.collect();
		let mut jobs: Vec<_> = waiting
			.iter()
			.filter_map(|job| Jobs::<T>::get(job).map(|record| (*job, record)))
			.filter(|(_, record)| record.requested_at < now)
			.map(|(job, record)| (Self::seed_of(&record), job, record))
			.collect();
		jobs.sort_by_key(|(seed, job, _)| (*seed, *job));
		let start = number_of(&T::Randomness::random(OF_BLOCK).0);
		let step = u128::MAX.checked_div(jobs.len() as u128).unwrap_or_default();
		let mut seated = BTreeSet::new();
		for (at, (seed, job, record)) in (0u128..).zip(jobs) {
			let first = start.wrapping_add(step.wrapping_mul(at));
			if Self::seat(job, record, now, first, &seed, &mut active) {
				seated.insert(job);
			}
		}
		if !seated.is_empty() {
			for (worker, record) in active {
				Workers::<T>::insert(worker, record);
			}
			Waiting::<T>::mutate(|waiting| waiting.retain(|job| !seated.contains(job)));
		}
	}

	/// Draws the workers of a job, the first one with the number `first`; whether there are enough with room.
	fn seat(
		job: JobId,
		mut record: JobRecordOf<T>,
		now: BlockNumberFor<T>,
		first: u128,
		seed: &H256,
		active: &mut Active<T>,
	) -> bool {
		let drawn = draw::<T>(first, seed, record.redundancy, record.work, active);
		let Some((assignees, reserves)) = drawn else { return false };
		Self::forget_waiting_work(&record);
		Deadlines::<T>::remove(record.deadline, job);
		let mut most_work = record.work;
		for worker in &assignees {
			Pending::<T>::insert(worker, job, ());
			if let Some(worker) = active.get_mut(worker) {
				most_work = most_work.max(take_on::<T>(worker, record.work));
			}
		}
		record.deadline = Self::set_deadline(job, Self::blocks_for(most_work));
		(record.assignees, record.reserves) = (assignees.clone(), reserves);
		(record.assigned_at, record.rounds) = (now, 1);
		let deadline = record.deadline;
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::InferenceAssigned { job, assignees, deadline });
		true
	}

	/// The randomness of a job's draw in this block. Who includes the request cannot try others: its owner and
	/// input are signed.
	fn seed_of(record: &JobRecordOf<T>) -> H256 {
		T::Randomness::random(&(OF_JOB, &record.owner, record.input).encode()).0
	}

	/// The next `count` reserves of a job that are active and have room, or fewer. Who has none keeps its
	/// place; who is not active any more loses it.
	pub(crate) fn call_reserves(record: &mut JobRecordOf<T>, count: usize) -> Assignees {
		let mut called = Assignees::new();
		if record.rounds >= T::MaxRounds::get() {
			return called;
		}
		let work = record.work;
		record.reserves.retain(|worker| {
			let Some(found) =
				Workers::<T>::get(worker).filter(|found| found.status == WorkerStatus::Active)
			else {
				return false;
			};
			let takes = called.len() < count && !Self::is_full(&found, work);
			!(takes && called.try_push(worker.clone()).is_ok())
		});
		called
	}

	/// Assigns a job to more workers in a new round; returns its new deadline.
	pub(crate) fn assign_more(
		job: JobId,
		record: &mut JobRecordOf<T>,
		more: &Assignees,
	) -> BlockNumberFor<T> {
		record.rounds = record.rounds.saturating_add(1);
		let mut most_work = record.work;
		for worker in more {
			Pending::<T>::insert(worker, job, ());
			Workers::<T>::mutate(worker, |worker| {
				if let Some(worker) = worker {
					most_work = most_work.max(take_on::<T>(worker, record.work));
				}
			});
			// Whoever calls this has seen to it that they fit.
			let _ = record.assignees.try_push(worker.clone());
		}
		record.assigned_at = frame_system::Pallet::<T>::block_number();
		record.deadline = Self::set_deadline(job, Self::blocks_for(most_work));
		record.deadline
	}

	/// Blocks that the slowest worker takes for this work.
	fn blocks_for(work: u64) -> BlockNumberFor<T> {
		work.checked_div(T::WorkPerBlock::get()).unwrap_or(work).saturated_into()
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

	pub(crate) fn activate(worker: &WorkerId) -> DispatchResult {
		let count = ActiveWorkers::<T>::decode_len().unwrap_or_default();
		ensure!(count < Self::limits().workers as usize, Error::<T>::TooManyWorkers);
		ActiveWorkers::<T>::try_append(worker.clone()).map_err(|_| Error::<T>::TooManyWorkers)?;
		Ok(())
	}

	pub(crate) fn deactivate(worker: &WorkerId) {
		ActiveWorkers::<T>::mutate(|workers| workers.retain(|other| other != worker));
	}
}

/// Gives a worker more to do; returns how much that is in all.
fn take_on<T: Config>(worker: &mut WorkerRecordOf<T>, work: u64) -> u64 {
	worker.open_jobs = worker.open_jobs.saturating_add(1);
	worker.open_work = worker.open_work.saturating_add(work);
	worker.open_work
}

/// Seats and reserves of a job of `work` units: all active workers in random order, by bond, of which the
/// first `redundancy` with room take the seats. `None` if the workers with room hold less than half of the bond
/// or are too few: to fill up the others must not pay.
fn draw<T: Config>(
	first: u128,
	seed: &H256,
	redundancy: u8,
	work: u64,
	active: &Active<T>,
) -> Option<(Assignees, Assignees)> {
	let has_room =
		|worker: &WorkerId| active.get(worker).is_some_and(|w| !Pallet::<T>::is_full(w, work));
	let bond_of = |record: &WorkerRecordOf<T>| record.bond.saturated_into::<u128>();
	let all: u128 = active.values().map(bond_of).sum();
	let free: u128 =
		active.iter().filter(|(worker, _)| has_room(worker)).map(|(_, w)| bond_of(w)).sum();
	if free.saturating_mul(2) < all {
		return None;
	}
	let (mut seats, mut reserves) = (Assignees::new(), Assignees::new());
	for worker in by_bond(first, seed, active.iter().map(|(w, record)| (w.clone(), bond_of(record)))) {
		let list = if seats.len() < usize::from(redundancy) && has_room(&worker) {
			&mut seats
		} else {
			&mut reserves
		};
		// Who comes last of very many is no reserve.
		let _ = list.try_push(worker);
	}
	(seats.len() == usize::from(redundancy)).then_some((seats, reserves))
}

/// Everybody, in random order: at each place, the chance is the share of the bond of those that are left. The
/// number `first` says who is at the first place.
fn by_bond(
	first: u128,
	seed: &H256,
	workers: impl Iterator<Item = (WorkerId, u128)>,
) -> impl Iterator<Item = WorkerId> {
	let mut left = workers.collect::<Vec<_>>();
	let seed = *seed;
	(0u32..).map_while(move |place| {
		let total: u128 = left.iter().map(|(_, bond)| *bond).sum();
		let random = match place {
			0 => first,
			_ => number_of(&blake2_256(&(seed, place).encode()).into()),
		};
		let mut ticket = share_of(total, random);
		let at = left.iter().position(|(_, bond)| {
			let is_it = ticket < *bond;
			ticket = ticket.saturating_sub(*bond);
			is_it
		});
		// Without any bond left, whoever is first.
		(!left.is_empty()).then(|| left.remove(at.unwrap_or_default()).0)
	})
}

/// `total` times a random number out of 2^128, without the last of its bits: a bond has fewer than 2^64 units of
/// which one more or less matters.
fn share_of(total: u128, random: u128) -> u128 {
	let scale = total.checked_shr(64).unwrap_or_default().saturating_add(1);
	let total = total.checked_div(scale).unwrap_or_default();
	(total.saturating_mul(random >> 64) >> 64).saturating_mul(scale)
}

/// The first sixteen bytes of a hash.
fn number_of(hash: &H256) -> u128 {
	u128::from_le_bytes(hash.0.first_chunk().copied().unwrap_or_default())
}
