//! What a model computes, in floating point, whatever file it came from.
//!
//! This is what an import finds out ([`model`]) and what [`quantise`](crate::quantise) takes.

pub(crate) mod activation;
pub(crate) mod affine;
pub(crate) mod calibration;
pub(crate) mod chain;
pub(crate) mod forest;
pub(crate) mod model;
pub(crate) mod network;
pub(crate) mod weights;
