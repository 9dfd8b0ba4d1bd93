//! Whether outcomes are final, and challenges of those that are wrong.

use super::{
	account::Account,
	best_block::{BestBlock, PALLET},
	call::Call,
	connection::Chain,
	error::ChainError,
};
use codec::{Decode, Encode};
use fhe_ml_primitives::{CourtView, JobId, Limits, ModelId};
use subxt::config::substrate::AccountId32;

/// A value of which only matters that it is there.
#[derive(Decode)]
struct Anything;

impl Chain {
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

	/// Least redundancy that a request for a model may ask for.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn least_redundancy(&self, model: ModelId) -> Result<u8, ChainError> {
		if self.private_model(model).await?.is_some() {
			return Ok(1);
		}
		let limits: Option<Limits> = self.fetch("AdminLimits", ()).await?;
		let of_all = limits.map_or(1, |limits| limits.min_redundancy);
		// Runtimes before version 9 believe a single worker of any model.
		if !self.has_storage("UntriedRedundancy") || self.has_docket(model).await? {
			return Ok(of_all);
		}
		let untried: Option<u8> = self.fetch("UntriedRedundancy", ()).await?;
		Ok(untried.map_or(of_all, |least| least.max(of_all)))
	}

	/// When a job is final, and what the court does with it; `None` if it is final, or waits for its workers.
	///
	/// # Errors
	/// If the runtime cannot be asked.
	pub async fn court(
		&self,
		job: JobId,
	) -> Result<Option<CourtView<AccountId32, u128>>, ChainError> {
		// Runtimes before version 9 have no court.
		if !self.has_storage("Provisional") {
			return Ok(None);
		}
		let api = self.at.runtime_apis();
		let answer = api.call_raw("FheMlApi_court", Some(&job.encode())).await?;
		Ok(Decode::decode(&mut answer.as_slice())?)
	}
}
