//! Jobs that are no longer pending, and what came of them.

use super::{
	best_block::{BestBlock, Job},
	connection::Chain,
	error::ChainError,
};
use fhe_ml_primitives::{FailureReason, JobId, JobStatus, Outcome};

/// A job that workers have ended, and what it was about.
pub struct EndedJob {
	/// As the chain stores it.
	pub job: Job,
	/// The encrypted input.
	pub input: Vec<u8>,
	/// What the workers say.
	pub outcome: Outcome,
}

/// A completed job, and what it was about.
pub struct FinishedJob {
	/// As the chain stores it.
	pub job: Job,
	/// The encrypted input.
	pub input: Vec<u8>,
	/// The encrypted result.
	pub result: Vec<u8>,
}

impl Chain {
	/// A block with the result of a job, and the job.
	///
	/// # Errors
	/// If the job is gone, pending, failed or expired, or if the chain cannot be read.
	pub async fn finished(&self, job: JobId) -> Result<(BestBlock, FinishedJob), ChainError> {
		let read = |best: BestBlock| async move {
			let finished = best.finished(job).await?;
			Ok((best, finished))
		};
		self.read(read).await
	}

	/// A job with a result, or one that its workers gave up, and the block at which it was read.
	///
	/// # Errors
	/// If the job is gone or pending, or ended without an outcome of its workers, or if the chain cannot be read.
	pub async fn ended(&self, job: JobId) -> Result<(BestBlock, EndedJob), ChainError> {
		let read = |best: BestBlock| async move {
			let ended = best.ended(job).await?;
			Ok((best, ended))
		};
		self.read(read).await
	}
}

impl BestBlock {
	/// A completed job with its input and result.
	///
	/// # Errors
	/// If the job is gone, pending, failed or expired, or if the chain cannot be read.
	pub async fn finished(&self, job: JobId) -> Result<FinishedJob, ChainError> {
		let EndedJob { job: record, input, outcome } = self.ended(job).await?;
		match outcome {
			Outcome::Completed(result) => {
				Ok(FinishedJob { job: record, input, result: result.into_inner() })
			},
			Outcome::Failed(reason) => Err(ChainError::JobFailed { job, reason }),
		}
	}

	pub(super) async fn ended(&self, job: JobId) -> Result<EndedJob, ChainError> {
		let record = self.job(job).await?.ok_or(ChainError::JobGone(job))?;
		let outcome = match record.status {
			JobStatus::Completed { .. } => {
				let result = self.result(job).await?.ok_or(ChainError::JobGone(job))?;
				let result = result.try_into().map_err(|_| ChainError::JobGone(job))?;
				Outcome::Completed(result)
			},
			JobStatus::Failed { reason: FailureReason::NoAgreement } => {
				let reason = FailureReason::NoAgreement;
				return Err(ChainError::JobFailed { job, reason });
			},
			JobStatus::Failed { reason } => Outcome::Failed(reason),
			JobStatus::Pending => return Err(ChainError::NoResultYet(job)),
			JobStatus::Expired => return Err(ChainError::Expired(job)),
		};
		let input = self.fetch("Inputs", (job,)).await?.ok_or(ChainError::JobGone(job))?;
		Ok(EndedJob { job: record, input, outcome })
	}
}
