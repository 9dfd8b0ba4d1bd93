//! What is paid, and for how much of it.

use super::plan::Limits;
use crate::commands::quote::quoted;
use crate::{cli::Predict, error::CommandError, output::Output, words::counted};
use fhe_ml_client::chain::BestBlock;
use fhe_ml_models::{Artifact, Model};
use fhe_ml_primitives::Fhe;

/// The most that is paid for a request: what the user allows, or what this machine computes, but never what the
/// node says.
#[derive(Clone)]
pub struct Agreed {
	model: u32,
	redundancy: u8,
	/// For one row.
	max_fee: Option<u128>,
	artifact: Artifact,
	limits: Limits,
}

impl Agreed {
	/// Shows what a row costs.
	pub async fn to(
		best: &BestBlock,
		model: &Model,
		options: &Predict,
		limits: &Limits,
	) -> Result<Self, CommandError> {
		let (model_id, redundancy) = (options.model, options.redundancy.count);
		let agreed = Self {
			model: model_id,
			redundancy,
			max_fee: options.max_fee,
			artifact: model.artifact.clone(),
			limits: *limits,
		};
		let quote = agreed.check(best, 1).await?;
		if let Some(max_fee) = options.max_fee.filter(|max_fee| quote > *max_fee) {
			return Err(CommandError::TooExpensive { quote, max_fee });
		}
		Ok(agreed)
	}

	/// The most that is paid for a request of so many rows.
	pub fn most(&self, rows: usize) -> u128 {
		match self.max_fee {
			Some(of_row) => of_row.saturating_mul(rows as u128),
			None => self.limits.prices.most(&self.artifact, self.redundancy, rows as u32),
		}
	}

	/// What the chain asks for a request of so many rows, if that is not too much.
	async fn check(&self, best: &BestBlock, rows: usize) -> Result<u128, CommandError> {
		let Self { model, redundancy, .. } = *self;
		let quote = quoted(best, model, redundancy, rows as u32).await?.fee;
		let most = self.most(rows);
		if quote > most && self.max_fee.is_none() {
			return Err(CommandError::Overpriced { rows, quote, most });
		}
		Ok(quote)
	}

	/// Shows what so many rows cost, in requests of `rows`.
	pub async fn show(
		&self,
		best: &BestBlock,
		rows: usize,
		all: usize,
		output: Output,
	) -> Result<(), CommandError> {
		let quote = self.check(best, rows).await?;
		let requests = all.div_ceil(rows.max(1));
		output.note(&match all {
			1 => format!(
				"one row costs {}, and not more than {} is paid",
				Fhe(quote),
				Fhe(self.most(1))
			),
			_ => format!(
				"{all} rows cost about {:.6} in {}; not more than {} is paid for {}",
				Fhe(quote.saturating_mul(requests as u128)),
				counted(requests, "request"),
				Fhe(self.most(rows)),
				counted(rows, "row"),
			),
		});
		Ok(())
	}
}
