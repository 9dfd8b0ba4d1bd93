//! `fhe-ml worker`.

use crate::{
	cli::{Node, Signer, WorkerCommand, WorkerKey},
	error::CommandError,
	output::Output,
};
use codec::{Decode, Encode};
use fhe_ml_client::chain::Call;
use fhe_ml_primitives::{Fhe, WorkerId, WorkerStatus};
use serde_json::json;

pub async fn run(command: WorkerCommand, output: Output) -> Result<(), CommandError> {
	match command {
		WorkerCommand::Join { signer } => {
			let chain = signer.node.connect().await?;
			let worker = hex_key(&chain.join_workers(&signer.suri).await?);
			output.print(&json!({ "worker": worker }), &format!("worker {worker} has joined"))
		},
		WorkerCommand::Leave { worker, signer } => {
			send("leave_workers", "leaves", &worker, &signer, output).await
		},
		WorkerCommand::Withdraw { worker, signer } => {
			send("withdraw_bond", "has left, its bond is returned", &worker, &signer, output).await
		},
		WorkerCommand::Resume { worker, signer } => {
			send("resume_worker", "works again", &worker, &signer, output).await
		},
		WorkerCommand::List { node } => list(&node, output).await,
	}
}

async fn send(
	call: &'static str,
	done: &str,
	worker: &WorkerKey,
	signer: &Signer,
	output: Output,
) -> Result<(), CommandError> {
	let bad = || CommandError::WorkerKey(worker.key.clone());
	let bytes = hex::decode(worker.key.trim_start_matches("0x")).map_err(|_| bad())?;
	let id = WorkerId::decode(&mut bytes.as_slice()).map_err(|_| bad())?;
	let chain = signer.node.connect().await?;
	let block = chain.submit(Call::of_worker(call, &id), &signer.suri).await?;
	let text = format!("worker {} {done} (block {block})", worker.key);
	output.print(&json!({ "worker": worker.key, "block": block }), &text)
}

async fn list(node: &Node, output: Output) -> Result<(), CommandError> {
	let mut workers = node.connect().await?.best_block().await?.workers().await?;
	workers.sort_by_key(|(worker, _)| worker.encode());
	for (worker, record) in workers {
		let status = match record.status {
			WorkerStatus::Active => "active".into(),
			WorkerStatus::Suspended => "suspended".into(),
			WorkerStatus::Leaving { free_at } => format!("leaves, bond free in block {free_at}"),
		};
		let (worker, operator) = (hex_key(&worker), record.operator.to_string());
		let text = format!(
			"{worker}  {status}  {} jobs open, {} completed, {} missed, {} times slashed  bond {:.3}  operator {operator}",
			record.open_jobs,
			record.completed,
			record.missed,
			record.slashed,
			Fhe(record.bond),
		);
		let json = json!({
			"worker": worker,
			"operator": operator,
			"status": status,
			"open_jobs": record.open_jobs,
			"completed": record.completed,
			"missed": record.missed,
			"slashed": record.slashed,
			"bond": record.bond.to_string(),
		});
		output.print(&json, &text)?;
	}
	Ok(())
}

fn hex_key(worker: &WorkerId) -> String {
	format!("0x{}", hex::encode(worker.encode()))
}
