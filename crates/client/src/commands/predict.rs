//! `fhe-ml predict`: encrypt, submit, wait, decrypt.

mod agreed;
mod plan;
mod row;
mod session;
mod table;

use super::{key::owner_keys, model::warn_of_noise, quote::quoted, verify::Verifier};
use crate::{
	cli::Predict,
	error::CommandError,
	models::{check_known, hex_hash, with_schema},
	output::Output,
	words::counted,
};
use agreed::Agreed;
use fhe_ml_client::{
	chain::{BestBlock, Call, Chain, RegisteredPrivateModel},
	files,
	local::{encode_row, encrypt_rows},
	owner_keys::OwnerKey,
	rows::{RowSource, SourceIdentity, TableError},
};
use fhe_ml_engine::ClientKey;
use fhe_ml_models::{EncodedRow, MOST_ANSWERS, Model};
use fhe_ml_primitives::Fhe;
use futures::{StreamExt, stream};
use indicatif::ProgressBar;
use plan::{Limits, Plan};
pub use row::Row;
use serde_json::json;
use session::{Answer, Nonces, Request, Session};
use std::{num::NonZeroUsize, path::Path, pin::pin, sync::Mutex};
use table::{Run, Scores};

pub async fn run(options: Predict, output: Output) -> Result<(), CommandError> {
	let source = RowSource::open(&options.input.table)?;
	predict_rows(options, &source, output, None).await
}

/// Hears of predictions, instead of somebody who reads standard output.
pub trait Listener: Sync {
	/// So many rows are asked for, of which so many were there before.
	fn begins(&self, rows: usize, there: usize);
	/// These rows are there; what all of this run cost until now, and the newest block that was seen.
	fn hears(&self, rows: Vec<Row>, paid: u128, block: u64);
}

/// Asks a chain for the rows of a source, whatever the options say of a table.
pub async fn predict_rows(
	options: Predict,
	source: &RowSource,
	output: Output,
	listener: Option<&dyn Listener>,
) -> Result<(), CommandError> {
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
	let limits = Limits::of(&best)?;
	// A quota counts rows: a request of more than all of it is refused.
	let quota = private.as_ref().and_then(|private| private.terms.quota.as_ref());
	let quota = quota.map(|quota| quota.requests as usize);
	let wanted = options.rows_per_request.map(NonZeroUsize::get).into_iter().chain(quota).min();
	let plan = Plan::new(&model.artifact, redundancy, wanted, &limits);
	let prices = Agreed::to(&best, &model, &options, &limits).await?;
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
	if model.artifact.circuit.kind().needs_bootstrap_key() && !best.has_bootstrap_key(&key).await? {
		return Err(CommandError::NoBootstrapKey { model: options.model, folder: folder.clone() });
	}
	let verifier =
		Verifier::of_key(&model.artifact, folder, &key, &options.signer.node, &options.trust)
			.await?;
	// All rows are looked at before the first is paid for.
	let (first, count) = check_rows(source, &options, &model, output)?;
	let scores = options.scores || private.is_none();
	let table = match &options.output {
		Some(path) => {
			let run =
				run_of(&chain, &model, &key, &options, source, (first, first + count)).await?;
			Some(Scores::begin(path, &run)?)
		},
		None => None,
	};
	let is_new = table.as_ref().is_none_or(|table| table.planned() == first);
	if let Some(owner_key) = owner_key.as_ref().filter(|_| is_new) {
		count_answers(owner_key, count, options.scores, output)?;
	}
	warn_of_noise(&model.card.quantisation);
	prices.show(&best, plan.rows.min(count), count, output).await?;
	let session = Session {
		scores,
		round: options.round,
		server_key,
		nonces: Nonces::of(&chain, &options.signer.suri).await?,
		chain,
		account: options.signer.suri.clone(),
		model: &model,
		model_id: options.model,
		key,
		verifier,
		prices,
		redundancy,
		table: table.map(Mutex::new),
	};
	predict(session, source, &options, plan, (first, count), Reader { output, listener }).await
}

/// Who reads what is predicted.
#[derive(Clone, Copy)]
struct Reader<'a> {
	output: Output,
	listener: Option<&'a dyn Listener>,
}

/// Asks for all rows and shows what comes.
async fn predict(
	session: Session<'_>,
	source: &RowSource,
	options: &Predict,
	plan: Plan,
	(first, count): (usize, usize),
	Reader { output, listener }: Reader<'_>,
) -> Result<(), CommandError> {
	let bar = output.bar(count, "predicting");
	let begun = session.begun()?;
	let planned = session.planned().max(first);
	bar.inc(session.done().len() as u64);
	let rest = requests(session.model, &session.key, source, planned..first + count, plan.rows)?;
	// Sent one after the other, since a gap of nonces would hold up all behind it; then waited for
	// together.
	let answers = stream::iter(begun.into_iter().map(Ok).chain(rest))
		.then(|request| async { session.send(request?).await })
		.map(|sent| async { session.answer(sent?).await })
		.buffered(plan.at_once);
	let mut answers = pin!(answers);
	let (mut jobs, mut failures, mut paid) = (session.jobs_of_before(), Vec::new(), 0);
	let mut there = session.done().len();
	if let Some(listener) = listener {
		listener.begins(count, there);
	}
	while let Some(answer) = answers.next().await {
		let Answer { rows, job, fee, block } = match answer {
			Ok(answer) => answer,
			Err((error, rows)) => {
				if count > 1 && listener.is_none() {
					bar.suspend(|| eprintln!("error: {error}"));
				}
				failures.push((error, rows));
				bar.inc(rows as u64);
				// What is in the file is in order, so it ends here; the next run goes on.
				if session.table.is_some() {
					break;
				}
				continue;
			},
		};
		paid += fee;
		bar.set_message(format!("block {block}, {:.3}", Fhe(paid)));
		bar.inc(rows.len() as u64);
		there += rows.len();
		jobs.push(job);
		match (&session.table, listener) {
			(Some(_), _) => session.write(&rows, job)?,
			(None, None) => show(&rows, &bar, output)?,
			(None, Some(_)) => {},
		}
		if let Some(listener) = listener {
			listener.hears(rows, paid, block);
		}
	}
	bar.finish_and_clear();
	if failures.is_empty() && there < count {
		let changed = TableError::Changed { found: there, wanted: count };
		failures.push((changed.into(), count - there));
	}
	if let (Some(path), false) = (&options.output, failures.is_empty()) {
		let done = session.done().len();
		let first = failures.swap_remove(0).0.to_string();
		return Err(CommandError::Interrupted { path: path.clone(), done, rows: count, first });
	}
	if options.release {
		let calls = jobs.iter().copied().map(Call::release).collect();
		session.chain.submit_all(calls, &session.account).await?;
	}
	if let Some(path) = &options.output {
		session.finish()?;
		return match listener {
			None => summary(path, count, jobs.len(), paid, output),
			Some(_) => Ok(()),
		};
	}
	let failed = failures.iter().map(|(_, rows)| rows).sum();
	match failures.into_iter().next() {
		None => Ok(()),
		Some((only, _)) if count == 1 => Err(only),
		Some((first, _)) => {
			Err(CommandError::SomeRows { failed, rows: count, first: first.to_string() })
		},
	}
}

fn show(rows: &[Row], bar: &ProgressBar, output: Output) -> Result<(), CommandError> {
	rows.iter().try_for_each(|row| bar.suspend(|| output.print(row, &row.text())))
}

fn summary(
	path: &Path,
	rows: usize,
	requests: usize,
	paid: u128,
	output: Output,
) -> Result<(), CommandError> {
	let path_text = path.display();
	let text = format!(
		"{rows} rows in {path_text}, {}, {:.6} paid",
		counted(requests, "request"),
		Fhe(paid)
	);
	let json = json!({
		"rows": rows,
		"output": path,
		"requests": requests,
		"paid": paid.to_string(),
	});
	output.print(&json, &text)
}

/// Encodes all rows that are asked for, without keeping them; returns the number of the first one and how many
/// there are.
fn check_rows(
	source: &RowSource,
	options: &Predict,
	model: &Model,
	output: Output,
) -> Result<(usize, usize), CommandError> {
	let spinner = output.spinner("checking the rows");
	let table = source.rows(&model.card)?;
	let wanted = options.rows.as_ref().map_or(0..usize::MAX, |range| range.0.clone());
	let mut found = 0;
	for row in table.take(wanted.end) {
		found += 1;
		if found > wanted.start {
			let (row, values) = row?;
			encode_row(model, row, &values)?;
		}
	}
	spinner.finish_and_clear();
	match &options.rows {
		Some(range) if range.0.end > found => {
			Err(TableError::NoSuchRows { found, wanted: range.clone() }.into())
		},
		None if found == 0 => Err(TableError::NoRows.into()),
		_ => Ok((wanted.start, found - wanted.start)),
	}
}

/// Rows `range`, encrypted, as requests of at most so many rows; each is made when it is its turn.
fn requests<'a>(
	model: &'a Model,
	key: &'a ClientKey,
	source: &'a RowSource,
	range: std::ops::Range<usize>,
	rows_per_request: usize,
) -> Result<impl Iterator<Item = Result<Request, (CommandError, usize)>> + use<'a>, CommandError> {
	let table = source.rows(&model.card)?;
	let mut rows = table.skip(range.start).take(range.len());
	let mut first = range.start;
	Ok(std::iter::from_fn(move || {
		let encoded: Result<Vec<EncodedRow>, CommandError> = rows
			.by_ref()
			.take(rows_per_request)
			.map(|row| {
				let (row, values) = row?;
				Ok(encode_row(model, row, &values)?)
			})
			.collect();
		let encoded = match encoded {
			Ok(encoded) if encoded.is_empty() => return None,
			Ok(encoded) => encoded,
			Err(error) => return Some(Err((error, 1))),
		};
		let (row, rows) = (first, encoded.len());
		first += rows;
		let input = tokio::task::block_in_place(|| encrypt_rows(model, key, row, &encoded));
		let request = |input| Request { first: row, rows, input, booked: None };
		Some(input.map(request).map_err(|error| (error.into(), rows)))
	}))
}

/// What tells a run from others.
async fn run_of(
	chain: &Chain,
	model: &Model,
	key: &ClientKey,
	options: &Predict,
	source: &RowSource,
	rows: (usize, usize),
) -> Result<Run, CommandError> {
	let SourceIdentity { path: table, bytes: table_bytes, modified: table_modified } =
		source.identity()?;
	let scores = options.scores || !model.artifact.circuit.kind().is_private();
	Ok(Run {
		chain: hex_hash(&chain.genesis_hash().await?),
		model: hex_hash(&model.artifact.hash()),
		key: hex_hash(&key.server_key_hash()),
		account: hex_hash(&options.signer.suri.bytes()),
		table,
		table_bytes,
		table_modified,
		rows,
		redundancy: options.redundancy.count,
		scores,
	})
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
	let fee = quoted(best, model, redundancy, 1).await?.fee;
	let (price, total) = (Fhe(private.terms.price).to_string(), Fhe(fee).to_string());
	Err(CommandError::PriceNotAgreed { model, price, total, fee })
}
