//! Integers for the numbers of a model, with the error that they make.
//!
//! `linear`, `forest`, `network` and `deep` do so, each for one kind of circuit; all of them give a `Quantised`.

pub(crate) mod deep;
pub(crate) mod error;
pub(crate) mod forest;
pub(crate) mod linear;
pub(crate) mod network;
pub(crate) mod quantised;
pub(crate) mod reported;

pub use error::{QuantiseDeepError, QuantiseError, QuantiseNetworkError};
