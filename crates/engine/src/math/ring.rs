//! Elements of R_q, their transforms and products.

use crate::math::{kernels, modular, params::POLYNOMIAL_SIZE};
use crate::threads::Lazy;
use alloc::{vec, vec::Vec};
use zeroize::Zeroize;

pub(crate) use crate::math::transform::{forward, inverse};

/// Where transforms are evaluated: coefficient i of a transform is the polynomial's value at
/// `roots[exponents[i]]`.
struct Points {
	/// Powers 0..2N of a primitive 2N-th root of unity.
	roots: Vec<u64>,
	/// The odd exponent of each point.
	exponents: Vec<u16>,
	/// The index of the point with each odd exponent.
	indices: Vec<u16>,
}

static POINTS: Lazy<Points> = Lazy::new(|| {
	// The transform of X is the list of points itself.
	let mut points = vec![0; POLYNOMIAL_SIZE];
	points[1] = 1;
	forward(&mut points);
	let root = points[0];
	let roots: Vec<u64> = core::iter::successors(Some(1), |&power| Some(modular::mul(power, root)))
		.take(2 * POLYNOMIAL_SIZE)
		.collect();
	let mut by_value: Vec<(u64, u16)> = roots.iter().copied().zip(0..).collect();
	by_value.sort_unstable();
	let exponent = |point: &u64| {
		let at = by_value.partition_point(|(value, _)| value < point);
		by_value.get(at).map_or(0, |&(_, exponent)| exponent)
	};
	let exponents: Vec<u16> = points.iter().map(exponent).collect();
	let mut indices = vec![0; 2 * POLYNOMIAL_SIZE];
	for (index, &exponent) in (0..).zip(&exponents) {
		indices[usize::from(exponent)] = index;
	}
	Points { roots, exponents, indices }
});

/// An element of R_q by its 2048 coefficients, each in \[0, q).
#[derive(Clone, Debug, PartialEq, Eq, Zeroize)]
pub struct Polynomial(Vec<u64>);

/// An element of R_q by its transform, in the order of [`transform`](crate::math::transform).
#[derive(Clone, Debug, PartialEq, Eq, Zeroize)]
pub struct NttPolynomial(Vec<u64>);

impl Polynomial {
	/// Zero.
	pub fn zero() -> Self {
		Self(vec![0; POLYNOMIAL_SIZE])
	}

	/// The transform.
	pub fn to_ntt(&self) -> NttPolynomial {
		self.clone().into_ntt()
	}

	/// The transform, in place.
	pub fn into_ntt(mut self) -> NttPolynomial {
		forward(&mut self.0);
		NttPolynomial(self.0)
	}

	/// Adds `other`.
	pub fn add_assign(&mut self, other: &Self) {
		kernels::add_assign(&mut self.0, &other.0);
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
	/// Zero.
	pub fn zero() -> Self {
		Self(vec![0; POLYNOMIAL_SIZE])
	}

	/// X^`power`, `power` modulo 2N.
	pub fn monomial(power: usize) -> Self {
		let points = &*POINTS;
		let value =
			|&exponent: &u16| points.roots[usize::from(exponent) * power % (2 * POLYNOMIAL_SIZE)];
		Self(points.exponents.iter().map(value).collect())
	}

	/// The product, as coefficients.
	pub fn mul(&self, other: &Self) -> Polynomial {
		let mut values = self.0.clone();
		kernels::mul_assign(&mut values, &other.0);
		inverse(&mut values);
		Polynomial(values)
	}

	/// The coefficients.
	pub fn into_coefficients(mut self) -> Polynomial {
		inverse(&mut self.0);
		Polynomial(self.0)
	}
}

/// An automorphism X -> X^e on transforms: a permutation.
pub(crate) struct NttAutomorphism {
	from: Vec<u16>,
}

impl NttAutomorphism {
	/// X -> X^`exponent`, `exponent` odd.
	pub(crate) fn new(exponent: usize) -> Self {
		let points = &*POINTS;
		let from =
			|&point: &u16| points.indices[usize::from(point) * exponent % (2 * POLYNOMIAL_SIZE)];
		Self { from: points.exponents.iter().map(from).collect() }
	}

	/// Writes the image of `values` to `image`.
	pub(crate) fn apply(&self, values: &[u64], image: &mut [u64]) {
		for (to, &from) in image.iter_mut().zip(&self.from) {
			*to = values[usize::from(from)];
		}
	}

	/// Writes the preimage of `values` to `preimage`.
	pub(crate) fn invert(&self, values: &[u64], preimage: &mut [u64]) {
		for (&value, &to) in values.iter().zip(&self.from) {
			preimage[usize::from(to)] = value;
		}
	}
}

impl From<Vec<u64>> for Polynomial {
	/// The polynomial with these coefficients; missing ones are zero, further ones are dropped.
	fn from(mut coefficients: Vec<u64>) -> Self {
		coefficients.resize(POLYNOMIAL_SIZE, 0);
		Self(coefficients)
	}
}

macro_rules! as_slices {
	($($name:ident),*) => { $(
		impl AsRef<[u64]> for $name {
			fn as_ref(&self) -> &[u64] {
				&self.0
			}
		}

		impl AsMut<[u64]> for $name {
			fn as_mut(&mut self) -> &mut [u64] {
				&mut self.0
			}
		}
	)* };
}

as_slices!(Polynomial, NttPolynomial);

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::params::MODULUS;

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
		let (a, b) = (crate::sampling::mask(&seed, 0), crate::sampling::mask(&seed, 1));
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
		let (a, b) = (crate::sampling::mask(&seed, 0), crate::sampling::mask(&seed, 1));
		for exponent in [3, 1025, 2049] {
			let image_of_product = a.to_ntt().mul(&b.to_ntt()).automorphism(exponent);
			let product_of_images =
				a.automorphism(exponent).to_ntt().mul(&b.automorphism(exponent).to_ntt());
			assert_eq!(image_of_product, product_of_images);
		}
	}

	#[test]
	fn automorphisms_permute_transforms() {
		let a = crate::sampling::mask(&[7; 16], 0);
		for exponent in [3, 769, 1025, 2049] {
			let automorphism = NttAutomorphism::new(exponent);
			let (mut image, mut back) = (NttPolynomial::zero(), NttPolynomial::zero());
			automorphism.apply(a.to_ntt().as_ref(), image.as_mut());
			assert_eq!(image, a.automorphism(exponent).to_ntt());
			automorphism.invert(image.as_ref(), back.as_mut());
			assert_eq!(back, a.to_ntt());
		}
	}

	#[test]
	fn monomials_are_powers_of_x() {
		for power in [0, 1, 77, 2047] {
			assert_eq!(NttPolynomial::monomial(power), monomial(power, 1).into_ntt());
		}
		let minus_x = monomial(1, MODULUS - 1).into_ntt();
		assert_eq!(NttPolynomial::monomial(POLYNOMIAL_SIZE + 1), minus_x);
	}

	#[test]
	fn transforms_invert() {
		let a = crate::sampling::mask(&[8; 16], 0);
		assert_eq!(a.to_ntt().into_coefficients(), a);
	}
}
