//! Deep networks: any number of hidden layers of any activation, by programmable bootstrapping.

mod accuracy;
mod clear;
mod compile;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;
mod layers;
mod noise;
mod tables;

use crate::{
	circuits::levelled::{ExcessiveMemory, ResultEncoding},
	noise::Variance,
};
use alloc::vec::Vec;

pub use layers::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow, unit_groups};

/// A network with several hidden layers, compiled against the noise of bootstrapping.
///
/// Units of the first layer are blind rotations by the encrypted bits of the features, as in a
/// [`NetworkCircuit`](crate::NetworkCircuit). Every further layer takes integer combinations of the units of layers
/// before it, and looks each of them up in a table by a bootstrap. A value v of a unit lies on the circle as v times
/// the unit of its layer. How much of the circle the sums of the next layers fill decides that unit, so an argument has
/// noise of about a thousandth of the circle: a circuit [is exact](DeepCircuit::is_exact) if that is below half a
/// step of its arguments; otherwise outputs have a [deviation](DeepCircuit::score_deviations).
#[derive(Clone, Debug, PartialEq)]
pub struct DeepCircuit {
	layers: DeepLayers,
	choice: Choice,
	encoding: ResultEncoding,
	noise: Variance,
}

/// Choices of the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
	/// Gadget of the input's selectors: number of one of `SELECTOR_GADGETS`.
	pub input_gadget: u8,
	/// Gadget with which each hidden layer but the first is bootstrapped: number of one of `BOOTSTRAP_GADGETS`.
	pub gadgets: Vec<u8>,
	/// What a value of 1 of each hidden layer is on the circle, in units of 1/q.
	pub units: Vec<u64>,
}

/// Why a deep network cannot be compiled, or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DeepCircuitError {
	/// Nothing, or more than the format allows.
	#[error(
		"a deep network has 1 to 4096 features with 1 to 4096 bits in all, 1 to 16 hidden layers of 1 to 4096 units, and 1 to 256 outputs"
	)]
	Size,
	/// A layer with columns, weights or tables that there cannot be; the outputs are the layer after the hidden ones.
	#[error("layer {0} is malformed")]
	Shape(usize),
	/// Noise or ranges leave no room on the circle.
	#[error(
		"noise and range of row {row} of layer {layer} leave no room for the values that it reads"
	)]
	NoRoom {
		/// Number of the layer; the outputs are the one after the hidden ones.
		layer: usize,
		/// Number of the unit or output.
		row: usize,
	},
	/// The parameters in the bytes do not satisfy the noise budget.
	#[error("the circuit's parameters do not satisfy its noise budget")]
	Budget,
	/// The evaluation would need too much memory.
	#[error(transparent)]
	Memory(#[from] ExcessiveMemory),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

impl DeepCircuit {
	/// The layers.
	pub fn layers(&self) -> &DeepLayers {
		&self.layers
	}

	/// Bootstraps of one evaluation.
	pub fn bootstraps(&self) -> usize {
		self.layers.hidden.iter().skip(1).map(|layer| layer.rows.len()).sum()
	}

	/// The gadget with which most units are bootstrapped, as its number in
	/// [`BOOTSTRAP_GADGETS`](crate::math::bootstrap_params::BOOTSTRAP_GADGETS): that of which to
	/// [keep selectors](crate::PreparedServerKey::keep_selectors); `None` without bootstraps.
	pub fn bootstrap_gadget(&self) -> Option<usize> {
		let units = |gadget: u8| -> usize {
			let layers = self.layers.hidden.iter().skip(1).zip(&self.choice.gadgets);
			layers.filter(|(_, of)| **of == gadget).map(|(layer, _)| layer.rows.len()).sum()
		};
		(self.bootstraps() > 0).then(|| usize::from(units(1) > units(0)))
	}
}
