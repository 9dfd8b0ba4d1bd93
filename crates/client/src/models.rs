//! The models that commands take: from a file or the chain, and known again.

use crate::{
	cli::{Key, ModelHash, Node, Schema},
	error::CommandError,
	output::Output,
};
use fhe_ml_client::{
	chain::Chain,
	files,
	known_models::{HexHash, KnownModelError, KnownModels, ModelName},
};
use fhe_ml_engine::ClientKey;
use fhe_ml_models::{Artifact, Model, ModelError};
use std::path::Path;

/// A hash as polkadot.js shows it.
pub fn hex_hash(hash: &[u8; 32]) -> String {
	format!("0x{}", hex::encode(hash))
}

/// How a model is found and known again.
pub struct ModelSource<'a> {
	pub key: &'a Key,
	pub client: &'a ClientKey,
	pub schema: &'a Schema,
	pub hash: &'a ModelHash,
}

/// The model in a file, or with a number on the chain.
pub async fn find_model(
	model: &str,
	source: ModelSource<'_>,
	node: &Node,
	output: Output,
) -> Result<Model, CommandError> {
	let ModelSource { key, client, schema, hash } = source;
	match model.parse::<u32>() {
		Ok(number) => {
			let chain = node.connect().await?;
			let (_, artifact) = chain.artifact(number).await?;
			check_known(&chain, number, &artifact, &key.folder, hash, output).await?;
			with_schema(number, artifact, schema, client)
		},
		Err(_) => {
			let model = files::read_model(Path::new(model), schema.path.as_deref(), client)?;
			check_named(&model.artifact, 0, hash.named)?;
			Ok(model)
		},
	}
}

/// Sees to it that a model of the chain is the one that the user named or used first.
pub async fn check_known(
	chain: &Chain,
	model: u32,
	artifact: &Artifact,
	folder: &Path,
	hash: &ModelHash,
	output: Output,
) -> Result<(), CommandError> {
	let genesis = HexHash(chain.genesis_hash().await?);
	let (name, found) = (ModelName { genesis, model }, HexHash(artifact.hash()));
	let is_first = KnownModels::of(folder).check(name, found, hash.named)?;
	if is_first && !output.json {
		eprintln!(
			"model {model} of chain {genesis} is used for the first time; its hash is {found}"
		);
	}
	Ok(())
}

/// Sees to it that a model is the one that the user named, if they did.
pub fn check_named(
	artifact: &Artifact,
	model: u32,
	named: Option<HexHash>,
) -> Result<(), CommandError> {
	let found = HexHash(artifact.hash());
	match named {
		Some(named) if named != found => {
			Err(KnownModelError::NotNamed { model, found, named }.into())
		},
		_ => Ok(()),
	}
}

/// A model of the chain with its schema, if it is encrypted.
pub fn with_schema(
	number: u32,
	artifact: Artifact,
	schema: &Schema,
	key: &ClientKey,
) -> Result<Model, CommandError> {
	let schema = schema.path.as_deref().map(files::read).transpose()?;
	Model::new(artifact, schema.as_deref().map(|schema| (schema, key))).map_err(|source| {
		match source {
			ModelError::NeedsSchema => CommandError::NeedsSchema(number),
			source => CommandError::Model { model: number, source },
		}
	})
}
