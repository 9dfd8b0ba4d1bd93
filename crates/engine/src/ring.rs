//! Elements of R_q and their product.

use crate::{
	modular,
	params::{MODULUS, POLYNOMIAL_SIZE},
};
use std::sync::LazyLock;
use tfhe_ntt::prime64::Plan;
use zeroize::Zeroize;

/// The transform for (N, q); its constants do not change.
#[allow(clippy::expect_used)] // q = 1 mod 2N is prime, checked by a test of `params`.
static PLAN: LazyLock<Plan> =
	LazyLock::new(|| Plan::try_new(POLYNOMIAL_SIZE, MODULUS).expect("q is NTT-friendly"));

/// An element of R_q by its 2048 coefficients, each in \[0, q).
#[derive(Clone, Debug, PartialEq, Eq, Zeroize)]
pub struct Polynomial(Vec<u64>);

/// An element of R_q by its transform, in the order of `tfhe-ntt`.
#[derive(Clone, Debug, Zeroize)]
pub struct NttPolynomial(Vec<u64>);

impl Polynomial {
	/// Zero.
	pub fn zero() -> Self {
		Self(vec![0; POLYNOMIAL_SIZE])
	}

	/// The transform.
	pub fn to_ntt(&self) -> NttPolynomial {
		let mut values = self.0.clone();
		PLAN.fwd(&mut values);
		NttPolynomial(values)
	}

	/// Adds `other`.
	pub fn add_assign(&mut self, other: &Self) {
		for (a, &b) in self.0.iter_mut().zip(&other.0) {
			*a = modular::add(*a, b);
		}
	}

	/// Multiplies by an integer.
	pub fn scale(&self, factor: u64) -> Self {
		Self(self.0.iter().map(|&a| modular::mul(a, factor)).collect())
	}

	/// Applies the automorphism X -> X^`exponent`, `exponent` odd.
	pub fn automorphism(&self, exponent: usize) -> Self {
		let mut image = Self::zero();
		for (i, &a) in self.0.iter().enumerate() {
			let power = i * exponent % (2 * POLYNOMIAL_SIZE);
			let (at, value) = if power < POLYNOMIAL_SIZE {
				(power, a)
			} else {
				(power - POLYNOMIAL_SIZE, modular::neg(a))
			};
			image.0[at] = value;
		}
		image
	}
}

impl NttPolynomial {
	/// The product, as coefficients.
	pub fn mul(&self, other: &Self) -> Polynomial {
		let mut values = self.0.clone();
		PLAN.mul_assign_normalize(&mut values, &other.0);
		PLAN.inv(&mut values);
		Polynomial(values)
	}
}

impl AsRef<[u64]> for Polynomial {
	fn as_ref(&self) -> &[u64] {
		&self.0
	}
}

impl AsMut<[u64]> for Polynomial {
	fn as_mut(&mut self) -> &mut [u64] {
		&mut self.0
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn monomial(power: usize, coefficient: u64) -> Polynomial {
		let mut polynomial = Polynomial::zero();
		polynomial.0[power] = coefficient;
		polynomial
	}

	#[test]
	fn product_is_negacyclic() {
		let product = monomial(2000, 3).to_ntt().mul(&monomial(100, 5).to_ntt());
		assert_eq!(product, monomial(52, MODULUS - 15));
	}

	#[test]
	fn product_agrees_with_the_schoolbook() {
		let seed = [5; 16];
		let (a, b) = (crate::random::mask(&seed, 0), crate::random::mask(&seed, 1));
		let product = a.to_ntt().mul(&b.to_ntt());
		for at in [0, 1, 777, 2047] {
			let expected = (0..POLYNOMIAL_SIZE).fold(0, |sum, i| {
				let j = (POLYNOMIAL_SIZE + at - i) % POLYNOMIAL_SIZE;
				let term = modular::mul(a.0[i], b.0[j]);
				if i > at { modular::sub(sum, term) } else { modular::add(sum, term) }
			});
			assert_eq!(product.0[at], expected, "coefficient {at}");
		}
	}

	#[test]
	fn automorphisms_respect_products() {
		let seed = [6; 16];
		let (a, b) = (crate::random::mask(&seed, 0), crate::random::mask(&seed, 1));
		for exponent in [3, 1025, 2049] {
			let image_of_product = a.to_ntt().mul(&b.to_ntt()).automorphism(exponent);
			let product_of_images =
				a.automorphism(exponent).to_ntt().mul(&b.automorphism(exponent).to_ntt());
			assert_eq!(image_of_product, product_of_images);
		}
	}
}
