//! Residues, polynomials, and the loops over them.

pub mod bits;
pub(crate) mod kernels;
pub mod modular;
pub mod params;
pub mod ring;
pub mod selector;
