//! Products modulo q, and sums of them, as the target does them best.

#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub(crate) use crate::math::modular::{Sum, mul};
#[cfg(not(all(feature = "std", not(target_family = "wasm"))))]
pub(crate) use crate::math::quotient::{Sum, mul};

// AVX2 has no 128-bit products, but loops of these sums become vectors: see docs/figures.md.
#[cfg(all(feature = "std", not(target_family = "wasm"), not(target_arch = "x86_64")))]
pub(crate) use crate::math::modular::Sum as SumInLoops;
#[cfg(not(all(feature = "std", not(target_family = "wasm"), not(target_arch = "x86_64"))))]
pub(crate) use crate::math::quotient::Sum as SumInLoops;
