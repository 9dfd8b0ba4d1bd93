//! RLWE ciphertexts during an evaluation.

use crate::math::{
	kernels, modular,
	params::POLYNOMIAL_SIZE,
	ring::{self, NttPolynomial},
};
use alloc::{vec, vec::Vec};

/// Residues of a ciphertext: mask and body.
pub(crate) const RLWE_SIZE: usize = 2 * POLYNOMIAL_SIZE;

/// An RLWE ciphertext (k = 1, N = 2048) by its transforms, first the mask, then the body; its phase
/// is body - mask s.
#[derive(Clone, Debug)]
pub(crate) struct Rlwe(Vec<u64>);

impl Rlwe {
	/// The trivial encryption of zero.
	pub fn zero() -> Self {
		Self(vec![0; RLWE_SIZE])
	}

	/// Copies the residues of a ciphertext.
	pub fn from_slice(residues: &[u64]) -> Self {
		Self(residues.to_vec())
	}

	/// With these coefficients of mask and body.
	pub fn from_coefficients(mut coefficients: Vec<u64>) -> Self {
		coefficients.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::forward);
		Self(coefficients)
	}

	pub fn mask_and_body_mut(&mut self) -> [&mut [u64]; 2] {
		mask_and_body_mut(&mut self.0)
	}

	pub fn add_assign(&mut self, other: &Self) {
		kernels::add_assign(&mut self.0, &other.0);
	}

	pub fn sub_assign(&mut self, other: &Self) {
		kernels::sub_assign(&mut self.0, &other.0);
	}

	/// Multiplies by a plaintext polynomial.
	pub fn mul_assign(&mut self, factor: &NttPolynomial) {
		for part in self.mask_and_body_mut() {
			kernels::mul_assign(part, factor.as_ref());
		}
	}

	/// The coefficients of mask and body, in the place of their transforms.
	pub fn into_coefficients(mut self) -> Vec<u64> {
		self.mask_and_body_mut().into_iter().for_each(ring::inverse);
		self.0
	}
}

impl From<Vec<u64>> for Rlwe {
	/// The ciphertext with these transforms of mask and body.
	fn from(residues: Vec<u64>) -> Self {
		Self(residues)
	}
}

impl AsRef<[u64]> for Rlwe {
	fn as_ref(&self) -> &[u64] {
		&self.0
	}
}

/// The two halves of a ciphertext.
pub(crate) fn mask_and_body_mut(residues: &mut [u64]) -> [&mut [u64]; 2] {
	residues.split_at_mut(POLYNOMIAL_SIZE).into()
}

/// X^-`step` times mask and body.
pub(crate) fn rotate_both(rlwe: &[u64], step: i32, rotated: &mut [u64]) {
	let parts = rlwe.chunks_exact(POLYNOMIAL_SIZE);
	for (part, rotated) in parts.zip(rotated.chunks_exact_mut(POLYNOMIAL_SIZE)) {
		rotate(part, step, rotated);
	}
}

/// X^-`step` times a polynomial.
pub(crate) fn rotate(polynomial: &[u64], step: i32, rotated: &mut [u64]) {
	let step = step.rem_euclid(2 * POLYNOMIAL_SIZE as i32) as usize;
	let (negated, step) = (step >= POLYNOMIAL_SIZE, step % POLYNOMIAL_SIZE);
	let (wrapped, straight) = polynomial.split_at(step);
	let (start, end) = rotated.split_at_mut(POLYNOMIAL_SIZE - step);
	start.copy_from_slice(straight);
	end.copy_from_slice(wrapped);
	// What wraps around turns its sign once more.
	let turned = if negated { start } else { end };
	turned.iter_mut().for_each(|value| *value = modular::neg(*value));
}
