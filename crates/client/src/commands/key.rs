//! `fhe-ml key`.

use crate::{cli::KeyCommand, error::CommandError, models::hex_hash, output::Output};
use fhe_ml_client::{
	chain::{BestBlock, Call, Chain, RegisteredPrivateModel},
	files,
	owner_keys::OwnerKeys,
};
use fhe_ml_engine::BootstrapKeyError;
use serde_json::json;
use std::path::Path;

pub async fn run(command: KeyCommand, output: Output) -> Result<(), CommandError> {
	match command {
		KeyCommand::Register { key, deep, for_model, next, signer } => {
			let chain = signer.node.connect().await?;
			let folder = match for_model {
				Some(model) => {
					let keys = keys_for(&chain, &key.folder, model).await?;
					if next { keys.make_next()? } else { keys.newest()? }.folder
				},
				None => key.folder,
			};
			let server_key = files::read_server_key(&folder)?;
			let hash = server_key.hash();
			// Before anything is paid for: the chain would refuse the bootstrap key of another server key.
			let client_key = deep.then(|| files::read_client_key(&folder)).transpose()?;
			if client_key.as_ref().is_some_and(|key| key.server_key_hash() != hash) {
				return Err(BootstrapKeyError::AnotherServerKey.into());
			}
			let spinner = output.spinner("registering the server key");
			let registered = !chain.register_server_key(&server_key, &signer.suri).await?;
			spinner.finish_and_clear();
			let text = format!("server key {} {}", hex_hash(&hash), state(registered));
			let mut json = json!({
				"server_key_hash": hex_hash(&hash),
				"server_key_bytes": server_key.as_bytes().len(),
				"was_registered": registered,
			});
			let Some(client_key) = client_key else {
				return output.print(&json, &text);
			};
			let bootstrap_key = client_key.bootstrap_key();
			let spinner = output.spinner("registering the bootstrap key");
			let registered = !chain.register_bootstrap_key(&client_key, &signer.suri).await?;
			spinner.finish_and_clear();
			let hash = hex_hash(&bootstrap_key.hash());
			let text = format!("{text}\nbootstrap key {hash} {}", state(registered));
			json["bootstrap_key_hash"] = hash.into();
			json["bootstrap_key_bytes"] = bootstrap_key.as_bytes().len().into();
			json["bootstrap_key_was_registered"] = registered.into();
			output.print(&json, &text)
		},
		KeyCommand::Bootstrap { key, output: path } => {
			let bootstrap_key = files::read_client_key(&key.folder)?.bootstrap_key();
			files::write(&path, bootstrap_key.as_bytes())?;
			let hash = hex_hash(&bootstrap_key.hash());
			let bytes = bootstrap_key.as_bytes().len();
			let text = format!("{}  public, {bytes} bytes, hash {hash}", path.display());
			let json = json!({
				"bootstrap_key": path,
				"bootstrap_key_bytes": bytes,
				"bootstrap_key_hash": hash,
			});
			output.print(&json, &text)
		},
		KeyCommand::Remove { key, for_model, signer } => {
			let chain = signer.node.connect().await?;
			let hashes = match for_model {
				Some(model) => {
					let keys = keys_for(&chain, &key.folder, model).await?;
					let hashes = registered(&chain.best_block().await?, &keys).await?;
					if hashes.is_empty() {
						let folder = key.folder;
						return Err(CommandError::NothingToRemove { model, folder });
					}
					hashes
				},
				None => vec![files::read_server_key(&key.folder)?.hash()],
			};
			for hash in hashes {
				chain.submit(Call::remove_server_key(hash.into()), &signer.suri).await?;
				let hash = hex_hash(&hash);
				let text = format!("server key {hash} is removed, its deposit returned");
				output.print(&json!({ "server_key_hash": hash }), &text)?;
			}
			Ok(())
		},
	}
}

fn state(was_registered: bool) -> &'static str {
	if was_registered { "was registered already" } else { "is registered" }
}

/// The keys in a key folder for the owner of a private model.
pub async fn owner_keys(
	chain: &Chain,
	folder: &Path,
	private: &RegisteredPrivateModel,
) -> Result<OwnerKeys, CommandError> {
	Ok(OwnerKeys::of(folder, &chain.genesis_hash().await?, &private.owner)?)
}

/// The same for the model with a number, which has to be private.
pub async fn keys_for(chain: &Chain, folder: &Path, model: u32) -> Result<OwnerKeys, CommandError> {
	let private = chain.private_model(model).await?.ok_or(CommandError::NoOwnerOf(model))?;
	owner_keys(chain, folder, &private).await
}

/// Hashes of the server keys of an owner that the chain has.
async fn registered(best: &BestBlock, keys: &OwnerKeys) -> Result<Vec<[u8; 32]>, CommandError> {
	let mut hashes = Vec::new();
	for key in keys.all()? {
		let hash = key.client.server_key_hash();
		if best.server_key(hash.into()).await?.is_some() {
			hashes.push(hash);
		}
	}
	Ok(hashes)
}
