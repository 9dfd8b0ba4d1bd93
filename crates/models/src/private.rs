//! Private models: an artifact that tells users how to ask, and a file for the evaluators that their owner names.
//!
//! [`make_private`] makes both from a public model. What users learn of it is in the artifact and nowhere else;
//! [`Told`] says it in words.

mod error;
mod file;
mod forest;
mod grid;
mod linear;
mod network;
mod owner_key;
mod prepared;
mod told;

pub use error::PrivateError;
pub use file::{PrivateFile, PrivateFileError, passphrase_of};
pub use grid::{Grid, GridError};
pub use owner_key::{MOST_ANSWERS, owner_key};
pub use told::Told;

use crate::{
	artifact::{Artifact, Card},
	bounds::check_bounds,
	card::{self, Column, Cost, Encoding, ExpectedError, ModelCard, Quantisation, Sizes, Task},
	cell::Cell,
	float::calibration::Calibration,
	model::{Model, PredictError},
	predict::Prediction,
};
use fhe_ml_engine::{
	Circuit, PrivateCircuit, PrivateCircuitError, Seeder,
	circuits::private::{Padding, PrivateEvaluator},
};

/// How to make a model private.
#[derive(Clone, Debug)]
pub struct PrivateOptions {
	/// Which comparisons users encrypt; for forests.
	pub grid: Grid,
	/// log2 of kappa: flooding reaches kappa standard deviations of the evaluation's noise.
	pub kappa_log2: u32,
}

impl Default for PrivateOptions {
	fn default() -> Self {
		Self { grid: Grid::Decoys(48), kappa_log2: Padding::default().kappa_log2 }
	}
}

/// What is made of a model.
#[derive(Debug)]
pub struct PrivateModel {
	/// For everybody.
	pub artifact: Artifact,
	/// For the evaluators.
	pub file: PrivateFile,
	/// Rows of the calibration file for which the private model predicts something else than the public one, of
	/// how many.
	pub changed: (usize, usize),
}

/// Makes a public model private.
///
/// `calibration` are rows of the model's features, from which ranges and decoys are taken; users learn these.
///
/// # Errors
/// If the model is encrypted or an image filter, if there are no calibration rows, if the grid is too small for
/// the model, or if the private model does not fit the noise budget or a chain.
pub fn make_private(
	model: &Artifact,
	calibration: Option<&Calibration>,
	options: &PrivateOptions,
	seeder: &mut dyn Seeder,
) -> Result<PrivateModel, PrivateError> {
	let card = match &model.card {
		Card::Public(card) => card.as_ref(),
		Card::Encrypted(_) => return Err(PrivateError::Kind("an encrypted model")),
		Card::Filter(_) => return Err(PrivateError::Kind("an image filter")),
	};
	let rows = calibration.filter(|rows| !rows.rows.is_empty());
	let rows = rows.ok_or(PrivateError::NoCalibration)?;
	let columns = card.calibration(rows)?;
	let (task, offsets) = without_offsets(&card.task, model.circuit.outputs());
	let like = match &options.grid {
		Grid::Like(artifact) => Some(artifact.as_ref()),
		_ => None,
	};
	// The finest choice that leaves room is taken.
	let tries = match &model.circuit {
		Circuit::Linear(_) => linear::FEATURE_BITS.len(),
		Circuit::Network(_) => network::TABLE_LENS.len(),
		_ => 1,
	};
	let prepare = |number: usize| {
		let step = |least: f64| like.and_then(step_of).unwrap_or_else(|| power_of_two_above(least));
		match (&model.circuit, &card.encoding) {
			(Circuit::Forest(forest), Encoding::Predicates(predicates)) => {
				forest::prepare(forest, predicates, card, &offsets, &columns, &options.grid, step)
			},
			(Circuit::Linear(linear), Encoding::Scaled(features)) => {
				let bits = linear::FEATURE_BITS[number];
				linear::prepare(linear, features, card, &offsets, &columns, bits, step)
			},
			(Circuit::Network(network), Encoding::Levels { .. }) => {
				let len = network::TABLE_LENS[number];
				network::prepare(network, card, &offsets, len, step)
			},
			(Circuit::Private(_), _) => Err(PrivateError::Kind("a private model")),
			_ => Err(PrivateError::Kind("this kind of model")),
		}
	};
	let secret = fresh_secret(seeder);
	let padding = Padding { kappa_log2: options.kappa_log2 };
	let compile = |number: usize| {
		let prepared = prepare(number)?;
		let circuit = match like.map(|like| &like.circuit) {
			Some(Circuit::Private(circuit)) => circuit.clone(),
			Some(_) => return Err(GridError::NotPrivate.into()),
			None => PrivateCircuit::choose(&prepared.source, padding)?,
		};
		let evaluator = PrivateEvaluator::like(prepared.source, circuit, secret)?;
		let circuit = Circuit::Private(evaluator.circuit().clone());
		let card = ModelCard {
			kind: kind(&model.circuit, &task).into(),
			encoding: prepared.encoding,
			output_steps: vec![prepared.step; circuit.outputs()],
			task: task.clone(),
			quantisation: quantisation(&card.quantisation),
			sizes: Sizes::of(&circuit),
			cost: Cost::of(&circuit),
			decryption_failure_probability: card::failure_probability(&circuit),
			..card.clone()
		};
		let artifact = match like {
			// To the byte, its name included: nobody can tell them apart.
			Some(like) if reads_alike(&card, &like.card) => like.clone(),
			Some(_) => return Err(PrivateCircuitError::AnotherShape(ANOTHER_CARD).into()),
			None => Artifact::new(card, circuit)?,
		};
		Ok((evaluator, artifact))
	};
	let is_too_fine = |error: &PrivateError| {
		use PrivateCircuitError::{AnotherShape, NoRoom};
		matches!(error, PrivateError::Circuit(NoRoom | AnotherShape(_)))
	};
	let mut compiled = compile(0);
	for number in 1..tries {
		if compiled.as_ref().is_err_and(is_too_fine) {
			compiled = compile(number);
		}
	}
	let (evaluator, artifact) = compiled?;
	check_bounds(&artifact)?;
	let changed = changed(model, &artifact, &evaluator, rows)?;
	let file = PrivateFile { artifact: artifact.hash(), evaluator };
	Ok(PrivateModel { artifact, file, changed })
}

/// What a private model predicts in the clear.
///
/// # Errors
/// If the row does not have one finite number per feature, or one is out of its range.
pub fn predict_private<C: Clone + Into<Cell>>(
	model: &Model,
	file: &PrivateFile,
	row: &[C],
) -> Result<Prediction, PredictError> {
	let outputs = file.evaluator.evaluate_clear(&model.card.encode(row)?)?;
	Ok(model.card.decode(&outputs)?)
}

const ANOTHER_CARD: &str = "it encodes rows or reads scores in another way, or has other features";

/// Whether users of the model with the card `other` encode rows and read scores as this one needs it.
fn reads_alike(card: &ModelCard, other: &Card) -> bool {
	let Card::Public(other) = other else { return false };
	(&card.features, &card.before, &card.encoding, &card.output_steps, &card.task)
		== (&other.features, &other.before, &other.encoding, &other.output_steps, &other.task)
}

fn changed(
	public: &Artifact,
	private: &Artifact,
	evaluator: &PrivateEvaluator,
	rows: &Calibration,
) -> Result<(usize, usize), PrivateError> {
	let public = Model::new(public.clone(), None)?;
	let private = Model::new(private.clone(), None)?;
	let is_regression = !private.card.task.is_classification();
	let differs = |row: &&Vec<Cell>| {
		let before = public.predict_clear(row).ok();
		let x = private.card.encode(row).ok();
		let outputs = x.and_then(|x| evaluator.evaluate_clear(&x).ok());
		let after = outputs.and_then(|outputs| private.card.decode(&outputs).ok());
		match (before, after) {
			(Some(before), Some(after)) if is_regression => {
				let distance = |(a, b): (&f64, &f64)| (a - b).abs() / (1.0 + a.abs());
				before.scores.iter().zip(&after.scores).map(distance).fold(0.0, f64::max) > 0.01
			},
			(Some(before), Some(after)) => before.prediction != after.prediction,
			(before, after) => before.is_some() != after.is_some(),
		}
	};
	Ok((rows.rows.iter().filter(differs).count(), rows.rows.len()))
}

fn fresh_secret(seeder: &mut dyn Seeder) -> [u8; 32] {
	let mut secret = [0; 32];
	for half in secret.chunks_exact_mut(16) {
		half.copy_from_slice(&seeder.seed().0.to_le_bytes());
	}
	secret
}

/// The smallest power of two that is no smaller.
fn power_of_two_above(value: f64) -> f64 {
	if value > 0.0 && value.is_finite() { value.log2().ceil().exp2() } else { 1.0 }
}

fn step_of(artifact: &Artifact) -> Option<f64> {
	match &artifact.card {
		Card::Public(card) => card.output_steps.first().copied(),
		_ => None,
	}
}

/// The task with the constants that are added to outputs taken off, and these: they are the model's, and its
/// circuit can add them. Where columns of one output add different constants, they stay.
fn without_offsets(task: &Task, outputs: usize) -> (Task, Vec<f64>) {
	let mut task = task.clone();
	let mut columns: Vec<&mut Column> = task.columns_mut().collect();
	let signed = |column: &Column| if column.negate { -column.offset } else { column.offset };
	let offset_of = |output: usize| {
		let mut of_output = columns.iter().filter(|column| column.output == output);
		let first = of_output.next().map(|column| signed(column))?;
		of_output.all(|column| signed(column) == first).then_some(first)
	};
	let offsets: Vec<Option<f64>> = (0..outputs).map(offset_of).collect();
	for column in &mut columns {
		if offsets.get(column.output).copied().flatten().is_some() {
			column.offset = 0.0;
		}
	}
	(task, offsets.into_iter().map(Option::unwrap_or_default).collect())
}

/// The numbers of the card that follow from weights or leaves, as powers of two.
fn quantisation(public: &Quantisation) -> Quantisation {
	Quantisation {
		weight_bits: public.weight_bits.next_multiple_of(8),
		max_score_error: power_of_two_above(2.0 * public.max_score_error),
		max_relative_error: power_of_two_above(2.0 * public.max_relative_error),
		expected_error: public.expected_error.map(|ExpectedError { mean, largest }| {
			ExpectedError {
				mean: power_of_two_above(2.0 * mean),
				largest: power_of_two_above(2.0 * largest),
			}
		}),
		..public.clone()
	}
}

fn kind(circuit: &Circuit, task: &Task) -> &'static str {
	match (circuit, task.is_classification()) {
		(Circuit::Forest(_), true) => "private forest classifier",
		(Circuit::Forest(_), false) => "private forest regressor",
		(Circuit::Network(_), true) => "private network classifier",
		(Circuit::Network(_), false) => "private network regressor",
		(_, true) => "private linear classifier",
		(_, false) => "private linear regressor",
	}
}
