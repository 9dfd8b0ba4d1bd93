//! What happens to jobs whose workers do not answer, or decline them.

use crate::{pallet::*, types::*, weights::WeightInfo};
use fhe_ml_primitives::{Ballot, JobId, JobStatus, WorkerId, bounds::MAX_ASSIGNEES};
use frame_support::{ensure, pallet_prelude::*, storage::with_storage_layer, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating};

/// Blocks without deadlines that one sweep passes by at most.
const MAX_EMPTY_BLOCKS: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Expires jobs, oldest deadlines first, as long as `remaining` has room; returns what it took.
	pub(crate) fn sweep_deadlines(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
		let mut meter = WeightMeter::with_limit(remaining);
		// The cursor and the first deadline behind it; the cursor again.
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(look).is_err() {
			return Weight::zero();
		}
		let first = NextSweep::<T>::get();
		let mut block = first;
		for _ in 0..MAX_EMPTY_BLOCKS {
			// A deadline is the last block in which a result is accepted.
			if block >= now || !Self::expire_all(block, &mut meter) {
				break;
			}
			block = block.saturating_add(One::one());
			if meter.try_consume(look).is_err() {
				break;
			}
		}
		if block != first {
			NextSweep::<T>::put(block);
		}
		meter.consumed()
	}

	/// Expires the jobs with this deadline; whether there was room for all.
	fn expire_all(deadline: BlockNumberFor<T>, meter: &mut WeightMeter) -> bool {
		while let Some(job) = Deadlines::<T>::iter_key_prefix(deadline).next() {
			if meter.try_consume(Self::weight_of_expiry(MAX_ASSIGNEES)).is_err() {
				return false;
			}
			if let Err(error) = with_storage_layer(|| Self::do_expire(job)) {
				// It cannot be; but a deadline that stays would hold up all behind it.
				log::error!(target: crate::LOG_TARGET, "job {job} does not expire: {error:?}");
				Deadlines::<T>::remove(deadline, job);
			}
		}
		true
	}

	/// Replaces the workers that kept a job from being finished until its deadline, or gives it up and
	/// returns its fee. Returns the number of workers that it had.
	pub(crate) fn do_expire(job: JobId) -> Result<u32, DispatchError> {
		let record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		ensure!(record.status == JobStatus::Pending, Error::<T>::JobNotPending);
		ensure!(Self::deadline_passed(record.deadline), Error::<T>::DeadlineNotPassed);
		let workers = record.assignees.len() as u32;
		if let Some(trial) = Trials::<T>::get(job) {
			Self::lapse(job, trial)?;
			return Ok(workers);
		}
		if record.jurors > 0 {
			Self::end_without_agreement(job, record, &Ballots::<T>::get(job))?;
			return Ok(workers);
		}
		// Where there is one worker, there is no ballot, and it is the silent one.
		let silent = Ballots::<T>::get(job).silent(job, &record.assignees);
		for worker in &silent {
			Self::punish_miss(worker, job, &record);
		}
		Self::replace(job, record, &silent)?;
		Ok(workers)
	}

	/// Takes a pending job away from some of its workers and gives it to reserves. Without enough of them it is
	/// given up, and its fee goes back.
	pub(crate) fn replace(
		job: JobId,
		mut record: JobRecordOf<T>,
		out: &[WorkerId],
	) -> DispatchResult {
		Self::unassign(job, &record, out);
		let mut ballot = Ballots::<T>::get(job);
		record.assignees.retain(|worker| !out.contains(worker));
		if let Some(eligible) = Self::eligible(job, record.model) {
			record.reserves.retain(|worker| eligible.contains(worker));
		}
		ballot.commitments.retain(|(worker, _)| !out.contains(worker));

		let more = Self::call_reserves(&mut record, out.len());
		let in_all = record.assignees.len().saturating_add(more.len());
		if in_all < usize::from(record.redundancy) || more.is_empty() {
			return Self::give_up(job, record, &ballot);
		}
		if record.redundancy > 1 {
			Ballots::<T>::insert(job, ballot);
		}
		let deadline = Self::assign_more(job, &mut record, &more);
		let assignees = record.assignees.clone();
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::InferenceReassigned { job, assignees, deadline });
		Ok(())
	}

	/// Ends a job that nobody is left for; everything but its deposit goes back.
	pub(crate) fn give_up(job: JobId, record: JobRecordOf<T>, ballot: &Ballot) -> DispatchResult {
		let owner = record.owner.clone();
		let refund = record.fee.saturating_add(Self::price_of(job));
		Self::dissolve(job, &record, ballot);
		Self::release_hold(HoldReason::InferenceFee, &owner, record.fee)?;
		Self::close(job, record, JobStatus::Expired)?;
		Self::deposit_event(Event::InferenceExpired { job, owner, refund });
		Ok(())
	}

	/// A worker whose engine has another version, or that lacks the file of a private model, gives a job back before
	/// it has said anything of it. Returns the number of workers that the job had.
	pub(crate) fn do_decline(worker: WorkerId, job: JobId) -> Result<u32, DispatchError> {
		let record = Self::check_decline(&worker, job)?;
		let workers = record.assignees.len() as u32;
		if let Some(private) = PrivateJobs::<T>::get(job) {
			Self::decline_private(worker, job, record, private)?;
			return Ok(workers);
		}
		Self::suspend_unpunished(&worker, job);
		Self::replace(job, record, &[worker])?;
		Ok(workers)
	}

	/// What it takes to replace this many workers of a job, or to give it up.
	pub(crate) fn weight_of_expiry(workers: u32) -> Weight {
		T::WeightInfo::expire(workers).saturating_add(T::WeightInfo::private_job())
	}
}
