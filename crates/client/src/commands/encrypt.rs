//! `fhe-ml encrypt` and `fhe-ml decrypt`: the two ends of a request made by hand.

use super::{CommandError, encrypt_row, find_model, hex_hash};
use crate::{
	cli::{Decrypt, Encrypt},
	output::Output,
};
use fhe_ml_client::{
	files::{self, FileError},
	rows::{RowRange, Table},
};
use serde_json::json;
use std::path::Path;

pub async fn encrypt(options: Encrypt, output: Output) -> Result<(), CommandError> {
	let key = files::read_client_key(&options.key.folder)?;
	let model = find_model(&options.model, &options.schema, &key, &options.node).await?;
	let table = Table::read(&options.input.table)?.for_model(&model.card)?;
	let range = RowRange(options.row..options.row.saturating_add(1));
	for (row, values) in table.select(Some(&range))? {
		let input = encrypt_row(&model, &key, row, &values)?;
		files::write(&options.output, &input)?;
		let path = options.output.display();
		let text = format!("row {row} encrypted into {path}, {} bytes", input.len());
		let json = json!({
			"row": row,
			"output": options.output,
			"input_bytes": input.len(),
			"model_hash": hex_hash(&model.artifact.hash()),
		});
		output.print(&json, &text)?;
	}
	Ok(())
}

pub async fn decrypt(options: Decrypt, output: Output) -> Result<(), CommandError> {
	let key = files::read_client_key(&options.key.folder)?;
	let (job_model, input, result) = match options.job {
		Some(job) => {
			let (model, input, result) =
				options.node.connect().await?.best_block().await?.finished(job).await?;
			(Some(model.to_string()), input, result)
		},
		None => (
			None,
			read_optional(options.input.as_deref())?,
			read_optional(options.result.as_deref())?,
		),
	};
	let model = options.model.or(job_model).unwrap_or_default();
	let model = find_model(&model, &options.schema, &key, &options.node).await?;
	let prediction = model.decrypt(&key, &input, &result)?;
	let text = format!("{}  scores {:.6?}", prediction.prediction, prediction.scores);
	output.print(&prediction, &text)
}

/// A file that the command line has made sure to name.
fn read_optional(path: Option<&Path>) -> Result<Vec<u8>, FileError> {
	files::read_bytes_or_hex(path.unwrap_or(Path::new("")))
}
