//! What commands of the tool do, for programs: predictions of a chain's models, the list of these, offers.

use crate::{
	chain::{Account, BestBlock, Chain, ChainError, Offer},
	cli::{Input, Key, ModelHash, Node, OfferTerms, Predict, Redundancy, Schema, Signer, Trust},
	commands::{model::described, predict::predict_rows},
	error::CommandError,
	known_models::HexHash,
	output::Output,
	rows::RowSource,
};
use fhe_ml_models::Step;
use std::{num::NonZeroUsize, path::PathBuf};

pub use crate::commands::predict::{Listener, Row};

/// What is asked for, and who pays.
pub struct PredictionRequest {
	/// Number of the model on the chain.
	pub model: u32,
	/// Folder with `client.key` and `server.key`.
	pub keys: PathBuf,
	/// Schema of an encrypted model.
	pub schema: Option<PathBuf>,
	/// Workers that must get the same result.
	pub redundancy: u8,
	/// Most that a row may cost, in the chain's smallest units.
	pub max_fee: Option<u128>,
	/// Whether the scores of a private model are wanted; of others they always are.
	pub scores: bool,
	/// What the values of a private model are rounded to multiples of.
	pub round: Option<Step>,
	/// A CSV file with whose books an interrupted run goes on.
	pub output: Option<PathBuf>,
	/// Most rows of one request.
	pub rows_per_request: Option<NonZeroUsize>,
	/// Whether jobs are removed afterwards, for their deposits.
	pub release: bool,
	/// The artifact that the model must have.
	pub model_hash: Option<HexHash>,
	/// Whether results are decrypted that were not evaluated again.
	pub trust_worker: bool,
	/// Who pays.
	pub account: Account,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
	/// Rows, keys or files.
	Input,
	/// The chain, or the way to it.
	Chain,
	/// A result is not what the model gives on the input.
	WrongResult,
	/// The price.
	Price,
	/// Some rows are there, and asking again goes on.
	Interrupted,
}

/// What went wrong: the sentence of the tool.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ToolError(#[from] CommandError);

impl ToolError {
	/// What kind of thing went wrong.
	pub fn kind(&self) -> FailureKind {
		match &self.0 {
			CommandError::Chain(_) | CommandError::Light(_) | CommandError::SomeRows { .. } => {
				FailureKind::Chain
			},
			CommandError::WrongResult(_) | CommandError::Unverified { .. } => {
				FailureKind::WrongResult
			},
			CommandError::TooExpensive { .. }
			| CommandError::Overpriced { .. }
			| CommandError::PriceNotAgreed { .. }
			| CommandError::NoQuote { .. } => FailureKind::Price,
			CommandError::Interrupted { .. } => FailureKind::Interrupted,
			_ => FailureKind::Input,
		}
	}
}

/// Asks a chain for predictions of rows.
///
/// # Errors
/// As `fhe-ml predict`.
pub async fn predict(
	chain: &Chain,
	request: PredictionRequest,
	rows: &RowSource,
	listener: &dyn Listener,
) -> Result<(), ToolError> {
	let options = Predict {
		model: request.model,
		input: Input { table: PathBuf::new() },
		rows: None,
		key: Key { folder: request.keys },
		schema: Schema { path: request.schema },
		redundancy: Redundancy { count: request.redundancy },
		max_fee: request.max_fee,
		scores: request.scores,
		round: request.round,
		output: request.output,
		rows_per_request: request.rows_per_request,
		release: request.release,
		model_hash: ModelHash { named: request.model_hash },
		trust: Trust { worker: request.trust_worker },
		signer: Signer { suri: request.account, node: Node::connected(chain.clone()) },
	};
	let quiet = Output { json: true };
	predict_rows(options, rows, quiet, Some(listener)).await?;
	Ok(())
}

/// The models of the chain, as `fhe-ml model list --json` shows them.
///
/// # Errors
/// If the chain cannot be read.
pub async fn models(best: &BestBlock) -> Result<Vec<serde_json::Value>, ChainError> {
	let mut all = Vec::new();
	for (model, record) in best.models().await? {
		all.push(described(best, model, &record).await?.0);
	}
	Ok(all)
}

/// What the owner of a private model offers, from texts: public keys of workers (0x...), a price of a row in FHE,
/// most requests of an account in so many blocks, the address of an auditor.
///
/// # Errors
/// If a text is none of these.
pub fn offer(
	evaluators: Vec<String>,
	price: &str,
	quota: Option<(u32, u32)>,
	auditor: Option<String>,
) -> Result<Offer, ToolError> {
	let price = price.parse().map_err(|_| CommandError::Price(price.into()))?;
	let (quota, period) = (quota.map(|(requests, _)| requests), quota.map_or(0, |quota| quota.1));
	Ok(OfferTerms { evaluators, price, quota, period, auditor }.offer()?)
}
