//! Evaluation in the runtime.

use alloc::vec::Vec;
use fhe_ml_court::{Case, CaseError, advance};
use fhe_ml_engine::Progress;
use fhe_ml_primitives::{FailureReason, SliceOutcome};

/// Evaluates the next slice of a case.
pub(crate) fn slice(case: &Case<'_>, rest: Vec<u8>) -> SliceOutcome {
	match advance(case, &rest) {
		Ok(Progress::Rests(rest)) => SliceOutcome::Rests(rest),
		Ok(Progress::Done(part)) => SliceOutcome::Done(part),
		Err(error) => SliceOutcome::Failed(reason(&error)),
	}
}

/// What a worker says of such a job.
fn reason(error: &CaseError) -> FailureReason {
	match error {
		CaseError::Model(_) => FailureReason::ModelDoesNotDecode,
		CaseError::ServerKey(_) => FailureReason::ServerKeyDoesNotDecode,
		CaseError::Input(_) => FailureReason::InputDoesNotDecode,
		CaseError::Slice(_) => FailureReason::EvaluationFailed,
	}
}
