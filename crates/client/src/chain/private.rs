//! Private models on the chain.

use super::{
	account::Account, best_block::BestBlock, call::Call, connection::Chain, error::ChainError,
};
use codec::Encode;
use fhe_ml_primitives::{
	Assignees, JobId, ModelId, PrivateModelRecord, PrivateTerms, Quota, WorkerId,
};
use subxt::config::substrate::AccountId32;

/// The pallet.
const PALLET: &str = "FheMl";

/// A private model of the chain.
pub type RegisteredPrivateModel = PrivateModelRecord<[u8; 32], u128, u32>;

/// What the owner of a private model offers.
#[derive(Clone, Debug)]
pub struct Offer {
	/// Workers that have the private file.
	pub evaluators: Vec<WorkerId>,
	/// What a row costs besides the workers' fee.
	pub price: u128,
	/// Requests of an account in so many blocks.
	pub quota: Option<(u32, u32)>,
	/// Account that may condemn results.
	pub auditor: Option<AccountId32>,
}

impl Offer {
	fn terms(self) -> Result<PrivateTerms<[u8; 32], u128, u32>, ChainError> {
		let count = self.evaluators.len();
		let evaluators = Assignees::try_from(self.evaluators);
		let evaluators = evaluators.map_err(|_| {
			ChainError::Refused(format!("a model has at most 16 evaluators, not {count}"))
		})?;
		let quota = self.quota.map(|(requests, period)| Quota { requests, period });
		let auditor = self.auditor.map(|account| account.0);
		Ok(PrivateTerms { evaluators, price: self.price, quota, auditor })
	}
}

impl Chain {
	/// The record of a model if it is private, and nothing if it is not.
	///
	/// # Errors
	/// If there is no such model, or the chain cannot be read.
	pub async fn private_model(
		&self,
		model: ModelId,
	) -> Result<Option<RegisteredPrivateModel>, ChainError> {
		let read = |best: BestBlock| async move {
			match best.private_model(model).await? {
				Some(private) => Ok(Some(private)),
				None => best.artifact(model).await.map(|_| None),
			}
		};
		self.read(read).await
	}

	/// Registers a private model; returns its number.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn register_private_model(
		&self,
		artifact: &[u8],
		commitment: [u8; 32],
		offer: Offer,
		account: &Account,
	) -> Result<ModelId, ChainError> {
		let arguments = (artifact, commitment, offer.terms()?).encode();
		let call = Call::new(PALLET, "register_private_model", arguments);
		let included = self.submit_for_events(call, account).await?;
		let fields = included.fields(PALLET, "PrivateModelRegistered")?;
		Ok(codec::Decode::decode(&mut fields.as_slice())?)
	}

	/// Changes the terms of a private model; they come into force some blocks later.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn update_private_model(
		&self,
		model: ModelId,
		offer: Offer,
		account: &Account,
	) -> Result<u64, ChainError> {
		let arguments = (model, offer.terms()?).encode();
		self.submit(Call::new(PALLET, "update_private_model", arguments), account).await
	}

	/// `retire_private_model`, `withdraw_model_bond` or `resume_private_model`, as the model's owner.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn call_of_owner(
		&self,
		name: &'static str,
		model: ModelId,
		account: &Account,
	) -> Result<u64, ChainError> {
		self.submit(Call::new(PALLET, name, model.encode()), account).await
	}

	/// Says that the result of a job is wrong, as the model's auditor.
	///
	/// # Errors
	/// As [`Chain::submit`].
	pub async fn condemn_result(
		&self,
		job: JobId,
		statement: [u8; 32],
		account: &Account,
	) -> Result<u64, ChainError> {
		let arguments = (job, statement).encode();
		self.submit(Call::new(PALLET, "condemn_result", arguments), account).await
	}
}

impl BestBlock {
	/// A private model with the terms that are in force now; `None` if the model is not private.
	///
	/// # Errors
	/// If the chain cannot be read.
	pub async fn private_model(
		&self,
		model: ModelId,
	) -> Result<Option<RegisteredPrivateModel>, ChainError> {
		// Runtimes before version 7 have none.
		if !self.has_storage("PrivateModels") {
			return Ok(None);
		}
		let record: Option<RegisteredPrivateModel> = self.fetch("PrivateModels", (model,)).await?;
		let now = u32::try_from(self.number()).unwrap_or(u32::MAX);
		Ok(record.map(|record| record.at(now).0))
	}
}
