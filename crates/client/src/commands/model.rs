//! `fhe-ml model`.

use super::{CommandError, hex_hash};
use crate::{cli::ModelCommand, output::Output};
use fhe_ml_client::{chain::Chain, files, rows::Table};
use fhe_ml_models::{
	Artifact, ImportOptions,
	card::{Classes, LevelledCost, Quantisation, Ranges, Task, Transform},
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
			let transform = transform_name(scores.transform);
			let normalise = if scores.normalise { ", normalised" } else { "" };
			format!("classes {names}; scores: {transform}{normalise}, on the client")
		},
		Task::Regression { targets } => {
			let transform = transform_name(targets.transform);
			format!("{} target(s); transform: {transform}, on the client", targets.columns.len())
		},
	};
	let names = if card.features_are_named {
		card.features.join(", ")
	} else {
		"unnamed, taken by position (--calibration gives names)".into()
	};
	let quantisation = &card.quantisation;
	let text = format!(
		"{} ({}, from {})\n\
		hash            {}\n\
		features        {}: {}\n\
		predicts        {task}\n\
		quantisation    {}\n\
		score error     at most {:.2e}, {:.2e} of the score's range\n\
		encrypted input {} bytes, result {} bytes, {}\n\
		evaluation      about {:.3} ms of one core, {} of memory\n\
		{}\
		decryption      {}",
		card.name,
		card.kind,
		if card.producer.is_empty() { "an unnamed producer" } else { &card.producer },
		hex_hash(&artifact.hash()),
		card.features.len(),
		names,
		quantisation_text(quantisation),
		quantisation.max_score_error,
		quantisation.max_relative_error,
		card.sizes.input,
		card.sizes.result,
		match card.sizes.server_key {
			0 => "no server key".into(),
			bytes => format!("server key {bytes} bytes"),
		},
		card.cost.milliseconds_per_core,
		indicatif::HumanBytes(card.cost.memory),
		card.cost.levelled.as_ref().map_or(String::new(), levelled_text),
		match card.decryption_failure_probability {
			0.0 => "never fails".into(),
			probability => format!("fails with probability {probability:.0e}"),
		},
	);
	output.print(&json, &text)
}

fn transform_name(transform: Transform) -> &'static str {
	match transform {
		Transform::Identity => "none",
		Transform::Sigmoid => "sigmoid",
		Transform::ModifiedHuber => "modified Huber",
		Transform::Softmax => "softmax",
		Transform::SoftmaxZero => "softmax of non-zero scores",
		Transform::Probit => "probit",
		Transform::Exp => "exponential",
	}
}

fn quantisation_text(quantisation: &Quantisation) -> String {
	let weights = quantisation.weight_bits;
	let features = quantisation.feature_bits;
	match quantisation.ranges {
		Ranges::Exact => format!("features exact, leaves {weights} bits"),
		Ranges::Calibration => {
			format!("features {features} bits, weights {weights} bits, ranges from calibration")
		},
		Ranges::Scaler => {
			format!("features {features} bits, weights {weights} bits, ranges from scaler")
		},
		Ranges::Weights => {
			format!("features {features} bits, weights {weights} bits, ranges from weights")
		},
	}
}

fn levelled_text(cost: &LevelledCost) -> String {
	format!(
		"circuit         {} encrypted bits ({} selectors) in {} slots, {} transforms, gadget of {} digits of {} bits, {} limbs\n\
		noise           2^{:.1} of the modulus, budget 2^{:.1}\n",
		cost.bits,
		cost.selectors,
		cost.slots,
		cost.transforms,
		cost.gadget.1,
		cost.gadget.0,
		cost.limbs,
		cost.noise_log2,
		cost.budget_log2,
	)
}
