//! How a row of features becomes the integers that are encrypted.

use super::predicates::Predicates;
use fhe_ml_engine::circuits::network::{HiddenUnit, NetworkLayers};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// A feature x enters the circuit as the integer round((x - offset) * scale).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaledFeature {
	/// Centre of the feature's expected range.
	pub offset: f64,
	/// Integers per unit; zero for a feature that the model does not use.
	pub scale: f64,
}

impl ScaledFeature {
	/// The integer from 0 to `largest` that stands for x.
	pub fn level(&self, x: f64, largest: i64) -> i64 {
		// Not `clamp`, which panics when a hostile card has a negative `largest`.
		((x - self.offset) * self.scale).round().min(largest as f64).max(0.0) as i64
	}
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
}
