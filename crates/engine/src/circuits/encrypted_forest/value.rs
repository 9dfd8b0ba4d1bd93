//! Values of subtrees during an evaluation.

use crate::{
	entities::rlwe::{RLWE_SIZE, Rlwe, rotate_both},
	math::{kernels, params::POLYNOMIAL_SIZE, ring},
};
use alloc::{vec, vec::Vec};

/// The value of a subtree in the first coefficients; the others do not matter.
pub(super) enum Value<'a> {
	/// X^-`step` times a ciphertext, given by its coefficients.
	Rotated { coefficients: &'a [u64], step: i32 },
	/// A ciphertext by its transforms.
	Selected(Rlwe),
}

impl Value<'_> {
	pub(super) fn into_transforms(self) -> Rlwe {
		match self {
			Self::Selected(transforms) => transforms,
			Self::Rotated { .. } => {
				let mut residues = self.coefficients();
				residues.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::forward);
				Rlwe::from(residues)
			},
		}
	}

	fn coefficients(&self) -> Vec<u64> {
		match self {
			Self::Rotated { coefficients, step } => {
				let mut rotated = vec![0; RLWE_SIZE];
				rotate_both(coefficients, *step, &mut rotated);
				rotated
			},
			Self::Selected(transforms) => transforms.clone().into_coefficients(),
		}
	}

	/// Coefficients of the difference.
	pub(super) fn minus(&self, other: &Self) -> Vec<u64> {
		match (self, other) {
			(Self::Selected(one), Self::Selected(zero)) => {
				let mut difference = one.clone();
				difference.sub_assign(zero);
				difference.into_coefficients()
			},
			_ => {
				let mut difference = self.coefficients();
				kernels::sub_assign(&mut difference, &other.coefficients());
				difference
			},
		}
	}
}
