//! What each command does.

mod app;
mod authority;
mod encrypt;
mod evaluate;
mod key;
pub mod model;
pub mod predict;
mod private;
mod quote;
mod standing;
mod verify;
mod worker;

use crate::{
	cli::{Cli, Command},
	error::CommandError,
	models::hex_hash,
	output::Output,
};
use fhe_ml_client::{
	chain::Call,
	files::{self, FileError},
};
use fhe_ml_engine::{ClientKey, new_seeder};
use serde_json::json;
use std::path::Path;

pub async fn run(cli: Cli) -> Result<(), CommandError> {
	let output = Output { json: cli.json };
	match cli.command {
		Command::Keygen { out } => keygen(&out, output),
		Command::Model(command) => model::run(command, output).await,
		Command::Key(command) => key::run(command, output).await,
		Command::Worker(command) => worker::run(command, output).await,
		Command::Authority(command) => authority::run(command, output).await,
		Command::Quote { model, redundancy, node } => {
			quote::run(model, redundancy.count, &node, output).await
		},
		Command::Predict(options) => predict::run(options, output).await,
		Command::Encrypt(options) => encrypt::encrypt(options, output).await,
		Command::Decrypt(options) => encrypt::decrypt(options, output).await,
		Command::Verify(options) => verify::run(options, output).await,
		Command::Audit(options) => private::audit(options, output).await,
		Command::Release { job, signer } => {
			let chain = signer.node.connect().await?;
			let block = chain.submit(Call::release(job), &signer.suri).await?;
			let text = format!("job {job} released in block {block}");
			output.print(&json!({ "job": job, "block": block }), &text)
		},
		Command::Evaluate(options) => evaluate::run(options, output),
		Command::App(options) => app::run(options, output).await,
	}
}

fn keygen(out: &Path, output: Output) -> Result<(), CommandError> {
	if files::has_client_key(out) {
		return Err(FileError::Exists(out.join(files::CLIENT_KEY)).into());
	}
	let spinner = output.spinner("generating keys");
	let (client_key, server_key) = ClientKey::generate(new_seeder().as_mut());
	files::write_keys(out, &client_key, &server_key)?;
	spinner.finish_and_clear();
	let (client, server) = (out.join(files::CLIENT_KEY), out.join(files::SERVER_KEY));
	let hash = hex_hash(&server_key.hash());
	let text = format!(
		"{}  secret: whoever has it can read your data. Keep a copy in a safe place.\n{}  public, {} bytes, hash {hash}",
		client.display(),
		server.display(),
		server_key.as_bytes().len(),
	);
	let json = json!({
		"client_key": client,
		"server_key": server,
		"server_key_bytes": server_key.as_bytes().len(),
		"server_key_hash": hash,
	});
	output.print(&json, &text)
}
