//! `fhe-ml quote`, and what other commands ask for before they pay.

use crate::{cli::Node, error::CommandError, output::Output};
use fhe_ml_client::chain::BestBlock;
use fhe_ml_primitives::{Fhe, Quote};
use serde_json::json;

pub async fn run(
	model: u32,
	redundancy: u8,
	node: &Node,
	output: Output,
) -> Result<(), CommandError> {
	let best = node.connect().await?.best_block().await?;
	let quote = quoted(&best, model, redundancy, 1).await?;
	let (court, least) = (best.has_docket(model).await?, best.least_redundancy(model).await?);
	let text = format!(
		"one prediction with model {model} costs {:.6}, and holds {:.6} until the job is released{}",
		Fhe(quote.fee),
		Fhe(quote.deposit),
		match (court, least) {
			(true, _) => "".into(),
			(false, ..=2) =>
				"; the chain cannot evaluate it: only with --redundancy 3 and more do workers answer for wrong results"
					.into(),
			(false, least) => format!(
				"; the chain cannot evaluate it, so at least {least} workers must agree (--redundancy {least})"
			),
		},
	);
	let (fee, deposit) = (quote.fee.to_string(), quote.deposit.to_string());
	let json = json!({
		"model": model,
		"fee": fee,
		"deposit": deposit,
		"court": court,
		"least_redundancy": least,
	});
	output.print(&json, &text)
}

/// What a request of so many rows costs, or why the chain takes none.
pub async fn quoted(
	best: &BestBlock,
	model: u32,
	redundancy: u8,
	rows: u32,
) -> Result<Quote<u128>, CommandError> {
	if let Some(quote) = best.quote(model, redundancy, rows).await? {
		return Ok(quote);
	}
	let least = best.least_redundancy(model).await?;
	let more = least > redundancy && best.quote(model, least, rows).await?.is_some();
	Err(match more {
		true => CommandError::RedundancyTooLow { model, redundancy, least },
		false => CommandError::NoQuote { model, redundancy },
	})
}
