//! `fhe-ml model`.

use super::private;
use crate::{
	cli::{ModelCommand, Node},
	error::CommandError,
	models::hex_hash,
	output::Output,
};
use fhe_ml_client::{
	chain::{BestBlock, ChainError, RegisteredModel},
	files,
	rows::Table,
};
use fhe_ml_engine::{Trial, new_seeder};
use fhe_ml_models::{
	Artifact, Card, EncryptedModel, FilterCard, FilterKind, ImportOptions, ModelCard,
	card::{
		Classes, Cost, ExpectedError, LevelledCost, Quantisation, Ranges, Sizes, Task, Transform,
	},
	client_operators, encrypt_model, image_filter, import_onnx_file, supported_operators,
};
use fhe_ml_primitives::{Fhe, ModelId, ModelStatus};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

pub async fn run(command: ModelCommand, output: Output) -> Result<(), CommandError> {
	match command {
		ModelCommand::Import {
			onnx,
			name,
			calibration,
			encrypt_for,
			hide_shape,
			private: options,
			output: path,
		} => {
			let stem = || onnx.file_stem().unwrap_or_default().to_string_lossy().into_owned();
			let calibration = calibration.map(|path| Table::read(&path)).transpose()?;
			let import = ImportOptions {
				name: name.unwrap_or_else(stem),
				calibration: calibration.map(Into::into),
			};
			let artifact = import_onnx_file(&onnx, &import)?;
			match encrypt_for {
				None if options.private => {
					let rows = import.calibration.as_ref();
					let artifact = private::import(&artifact, rows, &options, &path, output)?;
					show_artifact(&artifact, output)
				},
				None => {
					files::write(&path, artifact.as_bytes())?;
					show_artifact(&artifact, output)
				},
				Some(folder) => import_encrypted(&artifact, &folder, hide_shape, &path, output),
			}
		},
		ModelCommand::Filter { filter, name, width, height, output: path } => {
			let known = FilterKind::ALL.into_iter().find(|(known, _)| *known == filter);
			let kind = known.map_or(FilterKind::Identity, |(_, kind)| kind);
			let name = name.unwrap_or(filter);
			let artifact = image_filter(kind, &name, (width, height))?;
			files::write(&path, artifact.as_bytes())?;
			show_artifact(&artifact, output)
		},
		ModelCommand::Operators => {
			let (core, client) = (supported_operators(), client_operators());
			let text = format!(
				"in the encrypted core:\n{}\n\non the client, before and after it:\n{}",
				core.join("\n"),
				client.join("\n")
			);
			output.print(&json!({ "core": core, "client": client }), &text)
		},
		ModelCommand::Inspect { model, key: None, .. } => {
			show_artifact(&files::read_artifact(&model)?, output)
		},
		ModelCommand::Inspect { model, key: Some(folder), schema } => {
			let key = files::read_client_key(&folder)?;
			let model = files::read_model(&model, schema.path.as_deref(), &key)?;
			show(&model.artifact, &model.card, output)
		},
		ModelCommand::Register { model, signer } => {
			let artifact = files::read_artifact(&model)?;
			let spinner = output.spinner("registering");
			let chain = signer.node.connect().await?;
			let number = chain.register_model(artifact.as_bytes(), &signer.suri).await?;
			spinner.finish_and_clear();
			let name = artifact.card.name();
			let json = json!({ "model": number, "name": name, "hash": hex_hash(&artifact.hash()) });
			output.print(&json, &format!("{name} is model {number}"))
		},
		ModelCommand::Owner(command) => private::run(command, output).await,
		ModelCommand::Retire { model, signer } => {
			let chain = signer.node.connect().await?;
			let private = chain.best_block().await?.private_model(model).await?;
			match private.filter(|private| private.owner == signer.suri.bytes()) {
				Some(_) => {
					_ = chain.call_of_owner("retire_private_model", model, &signer.suri).await?;
				},
				None => chain.retire_model(model, &signer.suri).await?,
			}
			output.print(&json!({ "model": model }), &format!("model {model} is retired"))
		},
		ModelCommand::List { node } => list(&node, output).await,
	}
}

/// Writes the artifact and the schema of an encrypted model.
fn import_encrypted(
	public: &Artifact,
	folder: &Path,
	hide_shape: bool,
	path: &Path,
	output: Output,
) -> Result<(), CommandError> {
	let key = files::read_client_key(folder)?;
	let mut seeder = new_seeder();
	let EncryptedModel { artifact, schema } =
		encrypt_model(public, &key, hide_shape, seeder.as_mut())?;
	let sealed = schema.seal(&key, seeder.as_mut())?;
	let schema_path = files::write_encrypted_model(path, &artifact, &sealed)?;
	if !output.json {
		println!(
			"{}  for the chain: weights, thresholds and features cannot be read from it\n\
			{}  for you: only the client key in {} opens it. Keep it with the key.\n",
			path.display(),
			schema_path.display(),
			folder.display(),
		);
	}
	show(&artifact, &schema.card, output)
}

async fn list(node: &Node, output: Output) -> Result<(), CommandError> {
	let best = node.connect().await?.best_block().await?;
	let models = best.models().await?;
	if models.is_empty() && !output.json {
		println!("The chain has no models; `fhe-ml model register` adds one.");
	}
	for (model, record) in models {
		let (json, text) = described(&best, model, &record).await?;
		output.print(&json, &text)?;
	}
	Ok(())
}

/// What is said of a model of the chain: as JSON, and for people.
pub async fn described(
	best: &BestBlock,
	model: ModelId,
	record: &RegisteredModel,
) -> Result<(serde_json::Value, String), ChainError> {
	let name = String::from_utf8_lossy(&record.name).into_owned();
	let least = best.least_redundancy(model).await?;
	let fee = best.quote(model, least, 1).await?.map(|quote| quote.fee);
	let status = match record.status {
		ModelStatus::Active => "active",
		ModelStatus::Retired => "retired",
	};
	let private = best.private_model(model).await?.map(|record| private::describe(&record));
	let json = json!({
		"model": model,
		"private": private.as_ref().map(|(json, _)| json),
		"name": name,
		"status": status,
		"hash": hex_hash(&record.artifact.0),
		"artifact_bytes": record.artifact_bytes,
		"input_bytes": record.input_bytes,
		"result_bytes": record.result_bytes,
		"work": record.work,
		"needs_server_key": record.needs_server_key,
		"encrypted_for": record.encrypted_for.map(|key| hex_hash(&key.0)),
		"open_jobs": record.open_jobs,
		"fee": fee.map(|fee| fee.to_string()),
		"least_redundancy": least,
	});
	let price = fee.map_or("-".into(), |fee| format!("{:.6}", Fhe(fee)));
	let text = format!(
		"{model:>4}  {:32} {status:8} {price:>14}  in {} B, out {} B{}{}{}",
		// A name is anybody's bytes: no control characters into the terminal.
		name.escape_debug().to_string(),
		record.input_bytes,
		record.result_bytes,
		match record.encrypted_for {
			Some(key) => format!(", encrypted for key {}", hex_hash(&key.0)),
			None => String::new(),
		},
		match least {
			..=1 => String::new(),
			least => format!(", at least {least} workers (--redundancy {least})"),
		},
		private.map(|(_, text)| text).unwrap_or_default(),
	);
	Ok((json, text))
}

/// Prints what an artifact shows of its model.
fn show_artifact(artifact: &Artifact, output: Output) -> Result<(), CommandError> {
	let card = match &artifact.card {
		Card::Public(card) => return show(artifact, card, output),
		Card::Filter(card) => return show_filter(artifact, card, output),
		Card::Encrypted(card) => card,
	};
	let text = format!(
		"{} ({})\n{}{}everything else is in the schema: --key DIR and --schema FILE show it",
		card.name,
		card.kind,
		file_text(artifact),
		cost_text(&card.sizes, &card.cost, card.decryption_failure_probability),
	);
	output.print(&json(artifact, card)?, &text)
}

/// Prints the card of an image filter.
fn show_filter(artifact: &Artifact, card: &FilterCard, output: Output) -> Result<(), CommandError> {
	let cost = cost_text(&card.sizes, &card.cost, card.decryption_failure_probability);
	let ((width, height), (output_width, output_height)) = (card.size, card.output_size);
	let text = format!(
		"{} ({})\n{}\
		filter          {}\n\
		images          {width} x {height} pixels of {} channels in, {output_width} x {output_height} of {} out\n\
		{}",
		card.name,
		card.kind,
		file_text(artifact),
		card.filter.name(),
		card.channels,
		card.output_channels,
		cost.trim_end(),
	);
	output.print(&json(artifact, card)?, &text)
}

/// The card with hash, length and key of the artifact.
fn json(artifact: &Artifact, card: &impl Serialize) -> Result<serde_json::Value, CommandError> {
	let mut json = serde_json::to_value(card)?;
	let file = json!({
		"artifact_bytes": artifact.as_bytes().len(),
		"hash": hex_hash(&artifact.hash()),
		"encrypted_for": artifact.encrypted_for.map(|key| hex_hash(&key)),
		"court": is_tried(artifact),
	});
	if let (Some(json), Some(file)) = (json.as_object_mut(), file.as_object()) {
		json.extend(file.clone());
	}
	Ok(json)
}

fn file_text(artifact: &Artifact) -> String {
	let key = match artifact.encrypted_for {
		Some(key) => {
			format!("encrypted       for the client key of server key {}\n", hex_hash(&key))
		},
		None => String::new(),
	};
	let bytes = artifact.as_bytes().len();
	let court = match is_tried(artifact) {
		Some(true) => "court           the chain evaluates disputed results itself\n",
		Some(false) => {
			"court           none, it is too much work: on most chains at least 3 workers must agree (--redundancy 3)\n"
		},
		None => "",
	};
	format!("hash            {} ({bytes} bytes)\n{key}{court}", hex_hash(&artifact.hash()))
}

/// Whether a chain of this release can evaluate the model itself; none for private ones, which it does not have.
fn is_tried(artifact: &Artifact) -> Option<bool> {
	let is_private = artifact.circuit.kind().is_private();
	(!is_private).then(|| artifact.circuit.trial(artifact.as_bytes().len()) != Trial::None)
}

fn cost_text(sizes: &Sizes, cost: &Cost, failure_probability: f64) -> String {
	format!(
		"encrypted input {} bytes, result {} bytes, {}\n\
		evaluation      about {:.3} ms of one core, {} of memory\n\
		{}\
		decryption      {}\n",
		sizes.input,
		sizes.result,
		match sizes.server_key {
			0 => "no server key".into(),
			bytes => format!("server key {bytes} bytes"),
		},
		cost.milliseconds_per_core,
		indicatif::HumanBytes(cost.memory),
		cost.levelled.as_ref().map_or(String::new(), levelled_text),
		match failure_probability {
			0.0 => "never fails".into(),
			probability => format!("fails with probability {probability:.0e}"),
		},
	)
}

/// Prints the card of a model.
fn show(artifact: &Artifact, card: &ModelCard, output: Output) -> Result<(), CommandError> {
	let task = match &card.task {
		Task::Classification { classes, scores, .. } => {
			let names = class_names(classes);
			let transform = transform_name(scores.transform);
			let normalise = if scores.normalise { ", normalised" } else { "" };
			format!("{names}; scores: {transform}{normalise}, on the client")
		},
		Task::Regression { targets } => {
			let transform = transform_name(targets.transform);
			format!("{} target(s); transform: {transform}, on the client", targets.columns.len())
		},
		Task::Computed(computed) => {
			let classes = computed.classes.as_ref().map_or("a class".into(), class_names);
			let what = if computed.label.is_some() { classes } else { "a value".into() };
			let nodes = computed.program.nodes();
			format!(
				"{what}; computed from {} decrypted numbers by {nodes} operators, on the client",
				card.output_steps.len()
			)
		},
	};
	let before = card.before.as_ref().map_or(String::new(), |before| {
		format!(
			"before          {} operators on the client make {} numbers of them\n",
			before.program.nodes(),
			before.columns.len()
		)
	});
	let named = |(at, name): (usize, &String)| match card.is_text(at) {
		true => format!("{name} (text)"),
		false => name.clone(),
	};
	let names = if card.features_are_named {
		card.features.iter().enumerate().map(named).collect::<Vec<_>>().join(", ")
	} else {
		"unnamed, taken by position (--calibration gives names)".into()
	};
	let quantisation = &card.quantisation;
	let cost = cost_text(&card.sizes, &card.cost, card.decryption_failure_probability);
	let text = format!(
		"{} ({}, from {})\n\
		{}\
		features        {}: {}\n\
		{before}\
		predicts        {task}\n\
		quantisation    {}\n\
		score error     at most {:.2e}, {:.2e} of the score's range\n\
		{}{}",
		card.name,
		card.kind,
		if card.producer.is_empty() { "an unnamed producer" } else { &card.producer },
		file_text(artifact),
		card.features.len(),
		names,
		quantisation_text(quantisation),
		quantisation.max_score_error,
		quantisation.max_relative_error,
		expected_error_text(card),
		cost.trim_end(),
	);
	output.print(&json(artifact, card)?, &text)
}

/// What the noise of scores does, if they have any.
fn noise_text(quantisation: &Quantisation) -> String {
	if !quantisation.has_noise() {
		return String::new();
	}
	let deviations: Vec<String> =
		quantisation.score_deviations.iter().map(|deviation| format!("{deviation:.2e}")).collect();
	let changed = quantisation.changed_classes.map_or(String::new(), |share| {
		format!(
			"changed classes {:.1} % of the calibration rows, by rounding and noise\n",
			100.0 * share
		)
	});
	format!(
		"score noise     standard deviation {}\n\
		{changed}\
		WARNING         {}\n",
		deviations.join(", "),
		NOISY_SCORES,
	)
}

/// Says on the error stream, where scores are decrypted, what they give away if they have noise.
pub fn warn_of_noise(quantisation: &Quantisation) {
	if quantisation.has_noise() {
		eprintln!("warning: {NOISY_SCORES}");
	}
}

/// What decrypted scores of models with noise give away.
const NOISY_SCORES: &str = "the noise in decrypted scores of this model tells of your client key: show them to nobody, and make new keys if you have to show classes of many rows";

/// Larger errors of what a model reports are warned of.
const LARGE_ERROR: f64 = 0.05;

/// How far what the model reports is from the exact model, if the card says so.
fn expected_error_text(card: &ModelCard) -> String {
	let Some(ExpectedError { mean, largest }) = card.quantisation.expected_error else {
		return String::new();
	};
	let what = match card.task.is_classification() {
		true => "a probability, or the share of a score's range,",
		false => "a value, as a share of its range,",
	};
	let rows = match card.quantisation.ranges {
		Ranges::Calibration => "the calibration rows; others may be several times as far off",
		_ => "rows drawn over the scaler's ranges; calibration rows would tell more",
	};
	let warning = if largest > LARGE_ERROR {
		"WARNING         encrypted predictions can be far from the model's own: give (more) calibration rows, use fewer\n\
		\u{20}               features or hidden units, or train with a stronger penalty (alpha)\n"
	} else {
		""
	};
	format!(
		"expected error  {what} is off by {mean:.4} on average and {largest:.4} at most on {rows}\n{warning}{}",
		noise_text(&card.quantisation),
	)
}

fn class_names(classes: &Classes) -> String {
	let names = match classes {
		Classes::Integers(classes) => classes.iter().map(i64::to_string).collect(),
		Classes::Strings(classes) => classes.clone(),
	};
	format!("classes {}", names.join(", "))
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
		"circuit         {} encrypted bits ({} selectors) in {} coefficients, {} transforms, gadget of {} digits of {} bits, {} limbs\n\
		noise           2^{:.1} of the modulus, budget 2^{:.1}\n",
		cost.bits,
		cost.selectors,
		cost.input_coefficients,
		cost.transforms,
		cost.gadget.1,
		cost.gadget.0,
		cost.limbs,
		cost.noise_log2,
		cost.budget_log2,
	)
}
