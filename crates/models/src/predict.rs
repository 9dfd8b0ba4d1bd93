//! Feature vectors to integers before encryption, integers to predictions after decryption.

use crate::{
	card::{
		Classes, Column, Encoding, HiddenLayer, ModelCard, Predicate, Predicates, ScaledFeature,
		Scores, Task, Transform,
	},
	special::probit,
};
use fhe_ml_engine::circuits::network::HiddenUnit;
use serde::Serialize;

/// What a model predicts for one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
	/// The predicted class, value or values.
	pub prediction: Label,
	/// What the ONNX model reports: a probability or score per class, or the predicted values.
	pub scores: Vec<f64>,
	/// The decrypted outputs of the circuit, before any transform.
	pub raw_scores: Vec<f64>,
}

/// A predicted class, value, or values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Label {
	/// A class that is an integer.
	Integer(i64),
	/// A class that is a string.
	String(String),
	/// The value of a regression with one target.
	Value(f64),
	/// The values of a regression with several targets.
	Values(Vec<f64>),
}

/// What values are rounded to multiples of: a positive number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step(f64);

/// What no values are rounded to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a positive number")]
pub struct StepError(String);

impl TryFrom<f64> for Step {
	type Error = StepError;

	fn try_from(step: f64) -> Result<Self, StepError> {
		let is_step = step.is_finite() && step > 0.0;
		is_step.then_some(Self(step)).ok_or_else(|| StepError(step.to_string()))
	}
}

impl std::str::FromStr for Step {
	type Err = StepError;

	fn from_str(text: &str) -> Result<Self, StepError> {
		text.parse().map_err(|_| StepError(text.into())).and_then(|step: f64| step.try_into())
	}
}

impl Prediction {
	/// With values as multiples of a step, if there is one; classes and scores stay.
	///
	/// Who shows or acts upon a value tells all of its digits; of a multiple only those that matter to them.
	#[must_use]
	pub fn rounded(mut self, step: Option<Step>) -> Self {
		if let Some(step) = step {
			self.prediction = self.prediction.rounded(step);
		}
		self
	}
}

impl Label {
	fn rounded(self, Step(step): Step) -> Self {
		let round = |value: f64| {
			// 3 times 0.1 is 0.30000000000000004.
			let text = step.to_string();
			let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
			let multiple = (value / step).round() * step + 0.0; // -0 becomes 0.
			format!("{multiple:.decimals$}").parse().unwrap_or(multiple)
		};
		match self {
			Self::Value(value) => Self::Value(round(value)),
			Self::Values(values) => Self::Values(values.into_iter().map(round).collect()),
			class => class,
		}
	}
}

impl std::fmt::Display for Label {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Integer(class) => write!(f, "{class}"),
			Self::String(class) => f.write_str(class),
			Self::Value(value) => write!(f, "{value}"),
			Self::Values(values) => write!(f, "{values:?}"),
		}
	}
}

/// Why a row cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
	/// Not one value per feature.
	#[error("the model takes {wanted} features, not {found}")]
	FeatureCount {
		/// Values that are there.
		found: usize,
		/// Values that there should be.
		wanted: usize,
	},
	/// A value that is not finite.
	#[error("feature `{0}` is not a finite number")]
	NotFinite(String),
	/// The argument of an activation leaves its table.
	#[error("hidden unit {0} is out of the model's range for these features")]
	HiddenOutOfRange(usize),
	/// A value so far from its expected range that its integer overflows.
	#[error("feature `{0}` is too far out of the range that the model was made for")]
	OutOfRange(String),
}

/// Integers beyond this cannot contribute to any representable score.
const MAX_ENCODED: f64 = (1u64 << 50) as f64;

impl ModelCard {
	/// The integers that stand for a row of features, in the order of [`ModelCard::features`].
	///
	/// Values are rounded to single precision first, if ONNX Runtime takes them so. A missing value
	/// (not a number) is what the model's trees make of it; other models need every value.
	///
	/// # Errors
	/// If the row does not have one value per feature, or one is not finite or too far out of its
	/// range.
	pub fn encode(&self, row: &[f64]) -> Result<Vec<i64>, EncodeError> {
		if row.len() != self.features.len() {
			let (found, wanted) = (row.len(), self.features.len());
			return Err(EncodeError::FeatureCount { found, wanted });
		}
		match &self.encoding {
			Encoding::Scaled(scaled) => self.scale(scaled, row),
			Encoding::Levels { features, largest } => self.levels(features, largest, row),
			Encoding::HiddenLayer(HiddenLayer { features, largest, layer }) => {
				let bits = layer.input_bits(&self.levels(features, largest, row)?);
				let activation = |(at, unit): (usize, &HiddenUnit)| {
					let argument = usize::try_from(unit.argument(&bits)).ok();
					let value = argument.and_then(|argument| unit.table.get(argument));
					value.map(|&value| value.into()).ok_or(EncodeError::HiddenOutOfRange(at))
				};
				layer.hidden.iter().enumerate().map(activation).collect()
			},
			Encoding::Predicates(Predicates { list, single_precision }) => {
				if let Some(at) = row.iter().position(|value| value.is_infinite()) {
					return Err(EncodeError::NotFinite(self.features[at].clone()));
				}
				let bit = |predicate: &Predicate| {
					let value = row.get(predicate.feature).copied().unwrap_or(f64::NAN);
					let value = if *single_precision { f64::from(value as f32) } else { value };
					i64::from(predicate.holds(value))
				};
				Ok(list.iter().map(bit).collect())
			},
		}
	}

	fn levels(
		&self,
		features: &[ScaledFeature],
		largest: &[i64],
		row: &[f64],
	) -> Result<Vec<i64>, EncodeError> {
		let values = row.iter().zip(&self.features).zip(features.iter().zip(largest));
		let level =
			|((&x, name), (feature, &largest)): ((&f64, &String), (&ScaledFeature, &i64))| match x
				.is_finite()
			{
				true => Ok(feature.level(x, largest)),
				false => Err(EncodeError::NotFinite(name.clone())),
			};
		values.map(level).collect()
	}

	fn scale(&self, scaled: &[ScaledFeature], row: &[f64]) -> Result<Vec<i64>, EncodeError> {
		let values = self.features.iter().zip(scaled).zip(row).map(|((name, feature), &value)| {
			let value = f64::from(value as f32);
			if !value.is_finite() {
				return Err(EncodeError::NotFinite(name.clone()));
			}
			let scaled = ((value - feature.offset) * feature.scale).round();
			if scaled.abs() > MAX_ENCODED {
				return Err(EncodeError::OutOfRange(name.clone()));
			}
			Ok(scaled as i64)
		});
		values.collect()
	}

	/// The prediction that the integer outputs of the circuit stand for.
	pub fn decode(&self, outputs: &[i64]) -> Prediction {
		let bias = self.output_bias.iter().copied().chain(std::iter::repeat(0));
		let outputs = outputs.iter().zip(bias).map(|(&output, bias)| output.wrapping_add(bias));
		let raw_scores: Vec<f64> =
			outputs.zip(&self.output_steps).map(|(s, &step)| s as f64 * step).collect();
		let (prediction, scores) = match &self.task {
			Task::Classification { classes, decision, scores } => {
				let class = argmax(&decision.apply(&raw_scores));
				(classes.label(class), scores.apply(&raw_scores))
			},
			Task::Regression { targets } => {
				let values = targets.apply(&raw_scores);
				let label = match values.as_slice() {
					[value] => Label::Value(*value),
					_ => Label::Values(values.clone()),
				};
				(label, values)
			},
		};
		Prediction { prediction, scores, raw_scores }
	}
}

impl Classes {
	fn label(&self, class: usize) -> Label {
		match self {
			Self::Integers(classes) => {
				Label::Integer(classes.get(class).copied().unwrap_or_default())
			},
			Self::Strings(classes) => {
				Label::String(classes.get(class).cloned().unwrap_or_default())
			},
		}
	}
}

impl Scores {
	/// The scores for these outputs of the circuit.
	pub fn apply(&self, raw: &[f64]) -> Vec<f64> {
		let mut scores = select(&self.columns, raw);
		match self.transform {
			Transform::Identity => {},
			Transform::Sigmoid => scores.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s).exp())),
			Transform::ModifiedHuber => {
				scores.iter_mut().for_each(|s| *s = (s.clamp(-1.0, 1.0) + 1.0) / 2.0);
			},
			Transform::Softmax => {
				let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
				scores.iter_mut().for_each(|s| *s = (*s - largest).exp());
				divide_by_sum(&mut scores);
			},
			Transform::SoftmaxZero => {
				let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
				for score in &mut scores {
					let is_zero = score.abs() <= SOFTMAX_ZERO;
					*score =
						if is_zero { *score * (-largest).exp() } else { (*score - largest).exp() };
				}
				divide_by_sum(&mut scores);
			},
			Transform::Probit => scores.iter_mut().for_each(|s| *s = probit(*s)),
			Transform::Exp => scores.iter_mut().for_each(|s| *s = s.exp()),
		}
		if self.normalise {
			divide_by_sum(&mut scores);
		}
		scores
	}
}

/// What ONNX Runtime takes for zero in SOFTMAX_ZERO.
const SOFTMAX_ZERO: f64 = 1e-7;

/// Divides by the sum of absolute values; all zeros become a uniform distribution.
fn divide_by_sum(scores: &mut [f64]) {
	let sum: f64 = scores.iter().map(|score| score.abs()).sum();
	let uniform = 1.0 / scores.len() as f64;
	scores.iter_mut().for_each(|score| *score = if sum > 0.0 { *score / sum } else { uniform });
}

fn select(columns: &[Column], raw: &[f64]) -> Vec<f64> {
	let value = |column: &Column| {
		let value = raw.get(column.output).copied().unwrap_or_default();
		(if column.negate { -value } else { value }) + column.offset
	};
	columns.iter().map(value).collect()
}

/// Index of the first largest value.
fn argmax(values: &[f64]) -> usize {
	let best = values.iter().enumerate().fold((0, f64::NEG_INFINITY), |best, (at, &value)| {
		if value > best.1 { (at, value) } else { best }
	});
	best.0
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn values_are_rounded_to_what_a_person_reads() {
		for (value, step, expected) in
			[(152.3417, 0.5, 152.5), (0.2999, 0.1, 0.3), (-7.6, 5.0, -10.0), (-1e-9, 100.0, 0.0)]
		{
			assert_eq!(Label::Value(value).rounded(Step(step)), Label::Value(expected));
		}
		assert_eq!(
			Label::Values(vec![1.26, 2.0]).rounded(Step(0.25)),
			Label::Values(vec![1.25, 2.0])
		);
		assert_eq!(Label::Integer(3).rounded(Step(2.0)), Label::Integer(3));
	}

	#[test]
	fn a_step_is_a_positive_number() {
		assert_eq!("0.5".parse(), Ok(Step(0.5)));
		for text in ["0", "-1", "NaN", "inf", "", "x"] {
			let refused = text.parse::<Step>().unwrap_err().to_string();
			assert_eq!(refused, format!("`{text}` is not a positive number"));
		}
	}
}
