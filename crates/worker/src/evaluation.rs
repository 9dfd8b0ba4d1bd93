//! One evaluation: the blobs of a job in, an outcome out. Never panics, whatever the bytes are.

use crate::LOG_TARGET;
use fhe_ml_models::EvaluateError;
use fhe_ml_primitives::{FailureReason, JobBlobs, JobId, Outcome, ResultBytes};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Evaluates the blobs of `job`.
pub fn evaluate(job: JobId, blobs: &JobBlobs) -> Outcome {
	let run = || fhe_ml_models::evaluate(&blobs.artifact, &blobs.input);
	match catch_unwind(AssertUnwindSafe(run)) {
		Ok(Ok(result)) => match ResultBytes::try_from(result) {
			Ok(result) => Outcome::Completed(result),
			Err(_) => failed(job, FailureReason::EvaluationFailed, "the result is too long"),
		},
		Ok(Err(error @ EvaluateError::Artifact(_))) => {
			failed(job, FailureReason::ModelDoesNotDecode, &error.to_string())
		},
		Ok(Err(error @ EvaluateError::Input(_))) => {
			failed(job, FailureReason::InputDoesNotDecode, &error.to_string())
		},
		Err(_) => failed(job, FailureReason::EvaluationCrashed, "the evaluation panicked"),
	}
}

fn failed(job: JobId, reason: FailureReason, why: &str) -> Outcome {
	log::warn!(target: LOG_TARGET, "job {job} fails: {why}");
	Outcome::Failed(reason)
}

#[cfg(test)]
mod tests {
	use super::*;
	use fhe_ml_engine::{ClientKey, new_seeder};
	use fhe_ml_models::{ImportOptions, import_onnx};

	fn blobs() -> JobBlobs {
		let onnx = include_bytes!("../../../models/wine_logistic.onnx");
		let options = ImportOptions { name: "wine".into(), calibration: None };
		let model = import_onnx(onnx, &options).unwrap();
		let mut seeder = new_seeder();
		let (key, _) = ClientKey::generate(seeder.as_mut());
		let input = key.encrypt(&model.circuit, model.hash(), &[1; 13], seeder.as_mut()).unwrap();
		JobBlobs { artifact: model.as_bytes().to_vec(), server_key: None, input }
	}

	#[test]
	fn good_blobs_give_a_result() {
		assert!(matches!(evaluate(0, &blobs()), Outcome::Completed(_)));
	}

	#[test]
	fn hostile_blobs_fail_with_the_blob_that_is_wrong() {
		let mut model = blobs();
		let last = model.artifact.len() - 1;
		model.artifact.truncate(last);
		assert_eq!(evaluate(0, &model), Outcome::Failed(FailureReason::ModelDoesNotDecode));

		let mut input = blobs();
		let tail = input.input.len() - 8;
		input.input[tail..].fill(0xff);
		assert_eq!(evaluate(0, &input), Outcome::Failed(FailureReason::InputDoesNotDecode));
	}
}
