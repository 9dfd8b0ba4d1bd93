//! From an ONNX file to an artifact: understand it, choose integers, write the card.

use crate::{
	artifact::{Artifact, ArtifactError},
	bounds::{BoundsError, check_bounds},
	card::{self, Cost, ExpectedError, ModelCard, Sizes, Task},
	cell::Cell,
	float::{
		affine::Row,
		calibration::Calibration,
		model::{Body, FloatModel},
		network::{FloatDeepNetwork, FloatNetwork},
	},
	onnx::{Beside, OnnxError, Source},
	predict::{EncodeError, Features},
	quantise::{
		QuantiseDeepError, QuantiseError, QuantiseNetworkError, deep, forest,
		linear::{self, ExpectedRanges},
		network,
		quantised::Quantised,
		reported::Reported,
	},
};
use fhe_ml_engine::{Circuit, ForestCircuitError};
use std::{
	fs::File,
	io::Read,
	path::{Path, PathBuf},
};

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
	/// Name of the model; 1 to 64 bytes.
	pub name: String,
	/// Rows that show the ranges of the features, and their names.
	pub calibration: Option<Calibration>,
}

/// Why a model was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
	/// The ONNX file is not understood.
	#[error(transparent)]
	Onnx(#[from] OnnxError),
	/// The file cannot be read.
	#[error("cannot read {path}: {source}")]
	Read {
		/// The file.
		path: PathBuf,
		/// Why.
		source: std::io::Error,
	},
	/// More bytes than a model has.
	#[error("{0} has more than 512 MiB: no model of this size fits a chain")]
	TooLarge(PathBuf),
	/// The calibration file does not fit the model.
	#[error("the calibration file has {found} columns, but the model takes {wanted} features")]
	CalibrationColumns {
		/// Columns of the file.
		found: usize,
		/// Features of the model.
		wanted: usize,
	},
	/// A calibration row that the client's part of the model cannot take.
	#[error("row {row} of the calibration file: {error}")]
	CalibrationRow {
		/// Its number, from 0.
		row: usize,
		/// Why.
		error: EncodeError,
	},
	/// The calibration file has only some of the inputs that the model names.
	#[error("the columns of the calibration file are not the model's inputs: missing {}", .0.join(", "))]
	CalibrationNames(Vec<String>),
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
	/// The deep network does not fit.
	#[error("the model does not fit: {0}")]
	Deep(#[from] QuantiseDeepError),
	/// The model does not fit a chain.
	#[error(transparent)]
	Bounds(#[from] BoundsError),
	/// The artifact cannot be written.
	#[error(transparent)]
	Artifact(#[from] ArtifactError),
}

/// Imports an ONNX model and compiles it to an artifact.
///
/// Calibration rows are in the units of the model's features, one column each. Without them, ranges are
/// taken from the model's own scaler or guessed from its weights; a network needs one of the first two.
///
/// ```
/// use fhe_ml_models::{Card, ImportOptions, import_onnx};
///
/// // A logistic regression on 13 features with 3 classes.
/// let onnx = include_bytes!("../../../models/wine_logistic.onnx");
/// let options = ImportOptions { name: "wine".into(), calibration: None };
/// let artifact = import_onnx(onnx, &options)?;
/// let Card::Public(card) = &artifact.card else { panic!("it is not encrypted") };
/// assert_eq!(card.kind, "linear classifier");
/// assert_eq!((card.features.len(), artifact.circuit.outputs()), (13, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the file is not understood to the last node, the calibration rows are not those of the model's
/// features, no choice of integers is exact enough, or the result does not fit a chain.
pub fn import_onnx(onnx: &[u8], options: &ImportOptions) -> Result<Artifact, ImportError> {
	import(onnx, Beside::Nothing, options)
}

/// Imports an ONNX model from a file, and what it has of its data in other files of the same folder.
///
/// # Errors
/// If the file cannot be read or is too large, and for what [`import_onnx`] refuses.
pub fn import_onnx_file(path: &Path, options: &ImportOptions) -> Result<Artifact, ImportError> {
	let failed = |source| ImportError::Read { path: path.into(), source };
	let file = File::open(path).map_err(failed)?;
	let mut onnx = Vec::new();
	file.take(MAX_FILE + 1).read_to_end(&mut onnx).map_err(failed)?;
	if onnx.len() as u64 > MAX_FILE {
		return Err(ImportError::TooLarge(path.into()));
	}
	let folder = path.parent().filter(|folder| *folder != Path::new(""));
	import(&onnx, Beside::Folder(folder.unwrap_or(Path::new("."))), options)
}

/// Most bytes of an ONNX file.
const MAX_FILE: u64 = 1 << 29;

fn import(onnx: &[u8], beside: Beside, options: &ImportOptions) -> Result<Artifact, ImportError> {
	let source = Source::read(onnx, beside)?;
	let calibration = options.calibration.as_ref();
	let calibration = calibration.map(|rows| features(rows, &source)).transpose()?;
	let calibration = calibration.as_ref();
	let rows = calibration.map_or(&[][..], |calibration| &calibration.rows);
	let model = source.understand(rows)?;
	let columns = calibration.map(|calibration| columns(&model, calibration)).transpose()?;
	let quantised = quantise(&model, columns.as_ref())?;
	let Quantised { circuit, encoding, output_steps, output_offsets, quantisation } = quantised;
	let mut card = ModelCard {
		name: options.name.clone(),
		kind: kind(&circuit, &model.task),
		producer: model.producer,
		features: calibration.map_or(model.features, |calibration| calibration.names.clone()),
		text: model.text,
		before: model.before,
		encoding,
		features_are_named: calibration.is_some() || model.features_are_named,
		output_steps,
		task: model.task.shifted(&output_offsets),
		quantisation,
		output_bias: Vec::new(),
		sizes: Sizes::of(&circuit),
		cost: Cost::of(&circuit),
		decryption_failure_probability: card::failure_probability(&circuit),
	};
	if let (Body::Linear, Some(columns)) = (&model.body, &columns) {
		card.quantisation.expected_error = expected_error(&card, &circuit, &model.scores, columns);
	}
	let artifact = Artifact::new(card, circuit)?;
	check_bounds(&artifact)?;
	Ok(artifact)
}

/// How far a linear model is from the exact one on calibration rows, if it takes all of them.
fn expected_error(
	card: &ModelCard,
	circuit: &Circuit,
	scores: &[Row],
	columns: &Calibration<f64>,
) -> Option<ExpectedError> {
	let exact = columns.rows.iter().map(|row| scores.iter().map(|score| score.at(row)).collect());
	let reported = Reported::new(&card.task, &exact.collect::<Vec<_>>());
	let outputs = |row: &Vec<f64>| -> Option<Vec<f64>> {
		let outputs = circuit.evaluate_clear(&card.encode_columns(row).ok()?).ok()?;
		Some(outputs.iter().zip(&card.output_steps).map(|(&x, step)| x as f64 * step).collect())
	};
	let outputs: Option<Vec<Vec<f64>>> = columns.rows.iter().map(outputs).collect();
	Some(reported.error(outputs?.into_iter()))
}

/// Calibration rows as the model's features: numbers or texts, in the order of its inputs if it names these.
fn features(rows: &Calibration, source: &Source) -> Result<Calibration, ImportError> {
	let Calibration { names, rows } = in_order(rows, source)?;
	let features = Features { names: &names, text: &source.text_features() };
	let typed = rows.iter().enumerate().map(|(at, row)| {
		features.typed(row).map_err(|error| ImportError::CalibrationRow { row: at, error })
	});
	let rows = typed.collect::<Result<_, ImportError>>()?;
	Ok(Calibration { names, rows })
}

/// Calibration rows with their columns in the order of the model's inputs, if it names these.
fn in_order(rows: &Calibration, source: &Source) -> Result<Calibration, ImportError> {
	let features = source.features();
	let position = |name: &String| rows.names.iter().position(|column| column == name);
	let order: Vec<Option<usize>> = features.iter().map(position).collect();
	let by_name = source.features_are_named() && order.iter().any(Option::is_some);
	let missing = features.iter().zip(&order).filter(|(_, at)| by_name && at.is_none());
	let missing: Vec<String> = missing.map(|(name, _)| name.clone()).collect();
	if !missing.is_empty() {
		return Err(ImportError::CalibrationNames(missing));
	}
	let (found, wanted) = (rows.names.len(), features.len());
	if found != wanted {
		return Err(ImportError::CalibrationColumns { found, wanted });
	}
	if !by_name {
		return Ok(rows.clone());
	}
	let cells = |row: &Vec<Cell>| order.iter().flatten().map(|&at| row.get(at).cloned()).collect();
	let rows: Option<Vec<Vec<Cell>>> = rows.rows.iter().map(cells).collect();
	let rows = rows.ok_or(ImportError::CalibrationRows)?;
	Ok(Calibration { names: features.to_vec(), rows })
}

/// Calibration rows as what the core takes.
fn columns(model: &FloatModel, rows: &Calibration) -> Result<Calibration<f64>, ImportError> {
	let FloatModel { text, before, .. } = model;
	let features = Features { names: &rows.names, text };
	let columns = rows.rows.iter().enumerate().map(|(at, cells)| {
		let columns = features.columns(before.as_ref(), cells);
		columns.map_err(|error| ImportError::CalibrationRow { row: at, error })
	});
	let names = before.as_ref().map_or(&rows.names, |before| &before.columns);
	Ok(Calibration { names: names.clone(), rows: columns.collect::<Result<_, ImportError>>()? })
}

fn quantise(
	model: &FloatModel,
	calibration: Option<&Calibration<f64>>,
) -> Result<Quantised, ImportError> {
	let FloatModel { body, scalers, scores, task, .. } = model;
	Ok(match body {
		Body::Linear => {
			let expected = match calibration {
				Some(rows) if rows.tells_ranges() => ExpectedRanges::of_rows(rows, scores),
				Some(_) => return Err(ImportError::CalibrationRows),
				None => ExpectedRanges::of_model(scalers, scores),
			};
			linear::quantise(scores, &expected)?
		},
		Body::Forest(forest, precision) => forest::quantise(forest, scores, *precision)?,
		Body::Hidden(hidden) => {
			let network = FloatNetwork { hidden, outputs: scores };
			network::quantise(network, scalers, calibration, task)?
		},
		Body::Deep { first, further, outputs_from } => {
			let outputs_from = *outputs_from;
			let network = FloatDeepNetwork { first, further, outputs_from, outputs: scores };
			deep::quantise(network, calibration, task)?
		},
	})
}

/// What a circuit is, for people.
fn kind(circuit: &Circuit, task: &Task) -> String {
	let circuit = match circuit {
		Circuit::Linear(_) | Circuit::EncryptedLinear(_) => "linear",
		Circuit::Forest(forest) if forest.trees().len() == 1 => "decision tree",
		Circuit::Forest(_) | Circuit::EncryptedForest(_) => "forest",
		Circuit::Network(_) => "network",
		Circuit::Deep(_) => "deep network",
		Circuit::Filter(_) => "image filter",
		Circuit::Private(_) => "private model",
	};
	match task.is_classification() {
		true => format!("{circuit} classifier"),
		false => format!("{circuit} regressor"),
	}
}
