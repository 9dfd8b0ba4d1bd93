//! `fhe-ml encrypt` and `fhe-ml decrypt`: the two ends of a request made by hand.

use super::{
	key::{keys_for, owner_keys},
	model::warn_of_noise,
	predict::count_answers,
	verify::{Verifier, refused},
};
use crate::{
	cli::{Decrypt, Encrypt},
	error::CommandError,
	models::{ModelSource, find_model, hex_hash},
	output::{Output, tie},
};
use fhe_ml_client::{
	chain::FinishedJob,
	files::{self, FileError},
	local::{encode_row, encrypt_rows},
	owner_keys::OwnerKey,
	rows::{RowRange, Table},
};
use fhe_ml_models::Cell;
use serde_json::json;
use std::path::Path;

pub async fn encrypt(options: Encrypt, output: Output) -> Result<(), CommandError> {
	let key = files::read_client_key(&options.key.folder)?;
	let source = ModelSource {
		key: &options.key,
		client: &key,
		schema: &options.schema,
		hash: &options.model_hash,
	};
	let model = find_model(&options.model, source, &options.node, output).await?;
	let key = match model.artifact.circuit.kind().is_private() {
		true => {
			let number = options.model.parse().map_err(|_| CommandError::PrivateByFile)?;
			let chain = options.node.connect().await?;
			keys_for(&chain, &options.key.folder, number).await?.newest()?.client
		},
		false => key,
	};
	let table = Table::read(&options.input.table)?.for_model(&model.card)?;
	let one = RowRange(options.row..options.row.saturating_add(1));
	let rows = table.select(Some(options.rows.as_ref().unwrap_or(&one)))?;
	let most = model.artifact.most_rows() as usize;
	if rows.len() > most {
		return Err(CommandError::TooManyRows { rows: rows.len(), most });
	}
	let first = rows.first().map_or(0, |(row, _)| *row);
	let encode = |(row, values): &(usize, Vec<Cell>)| encode_row(&model, *row, values);
	let encoded = rows.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
	let input = encrypt_rows(&model, &key, first, &encoded)?;
	files::write(&options.output, &input)?;
	let (path, bytes) = (options.output.display(), input.len());
	let text = match rows.len() {
		1 => format!("row {first} encrypted into {path}, {bytes} bytes"),
		count => format!("{count} rows from {first} on encrypted into {path}, {bytes} bytes"),
	};
	let json = json!({
		"row": first,
		"rows": rows.len(),
		"output": options.output,
		"input_bytes": bytes,
		"model_hash": hex_hash(&model.artifact.hash()),
	});
	output.print(&json, &text)
}

pub async fn decrypt(options: Decrypt, output: Output) -> Result<(), CommandError> {
	let key = files::read_client_key(&options.key.folder)?;
	let (job, input, result) = match options.job {
		Some(number) => {
			let (_, finished) = options.node.connect().await?.finished(number).await?;
			let FinishedJob { job, input, result } = finished;
			(Some((number, job)), input, result)
		},
		None => (
			None,
			read_optional(options.input.as_deref())?,
			read_optional(options.result.as_deref())?,
		),
	};
	let job_model = job.as_ref().map(|(_, job)| job.model.to_string());
	let model = options.model.or(job_model).unwrap_or_default();
	let source = ModelSource {
		key: &options.key,
		client: &key,
		schema: &options.schema,
		hash: &options.model_hash,
	};
	let model = find_model(&model, source, &options.node, output).await?;
	let folder = &options.key.folder;
	let verifier =
		Verifier::of_key(&model.artifact, folder, &key, &options.node, &options.trust).await?;
	if let Some(verifier) = verifier {
		let job = job.as_ref().map(|(number, job)| (*number, job));
		verifier.verify(&model.artifact, &input, &result).map_err(|error| refused(error, job))?;
	}
	let (key, scores) = match model.artifact.circuit.kind().is_private() {
		true => {
			// Without the job nobody knows whose answer it is, and to how many of that owner's it is added.
			let (number, job) = job.ok_or(CommandError::PrivateNeedsJob)?;
			let chain = options.node.connect().await?;
			let private = chain.private_model(job.model).await?;
			let private = private.ok_or(CommandError::NoOwner { job: number, model: job.model })?;
			let keys = owner_keys(&chain, folder, &private).await?.all()?;
			let of_job =
				|key: &OwnerKey| job.server_key == Some(key.client.server_key_hash().into());
			let key = keys.into_iter().find(of_job).ok_or(CommandError::KeyOfJob(number))?;
			count_answers(&key, job.rows as usize, options.scores, output)?;
			(key.client, options.scores)
		},
		false => (key, true),
	};
	warn_of_noise(&model.card.quantisation);
	for prediction in model.decrypt_rows(&key, &input, &result)? {
		let prediction = prediction.rounded(options.round);
		let label = &prediction.prediction;
		match scores {
			true => output.print(
				&prediction,
				format!("{label}  scores {:.6?}  {}", prediction.scores, tie(prediction.tie))
					.trim_end(),
			)?,
			false => output.print(&json!({ "prediction": label }), &label.to_string())?,
		}
	}
	Ok(())
}

/// A file that the command line has made sure to name.
fn read_optional(path: Option<&Path>) -> Result<Vec<u8>, FileError> {
	files::read_bytes_or_hex(path.unwrap_or(Path::new("")))
}
