//! `fhe-ml key`.

use crate::{cli::KeyCommand, error::CommandError, models::hex_hash, output::Output};
use fhe_ml_client::{
	chain::{BestBlock, Call, Chain, RegisteredPrivateModel},
	files,
	owner_keys::OwnerKeys,
};
use serde_json::json;
use std::path::Path;

pub async fn run(command: KeyCommand, output: Output) -> Result<(), CommandError> {
	match command {
		KeyCommand::Register { key, for_model, next, signer } => {
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
