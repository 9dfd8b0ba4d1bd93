//! Networks with one hidden layer, and with several.

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

/// A network with several hidden layers, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloatDeepNetwork<'a> {
	/// Over the features.
	pub first: &'a FloatLayer,
	/// Each over the units of the layer before it.
	pub further: &'a [FloatLayer],
	/// One per output, in the units of the last layer.
	pub outputs: &'a [Row],
}

impl FloatDeepNetwork<'_> {
	/// All hidden layers.
	pub fn layers(&self) -> impl Iterator<Item = &FloatLayer> {
		std::iter::once(self.first).chain(self.further)
	}

	/// The arguments of the activations of every layer for a row of features, and the outputs.
	pub fn run(&self, row: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
		let mut values = row.to_vec();
		let mut arguments = Vec::new();
		for layer in self.layers() {
			let of_layer: Vec<f64> = layer.rows.iter().map(|unit| unit.at(&values)).collect();
			values = of_layer.iter().map(|&z| layer.activation.at(z)).collect();
			arguments.push(of_layer);
		}
		(arguments, self.outputs.iter().map(|output| output.at(&values)).collect())
	}
}
