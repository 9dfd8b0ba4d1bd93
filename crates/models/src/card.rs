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
	/// Names of the features in order.
	pub features: Vec<String>,
	/// How a row of features becomes the integers that are encrypted.
	pub encoding: Encoding,
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
	/// What collators compute.
	pub cost: Cost,
	/// Probability that a result decrypts wrongly. Zero if the noise has a hard bound that stays
	/// below half a step.
	pub decryption_failure_probability: f64,
}

/// How a row of features becomes the integers that are encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
	/// Each feature is scaled and rounded to an integer.
	Scaled(Vec<ScaledFeature>),
	/// Each feature is scaled, rounded and clipped to an integer from 0 to `largest`.
	Levels {
		/// How features are scaled.
		features: Vec<ScaledFeature>,
		/// The largest integer of each feature; 0 for one that is not used.
		largest: Vec<i64>,
	},
	/// Bits: comparisons of features with thresholds.
	Predicates {
		/// The comparisons.
		predicates: Vec<Predicate>,
		/// Whether features are rounded to single precision first, as ONNX Runtime takes them.
		single_precision: bool,
	},
}

/// Whether a feature is at most, or equal to, a threshold; one encrypted bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
	/// Number of the feature.
	#[serde(rename = "f")]
	pub feature: usize,
	/// Which comparison.
	#[serde(rename = "c")]
	pub comparison: Comparison,
	/// The threshold.
	#[serde(rename = "t", with = "threshold")]
	pub threshold: f64,
	/// The bit of a missing value.
	#[serde(rename = "m")]
	pub missing: bool,
}

/// JSON has no infinity.
mod threshold {
	use serde::{Deserialize, Deserializer, Serialize, Serializer};

	pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
		value.is_finite().then_some(*value).serialize(serializer)
	}

	pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
		Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NEG_INFINITY))
	}
}

/// A comparison of a feature with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
	/// x <= t.
	#[serde(rename = "<=")]
	AtMost,
	/// x == t.
	#[serde(rename = "==")]
	Equal,
}

/// What collators compute for one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
	/// Estimated milliseconds of one core.
	pub milliseconds_per_core: f64,
	/// Bytes of memory, besides the server key.
	pub memory: u64,
	/// Details of a circuit that computes on encrypted bits.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub levelled: Option<LevelledCost>,
}

/// Details of a circuit that computes on encrypted bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelledCost {
	/// Encrypted bits.
	pub bits: usize,
	/// Bits that select between ciphertexts; the others enter linearly.
	pub selectors: usize,
	/// Coefficients of the input's GLWEs that are used.
	pub slots: usize,
	/// Number-theoretic transforms.
	pub transforms: u64,
	/// Gadget of the selectors: bits of a digit, and number of digits.
	pub gadget: (u32, u32),
	/// Limbs that a value of a leaf or weight is cut into.
	pub limbs: usize,
	/// Standard deviation of the result's noise, log2 relative to the modulus.
	pub noise_log2: f64,
	/// Half of the distance between messages, log2 relative to the modulus: what the noise may
	/// not exceed.
	pub budget_log2: f64,
}

/// A feature x enters the circuit as the integer round((x - offset) * scale).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaledFeature {
	/// Centre of the feature's expected range.
	pub offset: f64,
	/// Integers per unit; zero for a feature that the model does not use.
	pub scale: f64,
}

/// An output of the circuit, possibly negated, plus a constant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
	/// Number of the output.
	pub output: usize,
	/// Whether its sign is turned.
	pub negate: bool,
	/// What is added afterwards.
	pub offset: f64,
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
	/// Softmax over the scores that are not zero; the others stay zero.
	SoftmaxZero,
	/// e^s.
	Exp,
}

/// Scores as the ONNX model gives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

impl ScaledFeature {
	/// The integer from 0 to `largest` that stands for x.
	pub fn level(&self, x: f64, largest: i64) -> i64 {
		(((x - self.offset) * self.scale).round().clamp(0.0, largest as f64)) as i64
	}
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
		targets: Scores,
	},
}

/// How exact the quantised model is. Errors are in units of the raw score, before any transform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantisation {
	/// How the ranges of the features were found.
	pub ranges: Ranges,
	/// Bits of a feature over half of its expected range; 0 if features are not rounded at all.
	pub feature_bits: u32,
	/// Bits of a weight or of a leaf's value, with sign.
	pub weight_bits: u32,
	/// Largest error of a raw score: a bound while every feature is in its expected range; for
	/// networks the largest one on the calibration rows.
	pub max_score_error: f64,
	/// The same error relative to the range of the raw score; for networks the root mean square.
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
	/// There is no range: comparisons are exact for every number.
	Exact,
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
