//! The choice of blocks, limbs and shift.

use super::{EncryptedLinearCircuit, EncryptedLinearError, shape::LinearShape};
use crate::circuits::linear::MAX_FEATURES;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

/// Larger limbs than this would leave no room for even one feature.
const LIMB_BITS: RangeInclusive<u32> = 2..=8;
const MAX_OUTPUTS: usize = 1024;
const MAX_WEIGHTS: usize = 1 << 18;

impl LinearShape {
	/// Takes the blocks and limbs with which input and result are smallest.
	///
	/// # Errors
	/// If there are too few or too many features, outputs or weights, or if the noise leaves no room.
	pub(super) fn new(features: usize, outputs: usize) -> Result<Self, EncryptedLinearError> {
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
			let results = shape.input_limbs() + shape.weight_limbs() - 1;
			let blocks = features.div_ceil(shape.block());
			features * shape.input_limbs() + outputs * results * blocks
		};
		shapes.min_by_key(residues).ok_or(EncryptedLinearError::NoRoom)
	}

	/// A circuit of this shape.
	pub(super) fn with_weights(
		self,
		mask_seed: [u8; 16],
		bodies: Vec<u64>,
	) -> EncryptedLinearCircuit {
		EncryptedLinearCircuit { shape: self, mask_seed, bodies }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shapes_fit_up_to_thousands_of_features() {
		for features in [1, 4, 30, 64, 784, 2048, 16384] {
			let shape = LinearShape::new(features, 10).unwrap();
			let (block, limb_bits, shift) = (shape.block(), shape.limb_bits(), shape.shift());
			println!("{features}: blocks of {block}, limbs of {limb_bits} bits, shift {shift}");
			assert!(shape.noise().fits(2 * shift));
		}
		assert!(matches!(LinearShape::new(0, 1), Err(EncryptedLinearError::Size)));
		assert!(matches!(LinearShape::new(16384, 17), Err(EncryptedLinearError::Size)));
	}
}
