//! Feature vectors to integers before encryption, integers to predictions after decryption.

use crate::{
	card::{
		Before, Classes, Computed, Encoding, HiddenLayer, ModelCard, Predicate, Predicates,
		ScaledFeature, Task, TextFeature, argmax,
	},
	cell::Cell,
	float::calibration::Calibration,
	program::{ProgramError, Tensor, Values},
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
	/// Whether the two best classes are closer to each other than the model's scores are exact, so that another
	/// evaluation of the same model may take the other one.
	#[serde(skip_serializing_if = "std::ops::Not::not")]
	pub tie: bool,
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
	fn of_values(values: &[f64]) -> Self {
		match values {
			[value] => Self::Value(*value),
			_ => Self::Values(values.to_vec()),
		}
	}

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
	/// Text where a number is wanted.
	#[error("feature `{feature}` is a number, not `{text}`")]
	NotANumber {
		/// The feature.
		feature: String,
		/// What is there.
		text: String,
	},
	/// A number where text is wanted.
	#[error("feature `{0}` is text, not a number")]
	NotText(String),
	/// What the client computes of the row cannot be computed.
	#[error(transparent)]
	Before(#[from] ProgramError),
	/// The argument of an activation leaves its table.
	#[error("hidden unit {0} is out of the model's range for these features")]
	HiddenOutOfRange(usize),
	/// A value so far from its expected range that its integer overflows.
	#[error("feature `{0}` is too far out of the range that the model was made for")]
	OutOfRange(String),
}

/// Integers beyond this cannot contribute to any representable score.
const MAX_ENCODED: f64 = (1u64 << 50) as f64;

/// What the features of a row are, and what the client computes of them.
#[derive(Clone, Copy)]
pub(crate) struct Features<'a> {
	pub names: &'a [String],
	/// Those that are text.
	pub text: &'a [TextFeature],
}

impl Features<'_> {
	/// A row with numbers where numbers are wanted, and texts where texts are.
	///
	/// # Errors
	/// If the row does not have one value per feature, or one is of another type.
	pub fn typed<C: Clone + Into<Cell>>(self, row: &[C]) -> Result<Vec<Cell>, EncodeError> {
		if row.len() != self.names.len() {
			let (found, wanted) = (row.len(), self.names.len());
			return Err(EncodeError::FeatureCount { found, wanted });
		}
		let is_text = |at: usize| self.text.iter().any(|text| text.feature == at);
		let cells = row.iter().cloned().zip(self.names).enumerate();
		let cells = cells.map(|(at, (cell, name))| match cell.into() {
			Cell::Number(number) if is_text(at) && number.is_nan() => Ok(Cell::Text(String::new())),
			Cell::Number(_) if is_text(at) => Err(EncodeError::NotText(name.clone())),
			Cell::Text(text) if !is_text(at) => Cell::number(&text)
				.map_err(|_| EncodeError::NotANumber { feature: name.clone(), text }),
			cell => Ok(cell),
		});
		cells.collect()
	}

	/// The columns that are encoded for a row: its values, or what is computed of them before.
	///
	/// # Errors
	/// As [`Self::typed`], or if the columns cannot be computed.
	pub fn columns<C: Clone + Into<Cell>>(
		self,
		before: Option<&Before>,
		row: &[C],
	) -> Result<Vec<f64>, EncodeError> {
		let cells = self.typed(row)?;
		if let Some(before) = before {
			return Ok(before.columns_of(&cells)?);
		}
		let numbers = cells.into_iter().filter_map(|cell| match cell {
			Cell::Number(number) => Some(number),
			Cell::Text(_) => None,
		});
		Ok(numbers.collect())
	}
}

impl ModelCard {
	/// The integers that stand for a row of features, in the order of [`ModelCard::features`].
	///
	/// Numbers may be given as text, as they stand in a file. Values are rounded to single precision first, if ONNX
	/// Runtime takes them so. A missing value (not a number, or no text) is what the model's trees or imputers make of
	/// it; other models need every value.
	///
	/// # Errors
	/// If the row does not have one value per feature, one is of another type, or not finite or too far out of its
	/// range, or what the client computes of them cannot be computed.
	pub fn encode<C: Clone + Into<Cell>>(&self, row: &[C]) -> Result<Vec<i64>, EncodeError> {
		self.encode_columns(&self.columns_of(row)?)
	}

	/// The columns that are encoded for a row: its values, or what is computed of them before.
	fn columns_of<C: Clone + Into<Cell>>(&self, row: &[C]) -> Result<Vec<f64>, EncodeError> {
		let features = Features { names: &self.features, text: &self.text };
		features.columns(self.before.as_ref(), row)
	}

	/// Calibration rows as the columns that are encoded.
	///
	/// # Errors
	/// If a row cannot be encoded.
	pub(crate) fn calibration(&self, rows: &Calibration) -> Result<Calibration<f64>, EncodeError> {
		let columns = rows.rows.iter().map(|row| self.columns_of(row));
		Ok(Calibration {
			names: self.columns().to_vec(),
			rows: columns.collect::<Result<_, EncodeError>>()?,
		})
	}

	pub(crate) fn encode_columns(&self, row: &[f64]) -> Result<Vec<i64>, EncodeError> {
		if row.len() != self.columns().len() {
			let (found, wanted) = (row.len(), self.columns().len());
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
					let name = self.columns().get(at).cloned();
					return Err(EncodeError::NotFinite(name.unwrap_or_default()));
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
		let values = row.iter().zip(self.columns()).zip(features.iter().zip(largest));
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
		let values = self.columns().iter().zip(scaled).zip(row).map(|((name, feature), &value)| {
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
	///
	/// # Errors
	/// If what the client computes of them cannot be computed.
	pub fn decode(&self, outputs: &[i64]) -> Result<Prediction, ProgramError> {
		let bias = self.output_bias.iter().copied().chain(std::iter::repeat(0));
		let outputs = outputs.iter().zip(bias).map(|(&output, bias)| output.wrapping_add(bias));
		let raw_scores: Vec<f64> =
			outputs.zip(&self.output_steps).map(|(s, &step)| s as f64 * step).collect();
		let (prediction, scores, tie) = match &self.task {
			Task::Classification { classes, decision, scores } => {
				let decision = decision.apply(&raw_scores);
				let tie = margin(&decision) <= 2.0 * self.exactness(&raw_scores);
				(classes.label(argmax(&decision)), scores.apply(&raw_scores), tie)
			},
			Task::Regression { targets } => {
				let values = targets.apply(&raw_scores);
				(Label::of_values(&values), values, false)
			},
			Task::Computed(computed) => {
				let (label, scores) = computed_prediction(computed, &raw_scores)?;
				let exact = self.exactness(&raw_scores);
				let tie = computed.label.is_some() && is_tie(computed, &raw_scores, exact, &label);
				(label, scores, tie)
			},
		};
		Ok(Prediction { prediction, scores, raw_scores, tie })
	}

	/// By how much scores may be off, here or in ONNX Runtime, which computes in single precision.
	fn exactness(&self, raw: &[f64]) -> f64 {
		let largest = raw.iter().fold(1.0, |most: f64, score| most.max(score.abs()));
		self.quantisation.max_score_error + SINGLE * largest
	}
}

/// What the sum of a hundred floats of single precision, as ONNX Runtime computes it, is about wrong by, relative to
/// the largest one.
const SINGLE: f64 = 1e-6;

/// Most outputs of a circuit that are tried one by one.
const MOST_TRIED: usize = 16;

/// Whether another label comes out if an output is off by so much.
fn is_tie(computed: &Computed, raw: &[f64], exact: f64, label: &Label) -> bool {
	let is_other = |at: usize, error: f64| {
		let mut moved = raw.to_vec();
		if let Some(output) = moved.get_mut(at) {
			*output += error;
		}
		computed_prediction(computed, &moved).is_ok_and(|(other, _)| other != *label)
	};
	let outputs = 0..if raw.len() <= MOST_TRIED { raw.len() } else { 0 };
	outputs.into_iter().any(|at| is_other(at, exact) || is_other(at, -exact))
}

/// By how much the largest value is larger than the second.
fn margin(values: &[f64]) -> f64 {
	let largest = argmax(values);
	let others = values.iter().enumerate().filter(|(at, _)| *at != largest);
	let second = others.map(|(_, &value)| value).fold(f64::NEG_INFINITY, f64::max);
	values.get(largest).map_or(f64::INFINITY, |value| value - second)
}

fn computed_prediction(
	computed: &Computed,
	raw: &[f64],
) -> Result<(Label, Vec<f64>), ProgramError> {
	let outputs = computed.run(raw)?;
	let output = |at: Option<usize>| at.and_then(|at| outputs.get(at));
	let scores = match output(computed.scores) {
		Some(Tensor { values: Values::Numbers(numbers), .. }) => numbers.clone(),
		_ => Vec::new(),
	};
	let label = match output(computed.label).map(|output| &output.values) {
		None => Label::of_values(&scores),
		Some(Values::Numbers(labels)) => match labels.as_slice() {
			[label] => Label::Integer(*label as i64),
			labels => Label::Values(labels.to_vec()),
		},
		Some(Values::Text(labels)) => Label::String(labels.join(", ")),
	};
	Ok((label, scores))
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
