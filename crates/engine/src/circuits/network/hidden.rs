//! Networks of private models: choices and noise apart from how results are encoded.

use super::{
	Choice, NetworkCircuit, NetworkCircuitError, NetworkLayers, choices,
	compile::check,
	digits::{digit_sums_fit, ranges},
	encode::Stored,
	noise::total_noise,
};
use crate::{
	circuits::levelled::{ResultEncoding, largest_in},
	noise::Variance,
};
use alloc::vec::Vec;

impl NetworkCircuit {
	/// All choices that these layers can have, whose noise need not fit.
	pub(crate) fn choices(layers: &NetworkLayers) -> Result<Vec<Choice>, NetworkCircuitError> {
		check(layers)?;
		Ok(choices(layers).collect())
	}

	/// A network with these choices. How its results are encoded is still open.
	pub(crate) fn unencoded(
		layers: NetworkLayers,
		choice: Choice,
	) -> Result<Self, NetworkCircuitError> {
		check(&layers)?;
		if !digit_sums_fit(&layers, choice) || !choice.holds(&layers) {
			return Err(NetworkCircuitError::Budget);
		}
		let noise = total_noise(&layers, choice);
		Ok(Self { layers, choice, encoding: ResultEncoding::default(), noise })
	}

	/// Reads the layers that [`NetworkCircuit::to_bytes`] wrote.
	pub(crate) fn unencoded_from_bytes(bytes: &[u8]) -> Result<Self, NetworkCircuitError> {
		let Stored { layers, choice, .. } =
			Stored::read(bytes).ok_or(NetworkCircuitError::Malformed)?;
		Self::unencoded(layers, choice)
	}

	/// Takes an encoding of its results.
	pub(crate) fn encoded(mut self, encoding: ResultEncoding) -> Self {
		self.encoding = encoding;
		self
	}

	/// Noise of the evaluation, before anything is added to it.
	pub(crate) fn evaluation_noise(&self) -> Variance {
		self.noise
	}

	/// The largest absolute value of an integer in a result, and of an output.
	pub(crate) fn largest_sums(&self) -> (i64, i64) {
		(largest_in(&ranges(&self.layers, self.choice)), largest_in(&self.output_ranges()))
	}

	/// Whether every row of features that can be encrypted stays in the tables of all hidden units, so that
	/// no user needs to know them.
	pub(crate) fn takes_every_row(&self) -> bool {
		self.layers.hidden.iter().all(|unit| {
			let sum = |keep: fn(i32) -> bool| -> i64 {
				unit.steps.iter().filter(|step| keep(**step)).map(|&step| i64::from(step)).sum()
			};
			let (base, len) = (i64::from(unit.base), unit.table.len() as i64);
			base + sum(|step| step < 0) >= 0 && base + sum(|step| step > 0) < len
		})
	}
}
