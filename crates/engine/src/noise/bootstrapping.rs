//! Variances of the steps of a bootstrap, by formula.

use super::variance::{N, SECRET_NORM, SQUARE_NORM, Variance, digit_variance, dropped_variance};
use crate::math::{
	bootstrap_params::{
		PATTERNS, SMALL_DIMENSION, SMALL_NOISE_BOUND_LOG2, SMALL_PAIRS, SQUARE_GADGET,
		SWITCH_DROPPED_BITS, SWITCH_GADGET,
	},
	params::{Gadget, MODULUS, POLYNOMIAL_SIZE},
	selector::SelectorGadget,
};

impl Variance {
	/// Of a row of -s m that is made of a row of m: its noise meets s, and then comes a key switch from s².
	pub fn minus_secret_row() -> Self {
		let switch = Self::key_switch(SQUARE_GADGET, SQUARE_NORM);
		Self::expanded().times(SECRET_NORM) + switch
	}

	/// Added by one step of a blind rotation: by a pair of bits, both uniform.
	///
	/// Three products are multiplied by X^a - 1, whose squared norm is 2. The digits meet the noise of the rows; what
	/// they drop meets the one pattern that is 1, if any is.
	pub fn pair_step(gadget: SelectorGadget) -> Self {
		let digits = |gadget: Gadget| f64::from(gadget.levels) * N * digit_variance(gadget);
		let (mask, body) = (gadget.mask, gadget.body());
		let products =
			digits(mask) * Self::minus_secret_row().0 + digits(body) * Self::expanded().0;
		let dropped = dropped_variance(mask) * SECRET_NORM + dropped_variance(body);
		Self(2.0 * (PATTERNS as f64 * products + 0.75 * dropped))
	}

	/// Of what a bootstrap gives.
	pub fn bootstrapped(gadget: SelectorGadget) -> Self {
		Self::pair_step(gadget).times(SMALL_PAIRS as f64)
	}

	/// Added by the key switch from s to the small secret: its rows have TUniform noise and lack their lowest bits.
	pub fn switch_to_small() -> Self {
		let bound = (1u64 << SMALL_NOISE_BOUND_LOG2) as f64;
		let cut = (1u64 << SWITCH_DROPPED_BITS) as f64;
		let row = (2.0 * bound * bound + 1.0) / 6.0 + cut * cut / 12.0;
		let rows = f64::from(SWITCH_GADGET.levels) * N * digit_variance(SWITCH_GADGET) * row;
		Self(rows + dropped_variance(SWITCH_GADGET) * SECRET_NORM)
	}

	/// Added by the centred modulus switch from q to 2N, in units of 1/q²: n roundings of the mask times a bit of the
	/// small secret less its mean, so of variance 1/4, and one of the body.
	pub fn centred_modulus_switch() -> Self {
		let step = MODULUS as f64 / (2 * POLYNOMIAL_SIZE) as f64;
		Self(step * step / 12.0 * (SMALL_DIMENSION as f64 / 4.0 + 1.0))
	}

	/// Added between a ciphertext and the argument at which a bootstrap looks a table up.
	pub fn argument() -> Self {
		Self::switch_to_small() + Self::centred_modulus_switch()
	}
}
