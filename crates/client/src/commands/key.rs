//! `fhe-ml key`.

use crate::{cli::KeyCommand, error::CommandError, models::hex_hash, output::Output};
use fhe_ml_client::{chain::Call, files};
use serde_json::json;

pub async fn run(command: KeyCommand, output: Output) -> Result<(), CommandError> {
	match command {
		KeyCommand::Register { key, signer } => {
			let server_key = files::read_server_key(&key.folder)?;
			let hash = server_key.hash();
			let chain = signer.node.connect().await?;
			let registered = chain.best_block().await?.server_key(hash.into()).await?.is_some();
			if !registered {
				let spinner = output.spinner("registering the server key");
				let call = Call::register_server_key(server_key.as_bytes());
				chain.submit(call, &signer.suri).await?;
				spinner.finish_and_clear();
			}
			let state = if registered { "was registered already" } else { "is registered" };
			let text = format!("server key {} {state}", hex_hash(&hash));
			let json = json!({
				"server_key_hash": hex_hash(&hash),
				"server_key_bytes": server_key.as_bytes().len(),
				"was_registered": registered,
			});
			output.print(&json, &text)
		},
		KeyCommand::Remove { key, signer } => {
			let hash = files::read_server_key(&key.folder)?.hash();
			let chain = signer.node.connect().await?;
			chain.submit(Call::remove_server_key(hash.into()), &signer.suri).await?;
			let text = format!("server key {} is removed, its deposit returned", hex_hash(&hash));
			output.print(&json!({ "server_key_hash": hex_hash(&hash) }), &text)
		},
	}
}
