//! Residues, polynomials, and the loops over them.

pub mod bits;
pub mod bootstrap_params;
pub(crate) mod kernels;
pub mod modular;
pub mod params;
#[cfg(any(test, target_family = "wasm", target_arch = "x86_64", not(feature = "std")))]
// Native code takes its sums alone.
#[cfg_attr(all(feature = "std", not(target_family = "wasm")), allow(dead_code))]
pub(crate) mod quotient;
pub mod ring;
pub mod selector;
pub(crate) mod target;
pub(crate) mod transform;
