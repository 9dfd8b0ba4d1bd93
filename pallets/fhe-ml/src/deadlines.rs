//! What happens to jobs whose workers do not answer.

use crate::{pallet::*, weights::WeightInfo};
use fhe_ml_primitives::{JobId, JobStatus};
use frame_support::{ensure, pallet_prelude::*, weights::WeightMeter};
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
			if meter.try_consume(T::WeightInfo::expire()).is_err() {
				return false;
			}
			if let Err(error) = Self::do_expire(job) {
				// It cannot be; but a deadline that stays would hold up all behind it.
				log::error!(target: crate::LOG_TARGET, "job {job} does not expire: {error:?}");
				Deadlines::<T>::remove(deadline, job);
			}
		}
		true
	}

	/// Assigns a job anew whose deadline has passed, or gives it up and returns its fee.
	pub(crate) fn do_expire(job: JobId) -> DispatchResult {
		let mut record = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		ensure!(record.status == JobStatus::Pending, Error::<T>::JobNotPending);
		ensure!(Self::deadline_passed(record.deadline), Error::<T>::DeadlineNotPassed);
		Self::unassign(job, &record);
		for worker in &record.assignees {
			Self::suspend(worker, job, &record.owner);
		}
		let again = record.rounds < T::MaxRounds::get();
		match Self::draw_workers(job, record.rounds) {
			Ok(assignees) if again => {
				record.rounds = record.rounds.saturating_add(1);
				record.deadline = Self::assign(job, record.work, &assignees);
				record.assignees = assignees.clone();
				let deadline = record.deadline;
				Jobs::<T>::insert(job, record);
				Self::deposit_event(Event::InferenceReassigned { job, assignees, deadline });
			},
			_ => {
				let (owner, refund) = (record.owner.clone(), record.fee);
				Self::release_hold(HoldReason::InferenceFee, &owner, refund)?;
				Self::close(job, record, JobStatus::Expired);
				Self::deposit_event(Event::InferenceExpired { job, owner, refund });
			},
		}
		Ok(())
	}
}
