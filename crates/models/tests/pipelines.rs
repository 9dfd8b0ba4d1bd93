//! Trained pipelines whose encoders, imputers, votes and calibrations the client computes, against ONNX Runtime.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{models_dir, predict};
use fhe_ml_engine::EvaluationBuffers;
use fhe_ml_models::{
	Artifact, Calibration, Cell, ImportError, ImportOptions, Label, Model, import_onnx_file,
};
use serde::Deserialize;
use serde_json::Value;

/// What `scripts/cases/make_cases.py --fixtures` wrote of a pipeline.
#[derive(Deserialize)]
struct Pipeline {
	columns: Vec<String>,
	/// Calibration rows.
	train: Vec<Vec<Cell>>,
	rows: Vec<Vec<Cell>>,
	/// ONNX Runtime's labels; none of a regression.
	label: Option<Vec<Value>>,
	/// Its scores, or values.
	scores: Vec<Vec<f64>>,
}

/// Pipelines that have no encrypted form, and what import says of them.
const REFUSED: [(&str, &str); 1] =
	[("stacking_three", "let the last model of a stack be a linear one")];

/// How many rows of each are encrypted; all of them are computed in the clear.
const ENCRYPTED: usize = 2;
/// Of a score, relative to it if it is large.
const TOLERANCE: f64 = 0.003;

fn pipelines() -> Vec<(String, Pipeline)> {
	let folder = models_dir().join("pipelines");
	let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
	let mut names: Vec<String> = files
		.filter(|path| path.extension().is_some_and(|extension| extension == "json"))
		.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
		.collect();
	names.sort();
	let read = |name: String| {
		let json = std::fs::read(folder.join(&name).with_extension("json")).unwrap();
		let pipeline =
			serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{name}: {error}"));
		(name, pipeline)
	};
	names.into_iter().map(read).collect()
}

fn import(name: &str, pipeline: &Pipeline) -> Result<Artifact, ImportError> {
	let calibration = Calibration { names: pipeline.columns.clone(), rows: pipeline.train.clone() };
	let options = ImportOptions { name: name.into(), calibration: Some(calibration) };
	import_onnx_file(&models_dir().join(format!("pipelines/{name}.onnx")), &options)
}

/// A pipeline as clients have it, who read its card.
fn model(name: &str, pipeline: &Pipeline) -> Model {
	let artifact = import(name, pipeline).unwrap_or_else(|error| panic!("{name}: {error}"));
	let read = Artifact::from_bytes(artifact.as_bytes().to_vec()).unwrap();
	Model::new(read, None).unwrap()
}

fn is_label(label: &Label, wanted: &Value) -> bool {
	match label {
		Label::Integer(label) => wanted.as_i64() == Some(*label),
		Label::String(label) => wanted.as_str() == Some(label),
		Label::Value(_) | Label::Values(_) => false,
	}
}

#[test]
fn pipelines_predict_what_onnx_runtime_does() {
	let all = pipelines();
	assert!(all.len() >= 16, "{} pipelines", all.len());
	let mut buffers = EvaluationBuffers::default();
	for (name, pipeline) in all.iter().filter(|(name, _)| REFUSED.iter().all(|(no, _)| no != name))
	{
		let model = model(name, pipeline);
		for (at, row) in pipeline.rows.iter().enumerate() {
			let found = match at < ENCRYPTED {
				true => predict(&model, row, &mut buffers),
				false => {
					model.predict_clear(row).unwrap_or_else(|error| panic!("{name} {at}: {error}"))
				},
			};
			let wanted = &pipeline.scores[at];
			assert_eq!(found.scores.len(), wanted.len(), "{name}, row {at}");
			let mut pairs = found.scores.iter().zip(wanted);
			let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * (1.0 + b.abs());
			assert!(pairs.all(is_near), "{name}, row {at}: {found:?}, not {wanted:?}");
			if let Some(labels) = &pipeline.label {
				let same = found.tie || is_label(&found.prediction, &labels[at]);
				assert!(same, "{name}, row {at}: {found:?}, not {}", labels[at]);
			}
		}
	}
}

#[test]
fn clients_that_know_nothing_of_the_part_before_refuse_the_card() {
	let all = pipelines();
	let (name, pipeline) = all.iter().find(|(name, _)| name == "titanic_words").unwrap();
	let artifact = import(name, pipeline).unwrap();
	let json = artifact.as_bytes().windows(12).any(|bytes| bytes == b"\"encoding\":{");
	assert!(!json, "they would encode the features");
	assert!(model(name, pipeline).card.before.is_some());
}

#[test]
fn pipelines_without_an_encrypted_form_say_what_to_do() {
	for (name, wanted) in REFUSED {
		let all = pipelines();
		let (_, pipeline) = all.iter().find(|(found, _)| found == name).unwrap();
		let refused = import(name, pipeline).unwrap_err().to_string();
		assert!(refused.contains(wanted), "{name}: {refused}");
	}
}

#[test]
fn a_pipeline_wants_numbers_and_texts_where_it_takes_them() {
	let with_text = pipelines().into_iter().find_map(|(name, pipeline)| {
		let is_refused = REFUSED.iter().any(|(refused, _)| *refused == name);
		let model = (!is_refused).then(|| model(&name, &pipeline))?;
		let has_both = (1..model.card.features.len()).contains(&model.card.text.len());
		has_both.then_some((model, pipeline))
	});
	let (model, pipeline) = with_text.unwrap();
	let text = model.card.text[0].feature;
	let number = (0..model.card.features.len()).find(|&at| !model.card.is_text(at)).unwrap();
	let refusal = |at: usize, cell: Cell| {
		let mut row = pipeline.rows[0].clone();
		row[at] = cell;
		model.card.encode(&row).unwrap_err().to_string()
	};
	let name = |at: usize| &model.card.features[at];
	assert_eq!(
		refusal(text, 1.5.into()),
		format!("feature `{}` is text, not a number", name(text))
	);
	assert_eq!(
		refusal(number, "many".into()),
		format!("feature `{}` is a number, not `many`", name(number))
	);
	let short = model.card.encode(&pipeline.rows[0][1..]).unwrap_err().to_string();
	assert!(short.starts_with("the model takes"), "{short}");
}
