//! Which workers evaluate a job: drawn a block after its request, from randomness that nobody had when the
//! request was made or included. A jury is drawn in the same way, a block after the results differed.
//!
//! The author of the block of a draw knows its randomness while it chooses what is in the block. So the draw is
//! among the workers as they were when the block began, with their bonds and what they had to do, and without
//! those that joined a moment ago.
//!
//! The chance of a worker is its share of all bond: who divides a bond among several keys gains nothing. One draw
//! gives the seats and the order of those that replace silent workers later.
//!
//! The first seats of all jobs of a block are drawn together (systematic sampling: equal steps from a random
//! start, along the jobs in random order), so that workers share a queue evenly. For each single job the
//! start alone makes its chances exactly the shares of the bond, whatever other jobs there are: fillers, tips
//! and order leave them as they are. Everything else is drawn for each job by itself.

use crate::{court::can_risk, load::all_work, pallet::*, types::*, weights::WeightInfo};
use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use codec::Encode;
use fhe_ml_primitives::{Assignees, JobId, ModelId, WorkerId, WorkerStatus};
use frame_support::{
	BoundedVec, ensure, pallet_prelude::*, storage::with_storage_layer, traits::Randomness,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use sp_io::hashing::blake2_256;
use sp_runtime::{
	Percent, SaturatedConversion,
	traits::{Saturating, Zero},
};

/// Domain of the randomness of a job's draw.
const OF_JOB: &[u8] = b"fhe-ml/seats/1/job";
/// Domain of the start of a block's first seats.
const OF_BLOCK: &[u8] = b"fhe-ml/seats/1/block";

/// What a draw came to.
enum Drawn {
	/// These, and who replaces them.
	Workers(Assignees, Assignees),
	/// There are enough workers, but not with room now.
	NoRoom,
	/// There are too few workers.
	TooFew,
}

impl<T: Config> Pallet<T> {
	/// Puts a job into the queue of those whose workers or jurors are drawn in the next block; `work` is for all
	/// of them.
	pub(crate) fn await_draw(job: JobId, model: ModelId, work: u64) -> DispatchResult {
		Waiting::<T>::try_append(job).map_err(|_| Error::<T>::TooManyWaitingJobs)?;
		Self::change_waiting_work(model, |sum| *sum = sum.saturating_add(work));
		Ok(())
	}

	/// Takes a job out of the queue, if it is in there.
	pub(crate) fn stop_waiting(job: JobId, record: &JobRecordOf<T>) {
		let was_there = Waiting::<T>::mutate(|jobs| {
			let before = jobs.len();
			jobs.retain(|other| *other != job);
			jobs.len() < before
		});
		if was_there {
			Self::forget_waiting_work(record);
		}
	}

	fn forget_waiting_work(record: &JobRecordOf<T>) {
		let work = all_work(record.work, waits_for(record));
		Self::change_waiting_work(record.model, |sum| *sum = sum.saturating_sub(work));
	}

	/// Private models' work waits for their evaluators only.
	fn change_waiting_work(model: ModelId, change: impl FnOnce(&mut u64)) {
		if !PrivateModels::<T>::contains_key(model) {
			return WaitingWork::<T>::mutate(change);
		}
		WaitingPrivateWork::<T>::mutate_exists(model, |sum| {
			let mut work = sum.unwrap_or_default();
			change(&mut work);
			*sum = (work > 0).then_some(work);
		});
	}

	/// Notes who can be drawn in this block, if anything waits for it; returns what the draws will take.
	pub(crate) fn prepare_draws(now: BlockNumberFor<T>) -> Weight {
		let waiting = Waiting::<T>::decode_len().unwrap_or_default() as u32;
		if waiting > 0 {
			let candidates = ActiveWorkers::<T>::get().into_iter().filter_map(|worker| {
				let record = Workers::<T>::get(&worker)?;
				let since = record.active_since;
				// Those of the genesis block have always been there.
				let is_old = since.is_zero() || since.saturating_add(T::JoinDelay::get()) <= now;
				is_old.then(|| Candidate {
					bond: record.bond.saturated_into(),
					at_risk: AtRisk::<T>::get(&worker).saturated_into(),
					worker,
					open_jobs: record.open_jobs,
					open_work: record.open_work,
				})
			});
			// As many as are active at most.
			Candidates::<T>::put(BoundedVec::truncate_from(candidates.collect::<Vec<_>>()));
		}
		// Two records for each, of a private job and of its model, and its waiting work, or the docket of its model.
		let private = T::DbWeight::get().reads_writes(5, 1).saturating_mul(waiting.into());
		T::WeightInfo::seat_jobs(waiting).saturating_add(private)
	}

	/// Draws the workers and jurors of the jobs that waited for them when this block began. Whom no room is left
	/// for waits on.
	pub(crate) fn seat_jobs(now: BlockNumberFor<T>) {
		let Some(candidates) = Candidates::<T>::take() else { return };
		let mut candidates = candidates.into_inner();
		let mut jobs: Vec<_> = Waiting::<T>::get()
			.iter()
			.filter_map(|job| Jobs::<T>::get(job).map(|record| (*job, record)))
			.filter(|(_, record)| record.assigned_at < now)
			.map(|(job, record)| (Self::seed_of(&record), job, record))
			.collect();
		jobs.sort_by_key(|(seed, job, _)| (*seed, *job));
		let start = number_of(&T::Randomness::random(OF_BLOCK).0);
		// Jobs of a private model are drawn among its evaluators: they take even steps of their own.
		let mut groups = BTreeMap::<_, (u128, u128)>::new();
		let jobs: Vec<_> = jobs
			.into_iter()
			.map(|(seed, job, record)| {
				let among = Self::eligible(job, record.model);
				let group = among.is_some().then_some(record.model);
				let size = &mut groups.entry(group).or_default().1;
				*size = size.saturating_add(1);
				(seed, job, record, among, group)
			})
			.collect();
		let mut seated = BTreeSet::new();
		for (seed, job, record, among, group) in jobs {
			let (at, size) = groups.entry(group).or_default();
			let step = u128::MAX.checked_div(*size).unwrap_or_default();
			let first = start.wrapping_add(step.wrapping_mul(*at));
			*at = at.saturating_add(1);
			let share = Self::share_at_risk(&record).saturated_into();
			let among = among.as_deref();
			let drawn = draw::<T>(first, &seed, &record, share, among, &mut candidates);
			let done = with_storage_layer(|| match drawn {
				Drawn::NoRoom => Ok(false),
				Drawn::Workers(workers, reserves) => {
					Self::seat(job, record, workers, reserves);
					Ok(true)
				},
				// Workers that are missing now may come until the deadline; jurors need not be waited for.
				Drawn::TooFew if record.jurors == 0 => Ok(false),
				Drawn::TooFew => {
					let ballot = Ballots::<T>::get(job);
					Self::end_without_agreement(job, record, &ballot).map(|()| true)
				},
			});
			match done {
				Ok(true) => _ = seated.insert(job),
				Ok(false) => {},
				Err(error) => {
					log::error!(target: crate::LOG_TARGET, "job {job} does not end: {error:?}");
				},
			}
		}
		if !seated.is_empty() {
			Waiting::<T>::mutate(|waiting| waiting.retain(|job| !seated.contains(job)));
		}
	}

	/// Gives a job to the workers or jurors that were drawn.
	fn seat(job: JobId, mut record: JobRecordOf<T>, drawn: Assignees, reserves: Assignees) {
		Self::forget_waiting_work(&record);
		Deadlines::<T>::remove(record.deadline, job);
		if record.jurors == 0 {
			record.reserves = reserves;
		} else {
			record.reserves.retain(|worker| !drawn.contains(worker));
		}
		record.jurors = 0;
		let deadline = Self::assign_more(job, &mut record, &drawn);
		let assignees = record.assignees.clone();
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::InferenceAssigned { job, assignees, deadline });
	}

	/// The randomness of a job's draw in this block. Who includes the request cannot try others: its owner and
	/// input are signed.
	fn seed_of(record: &JobRecordOf<T>) -> H256 {
		T::Randomness::random(&(OF_JOB, &record.owner, record.input, record.jurors).encode()).0
	}

	/// The next `count` reserves of a job that are active and have room, or fewer. Who has none keeps its
	/// place; who is not active any more loses it.
	pub(crate) fn call_reserves(record: &mut JobRecordOf<T>, count: usize) -> Assignees {
		let mut called = Assignees::new();
		if record.rounds >= T::MaxRounds::get() {
			return called;
		}
		let (work, share) = (record.work, Self::share_at_risk(record));
		record.reserves.retain(|worker| {
			let Some(found) =
				Workers::<T>::get(worker).filter(|found| found.status == WorkerStatus::Active)
			else {
				return false;
			};
			let has_room = Self::has_room(found.open_jobs, found.open_work, work)
				&& Self::answers_for(worker, found.bond, share);
			let takes = called.len() < count && has_room;
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
		Self::put_at_risk(more, Self::share_at_risk(record));
		for worker in more {
			Pending::<T>::insert(worker, job, ());
			Workers::<T>::mutate(worker, |worker| {
				if let Some(worker) = worker {
					worker.open_jobs = worker.open_jobs.saturating_add(1);
					worker.open_work = worker.open_work.saturating_add(record.work);
					most_work = most_work.max(worker.open_work);
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
		Self::take_off_risk(workers, Self::share_at_risk(record));
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

/// How many workers or jurors a pending job waits for.
pub(crate) fn waits_for<A, B, N>(record: &fhe_ml_primitives::JobRecord<A, B, N>) -> u8 {
	if record.assignees.is_empty() { record.redundancy } else { record.jurors }
}

/// The part of the bond that those with room must hold: a share of all bond is drawn at most twice as often.
const FREE_OF_ALL: Percent = Percent::from_percent(50);
/// The same for workers who certify a result together: at most a third more often.
const FREE_OF_ALL_FOR_SEVERAL: Percent = Percent::from_percent(75);

/// All candidates (`among` these, for a private model) that a job does not have yet, in random order, by bond: the
/// first with room, and with a bond that answers for their `share` of its fee, are its workers, the others their
/// reserves. Nobody is drawn as long as those with room hold too little of the bond: to fill up the others must not
/// pay.
fn draw<T: Config>(
	first: u128,
	seed: &H256,
	record: &JobRecordOf<T>,
	share: u128,
	among: Option<&[WorkerId]>,
	candidates: &mut [Candidate],
) -> Drawn {
	let wanted = usize::from(waits_for(record));
	let has_room = |candidate: &Candidate| {
		Pallet::<T>::has_room(candidate.open_jobs, candidate.open_work, record.work)
			&& can_risk(candidate.at_risk, candidate.bond, share)
	};
	let others = |candidate: &&mut Candidate| {
		!record.assignees.contains(&candidate.worker)
			&& among.is_none_or(|workers| workers.contains(&candidate.worker))
	};
	let mut others: Vec<_> = candidates.iter_mut().filter(others).collect();
	if others.len() < wanted {
		return Drawn::TooFew;
	}
	let all: u128 = others.iter().map(|candidate| candidate.bond).sum();
	let with_room: Vec<u128> = others.iter().filter(|c| has_room(c)).map(|c| c.bond).collect();
	let free: u128 = with_room.iter().sum();
	let needed = if record.redundancy > 1 { FREE_OF_ALL_FOR_SEVERAL } else { FREE_OF_ALL };
	if with_room.len() < wanted || free < needed.mul_ceil(all) {
		return Drawn::NoRoom;
	}
	// Jurors do not take part in the even steps through a block's jobs.
	let first = if record.jurors == 0 { first } else { number_of(seed) };
	let (mut drawn, mut reserves) = (Assignees::new(), Assignees::new());
	for at in by_bond(first, seed, others.iter().map(|candidate| candidate.bond)) {
		let Some(candidate) = others.get_mut(at) else { continue };
		if drawn.len() < wanted && has_room(candidate) {
			candidate.open_jobs = candidate.open_jobs.saturating_add(1);
			candidate.open_work = candidate.open_work.saturating_add(record.work);
			candidate.at_risk = candidate.at_risk.saturating_add(share);
			_ = drawn.try_push(candidate.worker.clone());
		} else {
			// Who comes last of very many is no reserve.
			_ = reserves.try_push(candidate.worker.clone());
		}
	}
	Drawn::Workers(drawn, reserves)
}

/// The places of bonds in random order: at each, the chance is the share of the bond of those that are left. The
/// number `first` says who comes first.
fn by_bond(first: u128, seed: &H256, bonds: impl Iterator<Item = u128>) -> Vec<usize> {
	let mut left: Vec<(usize, u128)> = bonds.enumerate().collect();
	let mut order = Vec::with_capacity(left.len());
	for place in 0u32.. {
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
		if left.is_empty() {
			break;
		}
		// Without any bond left, whoever is first.
		order.push(left.remove(at.unwrap_or_default()).0);
	}
	order
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
