//! `fhe-ml predict`: encrypt, submit, wait, decrypt.

use super::{
	key::owner_keys,
	verify::{Verifier, refused},
};
use crate::{
	cli::Predict,
	error::CommandError,
	models::{check_known, encrypt_row, with_schema},
	output::{Output, tie},
};
use fhe_ml_client::{
	chain::{
		Account, BestBlock, Call, Chain, ChainError, Job, PendingRequest, RegisteredPrivateModel,
		RequestedJob,
	},
	files,
	owner_keys::OwnerKey,
	rows::Table,
};
use fhe_ml_engine::{ClientKey, blake2b_256};
use fhe_ml_models::{Label, MOST_ANSWERS, Model, Step};
use fhe_ml_primitives::{Fhe, JobStatus};
use futures::{StreamExt, stream};
use serde::Serialize;
use std::{pin::pin, time::Duration};

/// Requests that are on their way at one time.
const REQUESTS_AT_ONCE: usize = 32;
/// How often the chain is asked for a result.
const POLL_INTERVAL: Duration = Duration::from_millis(400);

/// One predicted row.
#[derive(Serialize)]
struct Row {
	row: usize,
	prediction: Label,
	#[serde(skip_serializing_if = "Option::is_none")]
	scores: Option<Vec<f64>>,
	#[serde(skip_serializing_if = "Option::is_none")]
	raw_scores: Option<Vec<f64>>,
	#[serde(skip_serializing_if = "std::ops::Not::not")]
	tie: bool,
	job: u64,
	requested_in_block: u64,
	/// Block in which the result was first seen.
	result_in_block: u64,
	fee: String,
	input_bytes: usize,
	result_bytes: usize,
	/// Whether this machine has got the same result.
	verified: bool,
	verify_ms: Option<f64>,
}

/// A row whose request is in the pool.
struct Request {
	row: usize,
	input: Vec<u8>,
	pending: PendingRequest,
}

/// What all predictions need.
struct Session {
	/// Whether scores are shown.
	scores: bool,
	/// What values are rounded to multiples of.
	round: Option<Step>,
	chain: Chain,
	account: Account,
	model: Model,
	model_id: u32,
	key: ClientKey,
	/// Unless the user trusts the workers.
	verifier: Option<Verifier>,
	server_key: Option<[u8; 32]>,
	max_fee: u128,
	redundancy: u8,
}

pub async fn run(options: Predict, output: Output) -> Result<(), CommandError> {
	let key = files::read_client_key(&options.key.folder)?;
	let chain = options.signer.node.connect().await?;
	let (best, artifact) = chain.artifact(options.model).await?;
	let folder = &options.key.folder;
	check_known(&chain, options.model, &artifact, folder, &options.model_hash, output).await?;
	let model = with_schema(options.model, artifact, &options.schema, &key)?;
	let redundancy = options.redundancy.count;
	let private = best.private_model(options.model).await?;
	let owner_key = match &private {
		Some(private) => {
			agree_to_price(&best, private, &options).await?;
			Some(owner_keys(&chain, folder, private).await?.newest()?)
		},
		None => None,
	};
	let key = owner_key.as_ref().map_or(key, |of_owner| of_owner.client.clone());
	let max_fee = agree(&best, &model, &options, output).await?;
	let server_key = (model.card.sizes.server_key > 0).then(|| key.server_key_hash());
	if let Some(hash) = server_key
		&& !chain.has_server_key(hash.into()).await?
	{
		let (model, folder) = (options.model, folder.clone());
		return Err(match private {
			Some(_) => CommandError::NoOwnerKey { model, folder },
			None => CommandError::NoServerKey { model, folder },
		});
	}
	let hash = key.server_key_hash().into();
	let verifier =
		Verifier::of_key(&model.artifact, folder, hash, &options.signer.node, &options.trust)
			.await?;
	let table = Table::read(&options.input.table)?.for_model(&model.card)?;
	let rows = table.select(options.rows.as_ref())?;
	// All rows are encrypted before the first is paid for.
	let bar = output.bar(rows.len(), "encrypting");
	let mut inputs = Vec::with_capacity(rows.len());
	for (row, values) in &rows {
		inputs.push((*row, encrypt_row(&model, &key, *row, values)?));
		bar.inc(1);
	}
	bar.finish_and_clear();

	if let Some(owner_key) = &owner_key {
		count_answers(owner_key, inputs.len(), options.scores, output)?;
	}
	let session = Session {
		scores: options.scores || private.is_none(),
		round: options.round,
		server_key,
		chain,
		account: options.signer.suri,
		model,
		model_id: options.model,
		key,
		verifier,
		max_fee,
		redundancy,
	};
	let first_nonce = session.chain.next_nonce(&session.account).await?;
	let bar = output.bar(inputs.len(), "predicting");
	let count = inputs.len();
	// Sent one after the other, since a gap of nonces would hold up all behind it; then waited for
	// together.
	let predictions = stream::iter(inputs.into_iter().zip(first_nonce..))
		.then(|((row, input), nonce)| session.request(row, input, nonce))
		.map(|request| async { session.predict(request?).await })
		.buffered(REQUESTS_AT_ONCE);
	let mut predictions = pin!(predictions);
	let (mut jobs, mut failures) = (Vec::new(), Vec::new());
	while let Some(prediction) = predictions.next().await {
		bar.inc(1);
		match prediction {
			Ok(row) => {
				let scores =
					row.scores.as_ref().map_or(String::new(), |s| format!("scores {s:.6?}  "));
				let text = format!(
					"row {}: {}  {scores}{}(job {}, block {} -> {}, {})",
					row.row,
					row.prediction,
					tie(row.tie),
					row.job,
					row.requested_in_block,
					row.result_in_block,
					match row.verify_ms {
						Some(milliseconds) => format!("verified in {milliseconds:.1} ms"),
						None => "not verified".into(),
					},
				);
				bar.suspend(|| output.print(&row, &text))?;
				jobs.push(row.job);
			},
			Err(error) => {
				if count > 1 {
					bar.suspend(|| eprintln!("error: {error}"));
				}
				failures.push(error);
			},
		}
	}
	bar.finish_and_clear();
	if options.release {
		let calls = jobs.into_iter().map(Call::release).collect();
		session.chain.submit_all(calls, &session.account).await?;
	}
	let failed = failures.len();
	match failures.into_iter().next() {
		None => Ok(()),
		Some(only) if count == 1 => Err(only),
		Some(first) => {
			Err(CommandError::SomeRows { failed, rows: count, first: first.to_string() })
		},
	}
}

/// Shows what a row costs, and returns the most that is paid for it: what the user allows, or what this machine
/// computes, but never what the node says.
async fn agree(
	best: &BestBlock,
	model: &Model,
	options: &Predict,
	output: Output,
) -> Result<u128, CommandError> {
	let redundancy = options.redundancy.count;
	let quote = best.quote(options.model, redundancy).await?;
	let unknown = CommandError::NoQuote { model: options.model, redundancy };
	let quote = quote.ok_or(unknown)?.fee;
	let most = match options.max_fee {
		Some(max_fee) if quote > max_fee => {
			return Err(CommandError::TooExpensive { quote, max_fee });
		},
		Some(max_fee) => max_fee,
		None => best.prices()?.most(&model.artifact, redundancy),
	};
	if quote > most {
		return Err(CommandError::Overpriced { quote, most });
	}
	output.note(&format!("one row costs {}, and not more than {} is paid", Fhe(quote), Fhe(most)));
	Ok(most)
}

/// Counts answers of a private model's owner before they are decrypted, and warns whoever wants to see their scores.
pub fn count_answers(
	key: &OwnerKey,
	rows: usize,
	scores: bool,
	output: Output,
) -> Result<(), CommandError> {
	let answers = key.count_answers(rows)?;
	output.note(&format!(
		"nobody but the evaluators of its owner can check what a private model answers; the key for this owner has {answers} of {MOST_ANSWERS} answers",
	));
	if scores {
		eprintln!("warning: made-up scores tell whoever sees them bits of your client key");
	}
	Ok(())
}

/// Sees to it that the user has agreed to what the owner of a private model asks, which no machine can compute.
async fn agree_to_price(
	best: &BestBlock,
	private: &RegisteredPrivateModel,
	options: &Predict,
) -> Result<(), CommandError> {
	let (model, redundancy) = (options.model, options.redundancy.count);
	if private.terms.price == 0 || options.max_fee.is_some() {
		return Ok(());
	}
	let quote = best.quote(model, redundancy).await?;
	let fee = quote.ok_or(CommandError::NoQuote { model, redundancy })?.fee;
	let (price, total) = (Fhe(private.terms.price).to_string(), Fhe(fee).to_string());
	Err(CommandError::PriceNotAgreed { model, price, total, fee })
}

impl Session {
	async fn request(
		&self,
		row: usize,
		input: Vec<u8>,
		nonce: u64,
	) -> Result<Request, CommandError> {
		let server_key = self.server_key.map(Into::into);
		let (fee, redundancy) = (self.max_fee, self.redundancy);
		let call = Call::request_inference(self.model_id, server_key, &input, fee, redundancy);
		let pending = self.chain.request(call, &self.account, nonce).await?;
		Ok(Request { row, input, pending })
	}

	async fn predict(&self, request: Request) -> Result<Row, CommandError> {
		let Request { row, input, mut pending } = request;
		let (requested, (job, result, result_in_block)) = self.finish(&mut pending, &input).await?;
		let verify_ms = match &self.verifier {
			Some(verifier) => {
				let verify = || verifier.verify(&self.model.artifact, &input, &result);
				let verified = tokio::task::block_in_place(verify);
				verified.map_err(|error| refused(error, Some((requested.job, &job))))?
			},
			None => None,
		};
		let decrypted = self.model.decrypt(&self.key, &input, &result)?.rounded(self.round);
		Ok(Row {
			row,
			prediction: decrypted.prediction,
			scores: self.scores.then_some(decrypted.scores),
			raw_scores: self.scores.then_some(decrypted.raw_scores),
			tie: self.scores && decrypted.tie,
			job: requested.job,
			requested_in_block: requested.block,
			result_in_block,
			fee: requested.fee.to_string(),
			input_bytes: input.len(),
			result_bytes: result.len(),
			verified: verify_ms.is_some(),
			verify_ms,
		})
	}

	/// Waits for the job of a request and its result. A job whose block was reverted comes back in another one,
	/// perhaps with another number.
	async fn finish(
		&self,
		pending: &mut PendingRequest,
		input: &[u8],
	) -> Result<(RequestedJob, (Job, Vec<u8>, u64)), ChainError> {
		let mut requested = pending.job().await?;
		loop {
			match self.wait(&requested, input).await {
				Err(gone @ ChainError::JobGone(_)) => {
					let again = pending.job().await?;
					if again == requested {
						return Err(gone);
					}
					requested = again;
				},
				finished => return Ok((requested, finished?)),
			}
		}
	}

	/// Waits for the result of a job, and sees to it that it is the job of this input.
	async fn wait(
		&self,
		requested: &RequestedJob,
		input: &[u8],
	) -> Result<(Job, Vec<u8>, u64), ChainError> {
		let hash = blake2b_256(input);
		loop {
			let (job, result, block) = self
				.chain
				.read(|best| async move {
					let job = best.job(requested.job).await?;
					let completed = |job: &Job| matches!(job.status, JobStatus::Completed { .. });
					let result = match job.as_ref().is_some_and(completed) {
						true => best.result(requested.job).await?,
						false => None,
					};
					Ok((job, result, best.number()))
				})
				.await?;
			let job =
				job.filter(|job| job.input.0 == hash).ok_or(ChainError::JobGone(requested.job))?;
			match job.status {
				JobStatus::Completed { .. } => {
					let result = result.ok_or(ChainError::JobGone(requested.job))?;
					return Ok((job, result, block));
				},
				JobStatus::Failed { reason } => {
					return Err(ChainError::JobFailed { job: requested.job, reason });
				},
				JobStatus::Expired => return Err(ChainError::Expired(requested.job)),
				JobStatus::Pending => tokio::time::sleep(POLL_INTERVAL).await,
			}
		}
	}
}
