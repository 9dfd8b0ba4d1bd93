//! Reads an ONNX model and finds out what it computes.
//!
//! Every tensor of the graph is followed as a formula ([`formula`]): an affine function of the
//! features, of the sums of a forest ([`trees`]) or of a hidden layer ([`activation`]); scores made of
//! one; or a label made of scores. An operator that takes such a formula to another one is in
//! [`operators`]; anything else is refused by name. So a model is either understood to the last node,
//! or not imported.

pub(crate) mod activation;
mod formula;
mod graph;
mod operators;
mod proto;
mod tree_operators;
pub(crate) mod trees;

use crate::{
	artifact::{Artifact, ArtifactError},
	card::{Column, Encoding, ModelCard, Predicates, Quantisation, Ranges, Scores, Task},
	cost,
	quantise::{FloatModel, QuantiseError},
	quantise_network::{FloatNetwork, QuantiseNetworkError},
	quantise_trees,
};
use fhe_ml_engine::{Circuit, ForestCircuitError, Hash};
use fhe_ml_format::bounds::{MAX_ARTIFACT_BYTES, MAX_INPUT_BYTES};
use formula::{Basis, Formula, Precision, Row, ScoreFormula};
use graph::Graph;
use operators::HiddenLayer;

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
	/// The graph's outputs are not a prediction.
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
	/// The trees do not fit.
	#[error("the model does not fit: {0}")]
	Forest(#[from] ForestCircuitError),
	/// The network does not fit.
	#[error("the model does not fit: {0}")]
	Network(#[from] QuantiseNetworkError),
	/// The model does not fit a chain.
	#[error(transparent)]
	Bounds(#[from] BoundsError),
	/// The artifact cannot be written.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
}

/// Why a compiled model does not fit a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
	/// The artifact is larger than a chain takes.
	#[error("the model takes {found} bytes, and at most {limit} fit a chain")]
	Artifact {
		/// Bytes of the artifact.
		found: usize,
		/// Bytes that are allowed.
		limit: usize,
	},
	/// The input is larger than a chain takes.
	#[error("an encrypted row would take {found} bytes, and at most {limit} fit a chain")]
	Input {
		/// Bytes of an input.
		found: usize,
		/// Bytes that are allowed.
		limit: usize,
	},
}

/// Whether artifact and inputs of a model fit a chain.
pub(crate) fn check_bounds(artifact: &Artifact) -> Result<(), BoundsError> {
	let input = artifact.circuit.input_bytes();
	if input > MAX_INPUT_BYTES {
		return Err(BoundsError::Input { found: input, limit: MAX_INPUT_BYTES });
	}
	match artifact.as_bytes().len() {
		found if found > MAX_ARTIFACT_BYTES => {
			Err(BoundsError::Artifact { found, limit: MAX_ARTIFACT_BYTES })
		},
		_ => Ok(()),
	}
}

/// Half width, in standard deviations, of the expected range of a scaled feature.
const SCALED_HALF_WIDTH: f64 = 4.0;

/// Imports an ONNX model and compiles it to an artifact.
pub fn import_onnx(onnx: &[u8], options: &ImportOptions) -> Result<Artifact, ImportError> {
	let graph = Graph::parse(onnx)?;
	let solved = operators::follow(&graph)?;
	let (basis, rows, task) = solved_task(&graph, &solved.outputs)?;
	let names = feature_names(&graph, options)?;
	let compiled = match (basis, &solved.forest) {
		(Basis::Features, _) => compile_linear(options, rows, &solved.scalers)?,
		(Basis::Forest, Some(forest)) => compile_forest(forest, &rows, graph.precision)?,
		(Basis::Hidden, _) if let Some(layer) = &solved.hidden => {
			compile_network(layer, &rows, &solved.scalers, options)?
		},
		_ => return Err(ImportError::Outputs("they depend on no input".into())),
	};
	let Compiled { circuit, encoding, output_steps, output_offsets, quantisation } = compiled;
	let task = task.shifted(&output_offsets);
	let kind = circuit_name(&circuit);
	let card = ModelCard {
		name: options.name.clone(),
		kind: match task {
			Task::Classification { .. } => format!("{kind} classifier"),
			Task::Regression { .. } => format!("{kind} regressor"),
		},
		producer: graph.producer.clone(),
		features: names,
		encoding,
		features_are_named: options.calibration.is_some() || graph.features_are_named(),
		output_steps,
		task,
		quantisation,
		output_bias: Vec::new(),
		sizes: cost::sizes(&circuit),
		cost: cost::cost(&circuit),
		decryption_failure_probability: cost::failure_probability(&circuit),
	};
	let artifact = Artifact::new(card, circuit)?;
	check_bounds(&artifact)?;
	Ok(artifact)
}

/// A circuit, and what the card says of it.
struct Compiled {
	circuit: Circuit,
	encoding: Encoding,
	output_steps: Vec<f64>,
	/// What the client adds to each output.
	output_offsets: Vec<f64>,
	quantisation: Quantisation,
}

fn circuit_name(circuit: &Circuit) -> &'static str {
	match circuit {
		Circuit::Linear(_) | Circuit::EncryptedLinear(_) => "linear",
		Circuit::Forest(forest) if forest.trees().len() == 1 => "decision tree",
		Circuit::Forest(_) | Circuit::EncryptedForest(_) => "forest",
		Circuit::Network(_) => "network",
		Circuit::Filter(_) => "image filter",
	}
}

fn compile_linear(
	options: &ImportOptions,
	rows: Vec<Row>,
	scalers: &[Option<(f64, f64)>],
) -> Result<Compiled, ImportError> {
	let (ranges, ranges_from, spans) = expected_ranges(options, &rows, scalers)?;
	let model = FloatModel {
		bias: rows.iter().map(|row| row.bias).collect(),
		weights: rows.into_iter().map(|row| row.weights).collect(),
		ranges,
		ranges_from,
		spans,
	};
	let quantised = model.quantise()?;
	Ok(Compiled {
		circuit: Circuit::Linear(quantised.circuit),
		encoding: Encoding::Scaled(quantised.features),
		output_offsets: vec![0.0; quantised.output_steps.len()],
		output_steps: quantised.output_steps,
		quantisation: quantised.quantisation,
	})
}

fn compile_forest(
	forest: &trees::FloatForest,
	rows: &[Row],
	precision: Precision,
) -> Result<Compiled, ImportError> {
	let weights: Vec<Vec<f64>> = rows.iter().map(|row| row.weights.clone()).collect();
	let quantised = quantise_trees::quantise(forest, &weights)?;
	Ok(Compiled {
		circuit: Circuit::Forest(quantised.circuit),
		encoding: Encoding::Predicates(Predicates {
			list: quantised.predicates,
			single_precision: precision == Precision::Single,
		}),
		output_offsets: vec![0.0; quantised.output_steps.len()],
		output_steps: quantised.output_steps,
		quantisation: quantised.quantisation,
	})
}

fn compile_network(
	layer: &HiddenLayer,
	rows: &[Row],
	scalers: &[Option<(f64, f64)>],
	options: &ImportOptions,
) -> Result<Compiled, ImportError> {
	let network = FloatNetwork {
		hidden: layer.rows.iter().map(|row| (row.weights.clone(), row.bias)).collect(),
		activation: layer.activation,
		outputs: rows.iter().map(|row| (row.weights.clone(), row.bias)).collect(),
	};
	let quantised = network.quantise(scalers, options.calibration.as_ref())?;
	Ok(Compiled {
		circuit: Circuit::Network(quantised.circuit),
		encoding: Encoding::Levels { features: quantised.features, largest: quantised.largest },
		output_offsets: quantised.output_offsets,
		output_steps: quantised.output_steps,
		quantisation: quantised.quantisation,
	})
}

impl Task {
	/// Adds what the circuit leaves out to every column.
	fn shifted(mut self, offsets: &[f64]) -> Self {
		let shift = |scores: &mut Scores| {
			for column in &mut scores.columns {
				let offset = offsets.get(column.output).copied().unwrap_or_default();
				column.offset += if column.negate { -offset } else { offset };
			}
		};
		match &mut self {
			Self::Classification { decision, scores, .. } => {
				shift(decision);
				shift(scores);
			},
			Self::Regression { targets } => shift(targets),
		}
		self
	}
}

/// The content hash in hexadecimal, as the chain shows it.
pub fn hex_hash(hash: &Hash) -> String {
	hash.iter().fold(String::from("0x"), |text, byte| text + &format!("{byte:02x}"))
}

/// What the outputs are affine in, the distinct rows that must be evaluated, and the task in terms
/// of them.
fn solved_task(graph: &Graph, outputs: &[Formula]) -> Result<(Basis, Vec<Row>, Task), ImportError> {
	let mut label = None;
	let mut scores = None;
	for output in outputs {
		match output {
			Formula::Label(found, classes) => label = Some((found.clone(), classes.clone())),
			Formula::Scores(found) => scores = Some(found.clone()),
			Formula::Affine(found) => scores = Some(ScoreFormula::plain(found.clone())),
			Formula::Exp(found) => {
				let transform = crate::card::Transform::Exp;
				let affine = found.clone();
				scores = Some(ScoreFormula { affine, transform, normalise: false });
			},
			_ => {},
		}
	}
	let mut rows = Rows { basis: None, rows: Vec::new() };
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
			let decision = rows.scores(&decision)?;
			let scores = rows.scores(&scores)?;
			Task::Classification { classes, decision, scores }
		},
		(None, Some(values)) => Task::Regression { targets: rows.scores(&values)? },
		(None, None) => {
			let names = graph.outputs.join(", ");
			return Err(ImportError::Outputs(format!("found only {names}")));
		},
	};
	let basis = rows.basis.ok_or_else(|| ImportError::Outputs("they have no column".into()))?;
	Ok((basis, rows.rows, task))
}

/// The distinct rows that must be evaluated.
struct Rows {
	basis: Option<Basis>,
	rows: Vec<Row>,
}

impl Rows {
	fn scores(&mut self, formula: &ScoreFormula) -> Result<Scores, ImportError> {
		if *self.basis.get_or_insert(formula.affine.basis) != formula.affine.basis {
			let why = "they depend on different parts of the model";
			return Err(ImportError::Outputs(why.into()));
		}
		Ok(Scores {
			columns: formula.affine.rows.iter().map(|row| self.column(row)).collect(),
			transform: formula.transform,
			normalise: formula.normalise,
		})
	}

	/// Finds a row, up to sign and bias, or adds it.
	fn column(&mut self, row: &Row) -> Column {
		let negated = row.scaled(-1.0);
		let find =
			|wanted: &Row| self.rows.iter().position(|other| other.weights == wanted.weights);
		if let Some(output) = find(row) {
			Column { output, negate: false, offset: row.bias - self.circuit_bias(output) }
		} else if let Some(output) = find(&negated) {
			Column { output, negate: true, offset: row.bias + self.circuit_bias(output) }
		} else {
			self.rows.push(row.clone());
			let output = self.rows.len() - 1;
			Column { output, negate: false, offset: row.bias - self.circuit_bias(output) }
		}
	}

	/// What the circuit adds itself: linear ones their bias, others nothing.
	fn circuit_bias(&self, output: usize) -> f64 {
		if self.basis == Some(Basis::Features) { self.rows[output].bias } else { 0.0 }
	}
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
