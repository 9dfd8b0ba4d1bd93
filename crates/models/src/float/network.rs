//! Networks with one hidden layer, and with several.

use super::{activation::Activation, affine::Row};

/// A layer of activations of affine functions of the features.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FloatLayer {
	/// The first hidden layer whose units it reads, up to the one before it; 0 for the first, which reads features.
	pub from: u8,
	/// One per hidden unit.
	pub rows: Vec<Row>,
	pub activation: Activation,
	/// Lengths of runs of units that are one channel, as the pixels of a convolution are; 1 for others.
	pub channels: Vec<usize>,
}

impl FloatLayer {
	/// Whether another one has the same units.
	pub fn is_same(&self, other: &Self) -> bool {
		(self.from, &self.activation, &self.rows) == (other.from, &other.activation, &other.rows)
	}
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

/// A network with several hidden layers, each over some of those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FloatDeepNetwork<'a> {
	/// Over the features.
	pub first: &'a FloatLayer,
	/// Each over the units of those that it reads.
	pub further: &'a [FloatLayer],
	/// The first hidden layer that the outputs read, up to the last one.
	pub outputs_from: u8,
	/// One per output.
	pub outputs: &'a [Row],
}

impl FloatDeepNetwork<'_> {
	/// All hidden layers.
	pub fn layers(&self) -> impl Iterator<Item = &FloatLayer> {
		std::iter::once(self.first).chain(self.further)
	}

	/// The arguments of the activations of every layer for a row of features, and the outputs.
	pub fn run(&self, row: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
		let (mut arguments, mut values): (Vec<Vec<f64>>, Vec<Vec<f64>>) = Default::default();
		for (at, layer) in self.layers().enumerate() {
			let read = if at == 0 { row.to_vec() } else { from(&values, layer.from) };
			let of_layer: Vec<f64> = layer.rows.iter().map(|unit| unit.at(&read)).collect();
			values.push(of_layer.iter().map(|&z| layer.activation.at(z)).collect());
			arguments.push(of_layer);
		}
		let read = from(&values, self.outputs_from);
		(arguments, self.outputs.iter().map(|output| output.at(&read)).collect())
	}
}

/// The values of layers from `first` on.
fn from(values: &[Vec<f64>], first: u8) -> Vec<f64> {
	values.get(usize::from(first)..).unwrap_or_default().concat()
}
