//! What is public of a linear circuit with encrypted weights, and what follows from it.

use crate::{math::params::MODULUS, noise::Variance};

/// Bits of an integer input with its sign: the same for all models.
pub(super) const INPUT_BITS: u32 = 35;
/// Bits of an integer weight with its sign: the same for all models.
pub(super) const WEIGHT_BITS: u32 = 24;

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
	/// With these blocks and limbs and the smallest shift, or `None` if the noise leaves no room.
	pub fn fitting(features: usize, outputs: usize, block: usize, limb_bits: u32) -> Option<Self> {
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

	pub fn input_limbs(&self) -> usize {
		input_limbs(self.limb_bits)
	}

	pub fn weight_limbs(&self) -> usize {
		weight_limbs(self.limb_bits)
	}

	/// Residues of all weights.
	pub fn weights(&self) -> usize {
		self.features * self.outputs * self.weight_limbs()
	}
}

const fn input_limbs(limb_bits: u32) -> usize {
	INPUT_BITS.div_ceil(limb_bits) as usize
}

const fn weight_limbs(limb_bits: u32) -> usize {
	WEIGHT_BITS.div_ceil(limb_bits) as usize
}
