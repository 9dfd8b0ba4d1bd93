//! The choice of blocks, limbs and shift.

use super::{EncryptedLinearCircuit, EncryptedLinearError};
use crate::{circuits::linear::MAX_FEATURES, math::params::MODULUS, noise::Variance};
use std::ops::RangeInclusive;

/// Bits of an integer input with its sign: the same for all models.
pub(super) const INPUT_BITS: u32 = 35;
/// Bits of an integer weight with its sign: the same for all models.
pub(super) const WEIGHT_BITS: u32 = 24;
/// Larger limbs than this would leave no room for even one feature.
const LIMB_BITS: RangeInclusive<u32> = 2..=8;
const MAX_OUTPUTS: usize = 1024;
const MAX_WEIGHTS: usize = 1 << 18;

/// What follows from the numbers of features and outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LinearShape {
	pub features: usize,
	pub outputs: usize,
	block: usize,
	limb_bits: u32,
	shift: u32,
	noise: Variance,
}

impl LinearShape {
	/// Takes the blocks and limbs with which input and result are smallest.
	///
	/// # Errors
	/// If there are too few or too many features, outputs or weights, or if the noise leaves no room.
	pub fn new(features: usize, outputs: usize) -> Result<Self, EncryptedLinearError> {
		let sizes = (1..=MAX_FEATURES).contains(&features) && (1..=MAX_OUTPUTS).contains(&outputs);
		if !sizes || features * outputs > MAX_WEIGHTS {
			return Err(EncryptedLinearError::Size);
		}
		let shapes = (0..=features.ilog2()).flat_map(|halvings| {
			let block = features.div_ceil(1 << halvings);
			LIMB_BITS
				.filter_map(move |limb_bits| Self::fitting(features, outputs, block, limb_bits))
		});
		let residues = |shape: &Self| {
			let results = input_limbs(shape.limb_bits) + weight_limbs(shape.limb_bits) - 1;
			let blocks = features.div_ceil(shape.block);
			features * input_limbs(shape.limb_bits) + outputs * results * blocks
		};
		shapes.min_by_key(residues).ok_or(EncryptedLinearError::NoRoom)
	}

	fn fitting(features: usize, outputs: usize, block: usize, limb_bits: u32) -> Option<Self> {
		let products = block * weight_limbs(limb_bits).min(input_limbs(limb_bits));
		let noise_for =
			|shift: u32| Variance::product_of_fresh(shift + limb_bits - 1).times(products as f64);
		let shift = (0..=24).find(|&shift| noise_for(shift).fits(2 * shift))?;
		let largest = (products as u128) << (2 * (limb_bits - 1) + 2 * shift);
		let fits = 2 * largest + (1 << (2 * shift)) < u128::from(MODULUS);
		let noise = noise_for(shift);
		fits.then_some(Self { features, outputs, block, limb_bits, shift, noise })
	}

	pub fn limb_bits(&self) -> u32 {
		self.limb_bits
	}

	pub fn shift(&self) -> u32 {
		self.shift
	}

	/// Features that are summed up to one integer of a result.
	pub fn block(&self) -> usize {
		self.block
	}

	pub fn noise(&self) -> Variance {
		self.noise
	}

	pub fn weight_limbs(&self) -> usize {
		weight_limbs(self.limb_bits)
	}

	/// Residues of all weights.
	pub fn weights(&self) -> usize {
		self.features * self.outputs * self.weight_limbs()
	}

	/// A circuit of this shape.
	pub fn with_weights(self, mask_seed: [u8; 16], bodies: Vec<u64>) -> EncryptedLinearCircuit {
		EncryptedLinearCircuit { shape: self, mask_seed, bodies }
	}
}

pub(super) const fn input_limbs(limb_bits: u32) -> usize {
	INPUT_BITS.div_ceil(limb_bits) as usize
}

pub(super) const fn weight_limbs(limb_bits: u32) -> usize {
	WEIGHT_BITS.div_ceil(limb_bits) as usize
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shapes_fit_up_to_thousands_of_features() {
		for features in [1, 4, 30, 64, 784, 2048, 16384] {
			let shape = LinearShape::new(features, 10).unwrap();
			let LinearShape { block, limb_bits, shift, .. } = shape;
			println!("{features}: blocks of {block}, limbs of {limb_bits} bits, shift {shift}");
			assert!(shape.noise.fits(2 * shape.shift));
		}
		assert!(matches!(LinearShape::new(0, 1), Err(EncryptedLinearError::Size)));
		assert!(matches!(LinearShape::new(16384, 17), Err(EncryptedLinearError::Size)));
	}
}
