//! When jobs become final and trials lapse.

use crate::{pallet::*, types::*, weights::WeightInfo};
use fhe_ml_primitives::{JobId, bounds};
use frame_support::{ensure, pallet_prelude::*, storage::with_storage_layer, weights::WeightMeter};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating};

/// Blocks in which nothing is due that one sweep passes by at most.
const MAX_EMPTY_BLOCKS: u32 = 64;

impl<T: Config> Pallet<T> {
	/// Each provisional job is on the agenda once: for when it is final or, while it is tried, for when that lapses.
	pub(crate) fn put_on_agenda(at: BlockNumberFor<T>, job: JobId) {
		if !NextHearing::<T>::exists() {
			NextHearing::<T>::put(Self::now());
		}
		Agenda::<T>::insert(at, job, ());
	}

	/// Does what is due, oldest first, as long as `remaining` has room; returns what it took.
	pub(crate) fn sweep_agenda(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
		let mut meter = WeightMeter::with_limit(remaining);
		// The cursor and the first job behind it; the cursor again.
		let look = T::DbWeight::get().reads_writes(2, 1);
		if meter.try_consume(look).is_err() {
			return Weight::zero();
		}
		// Where nothing was ever put on the agenda, nothing is due.
		let Some(first) = NextHearing::<T>::get() else { return meter.consumed() };
		let mut block = first;
		for _ in 0..MAX_EMPTY_BLOCKS {
			if block > now || !Self::hear_all(block, &mut meter) {
				break;
			}
			block = block.saturating_add(One::one());
			if meter.try_consume(look).is_err() {
				break;
			}
		}
		if block != first {
			NextHearing::<T>::put(block);
		}
		meter.consumed()
	}

	/// Does what is due in this block; whether there was room for all.
	fn hear_all(block: BlockNumberFor<T>, meter: &mut WeightMeter) -> bool {
		while let Some(job) = Agenda::<T>::iter_key_prefix(block).next() {
			if meter.try_consume(Self::weight_of_hearing()).is_err() {
				return false;
			}
			if let Err(error) = with_storage_layer(|| Self::do_finalise(None, job)) {
				// It cannot be; but what stays here would hold up all behind it.
				log::error!(target: crate::LOG_TARGET, "job {job} does not become final: {error:?}");
				Agenda::<T>::remove(block, job);
			}
		}
		true
	}

	/// What the end of a challenge period or of a trial without steps takes at most.
	pub(crate) fn weight_of_hearing() -> Weight {
		T::WeightInfo::finalise(bounds::MAX_ASSIGNEES.saturating_add(bounds::MAX_STEPPERS))
	}

	/// Makes a job final whose time has come, or whose owner says so; ends a trial that nobody goes on with.
	pub(crate) fn do_finalise(caller: Option<T::AccountId>, job: JobId) -> DispatchResult {
		let record: JobRecordOf<T> = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
		let provisional = Provisional::<T>::get(job).ok_or(Error::<T>::NotProvisional)?;
		if let Some(trial) = Trials::<T>::get(job) {
			ensure!(Self::now() >= trial.lapses_at, Error::<T>::JobInCourt);
			return Self::lapse(job, trial);
		}
		let may = Self::now() >= provisional.final_at || caller == Some(record.owner.clone());
		ensure!(may, Error::<T>::JobNotFinal);
		Self::make_final(job, &record, provisional)
	}
}
