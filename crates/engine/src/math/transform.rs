//! Number-theoretic transforms of polynomials of R_q.
//!
//! Which values a transform has is the same everywhere, in which order they stand is not: nothing that is stored
//! or sent has transforms in it.

#[cfg(any(test, target_family = "wasm", not(feature = "std")))]
pub(crate) mod portable;

#[cfg(all(feature = "std", not(target_family = "wasm")))]
pub(crate) use native::{forward, inverse};
#[cfg(not(all(feature = "std", not(target_family = "wasm"))))]
pub(crate) use portable::{forward, inverse};

#[cfg(all(feature = "std", not(target_family = "wasm")))]
mod native {
	use crate::math::params::{MODULUS, POLYNOMIAL_SIZE};
	use crate::threads::Lazy;
	use tfhe_ntt::prime64::Plan;

	/// The transform for (N, q); its constants do not change.
	#[allow(clippy::expect_used)] // q = 1 mod 2N is prime, checked by a test of `params`.
	static PLAN: Lazy<Plan> =
		Lazy::new(|| Plan::try_new(POLYNOMIAL_SIZE, MODULUS).expect("q is NTT-friendly"));

	/// Transforms N coefficients in place.
	pub(crate) fn forward(values: &mut [u64]) {
		PLAN.fwd(values);
	}

	/// Transforms back in place.
	pub(crate) fn inverse(values: &mut [u64]) {
		PLAN.inv(values);
		PLAN.normalize(values);
	}
}
