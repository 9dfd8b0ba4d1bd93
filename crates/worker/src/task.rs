//! One job of one worker key: what scheduler and journal keep books of.

use fhe_ml_primitives::{AssignedJob, JobId, WorkerId};
use sp_core::H256;

/// One job of one worker key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
	/// The job.
	pub job: JobId,
	/// The worker key that it is assigned to.
	pub worker: WorkerId,
}

impl From<&AssignedJob> for Task {
	fn from(assigned: &AssignedJob) -> Self {
		Self { job: assigned.job, worker: assigned.worker.clone() }
	}
}

/// What an outcome depends on, input, artifact and server key: equal evidence, equal outcome.
pub(crate) type Evidence = (H256, H256, Option<H256>);

/// What the outcome of a job depends on.
pub(crate) fn evidence(assigned: &AssignedJob) -> Evidence {
	(assigned.input, assigned.artifact, assigned.server_key)
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;
	use fhe_ml_primitives::Step;
	use sp_core::crypto::UncheckedFrom;

	pub(crate) fn assigned(job: JobId, input: u8) -> AssignedJob {
		AssignedJob {
			job,
			worker: WorkerId::from(sp_core::sr25519::Public::unchecked_from([1; 32])),
			model: 0,
			artifact: H256::zero(),
			server_key: None,
			input: H256::repeat_byte(input),
			engine: 1,
			work: 1,
			step: Step::Post,
			deadline: 100,
		}
	}
}
