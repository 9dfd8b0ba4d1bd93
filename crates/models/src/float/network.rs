//! Networks with one hidden layer.

use super::{activation::Activation, affine::Row};

/// A layer of activations of affine functions of the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FloatLayer {
	/// One per hidden unit.
	pub rows: Vec<Row>,
	pub activation: Activation,
}

/// A network with one hidden layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloatNetwork<'a> {
	pub hidden: &'a FloatLayer,
	/// One per output, in the hidden units.
	pub outputs: &'a [Row],
}

impl FloatNetwork<'_> {
	/// The arguments of the activations for a row of features.
	pub fn arguments(&self, row: &[f64]) -> Vec<f64> {
		self.hidden.rows.iter().map(|unit| unit.at(row)).collect()
	}

	/// The outputs for these arguments of the activations.
	pub fn scores(&self, arguments: &[f64]) -> Vec<f64> {
		let hidden: Vec<f64> = arguments.iter().map(|&z| self.hidden.activation.at(z)).collect();
		self.outputs.iter().map(|output| output.at(&hidden)).collect()
	}

	/// For each feature, whether a hidden unit depends on it.
	pub fn used_features(&self) -> Vec<bool> {
		let features = self.hidden.rows.first().map_or(0, |unit| unit.weights.len());
		(0..features)
			.map(|feature| self.hidden.rows.iter().any(|unit| unit.weights[feature] != 0.0))
			.collect()
	}
}
