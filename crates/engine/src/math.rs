//! Residues, polynomials, and the loops over them.

pub mod bits;
pub mod bootstrap_params;
pub(crate) mod kernels;
pub mod modular;
pub mod params;
#[cfg(any(test, target_family = "wasm", not(feature = "std")))]
pub(crate) mod quotient;
pub mod ring;
pub mod selector;
pub(crate) mod target;
pub(crate) mod transform;
