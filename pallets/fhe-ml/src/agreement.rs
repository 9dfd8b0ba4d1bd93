//! How several workers agree on the result of one job: they commit, one reveals, and where results
//! differ the court decides, or a jury is drawn, only now: who knew its jurors beforehand could lie when they are its own.

use crate::{court::Docket, load::all_work, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{
	Assignees, Ballot, FailureReason, JobId, Outcome, Verdict, WorkerId, commitment,
};
use frame_support::pallet_prelude::*;
use sp_core::H256;
use sp_runtime::traits::{CheckedDiv, Saturating, Zero};

impl<T: Config> Pallet<T> {
	/// Returns whether this was the commitment that decided the job.
	pub(crate) fn do_commit_result(
		worker: WorkerId,
		job: JobId,
		commitment: H256,
	) -> Result<bool, DispatchError> {
		let mut record = Self::check_commitment(&worker, job)?;
		let mut ballot = Ballots::<T>::get(job);
		ballot
			.commitments
			.try_push((worker.clone(), commitment))
			.map_err(|_| Error::<T>::AlreadyCommitted)?;
		Self::deposit_event(Event::ResultCommitted { job, worker });
		if ballot.is_committed(&record.assignees) {
			// From now on there is time to reveal. Nothing has to be evaluated for it.
			Deadlines::<T>::remove(record.deadline, job);
			record.deadline = Self::set_deadline(job, Zero::zero());
		}
		Self::settle(job, record, ballot)?;
		Ok(!Ballots::<T>::contains_key(job))
	}

	/// Takes in an outcome with this hash that its worker has committed to.
	pub(crate) fn reveal(
		job: JobId,
		record: JobRecordOf<T>,
		outcome: Outcome,
		hash: H256,
	) -> DispatchResult {
		let mut ballot = Ballots::<T>::get(job);
		ballot.revealed.try_push(hash).map_err(|_| Error::<T>::AlreadyRevealed)?;
		RevealedOutcomes::<T>::insert(job, hash, outcome);
		Self::settle(job, record, ballot)
	}

	/// Does what the ballot of a job now says.
	fn settle(job: JobId, record: JobRecordOf<T>, ballot: Ballot) -> DispatchResult {
		match ballot.verdict(job, &record.assignees, record.redundancy) {
			Verdict::Open => {
				Ballots::<T>::insert(job, ballot);
				Jobs::<T>::insert(job, record);
				Ok(())
			},
			Verdict::Agreed(outcome) => Self::decide(job, record, ballot, outcome),
			Verdict::Split => match Self::docket_of(record.model) {
				Docket::Steps { per_part } => Self::try_split(job, record, ballot, per_part),
				Docket::None | Docket::AtOnce { .. } => Self::call_jury(job, record, ballot),
			},
		}
	}

	/// Ends a job with the outcome that all agree on, or that a jury has decided for. Who committed to another
	/// one is slashed.
	fn decide(job: JobId, record: JobRecordOf<T>, ballot: Ballot, outcome: H256) -> DispatchResult {
		let (honest, wrong): (Vec<_>, Vec<_>) = record
			.assignees
			.iter()
			.cloned()
			.partition(|worker| ballot.vote(job, worker) == Some(outcome));
		let decided =
			RevealedOutcomes::<T>::get(job, outcome).ok_or(Error::<T>::CommitmentsMissing)?;
		Self::dissolve(job, &record, &ballot);
		let mut due = match decided {
			Outcome::Completed(_) => Self::due_beyond_fee(&record, &honest),
			Outcome::Failed(_) => Vec::new(),
		};
		for worker in &wrong {
			Self::slash(worker, job, &mut due);
		}
		// A part of the assignees is within their bound.
		Self::finish(job, record, decided, Assignees::truncate_from(honest))
	}

	/// What honest workers lack of their share because more had to be asked than the fee was for.
	fn due_beyond_fee(
		record: &JobRecordOf<T>,
		honest: &[WorkerId],
	) -> Vec<(T::AccountId, BalanceOf<T>)> {
		let share = |workers: u32| record.fee.checked_div(&workers.into()).unwrap_or_default();
		let lack = share(record.redundancy.into()).saturating_sub(share(honest.len() as u32));
		let operators = honest.iter().filter_map(Workers::<T>::get).map(|worker| worker.operator);
		operators.map(|operator| (operator, lack)).collect()
	}

	/// Puts a job into the queue of those that wait for jurors. If there can be no more, it fails.
	pub(crate) fn call_jury(
		job: JobId,
		mut record: JobRecordOf<T>,
		ballot: Ballot,
	) -> DispatchResult {
		if PrivateJobs::<T>::contains_key(job) {
			return Self::end_in_disagreement(job, record, &ballot);
		}
		let wanted = Ballot::missing_jurors(record.assignees.len());
		if record.assignees.len().saturating_add(wanted) > Assignees::bound() {
			return Self::end_without_agreement(job, record, &ballot);
		}
		record.jurors = wanted as u8;
		// The author of this block knows its randomness: it must not be that of the draw.
		record.assigned_at = frame_system::Pallet::<T>::block_number();
		Self::await_draw(job, record.model, all_work(record.work, record.jurors))?;
		Deadlines::<T>::remove(record.deadline, job);
		record.deadline = Self::set_deadline(job, Zero::zero());
		let jurors = record.jurors;
		Ballots::<T>::insert(job, ballot);
		Jobs::<T>::insert(job, record);
		Self::deposit_event(Event::InferenceDisputed { job, jurors });
		Ok(())
	}

	/// A job whose workers differ fails without a jury. Nobody is slashed or suspended, since nobody knows who is
	/// right.
	pub(crate) fn end_without_agreement(
		job: JobId,
		record: JobRecordOf<T>,
		ballot: &Ballot,
	) -> DispatchResult {
		Self::dissolve(job, &record, ballot);
		let workers = record.assignees.clone();
		Self::finish(job, record, Outcome::Failed(FailureReason::NoAgreement), workers)
	}

	/// Takes a job away from all its workers, and removes what they have said.
	pub(crate) fn dissolve(job: JobId, record: &JobRecordOf<T>, ballot: &Ballot) {
		Self::unassign(job, record, &record.assignees);
		Self::stop_waiting(job, record);
		Ballots::<T>::remove(job);
		for outcome in &ballot.revealed {
			RevealedOutcomes::<T>::remove(job, outcome);
		}
	}
}

/// Whether `worker` has committed to the outcome with this hash, shown or not.
pub(crate) fn has_committed_to(
	ballot: &Ballot,
	job: JobId,
	worker: &WorkerId,
	outcome: H256,
) -> bool {
	ballot.commitment_of(worker) == Some(commitment(worker, job, &outcome))
}
