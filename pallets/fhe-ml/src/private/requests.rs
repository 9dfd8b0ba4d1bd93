//! Jobs of private models: who may ask, which evaluators are asked, what happens when they lack the file or differ,
//! and who gets the price.

use crate::{load::all_work, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	Absence, Assignees, Ballot, FailureReason, JobId, JobStatus, ModelId, Outcome,
	PrivateModelState, Suspension, WorkerId, WorkerStatus,
};
use frame_support::{ensure, pallet_prelude::*};
use sp_runtime::traits::{Saturating, Zero};

impl<T: Config> Pallet<T> {
	/// Whether a request for `model` may ask for this redundancy. The admin's least redundancy is no matter of
	/// private models: what more evaluators of one owner say is worth is for users to judge.
	pub(crate) fn check_redundancy(model: ModelId, redundancy: u8) -> Result<(), Error<T>> {
		let limits = Self::limits();
		let least = match PrivateModels::<T>::contains_key(model) {
			true => 1,
			false => limits.min_redundancy,
		};
		let allowed = (least..=limits.max_redundancy).contains(&redundancy);
		ensure!(allowed, Error::RedundancyOutOfBounds);
		Ok(())
	}

	/// The private model that a request is for, as it is now, if there are enough evaluators and it is not
	/// suspended. Storage follows what time has changed.
	pub(crate) fn open_private_model(
		model: ModelId,
		redundancy: u8,
	) -> Result<Option<PrivateModelRecordOf<T>>, Error<T>> {
		let Some(record) = PrivateModels::<T>::get(model) else { return Ok(None) };
		let (record, changed) = record.at(frame_system::Pallet::<T>::block_number());
		ensure!(record.is_active(), Error::ModelIsSuspended);
		let evaluators = record.terms.evaluators.len();
		ensure!(usize::from(redundancy) <= evaluators, Error::TooFewEvaluators);
		if changed {
			PrivateModels::<T>::insert(model, &record);
		}
		Ok(Some(record))
	}

	/// What a job has as one of a private model; counts its rows.
	pub(crate) fn open_private_job(
		job: JobId,
		model: ModelId,
		account: &T::AccountId,
		record: PrivateModelRecordOf<T>,
		rows: u32,
	) -> Result<(), Error<T>> {
		let quota = record.terms.quota.as_ref();
		let private = PrivateJobRecord {
			price: Self::price_of_rows(&record.terms, rows),
			auditor: record.terms.auditor,
			declined: Assignees::new(),
			counted_in: quota
				.map(|quota| Self::use_quota(model, account, quota, rows))
				.transpose()?,
		};
		PrivateJobs::<T>::insert(job, private);
		Ok(())
	}

	/// Refuses a request that the evaluators have no room for.
	pub(crate) fn check_evaluators(
		model: ModelId,
		record: &PrivateModelRecordOf<T>,
		redundancy: u8,
		work: u64,
	) -> Result<(), Error<T>> {
		let (mut workers, mut free) = (0usize, 0u64);
		for worker in Self::present(record).filter_map(Self::active_worker) {
			workers = workers.saturating_add(1);
			free = free.saturating_add(Self::room(worker.open_jobs, worker.open_work, work));
		}
		ensure!(workers >= usize::from(redundancy), Error::TooFewEvaluators);
		let waiting = WaitingPrivateWork::<T>::get(model);
		let wanted = waiting.saturating_add(all_work(work, redundancy));
		ensure!(wanted <= free, Error::AllWorkersBusy);
		// The other half is for public models, however long private jobs wait for evaluators that do not come.
		let places = T::MaxWaiting::get().div_ceil(2) as usize;
		let taken = Waiting::<T>::decode_len().unwrap_or_default();
		ensure!(taken < places, Error::TooManyWaitingJobs);
		Ok(())
	}

	/// Evaluators in force that have not declined a moment ago.
	fn present(record: &PrivateModelRecordOf<T>) -> impl Iterator<Item = &WorkerId> {
		let is_absent =
			|worker: &WorkerId| record.absent.iter().any(|absence| absence.worker == *worker);
		record.terms.evaluators.iter().filter(move |worker| !is_absent(worker))
	}

	fn active_worker(worker: &WorkerId) -> Option<WorkerRecordOf<T>> {
		Workers::<T>::get(worker).filter(|found| found.status == WorkerStatus::Active)
	}

	/// The only workers that may be given a job of a private model; none for a job of another model.
	pub(crate) fn eligible(job: JobId, model: ModelId) -> Option<Vec<WorkerId>> {
		let private = PrivateJobs::<T>::get(job)?;
		let Ok(record) = Self::private_model(model) else { return Some(Vec::new()) };
		let may = |worker: &&WorkerId| !private.declined.contains(*worker);
		Some(Self::present(&record).filter(may).cloned().collect())
	}

	/// What is held from a job's owner besides its fee.
	pub(crate) fn price_of(job: JobId) -> BalanceOf<T> {
		PrivateJobs::<T>::get(job).map_or_else(Zero::zero, |private| private.price)
	}

	/// An evaluator that lacks the file, or has another engine, gives a job of a private model back. It has not
	/// asked to be named, so it costs it nothing. A round is not used up: each can decline a job once only.
	pub(crate) fn decline_private(
		worker: WorkerId,
		job: JobId,
		mut record: JobRecordOf<T>,
		mut private: PrivateJobRecordOf<T>,
	) -> DispatchResult {
		let model = record.model;
		let noted = private.declined.try_push(worker.clone()).is_ok();
		PrivateJobs::<T>::insert(job, private);
		Self::note_absence(model, &worker);
		Self::deposit_event(Event::EvaluatorDeclined { job, model, worker: worker.clone() });

		let ballot = Ballots::<T>::get(job);
		let mut left = Self::eligible(job, model).unwrap_or_default();
		let is_left = |left: &WorkerId| {
			record.assignees.contains(left) || Self::active_worker(left).is_some()
		};
		left.retain(is_left);
		if !noted || left.len() < usize::from(record.redundancy) {
			Self::dissolve(job, &record, &ballot);
			let workers = record.assignees.clone();
			let reason = FailureReason::ModelNotHeld;
			return Self::finish(job, record, Outcome::Failed(reason), workers);
		}
		Self::unassign(job, &record, core::slice::from_ref(&worker));
		record.assignees.retain(|other| *other != worker);
		record.reserves.retain(|reserve| left.contains(reserve));
		record.rounds = record.rounds.saturating_sub(1);
		let more = Self::call_reserves(&mut record, 1);
		if more.is_empty() {
			return Self::draw_anew(job, record, &ballot);
		}
		let deadline = Self::assign_more(job, &mut record, &more);
		let assignees = record.assignees.clone();
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::InferenceReassigned { job, assignees, deadline });
		Ok(())
	}

	/// Takes a job away from all its workers, and puts it into the queue of draws once more.
	fn draw_anew(job: JobId, mut record: JobRecordOf<T>, ballot: &Ballot) -> DispatchResult {
		let work = all_work(record.work, record.redundancy);
		if Waiting::<T>::decode_len().unwrap_or_default() >= T::MaxWaiting::get() as usize {
			return Self::give_up(job, record, ballot);
		}
		Self::dissolve(job, &record, ballot);
		(record.assignees, record.reserves) = (Assignees::new(), Assignees::new());
		record.assigned_at = frame_system::Pallet::<T>::block_number();
		Self::await_draw(job, record.model, work)?;
		record.deadline = Self::set_deadline(job, Zero::zero());
		Jobs::<T>::insert(job, record);
		Ok(())
	}

	/// Does not ask an evaluator for a while: who names workers that lack the file keeps them busy no longer.
	pub(crate) fn note_absence(model: ModelId, worker: &WorkerId) {
		let Ok(mut record) = Self::private_model(model) else { return };
		let now = frame_system::Pallet::<T>::block_number();
		let until = now.saturating_add(T::DeclineDelay::get());
		record.absent.retain(|absence| {
			absence.worker != *worker && record.terms.evaluators.contains(&absence.worker)
		});
		// There are no more than evaluators.
		let _ = record.absent.try_push(Absence { worker: worker.clone(), until });
		PrivateModels::<T>::insert(model, record);
	}

	/// Evaluators of a job of a private model differ. Nobody else has the model, so there is no jury: everything
	/// goes back, and the model takes no requests until its owner has looked.
	pub(crate) fn end_in_disagreement(
		job: JobId,
		record: JobRecordOf<T>,
		ballot: &Ballot,
	) -> DispatchResult {
		let model = record.model;
		Self::end_without_agreement(job, record, ballot)?;
		let found = Self::private_model(model)?;
		Self::suspend_private_model(model, found, job, Suspension::Disagreement);
		Ok(())
	}

	/// The price of a job that ends goes where it belongs: to the model's owner for a result, else back.
	pub(crate) fn close_private(
		job: JobId,
		record: &JobRecordOf<T>,
		status: &JobStatus,
	) -> DispatchResult {
		let Some(mut private) = PrivateJobs::<T>::get(job) else { return Ok(()) };
		let model = record.model;
		if matches!(status, JobStatus::Completed { .. }) {
			let paid = Self::pay_price(job, record, private.price);
			let back = private.price.saturating_sub(paid);
			Self::release_hold(HoldReason::InferenceFee, &record.owner, back)?;
			private.price = paid;
			PrivateJobs::<T>::insert(job, private);
			return Ok(());
		}
		Self::release_hold(HoldReason::InferenceFee, &record.owner, private.price)?;
		PrivateJobs::<T>::remove(job);
		let of_owner = matches!(status, JobStatus::Failed { reason } if reason.is_of_owner());
		if let Some(since) = private.counted_in.filter(|_| !of_owner) {
			Self::return_quota(model, &record.owner, since, record.rows);
		}
		Ok(())
	}

	/// Pays the owner of a model; returns how much. An account that cannot be paid must not block the result, and
	/// after an audit nobody pays for results before the admin has resumed the model.
	fn pay_price(job: JobId, record: &JobRecordOf<T>, price: BalanceOf<T>) -> BalanceOf<T> {
		let condemned = PrivateModelState::Suspended { reason: Suspension::Audit };
		let Some(model) = PrivateModels::<T>::get(record.model) else { return Zero::zero() };
		if price.is_zero() || model.state == condemned {
			return Zero::zero();
		}
		let reason = HoldReason::InferenceFee;
		let paid = Self::transfer_held(reason, &record.owner, &model.owner, price);
		let paid = paid.unwrap_or_default();
		if !paid.is_zero() {
			let (model, owner) = (record.model, model.owner);
			Self::deposit_event(Event::PricePaid { job, model, owner, price: paid });
		}
		paid
	}

	/// Forgets what a released job had as one of a private model.
	pub(crate) fn release_private(job: JobId, model: ModelId, account: &T::AccountId) {
		PrivateJobs::<T>::remove(job);
		Self::forget_quota(model, account);
	}
}
