//! Private models: made, offered, audited.

use super::verify::key_of_chain;
use crate::{
	cli::{Audit, OfferTerms, OwnerCommand, PrivateImport, Signer},
	error::CommandError,
	models::hex_hash,
	output::Output,
};
use codec::{Decode, Encode};
use fhe_ml_client::{
	chain::{ChainError, FinishedJob, Offer, RegisteredPrivateModel},
	files,
};
use fhe_ml_engine::{EvaluationBuffers, blake2b_256, new_seeder};
use fhe_ml_models::{
	Artifact, Calibration, Grid, PrivateFile, PrivateOptions, Told, make_private, passphrase_of,
};
use fhe_ml_primitives::{Fhe, WorkerId, format::CircuitKind};
use serde_json::json;
use std::path::Path;
use subxt::config::substrate::AccountId32;
use zeroize::Zeroizing;

/// Domain of an auditor's statement.
const OF_STATEMENT: &[u8] = b"fhe-ml/audit/1";

/// Makes a private model of a public one, and writes both files.
pub fn import(
	public: &Artifact,
	calibration: Option<&Calibration>,
	options: &PrivateImport,
	path: &Path,
	output: Output,
) -> Result<Artifact, CommandError> {
	let grid = read_grid(&options.grid)?;
	let kappa_log2 = options.kappa.get().ilog2();
	let made = make_private(
		public,
		calibration,
		&PrivateOptions { grid, kappa_log2 },
		new_seeder().as_mut(),
	)?;
	let passphrase = options.passphrase_file.as_deref().map(read_passphrase).transpose()?;
	let bytes = match &passphrase {
		Some(passphrase) => made.file.seal(passphrase, new_seeder().as_mut())?,
		None => made.file.to_bytes().to_vec(),
	};
	let private = files::write_private_model(path, &made.artifact, &bytes)?;
	if !output.json {
		let sealed = if passphrase.is_some() {
			"sealed under the passphrase"
		} else {
			"NOT sealed: whoever reads it has the model; --passphrase-file seals it"
		};
		println!(
			"{}  for the chain and its users\n{}  for the evaluators that you name, and nobody else ({sealed})\n",
			path.display(),
			private.display(),
		);
		let (changed, rows) = made.changed;
		println!(
			"predicts otherwise than the public model on {changed} of {rows} calibration rows"
		);
		if let Some(told) = Told::of(&made.artifact) {
			print_told("users read in it", &told.public);
			print_told("users learn from answers", &told.answers);
			print_told("users do not learn", &told.hidden);
		}
		println!("commitment      {}", hex_hash(&made.file.commitment()));
	}
	Ok(made.artifact)
}

fn print_told(title: &str, lines: &[String]) {
	println!("{title}:");
	for line in lines {
		println!("  - {line}");
	}
}

/// `exact`, `decoys:N`, `quantiles:N` or `like:FILE`.
fn read_grid(text: &str) -> Result<Grid, CommandError> {
	let wrong = || CommandError::Grid(text.into());
	let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
	let count = || rest.parse().map_err(|_| wrong());
	Ok(match kind {
		"exact" if rest.is_empty() => Grid::Exact,
		"decoys" => Grid::Decoys(count()?),
		"quantiles" => Grid::Quantiles(count()?),
		"like" => Grid::Like(Box::new(files::read_artifact(Path::new(rest))?)),
		_ => return Err(wrong()),
	})
}

/// The first line of a file.
fn read_passphrase(path: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
	let text = Zeroizing::new(files::read(path)?);
	passphrase_of(&text).map_err(|source| CommandError::PrivateFile { path: path.into(), source })
}

fn read_file(path: &Path, passphrase: Option<&Path>) -> Result<PrivateFile, CommandError> {
	let passphrase = passphrase.map(read_passphrase).transpose()?;
	let bytes = Zeroizing::new(files::read(path)?);
	let opened = PrivateFile::open(&bytes, passphrase.as_ref().map(|bytes| bytes.as_slice()));
	opened.map_err(|source| CommandError::PrivateFile { path: path.into(), source })
}

impl OfferTerms {
	/// The offer that the chain takes.
	pub fn offer(&self) -> Result<Offer, CommandError> {
		let evaluator = |key: &String| {
			let bytes = hex::decode(key.trim_start_matches("0x")).ok();
			let worker = bytes.and_then(|bytes| WorkerId::decode(&mut bytes.as_slice()).ok());
			worker.ok_or_else(|| CommandError::WorkerKey(key.clone()))
		};
		let auditor = self.auditor.as_ref().map(|address| {
			address.parse::<AccountId32>().map_err(|_| CommandError::Address(address.clone()))
		});
		Ok(Offer {
			evaluators: self.evaluators.iter().map(evaluator).collect::<Result<_, _>>()?,
			price: self.price.0,
			quota: self.quota.map(|requests| (requests, self.period)),
			auditor: auditor.transpose()?,
		})
	}
}

/// `fhe-ml model offer`, `terms`, `resume` and `withdraw-bond`.
pub async fn run(command: OwnerCommand, output: Output) -> Result<(), CommandError> {
	match command {
		OwnerCommand::Offer { model, private, passphrase_file, terms, signer } => {
			let artifact = files::read_artifact(&model)?;
			let file = read_file(&private, passphrase_file.as_deref())?;
			if file.artifact != artifact.hash() {
				return Err(CommandError::AnotherArtifact { model, private });
			}
			let spinner = output.spinner("registering");
			let chain = signer.node.connect().await?;
			let (commitment, offer) = (file.commitment(), terms.offer()?);
			let bytes = artifact.as_bytes();
			let number =
				chain.register_private_model(bytes, commitment, offer, &signer.suri).await?;
			spinner.finish_and_clear();
			let name = artifact.card.name();
			let json = json!({ "model": number, "name": name, "hash": hex_hash(&artifact.hash()), "commitment": hex_hash(&commitment) });
			let text = format!(
				"{name} is model {number}; give {} to the operators of its evaluators, for the folder that their nodes name with --private-models",
				private.display(),
			);
			output.print(&json, &text)
		},
		OwnerCommand::Terms { model, terms, signer } => {
			let chain = signer.node.connect().await?;
			let block = chain.update_private_model(model, terms.offer()?, &signer.suri).await?;
			let text = format!("model {model} has other terms soon (block {block} said so)");
			output.print(&json!({ "model": model, "block": block }), &text)
		},
		OwnerCommand::Resume { model, signer } => {
			owner_call("resume_private_model", "takes requests again", model, signer, output).await
		},
		OwnerCommand::WithdrawBond { model, signer } => {
			owner_call("withdraw_model_bond", "has no bond any more", model, signer, output).await
		},
	}
}

async fn owner_call(
	call: &'static str,
	what: &str,
	model: u32,
	signer: Signer,
	output: Output,
) -> Result<(), CommandError> {
	let chain = signer.node.connect().await?;
	let block = chain.call_of_owner(call, model, &signer.suri).await?;
	let text = format!("model {model} {what} (block {block})");
	output.print(&json!({ "model": model, "block": block }), &text)
}

/// What `fhe-ml model list` says of a private model.
pub fn describe(record: &RegisteredPrivateModel) -> (serde_json::Value, String) {
	let evaluators: Vec<String> = record
		.terms
		.evaluators
		.iter()
		.map(|worker| format!("0x{}", hex::encode(worker.encode())))
		.collect();
	let json = json!({
		"owner": AccountId32(record.owner).to_string(),
		"price": record.terms.price.to_string(),
		"evaluators": evaluators,
		"quota": record.terms.quota.map(|quota| json!({ "requests": quota.requests, "blocks": quota.period })),
		"commitment": hex_hash(&record.commitment.0),
		"active": record.is_active(),
	});
	let text = format!(
		", private: of {}, {} of the price are its owner's, {} evaluators{}",
		AccountId32(record.owner),
		Fhe(record.terms.price),
		evaluators.len(),
		if record.is_active() { "" } else { ", SUSPENDED" },
	);
	(json, text)
}

/// `fhe-ml audit`: evaluates a finished job of a private model again.
pub async fn audit(options: Audit, output: Output) -> Result<(), CommandError> {
	let number = options.job;
	let file = read_file(&options.private, options.passphrase_file.as_deref())?;
	let chain = options.node.connect().await?;
	let (best, FinishedJob { job, input, result }) = chain.finished(number).await?;
	let model = job.model;
	let record = best.private_model(model).await?.ok_or(CommandError::NotPrivate(model))?;
	let commitment = file.commitment();
	if record.commitment.0 != commitment {
		return Err(CommandError::AnotherCommitment {
			model,
			found: hex_hash(&commitment),
			wanted: hex_hash(&record.commitment.0),
		});
	}
	let key_hash = job.server_key.ok_or(ChainError::JobGone(number))?;
	let key = key_of_chain(&best, key_hash, CircuitKind::Private).await?;
	let genesis = chain.genesis_hash().await?;
	let mut buffers = EvaluationBuffers::default();
	let expected = file.evaluator.evaluate(&key, &input, &genesis, &mut buffers)?;
	let right = expected == result;
	let statement =
		blake2b_256(&(OF_STATEMENT, genesis, number, blake2b_256(&expected), right).encode());
	let mut condemned = None;
	if let (false, Some(account)) = (right, &options.condemn) {
		condemned = Some(chain.condemn_result(number, statement, account).await?);
	}
	let json = json!({
		"job": number,
		"model": model,
		"right": right,
		"statement": hex_hash(&statement),
		"condemned_in_block": condemned,
	});
	let text = format!(
		"job {number} of model {model}: the result is {}{}",
		if right { "what the committed model gives, to the byte" } else { "WRONG" },
		match condemned {
			Some(block) => format!("; condemned in block {block}, the owner's bond pays"),
			None => String::new(),
		},
	);
	output.print(&json, &text)?;
	if right { Ok(()) } else { Err(CommandError::Condemned(number)) }
}
