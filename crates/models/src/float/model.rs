//! A model that is understood to the last operation.

use super::{
	affine::Row, calibration::Scaler, chain::Precision, forest::FloatForest, network::FloatLayer,
};
use crate::card::{Before, Task, TextFeature};

/// What a model computes.
#[derive(Clone, Debug)]
pub(crate) struct FloatModel {
	/// Where the model came from.
	pub producer: String,
	/// Names of the features in order.
	pub features: Vec<String>,
	/// Whether the model itself names them.
	pub features_are_named: bool,
	/// Those that are text.
	pub text: Vec<TextFeature>,
	/// What the client computes of them before encryption; what follows takes its columns as features.
	pub before: Option<Before>,
	/// One per feature, if the model scales it before it looks at it.
	pub scalers: Vec<Option<Scaler>>,
	pub body: Body,
	/// The scores that must be evaluated: affine in what the body gives, no two alike up to sign and
	/// bias.
	pub scores: Vec<Row>,
	/// What is made of the scores.
	pub task: Task,
}

/// What is between the features and the scores.
#[derive(Clone, Debug)]
pub(crate) enum Body {
	/// Nothing: scores are affine in the features.
	Linear,
	/// Trees, which compare features of this precision.
	Forest(FloatForest, Precision),
	/// A hidden layer.
	Hidden(FloatLayer),
	/// A hidden layer, and more behind it, of which scores read those from one on.
	Deep { first: FloatLayer, further: Vec<FloatLayer>, outputs_from: u8 },
}
