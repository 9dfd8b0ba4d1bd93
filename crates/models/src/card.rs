//! The model card: what a model is and what its encrypted form costs, as JSON in the artifact.

use serde::{Deserialize, Serialize};

/// All that a client needs to encrypt for a model and to read its results, and all that a person
/// wants to know before using it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
	/// Name of the model.
	pub name: String,
	/// Kind of the evaluated circuit, for people.
	pub kind: String,
	/// Where the model came from: producer of the ONNX file.
	pub producer: String,
	/// The features in order, and how each becomes an integer.
	pub features: Vec<Feature>,
	/// Whether the model or its calibration file named the features. If not, tables are read by
	/// position.
	pub features_are_named: bool,
	/// One per output of the circuit: value of the integer 1.
	pub output_steps: Vec<f64>,
	/// What the client makes of the outputs.
	pub task: Task,
	/// How exact the quantised model is.
	pub quantisation: Quantisation,
	/// Sizes in bytes.
	pub sizes: Sizes,
	/// Probability that a result decrypts wrongly. Zero: the noise has a hard bound that stays
	/// below half a step.
	pub decryption_failure_probability: f64,
}

/// A feature x enters the circuit as the integer round((x - offset) * scale).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
	/// Column name in a CSV file.
	pub name: String,
	/// Centre of the feature's expected range.
	pub offset: f64,
	/// Integers per unit; zero for a feature that the model does not use.
	pub scale: f64,
}

/// An output of the circuit, possibly negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
	/// Number of the output.
	pub output: usize,
	/// Whether its sign is turned.
	pub negate: bool,
}

/// A function that the client applies to each score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
	/// Nothing.
	Identity,
	/// 1 / (1 + e^-s).
	Sigmoid,
	/// (clip(s, -1, 1) + 1) / 2, the probability of a modified Huber loss.
	ModifiedHuber,
	/// Softmax over all scores.
	Softmax,
}

/// Scores as the ONNX model gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
	/// The columns.
	pub columns: Vec<Column>,
	/// What is applied to them.
	pub transform: Transform,
	/// Whether they are divided by their sum afterwards.
	pub normalise: bool,
}

/// Names of the classes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Classes {
	/// Integers.
	Integers(Vec<i64>),
	/// Strings.
	Strings(Vec<String>),
}

impl Classes {
	/// Number of classes.
	pub fn len(&self) -> usize {
		match self {
			Self::Integers(classes) => classes.len(),
			Self::Strings(classes) => classes.len(),
		}
	}

	/// Whether there is none.
	pub fn is_empty(&self) -> bool {
		self.len() == 0
	}
}

/// What the client makes of the outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
	/// The class with the largest decision score.
	Classification {
		/// The classes.
		classes: Classes,
		/// Whose largest is the predicted class.
		decision: Scores,
		/// What the model reports for each class.
		scores: Scores,
	},
	/// The outputs themselves.
	Regression {
		/// The targets.
		targets: Vec<Column>,
	},
}

/// How exact the quantised model is. Errors are in units of the raw score, before any transform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantisation {
	/// How the ranges of the features were found.
	pub ranges: Ranges,
	/// Bits of a feature over half of its expected range.
	pub feature_bits: u32,
	/// Bits of a weight, with sign.
	pub weight_bits: u32,
	/// Largest error of a raw score while every feature is in its expected range.
	pub max_score_error: f64,
	/// The same error relative to the range of the raw score.
	pub max_relative_error: f64,
}

/// How the ranges of the features were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranges {
	/// From the rows of a calibration file.
	Calibration,
	/// From the scaler in the model.
	Scaler,
	/// Guessed from the weights.
	Weights,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
	/// An encrypted input.
	pub input: usize,
	/// An encrypted result.
	pub result: usize,
	/// The server key; 0 if the model needs none.
	pub server_key: usize,
}
