//! What every kind of model is brought to before it is compiled as a private one.

use crate::card::Encoding;
use fhe_ml_engine::circuits::private::PrivateSource;

/// What a model computes in integers, and how users encode rows for it.
pub(super) struct Prepared {
	pub source: PrivateSource,
	pub encoding: Encoding,
	/// Value of the integer 1 of all outputs: a power of two.
	pub step: f64,
}
