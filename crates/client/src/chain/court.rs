//! Whether outcomes are final, and challenges of those that are wrong.

use super::{
	account::Account,
	best_block::{BestBlock, Job, PALLET},
	call::Call,
	connection::Chain,
	error::ChainError,
};
use codec::{Decode, Encode};
use fhe_ml_primitives::{CourtView, FailureReason, JobId, JobStatus, ModelId, Outcome};
use subxt::config::substrate::AccountId32;

/// A value of which only matters that it is there.
#[derive(Decode)]
struct Anything;

/// A job that workers have ended, and what it was about.
pub struct EndedJob {
	/// As the chain stores it.
	pub job: Job,
	/// The encrypted input.
	pub input: Vec<u8>,
	/// What the workers say.
	pub outcome: Outcome,
}

impl Chain {
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

	/// Challenges a part of an outcome. Returns the number of the block.
	///
	/// # Errors
	/// If the chain refuses it: what is final, or in court already, cannot be challenged.
	pub async fn challenge(
		&self,
		job: JobId,
		part: u32,
		account: &Account,
	) -> Result<u64, ChainError> {
		self.submit(Call::new(PALLET, "challenge", (job, part).encode()), account).await
	}
}

impl BestBlock {
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

	/// Whether the court can try jobs of a model.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn has_docket(&self, model: ModelId) -> Result<bool, ChainError> {
		if !self.has_storage("Dockets") {
			return Ok(false);
		}
		Ok(self.fetch::<_, Anything>("Dockets", (model,)).await?.is_some())
	}

	/// When a job is final, and what the court does with it; `None` if it is final, or waits for its workers.
	///
	/// # Errors
	/// If the runtime cannot be asked.
	pub async fn court(
		&self,
		job: JobId,
	) -> Result<Option<CourtView<AccountId32, u128>>, ChainError> {
		// Runtimes before version 8 have no court.
		if !self.has_storage("Provisional") {
			return Ok(None);
		}
		let api = self.at.runtime_apis();
		let answer = api.call_raw("FheMlApi_court", Some(&job.encode())).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}
}
