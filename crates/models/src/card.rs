//! The model card: what a model is and what its encrypted form costs, as JSON in the artifact.

mod before;
mod computed;
mod cost;
mod encoding;
mod filter;
mod predicates;
mod scores;
mod task;

pub use before::{Before, TextFeature};
pub use computed::{Computed, Derived};
pub use cost::{Cost, LevelledCost, Sizes};
pub use encoding::{Encoding, HiddenLayer, ScaledFeature};
pub use filter::{FilterCard, FilterKind};
pub use predicates::{Comparison, Predicate, Predicates};
pub use scores::{Classes, Column, Scores, Transform};
pub use task::Task;

pub(crate) use cost::failure_probability;
pub(crate) use scores::argmax;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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
	/// The features that are text.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub text: Vec<TextFeature>,
	/// What the client computes of the features before they are encoded, if anything.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub before: Option<Before>,
	/// How a row of columns (the features, unless something is computed of them before) becomes the integers that are
	/// encrypted.
	#[serde(alias = "encoding_of_columns")]
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
	/// below half a step. Of a deep network whose scores have noise: that a score is off by more than its
	/// [deviation](Quantisation::score_deviations) explains, since an argument left its half of the circle.
	pub decryption_failure_probability: f64,
}

impl ModelCard {
	/// Whether a feature is text.
	pub fn is_text(&self, feature: usize) -> bool {
		self.text.iter().any(|text| text.feature == feature)
	}

	/// The card as it is in files.
	///
	/// Clients that know nothing of `before` would encode the features themselves; so that they refuse the card
	/// instead, the encoding has another name there.
	///
	/// # Errors
	/// If a number cannot be written.
	pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
		// Of an encrypted model it is a secret.
		let json = Zeroizing::new(serde_json::to_string(self)?);
		Ok(match &self.before {
			// Texts have no quotes of their own in JSON, so that this is the key.
			Some(_) => json.replacen(",\"encoding\":", ",\"encoding_of_columns\":", 1).into_bytes(),
			None => json.as_bytes().to_vec(),
		})
	}

	/// Names of what is encoded: the features, or what is computed of them before.
	pub fn columns(&self) -> &[String] {
		self.before.as_ref().map_or(&self.features, |before| &before.columns)
	}
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
	/// How far what the model reports is expected to be from the exact model.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub expected_error: Option<ExpectedError>,
	/// Of a model whose scores have noise, that of each output of its circuit: the standard deviation, predicted, on
	/// the calibration rows.
	#[serde(default, skip_serializing_if = "Vec::is_empty")]
	pub score_deviations: Vec<f64>,
	/// Of a classifier whose scores have noise: the share of calibration rows whose class one evaluation changes, with the
	/// predicted noise.
	#[serde(default, skip_serializing_if = "Option::is_none")]
	pub changed_classes: Option<f64>,
}

impl Quantisation {
	/// Whether scores have noise, which tells of the client key: they are for its owner's eyes only.
	pub fn has_noise(&self) -> bool {
		self.score_deviations.iter().any(|deviation| *deviation > 0.0)
	}
}

/// Errors of what a model reports, on the calibration rows or on ones drawn over the ranges of its
/// features: of a probability as it is, of other scores and values relative to their range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExpectedError {
	/// The mean.
	pub mean: f64,
	/// The largest.
	pub largest: f64,
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_card_without_an_expected_error_reads_and_is_written_as_it_was() {
		let json = r#"{"ranges":"scaler","feature_bits":5,"weight_bits":8,"max_score_error":0.5,"max_relative_error":0.25}"#;
		let quantisation: Quantisation = serde_json::from_str(json).unwrap();
		assert_eq!(quantisation.expected_error, None);
		assert_eq!(serde_json::to_string(&quantisation).unwrap(), json);
	}
}
