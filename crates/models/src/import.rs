//! Reads an ONNX model and finds out what it computes.
//!
//! Every tensor of the graph is followed as a formula ([`formula`]): an affine function of the
//! features, scores made of one, or a label made of scores. An operator that takes such a formula
//! to another one is in [`operators`]; anything else is refused by name. So a model is either
//! understood to the last node, or not imported.

mod formula;
mod graph;
mod operators;
mod proto;

use crate::{
	artifact::{Artifact, ArtifactError},
	card::{Column, ModelCard, Ranges, Scores, Sizes, Task},
	quantise::{FloatModel, QuantiseError},
};
use fhe_ml_engine::Hash;
use formula::{Affine, Formula, Row, ScoreFormula};
use graph::Graph;

pub use operators::SUPPORTED_OPERATORS;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
	/// Name of the model; 1 to 64 bytes.
	pub name: String,
	/// Rows that show the ranges of the features, and their names.
	pub calibration: Option<Calibration>,
}

/// Rows that show the ranges of the features.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
	/// Names of the columns, in the order of the model's features.
	pub names: Vec<String>,
	/// One value per column and row.
	pub rows: Vec<Vec<f64>>,
}

/// Why a model was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
	/// Not ONNX.
	#[error("this is not an ONNX model: {0}")]
	NotOnnx(String),
	/// The graph contradicts itself.
	#[error("the ONNX graph is malformed at {place}: {what}")]
	Malformed {
		/// Node, input or initializer.
		place: String,
		/// What is wrong.
		what: String,
	},
	/// A node that cannot be followed.
	#[error("node `{node}` has the unsupported operator {operator}; supported are: {}", SUPPORTED_OPERATORS.join(", "))]
	UnsupportedOperator {
		/// Name of the node, or its output.
		node: String,
		/// Operator with its domain.
		operator: String,
	},
	/// A supported operator in a use that cannot be followed.
	#[error("node `{node}` uses {operator} in an unsupported way: {why}")]
	UnsupportedUse {
		/// Name of the node, or its output.
		node: String,
		/// Operator.
		operator: String,
		/// Which way.
		why: String,
	},
	/// The graph's outputs are not a prediction of a linear model.
	#[error(
		"the model's outputs are neither the values of a regression nor a label and its scores: {0}"
	)]
	Outputs(String),
	/// The calibration file does not fit the model.
	#[error("the calibration file has {found} columns, but the model takes {wanted} features")]
	CalibrationColumns {
		/// Columns of the file.
		found: usize,
		/// Features of the model.
		wanted: usize,
	},
	/// The calibration file has no usable row.
	#[error("the calibration file needs at least one row, and only finite numbers")]
	CalibrationRows,
	/// The integers cannot be chosen.
	#[error("the model does not fit the noise budget: {0}")]
	Quantise(#[from] QuantiseError),
	/// The artifact cannot be written.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
}

/// Half width, in standard deviations, of the expected range of a scaled feature.
const SCALED_HALF_WIDTH: f64 = 4.0;

/// Imports an ONNX model and compiles it to an artifact.
pub fn import_onnx(onnx: &[u8], options: &ImportOptions) -> Result<Artifact, ImportError> {
	let graph = Graph::parse(onnx)?;
	let solved = operators::follow(&graph)?;
	let (rows, task) = solved_task(&graph, &solved.outputs)?;
	let names = feature_names(&graph, options)?;
	let (ranges, ranges_from, spans) = expected_ranges(options, &rows, &solved.scalers)?;
	let model = FloatModel {
		names,
		weights: rows.iter().map(|row| row.weights.clone()).collect(),
		bias: rows.iter().map(|row| row.bias).collect(),
		ranges,
		ranges_from,
		spans,
	};
	let quantised = model.quantise()?;
	let card = ModelCard {
		name: options.name.clone(),
		kind: match task {
			Task::Classification { .. } => "linear classifier".into(),
			Task::Regression { .. } => "linear regressor".into(),
		},
		producer: graph.producer.clone(),
		features: quantised.features,
		features_are_named: options.calibration.is_some() || graph.features_are_named(),
		output_steps: quantised.output_steps,
		task,
		quantisation: quantised.quantisation,
		sizes: Sizes {
			input: quantised.circuit.input_bytes(),
			result: quantised.circuit.result_bytes(),
			server_key: 0,
		},
		decryption_failure_probability: 0.0,
	};
	Ok(Artifact::new(card, quantised.circuit)?)
}

/// The content hash in hexadecimal, as the chain shows it.
pub fn hex_hash(hash: &Hash) -> String {
	hash.iter().fold(String::from("0x"), |text, byte| text + &format!("{byte:02x}"))
}

/// The distinct rows that must be evaluated, and the task in terms of them.
fn solved_task(graph: &Graph, outputs: &[Formula]) -> Result<(Vec<Row>, Task), ImportError> {
	let mut rows: Vec<Row> = Vec::new();
	let mut label = None;
	let mut scores = None;
	for output in outputs {
		match output {
			Formula::Label(found, classes) => label = Some((found.clone(), classes.clone())),
			Formula::Scores(found) => scores = Some(found.clone()),
			Formula::Affine(found) => scores = Some(ScoreFormula::plain(found.clone())),
			_ => {},
		}
	}
	let task = match (label, scores) {
		(Some((decision, classes)), scores) => {
			let classes = classes
				.or_else(|| graph.zipmap_classes())
				.ok_or_else(|| ImportError::Outputs("the label has no list of classes".into()))?;
			let scores = scores.unwrap_or_else(|| decision.clone());
			if decision.affine.rows.len() != classes.len() {
				let why =
					format!("{} scores for {} classes", decision.affine.rows.len(), classes.len());
				return Err(ImportError::Outputs(why));
			}
			let decision = to_scores(&mut rows, &decision);
			let scores = to_scores(&mut rows, &scores);
			Task::Classification { classes, decision, scores }
		},
		(None, Some(values)) if values.is_plain() => {
			Task::Regression { targets: columns(&mut rows, &values.affine) }
		},
		(None, _) => {
			let names = graph.outputs.join(", ");
			return Err(ImportError::Outputs(format!("found only {names}")));
		},
	};
	Ok((rows, task))
}

fn to_scores(rows: &mut Vec<Row>, formula: &ScoreFormula) -> Scores {
	Scores {
		columns: columns(rows, &formula.affine),
		transform: formula.transform,
		normalise: formula.normalise,
	}
}

/// Finds each row of `affine` among `rows`, up to its sign, or adds it.
fn columns(rows: &mut Vec<Row>, affine: &Affine) -> Vec<Column> {
	let column = |row: &Row| {
		let negated = row.scaled(-1.0);
		if let Some(output) = rows.iter().position(|other| other == row) {
			Column { output, negate: false }
		} else if let Some(output) = rows.iter().position(|other| *other == negated) {
			Column { output, negate: true }
		} else {
			rows.push(row.clone());
			Column { output: rows.len() - 1, negate: false }
		}
	};
	affine.rows.iter().map(column).collect()
}

fn feature_names(graph: &Graph, options: &ImportOptions) -> Result<Vec<String>, ImportError> {
	let wanted = graph.feature_names.len();
	match &options.calibration {
		Some(calibration) if calibration.names.len() == wanted => Ok(calibration.names.clone()),
		Some(calibration) => {
			Err(ImportError::CalibrationColumns { found: calibration.names.len(), wanted })
		},
		None => Ok(graph.feature_names.clone()),
	}
}

type RangesAndSpans = (Vec<(f64, f64)>, Ranges, Option<Vec<f64>>);

/// Where the features are expected: from calibration rows, else from the scaler, else guessed such
/// that every feature moves some score equally far.
fn expected_ranges(
	options: &ImportOptions,
	rows: &[Row],
	scalers: &[Option<(f64, f64)>],
) -> Result<RangesAndSpans, ImportError> {
	let guess = |feature: usize| {
		let weight = rows.iter().fold(0.0, |w: f64, row| w.max(row.weights[feature].abs()));
		let bias = rows.iter().fold(0.0, |b: f64, row| b.max(row.bias.abs()));
		(0.0, if weight > 0.0 { bias.max(64.0) / weight } else { 1.0 })
	};
	let Some(calibration) = &options.calibration else {
		let from =
			if scalers.iter().any(Option::is_some) { Ranges::Scaler } else { Ranges::Weights };
		let ranges = scalers.iter().enumerate().map(|(feature, scaler)| match scaler {
			// z = a x + b is expected in [-4, 4].
			Some((a, b)) => (-b / a, SCALED_HALF_WIDTH / a.abs()),
			None => guess(feature),
		});
		return Ok((ranges.collect(), from, None));
	};
	if calibration.rows.is_empty() || !calibration.rows.iter().flatten().all(|x| x.is_finite()) {
		return Err(ImportError::CalibrationRows);
	}
	let ranges = (0..scalers.len()).map(|feature| {
		let (low, high) = extremes(calibration.rows.iter().map(|row| row[feature]));
		let half_width = (high - low) / 2.0;
		let centre = low + half_width;
		(centre, if half_width > 0.0 { half_width } else { centre.abs().max(1.0) })
	});
	let spans = rows.iter().map(|score| {
		let (low, high) = extremes(calibration.rows.iter().map(|row| score.at(row)));
		(high - low) / 2.0
	});
	Ok((ranges.collect(), Ranges::Calibration, Some(spans.collect())))
}

fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
	values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}
