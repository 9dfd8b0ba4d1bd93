//! `fhe-ml model`.

use super::{CommandError, hex_hash};
use crate::{cli::ModelCommand, output::Output};
use fhe_ml_client::{chain::Chain, files, rows::Table};
use fhe_ml_models::{
	Artifact, ImportOptions,
	card::{Classes, Task, Transform},
	import_onnx,
};
use fhe_ml_primitives::ModelStatus;
use serde_json::json;

pub async fn run(command: ModelCommand, output: Output) -> Result<(), CommandError> {
	match command {
		ModelCommand::Import { onnx, name, calibration, output: path } => {
			let stem = || onnx.file_stem().unwrap_or_default().to_string_lossy().into_owned();
			let calibration = calibration.map(|path| Table::read(&path)).transpose()?;
			let options = ImportOptions {
				name: name.unwrap_or_else(stem),
				calibration: calibration.map(Into::into),
			};
			let artifact = import_onnx(&files::read(&onnx)?, &options)?;
			files::write(&path, artifact.as_bytes())?;
			show(&artifact, output)
		},
		ModelCommand::Inspect { model } => show(&files::read_artifact(&model)?, output),
		ModelCommand::Register { model, signer } => {
			let artifact = files::read_artifact(&model)?;
			let spinner = output.spinner("registering");
			let chain = Chain::connect(&signer.node.url).await?;
			let number = chain.register_model(artifact.as_bytes(), &signer.suri).await?;
			spinner.finish_and_clear();
			let name = &artifact.card.name;
			let json = json!({ "model": number, "name": name, "hash": hex_hash(&artifact.hash()) });
			output.print(&json, &format!("{name} is model {number}"))
		},
		ModelCommand::Retire { model, signer } => {
			let chain = Chain::connect(&signer.node.url).await?;
			chain.retire_model(model, &signer.suri).await?;
			output.print(&json!({ "model": model }), &format!("model {model} is retired"))
		},
		ModelCommand::List { node } => list(&node.url, output).await,
	}
}

async fn list(url: &str, output: Output) -> Result<(), CommandError> {
	let best = Chain::connect(url).await?.best_block().await?;
	let models = best.models().await?;
	if models.is_empty() && !output.json {
		println!("The chain has no models; `fhe-ml model register` adds one.");
	}
	for (model, record) in models {
		let name = String::from_utf8_lossy(&record.name).into_owned();
		let fee = best.quote(model).await?;
		let status = match record.status {
			ModelStatus::Active => "active",
			ModelStatus::Retired => "retired",
		};
		let json = json!({
			"model": model,
			"name": name,
			"status": status,
			"hash": hex_hash(&record.artifact.0),
			"artifact_bytes": record.artifact_bytes,
			"input_bytes": record.input_bytes,
			"result_bytes": record.result_bytes,
			"work": record.work,
			"needs_server_key": record.needs_server_key,
			"open_jobs": record.open_jobs,
			"fee": fee.map(|fee| fee.to_string()),
		});
		let price = fee.map_or("-".into(), |fee| format!("{:.6} FHE", fee as f64 / 1e12));
		let text = format!(
			"{model:>4}  {:32} {status:8} {price:>14}  in {} B, out {} B",
			// A name is anybody's bytes: no control characters into the terminal.
			name.escape_debug().to_string(),
			record.input_bytes,
			record.result_bytes,
		);
		output.print(&json, &text)?;
	}
	Ok(())
}

/// Prints the card of a model.
fn show(artifact: &Artifact, output: Output) -> Result<(), CommandError> {
	let card = &artifact.card;
	let mut json = serde_json::to_value(card)?;
	let file = json!({
		"artifact_bytes": artifact.as_bytes().len(),
		"hash": hex_hash(&artifact.hash()),
	});
	if let (Some(json), Some(file)) = (json.as_object_mut(), file.as_object()) {
		json.extend(file.clone());
	}
	let task = match &card.task {
		Task::Classification { classes, scores, .. } => {
			let names = match classes {
				Classes::Integers(classes) => {
					classes.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
				},
				Classes::Strings(classes) => classes.join(", "),
			};
			let transform = match scores.transform {
				Transform::Identity => "none",
				Transform::Sigmoid => "sigmoid",
				Transform::ModifiedHuber => "modified Huber",
				Transform::Softmax => "softmax",
			};
			let normalise = if scores.normalise { ", normalised" } else { "" };
			format!("classes {names}; scores: {transform}{normalise}, on the client")
		},
		Task::Regression { targets } => format!("{} target(s)", targets.len()),
	};
	let names: Vec<&str> = card.features.iter().map(|f| f.name.as_str()).collect();
	let names = if card.features_are_named {
		names.join(", ")
	} else {
		"unnamed, taken by position (--calibration gives names)".into()
	};
	let quantisation = &card.quantisation;
	let text = format!(
		"{} ({}, from {})\n\
		hash            {}\n\
		features        {}: {}\n\
		predicts        {task}\n\
		quantisation    features {} bits, weights {} bits, ranges from {}\n\
		score error     at most {:.2e}, {:.2e} of the score's range\n\
		encrypted input {} bytes, result {} bytes, {}\n\
		decryption      fails with probability {}",
		card.name,
		card.kind,
		if card.producer.is_empty() { "an unnamed producer" } else { &card.producer },
		hex_hash(&artifact.hash()),
		card.features.len(),
		names,
		quantisation.feature_bits,
		quantisation.weight_bits,
		serde_json::to_value(quantisation.ranges)?.as_str().unwrap_or_default(),
		quantisation.max_score_error,
		quantisation.max_relative_error,
		card.sizes.input,
		card.sizes.result,
		match card.sizes.server_key {
			0 => "no server key".into(),
			bytes => format!("server key {bytes} bytes"),
		},
		card.decryption_failure_probability,
	);
	output.print(&json, &text)
}
