//! How much work there is, for a job, an account and all workers, and when it is too much.
//!
//! Work counts what a job costs the worker that has nothing of it yet: evaluation, and reading and preparing
//! server key, model and input. Whoever makes workers load a new key with every request pays for that, and
//! deadlines leave time for it.

use crate::{pallet::*, types::*};
use fhe_ml_primitives::{ModelId, OpenRequests, format};
use frame_support::ensure;
use sp_runtime::traits::Get;

impl<T: Config> Pallet<T> {
	/// Work units of evaluating this many rows of `model` and of loading what that needs.
	pub(crate) fn job_work(model: &ModelRecordOf<T>, rows: u32) -> u64 {
		let input = format::input_bytes(model.input_bytes, rows);
		let bytes = u64::from(model.artifact_bytes).saturating_add(input.into());
		let blobs = bytes.div_ceil(1024).saturating_mul(T::WorkPerKibibyte::get());
		let key = if model.needs_server_key { T::ServerKeyWork::get() } else { 0 };
		Self::evaluation_work(model, rows).saturating_add(blobs).saturating_add(key)
	}

	/// Work units that a worker with this much to do can be given, for jobs of `work` units each. One that has
	/// nothing to do takes a job of any size.
	pub(crate) fn room(open_jobs: u32, open_work: u64, work: u64) -> u64 {
		match open_jobs {
			0 => T::MaxWorkerWork::get().max(work),
			jobs if jobs >= T::MaxWorkerJobs::get() => 0,
			_ => T::MaxWorkerWork::get().saturating_sub(open_work),
		}
	}

	/// Whether a worker with this much to do can be given a job of `work` units, too.
	pub(crate) fn has_room(open_jobs: u32, open_work: u64, work: u64) -> bool {
		Self::room(open_jobs, open_work, work) >= work.max(1)
	}

	/// Counts a request of an account, if it has not too many open ones. An account that has none may ask for
	/// a row of any model.
	pub(crate) fn open_request(owner: &T::AccountId, work: u64) -> Result<(), Error<T>> {
		OpenOf::<T>::try_mutate(owner, |open| {
			let work = open.work.saturating_add(work);
			ensure!(open.jobs < T::MaxAccountJobs::get(), Error::<T>::TooManyOpenJobs);
			ensure!(
				open.jobs == 0 || work <= T::MaxAccountWork::get(),
				Error::<T>::TooMuchOpenWork
			);
			*open = OpenRequests { jobs: open.jobs.saturating_add(1), work };
			Ok(())
		})
	}

	/// Takes a finished request of an account off its count.
	pub(crate) fn close_request(owner: &T::AccountId, work: u64) {
		OpenOf::<T>::mutate_exists(owner, |open| {
			let before = open.unwrap_or_default();
			let jobs = before.jobs.saturating_sub(1);
			*open =
				(jobs > 0).then(|| OpenRequests { jobs, work: before.work.saturating_sub(work) });
		});
	}

	/// Refuses a request that the workers have no room for: those that wait for their workers come first.
	pub(crate) fn check_capacity(
		model: ModelId,
		redundancy: u8,
		work: u64,
		fee: BalanceOf<T>,
	) -> Result<(), Error<T>> {
		let share = Self::share_of_fee(model, fee, redundancy);
		let (mut workers, mut free) = (0usize, 0u64);
		for worker in ActiveWorkers::<T>::get() {
			let Some(record) = Workers::<T>::get(&worker) else { continue };
			workers = workers.saturating_add(1);
			if Self::answers_for(&worker, record.bond, share) {
				free = free.saturating_add(Self::room(record.open_jobs, record.open_work, work));
			}
		}
		ensure!(workers >= usize::from(redundancy), Error::<T>::TooFewWorkers);
		let wanted = WaitingWork::<T>::get().saturating_add(all_work(work, redundancy));
		ensure!(wanted <= free, Error::<T>::AllWorkersBusy);
		Ok(())
	}
}

/// Work units of a job for this many workers.
pub(crate) fn all_work(work: u64, workers: u8) -> u64 {
	work.saturating_mul(workers.into())
}
