//! Products modulo q, and sums of them, as the target does them best.

#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub(crate) use crate::math::modular::{Sum, mul};
#[cfg(not(all(feature = "std", not(target_family = "wasm"))))]
pub(crate) use crate::math::quotient::{Sum, mul};
