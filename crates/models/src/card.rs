//! The model card: what a model is and what its encrypted form costs, as JSON in the artifact.

use fhe_ml_engine::entities::network::{HiddenUnit, NetworkLayers};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
	/// In the schema of an encrypted model: integers that are added to the outputs.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub output_bias: Vec<i64>,
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

/// What the artifact of an encrypted model shows of it; the rest is in its schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncryptedCard {
	/// Name of the model.
	pub name: String,
	/// Kind of the evaluated circuit, for people.
	pub kind: String,
	/// Sizes in bytes.
	pub sizes: Sizes,
	/// What collators compute.
	pub cost: Cost,
	/// Probability that a result decrypts wrongly.
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
	Predicates(Predicates),
	/// The activations of a hidden layer, which the client computes.
	HiddenLayer(HiddenLayer),
}

/// A hidden layer over features that are scaled, rounded and clipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenLayer {
	/// How features are scaled.
	pub features: Vec<ScaledFeature>,
	/// The largest integer of each feature; 0 for one that is not used.
	pub largest: Vec<i64>,
	/// The layer on these integers.
	#[serde(with = "LayerColumns")]
	pub layer: NetworkLayers,
}

/// [`NetworkLayers`] without output weights, in JSON.
#[derive(Serialize, Deserialize)]
struct LayerColumns {
	feature_bits: Vec<u32>,
	bases: Vec<i32>,
	steps: Vec<Vec<i32>>,
	tables: Vec<Vec<u16>>,
}

impl LayerColumns {
	fn serialize<S: Serializer>(layer: &NetworkLayers, serializer: S) -> Result<S::Ok, S::Error> {
		let units = || layer.hidden.iter();
		let columns = Self {
			feature_bits: layer.feature_bits.clone(),
			bases: units().map(|unit| unit.base).collect(),
			steps: units().map(|unit| unit.steps.clone()).collect(),
			tables: units().map(|unit| unit.table.clone()).collect(),
		};
		Serialize::serialize(&columns, serializer)
	}

	fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NetworkLayers, D::Error> {
		let Self { feature_bits, bases, steps, tables } = Deserialize::deserialize(deserializer)?;
		let units = bases.into_iter().zip(steps).zip(tables);
		let hidden = units.map(|((base, steps), table)| HiddenUnit { base, steps, table });
		Ok(NetworkLayers { feature_bits, hidden: hidden.collect(), weights: Vec::new() })
	}
}

/// Comparisons of features with thresholds; in JSON by columns, since there can be thousands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "PredicateColumns", into = "PredicateColumns")]
pub struct Predicates {
	/// The comparisons, one encrypted bit each.
	pub list: Vec<Predicate>,
	/// Whether features are rounded to single precision first, as ONNX Runtime takes them.
	pub single_precision: bool,
}

/// Whether a feature is at most, or equal to, a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicate {
	/// Number of the feature.
	pub feature: usize,
	/// Which comparison.
	pub comparison: Comparison,
	/// The threshold.
	pub threshold: f64,
	/// The bit of a missing value.
	pub missing: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct PredicateColumns {
	single_precision: bool,
	features: Vec<usize>,
	/// `null` is minus infinity, which JSON does not have.
	thresholds: Vec<Option<f64>>,
	/// Numbers of the predicates that compare for equality.
	equal: Vec<usize>,
	/// Numbers of the predicates that hold for missing values.
	missing: Vec<usize>,
}

impl From<Predicates> for PredicateColumns {
	fn from(predicates: Predicates) -> Self {
		let Predicates { list, single_precision } = predicates;
		let threshold = |predicate: &Predicate| {
			let exact = predicate.threshold;
			// The shortest decimal number that is rounded to this one.
			let short = if single_precision {
				(exact as f32).to_string().parse().unwrap_or(exact)
			} else {
				exact
			};
			short.is_finite().then_some(short)
		};
		let numbers = |keep: fn(&Predicate) -> bool| {
			(0..).zip(&list).filter(|(_, predicate)| keep(predicate)).map(|(at, _)| at).collect()
		};
		Self {
			single_precision,
			features: list.iter().map(|predicate| predicate.feature).collect(),
			thresholds: list.iter().map(threshold).collect(),
			equal: numbers(|predicate| predicate.comparison == Comparison::Equal),
			missing: numbers(|predicate| predicate.missing),
		}
	}
}

impl From<PredicateColumns> for Predicates {
	fn from(columns: PredicateColumns) -> Self {
		let PredicateColumns { single_precision, features, thresholds, equal, missing } = columns;
		let predicate = |(feature, threshold): (usize, Option<f64>)| {
			let threshold = threshold.unwrap_or(f64::NEG_INFINITY);
			let threshold = if single_precision { (threshold as f32).into() } else { threshold };
			Predicate { feature, comparison: Comparison::AtMost, threshold, missing: false }
		};
		let mut list: Vec<Predicate> =
			features.into_iter().zip(thresholds).map(predicate).collect();
		for at in equal {
			if let Some(predicate) = list.get_mut(at) {
				predicate.comparison = Comparison::Equal;
			}
		}
		for at in missing {
			if let Some(predicate) = list.get_mut(at) {
				predicate.missing = true;
			}
		}
		Self { list, single_precision }
	}
}

/// A comparison of a feature with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
	/// x <= t.
	AtMost,
	/// x == t.
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
	/// The quantile function of the normal distribution, in ONNX Runtime's approximation.
	Probit,
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
		// Not `clamp`, which panics when a hostile card has a negative `largest`.
		((x - self.offset) * self.scale).round().min(largest as f64).max(0.0) as i64
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn levels_are_clipped_and_never_panic() {
		let feature = ScaledFeature { offset: 1.0, scale: 2.0 };
		let levels = [0.0, 1.0, 2.2, 9.0, -1e300, 1e300].map(|x| feature.level(x, 7));
		assert_eq!(levels, [0, 0, 2, 7, 0, 7]);
		assert_eq!(feature.level(5.0, -3), 0);
	}

	#[test]
	fn predicates_read_back_to_the_bit() {
		for single_precision in [true, false] {
			let threshold = |at: i32| {
				let value = 0.1 * f64::from(at) + 1e-9;
				if single_precision { f64::from(value as f32) } else { value }
			};
			let list = (0..50)
				.map(|at| Predicate {
					feature: at as usize % 7,
					comparison: if at % 5 == 0 { Comparison::Equal } else { Comparison::AtMost },
					threshold: if at == 3 { f64::NEG_INFINITY } else { threshold(at) },
					missing: at % 3 == 0,
				})
				.collect();
			let predicates = Predicates { list, single_precision };
			let json = serde_json::to_string(&predicates).unwrap_or_default();
			let again: Option<Predicates> = serde_json::from_str(&json).ok();
			assert_eq!(again, Some(predicates));
		}
	}
}
