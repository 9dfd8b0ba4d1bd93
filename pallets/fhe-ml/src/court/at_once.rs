//! Small circuits: the runtime evaluates them in the call that posts their outcome. Whatever the worker says, the job
//! ends with the right outcome.

use super::Docket;
use crate::{agreement::has_committed_to, pallet::*, types::*};
use alloc::vec::Vec;
use fhe_ml_primitives::{JobId, Outcome, Progress, WorkerId};
use frame_support::pallet_prelude::DispatchResult;

impl<T: Config> Pallet<T> {
	/// The right outcome of a job, if it is one of a model that is tried at once.
	pub(crate) fn evaluate_at_once(job: JobId, record: &JobRecordOf<T>) -> Option<Outcome> {
		let Docket::AtOnce { .. } = Self::docket_of(record.model) else { return None };
		let evaluated = Self::evaluate_parts(job, record);
		if evaluated.is_none() {
			// It cannot be; but a job that does not end is worse than one whose workers are believed.
			log::error!(target: crate::LOG_TARGET, "job {job}: the court cannot evaluate it at once");
		}
		evaluated
	}

	fn evaluate_parts(job: JobId, record: &JobRecordOf<T>) -> Option<Outcome> {
		let parts = Self::parts_of(record).ok()?;
		let mut bodies = Vec::new();
		for part in 0..parts.count() {
			match Self::run_slice(job, record, part, Vec::new()).ok()? {
				Progress::Carry(_) | Progress::Unable => return None,
				Progress::Done(Err(reason)) => return Some(Outcome::Failed(reason)),
				Progress::Done(Ok(bytes)) => bodies.extend_from_slice(&bytes),
			}
		}
		parts.assemble(&record.input.0, &bodies)
	}

	/// Ends a job with the right outcome. Honest is who has committed to it or, alone, has posted it.
	pub(crate) fn judge_at_once(
		job: JobId,
		record: JobRecordOf<T>,
		posted: &Outcome,
		right: Outcome,
	) -> DispatchResult {
		let (ballot, is_alone) = (Ballots::<T>::get(job), record.redundancy <= 1);
		let (hash, is_right) = (right.hash(), *posted == right);
		let is_honest = |worker: &WorkerId| match is_alone {
			true => is_right,
			false => has_committed_to(&ballot, job, worker, hash),
		};
		Self::decide_in_court(job, record, right, is_honest, Vec::new())
	}
}
