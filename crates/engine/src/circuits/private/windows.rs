//! Windows of a ciphertext, one per row of a private linear model, see `linear`.

use crate::{algorithms::packing::packed_position, math::params::POLYNOMIAL_SIZE, noise::Variance};
use alloc::vec::Vec;

/// How the rows lie in ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows {
	/// log2 of the coefficients from one row to the next.
	pub stride_log2: u32,
	rows: usize,
}

impl Windows {
	pub fn new(features: usize, rows: usize) -> Self {
		let stride = features.min(POLYNOMIAL_SIZE).next_power_of_two();
		Self { stride_log2: stride.ilog2(), rows }
	}

	/// Rows of a ciphertext.
	pub fn per_ciphertext(self) -> usize {
		POLYNOMIAL_SIZE >> self.stride_log2
	}

	/// Ciphertexts that are packed into one.
	pub fn ciphertexts(self) -> usize {
		self.rows.div_ceil(self.per_ciphertext())
	}

	/// Where the integers of a result are.
	pub fn positions(self) -> Vec<usize> {
		let per_ciphertext = self.per_ciphertext();
		let position = |row: usize| {
			let window = (row % per_ciphertext) << self.stride_log2;
			match row / per_ciphertext {
				0 => window,
				ciphertext => window + packed_position(ciphertext, self.stride_log2),
			}
		};
		(0..self.rows).map(position).collect()
	}

	/// Coefficients of an input: where rows share a ciphertext, each of them meets what lies in the windows of
	/// the others, which must be an encryption of zero.
	pub fn input_coefficients(self, features: usize) -> usize {
		if self.rows.min(self.per_ciphertext()) > 1 { POLYNOMIAL_SIZE } else { features }
	}

	/// Noise of the packing.
	pub fn noise(self) -> Variance {
		if self.ciphertexts() == 1 { Variance::ZERO } else { Variance::packing() }
	}
}
