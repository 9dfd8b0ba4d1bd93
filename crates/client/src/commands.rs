//! What each command does.

mod app;
mod authority;
mod encrypt;
mod evaluate;
mod key;
mod model;
mod predict;
mod verify;
mod worker;

use crate::{
	cli::{Cli, Command, Key, ModelHash, Node, Schema},
	output::Output,
};
use fhe_ml_client::{
	chain::{Call, Chain, ChainError, LightError},
	files::{self, FileError},
	known_models::{HexHash, KnownModelError, KnownModels, ModelName},
	rows::TableError,
};
use fhe_ml_engine::{ClientKey, DecryptError, new_seeder};
use fhe_ml_models::{
	Artifact, ArtifactError, EncryptModelError, EncryptRowError, EvaluateError, FilterError,
	ImportError, Model, ModelError, SchemaError, VerifyError,
};
use fhe_ml_primitives::Fhe;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Why a command failed: one sentence, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
	#[error(transparent)]
	File(#[from] FileError),
	#[error(transparent)]
	Table(#[from] TableError),
	#[error(transparent)]
	Chain(#[from] ChainError),
	#[error(transparent)]
	Light(#[from] LightError),
	#[error("{0}")]
	Import(#[from] ImportError),
	#[error("the model is not usable: {0}")]
	Artifact(#[from] ArtifactError),
	#[error("{0}")]
	Filter(#[from] FilterError),
	#[error("{0}")]
	EncryptModel(#[from] EncryptModelError),
	#[error("{0}")]
	Schema(#[from] SchemaError),
	#[error(
		"model {0} is encrypted; name the schema that `fhe-ml model import` wrote with it: --schema FILE"
	)]
	NeedsSchema(u32),
	#[error(
		"model {model} cannot be used: {source}; `fhe-ml model list` shows the key that it needs"
	)]
	Model { model: u32, source: ModelError },
	#[error(
		"the model is encrypted: it cannot be evaluated in the clear; give --key instead of --clear"
	)]
	NotClear,
	#[error("row {row}: {source}")]
	Encrypt { row: usize, source: EncryptRowError },
	#[error("cannot make {threads} threads: {source}")]
	Threads { threads: usize, source: rayon::ThreadPoolBuildError },
	#[error("{0}; use the key and the input that the job was requested with")]
	Decrypt(#[from] DecryptError),
	#[error(
		"{0} is not what the model gives on this input: the worker lied or runs another version, so no score is shown; publish nothing of it, ask again with --redundancy 3, and report the worker"
	)]
	WrongResult(String),
	#[error("{what} is not decrypted: {source}")]
	Unverified { what: String, source: VerifyError },
	#[error(
		"there is no server key {0} on the chain, and without it nobody can verify; name a key folder that has server.key"
	)]
	NoKeyToVerify(String),
	#[error(
		"input or result of job {0} are not those of its record, which no honest node says; ask another node with --url"
	)]
	Inconsistent(u64),
	#[error("{0}")]
	KnownModel(#[from] KnownModelError),
	#[error("the evaluation failed: {0}")]
	Evaluate(#[from] EvaluateError),
	#[error("cannot write JSON: {0}")]
	Json(#[from] serde_json::Error),
	#[error(
		"model {model} takes no requests with redundancy {redundancy}: it is retired, or the chain's limits do not allow that; `fhe-ml model list` shows what there is"
	)]
	NoQuote { model: u32, redundancy: u8 },
	#[error("model {model} is evaluated with your server key, and the chain does not have it; `fhe-ml key register --key {}` registers it", .folder.display())]
	NoServerKey { model: u32, folder: PathBuf },
	#[error("`{0}` is not the public key of a worker; `fhe-ml worker list` shows them")]
	WorkerKey(String),
	#[error(
		"this fhe-ml was built without the page; `scripts/build-page.sh` and a new build add it"
	)]
	NoPage,
	#[error("`{0}` is not the WebSocket of a node, like ws://127.0.0.1:9944")]
	NodeUrl(String),
	#[error(
		"a browser reaches full nodes by WebSocket only, and the specification names none like \
		/ip4/127.0.0.1/tcp/30333/ws/p2p/...; name one with --bootnode (the node needs --listen-addr .../ws)"
	)]
	NoWebSocket,
	#[error("cannot serve on 127.0.0.1:{port}: {source}; name another with --port")]
	Listen { port: u16, source: std::io::Error },
	#[error("one row costs {quote}, more than --max-fee {max_fee}")]
	TooExpensive { quote: u128, max_fee: u128 },
	#[error(
		"the chain asks {quote} for one row, and it should be at most {most} by what this machine computes; \
		give --max-fee {quote} if you agree to that"
	)]
	Overpriced { quote: u128, most: u128 },
	#[error("{failed} of {rows} rows failed; the first: {first}")]
	SomeRows { failed: usize, rows: usize, first: String },
}

pub async fn run(cli: Cli) -> Result<(), CommandError> {
	let output = Output { json: cli.json };
	match cli.command {
		Command::Keygen { out } => keygen(&out, output),
		Command::Model(command) => model::run(command, output).await,
		Command::Key(command) => key::run(command, output).await,
		Command::Worker(command) => worker::run(command, output).await,
		Command::Authority(command) => authority::run(command, output).await,
		Command::Quote { model, redundancy, node } => {
			quote(model, redundancy.count, &node, output).await
		},
		Command::Predict(options) => predict::run(options, output).await,
		Command::Encrypt(options) => encrypt::encrypt(options, output).await,
		Command::Decrypt(options) => encrypt::decrypt(options, output).await,
		Command::Verify(options) => verify::run(options, output).await,
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

async fn quote(
	model: u32,
	redundancy: u8,
	node: &Node,
	output: Output,
) -> Result<(), CommandError> {
	let best = node.connect().await?.best_block().await?;
	let quote =
		best.quote(model, redundancy).await?.ok_or(CommandError::NoQuote { model, redundancy })?;
	let text = format!(
		"one prediction with model {model} costs {:.6}, and holds {:.6} until the job is released",
		Fhe(quote.fee),
		Fhe(quote.deposit),
	);
	let (fee, deposit) = (quote.fee.to_string(), quote.deposit.to_string());
	output.print(&json!({ "model": model, "fee": fee, "deposit": deposit }), &text)
}

/// A hash as polkadot.js shows it.
fn hex_hash(hash: &[u8; 32]) -> String {
	format!("0x{}", hex::encode(hash))
}

/// How a model is found and known again.
struct ModelSource<'a> {
	key: &'a Key,
	client: &'a ClientKey,
	schema: &'a Schema,
	hash: &'a ModelHash,
}

/// The model in a file, or with a number on the chain.
async fn find_model(
	model: &str,
	source: ModelSource<'_>,
	node: &Node,
	output: Output,
) -> Result<Model, CommandError> {
	let ModelSource { key, client, schema, hash } = source;
	match model.parse::<u32>() {
		Ok(number) => {
			let chain = node.connect().await?;
			let artifact = chain.best_block().await?.artifact(number).await?;
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
async fn check_known(
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
fn check_named(
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
fn with_schema(
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

/// Encodes and encrypts one row.
fn encrypt_row(
	model: &Model,
	key: &ClientKey,
	row: usize,
	values: &[f64],
) -> Result<Vec<u8>, CommandError> {
	model
		.encrypt(key, values, new_seeder().as_mut())
		.map_err(|source| CommandError::Encrypt { row, source })
}
