//! `fhe-ml authority`.

use crate::{
	cli::{AuthorityCommand, Node, Signer},
	error::CommandError,
	output::Output,
};
use fhe_ml_primitives::{
	Fhe, UNIT,
	authorities::{AuthorityRole, CandidateStatus},
};
use serde_json::json;

pub async fn run(command: AuthorityCommand, output: Output) -> Result<(), CommandError> {
	match command {
		AuthorityCommand::Join { bond, signer } => {
			let chain = signer.node.connect().await?;
			let bond = bond.map(|bond| u128::from(bond).saturating_mul(UNIT));
			let joined = chain.join_authorities(bond, &signer.suri).await?;
			let text = format!(
				"{} is a candidate with a bond of {:.3} (block {}); it authors from the session after next",
				signer.suri.address(),
				Fhe(joined.bond),
				joined.block,
			);
			let json = json!({
				"account": signer.suri.address(),
				"keys": format!("0x{}", hex::encode(&joined.keys)),
				"bond": joined.bond.to_string(),
				"block": joined.block,
			});
			output.print(&json, &text)
		},
		AuthorityCommand::Leave { signer } => {
			send(
				"leave_candidates",
				"leaves; let its node run for two sessions more",
				&signer,
				output,
			)
			.await
		},
		AuthorityCommand::Withdraw { signer } => {
			send("withdraw_bond", "has left, its bond is returned", &signer, output).await
		},
		AuthorityCommand::ComeBack { signer } => {
			let chain = signer.node.connect().await?;
			let block = chain.authority_comes_back(&signer.suri).await?;
			let address = signer.suri.address();
			let text = format!("{address} is back from the session after next (block {block})");
			output.print(&json!({ "account": address, "block": block }), &text)
		},
		AuthorityCommand::List { node } => list(&node, output).await,
	}
}

async fn send(
	call: &'static str,
	done: &str,
	signer: &Signer,
	output: Output,
) -> Result<(), CommandError> {
	let chain = signer.node.connect().await?;
	let block = chain.call_of_authority(call, &signer.suri).await?;
	let address = signer.suri.address();
	let text = format!("{address} {done} (block {block})");
	output.print(&json!({ "account": address, "block": block }), &text)
}

async fn list(node: &Node, output: Output) -> Result<(), CommandError> {
	let overview = node.connect().await?.best_block().await?.authorities().await?;
	for authority in overview.authorities {
		let (role, bond) = match authority.role {
			AuthorityRole::Permanent { offline: false } => ("permanent".into(), 0),
			AuthorityRole::Permanent { offline: true } => ("permanent, offline".into(), 0),
			AuthorityRole::Removed => ("removed".into(), 0),
			AuthorityRole::Candidate(record) => (status(record.status), record.bond),
		};
		let set = match (authority.in_set, authority.disabled) {
			(true, false) => "in the set",
			(true, true) => "in the set, disabled",
			(false, _) => "not in the set",
		};
		let account = authority.account.to_string();
		let text = format!(
			"{account}  {role}  {set}, {} blocks in session {}  bond {:.3}",
			authority.authored,
			overview.session,
			Fhe(bond),
		);
		let json = json!({
			"account": account,
			"role": role,
			"in_set": authority.in_set,
			"disabled": authority.disabled,
			"authored": authority.authored,
			"bond": bond.to_string(),
			"session": overview.session,
			"session_length": overview.length,
		});
		output.print(&json, &text)?;
	}
	Ok(())
}

fn status(status: CandidateStatus) -> String {
	match status {
		CandidateStatus::Active => "candidate".into(),
		CandidateStatus::Dropped => "candidate, offline".into(),
		CandidateStatus::Leaving { free_in } => format!("leaves, bond free in session {free_in}"),
	}
}
