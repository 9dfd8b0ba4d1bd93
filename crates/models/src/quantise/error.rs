//! Why a model cannot be quantised.

use fhe_ml_engine::{DeepCircuitError, LinearCircuitError, NetworkCircuitError};

/// Why a linear model cannot be quantised.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseError {
	/// A weight or bias is not finite.
	#[error("a weight, bias or feature range of the model is not a finite number")]
	NotFinite,
	/// The circuit cannot be built.
	#[error(transparent)]
	Circuit(#[from] LinearCircuitError),
	/// The noise budget does not allow enough bits.
	#[error(
		"the noise budget allows a score error of {relative:.2e} of its range, and at most {limit:.2e} is accepted; give --calibration rows, or use fewer features"
	)]
	TooCoarse {
		/// Best error found, relative to the score's range.
		relative: f64,
		/// Largest error accepted.
		limit: f64,
	},
}

/// Why a network cannot be quantised.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseNetworkError {
	/// A weight, bias or range is not finite.
	#[error("a weight, bias or feature range of the model is not a finite number")]
	NotFinite,
	/// Nothing tells where the features are.
	#[error(
		"a network needs to know the ranges of its features: give --calibration rows, or put a scaler into the model"
	)]
	NoRanges,
	/// The circuit cannot be built.
	#[error(transparent)]
	Circuit(#[from] NetworkCircuitError),
	/// The noise budget does not allow enough bits.
	#[error(
		"the noise budget allows a score error of {relative:.2e} of its range (root mean square), and at most {limit:.2e} is accepted; give --calibration rows, or use fewer features or hidden units"
	)]
	TooCoarse {
		/// Best error found, relative to the score's range.
		relative: f64,
		/// Largest error accepted.
		limit: f64,
	},
}

/// Why a network with several hidden layers cannot be quantised.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantiseDeepError {
	/// A weight or bias is not finite.
	#[error("a weight or bias of the model is not a finite number")]
	NotFinite,
	/// Nothing tells where arguments of the hidden layers are.
	#[error("a network with several hidden layers needs --calibration rows of finite numbers")]
	NoCalibration,
	/// The circuit cannot be built.
	#[error(transparent)]
	Circuit(#[from] DeepCircuitError),
	/// Noise and rounding are too much.
	#[error(
		"the noise of bootstrapping makes a score error of {relative:.2e} of its range (root mean square), and at most {limit:.2e} is accepted"
	)]
	TooCoarse {
		/// Best error found, relative to the score's range.
		relative: f64,
		/// Largest error accepted.
		limit: f64,
	},
}
