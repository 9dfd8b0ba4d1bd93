//! Loops over coefficients, compiled for the CPU that runs them.
//!
//! All of them are exact, so it does not matter for the result which version runs: AVX-512 IFMA
//! where it exists, otherwise what the compiler makes of the plain loop for AVX-512, AVX2, or the
//! baseline of the target; in WebAssembly and without `std`, products as in `quotient`, and on x86-64 sums of them.

use crate::math::{params::MODULUS, target};

#[cfg(feature = "std")]
static ARCH: crate::threads::Lazy<pulp::Arch> = crate::threads::Lazy::new(pulp::Arch::new);

/// Runs a plain loop with the widest vectors that the CPU has.
#[cfg(feature = "std")]
macro_rules! vectorised {
	($body:block) => {
		$crate::math::kernels::ARCH.dispatch(
			#[inline(always)]
			|| $body,
		)
	};
}

#[cfg(not(feature = "std"))]
macro_rules! vectorised {
	($body:block) => {
		$body
	};
}

mod digits;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod ifma;
mod patterns;
mod products;
mod rows;

#[cfg(feature = "client")]
pub(crate) use digits::decompose;
pub(crate) use digits::transformed_digits;
pub(crate) use patterns::accumulate_patterns;
pub(crate) use products::{MAX_NODES, accumulate_products};
pub(crate) use rows::{Rows, interleave};

/// target += other.
pub(crate) fn add_assign(target: &mut [u64], other: &[u64]) {
	vectorised!({
		for (a, &b) in target.iter_mut().zip(other) {
			let sum = *a + b;
			*a = sum.min(sum.wrapping_sub(MODULUS));
		}
	});
}

/// target -= other.
pub(crate) fn sub_assign(target: &mut [u64], other: &[u64]) {
	vectorised!({
		for (a, &b) in target.iter_mut().zip(other) {
			let difference = a.wrapping_sub(b);
			*a = difference.min(difference.wrapping_add(MODULUS));
		}
	});
}

/// (x, y) becomes (x + y, x - y).
pub(crate) fn butterfly(x: &mut [u64], y: &mut [u64]) {
	vectorised!({
		for (x, y) in x.iter_mut().zip(y) {
			let (sum, difference) = (*x + *y, x.wrapping_sub(*y));
			*x = sum.min(sum.wrapping_sub(MODULUS));
			*y = difference.min(difference.wrapping_add(MODULUS));
		}
	});
}

/// target *= factor, coefficient by coefficient.
pub(crate) fn mul_assign(target: &mut [u64], factor: &[u64]) {
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	if let Some(simd) = ifma::available() {
		ifma::mul_assign(simd, target, factor);
		return;
	}
	for (a, &b) in target.iter_mut().zip(factor) {
		*a = target::mul(*a, b);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		math::{modular, params::POLYNOMIAL_SIZE},
		sampling::mask,
	};

	fn polynomial(seed: u8) -> Vec<u64> {
		mask(&[seed; 16], 0).as_ref().to_vec()
	}

	#[test]
	fn sums_and_differences_are_reduced() {
		let (x, y) = (polynomial(1), polynomial(2));
		let (mut sum, mut difference) = (x.clone(), x.clone());
		add_assign(&mut sum, &y);
		sub_assign(&mut difference, &y);
		let (mut left, mut right) = (x.clone(), y.clone());
		butterfly(&mut left, &mut right);
		assert_eq!((&sum, &difference), (&left, &right));
		for at in 0..POLYNOMIAL_SIZE {
			assert_eq!(sum[at], modular::add(x[at], y[at]));
			assert_eq!(difference[at], modular::sub(x[at], y[at]));
		}
	}
}
