//! Variances of noise, by formula.

use crate::math::{
	params::{
		EXPANSION_STAGES, ExpansionStage, Gadget, MODULUS, NOISE_BOUND_LOG2, OCTET_STAGES,
		POLYNOMIAL_SIZE, RELINEARISATION_GADGET,
	},
	selector::SelectorGadget,
};

/// E\[d²\] of a balanced digit d, uniform in \[-B/2, B/2).
pub(super) fn digit_variance(gadget: Gadget) -> f64 {
	let base = (1u64 << gadget.base_log) as f64;
	(base * base + 2.0) / 12.0
}

/// Variance of what a decomposition drops: uniform in \[-2^(t-1), 2^(t-1)).
pub(super) fn dropped_variance(gadget: Gadget) -> f64 {
	match gadget.dropped_bits() {
		0 => 0.0,
		bits => {
			let step = (1u64 << bits) as f64;
			step * step / 12.0
		},
	}
}

pub(super) const N: f64 = POLYNOMIAL_SIZE as f64;

/// E||s||² of a uniform binary secret.
pub(super) const SECRET_NORM: f64 = N / 2.0;

/// E||s²||²: coefficient i of s² has mean (2i + 2 - N) / 4 and variance 3N/8.
pub(super) const SQUARE_NORM: f64 = N * N * N / 48.0 + 3.0 * N * N / 8.0;

/// The variance of a coefficient of noise, averaged over the coefficients, in units of 1/q².
///
/// The formulas are those of Chillotti, Gama, Georgieva, Izabachène, "TFHE: fast fully homomorphic
/// encryption over the torus" (2020), section 3 and 4, for a uniform binary secret and digits with
/// their exact second moment instead of bounds. Only + - * / and integer powers are used, so every
/// machine computes the same bits.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Variance(pub f64);

impl Variance {
	/// None.
	pub const ZERO: Self = Self(0.0);

	/// Of a fresh encryption: TUniform(b) has (2^(2b+1) + 1) / 6.
	pub const FRESH: Self = Self(((1u64 << (2 * NOISE_BOUND_LOG2 + 1)) as f64 + 1.0) / 6.0);

	/// Added by a key switch of one polynomial from a secret with this squared norm: every digit
	/// times a fresh key row, and what the decomposition drops times the secret.
	pub(super) fn key_switch(gadget: Gadget, source_norm: f64) -> Self {
		let rows = f64::from(gadget.levels) * N * digit_variance(gadget) * Self::FRESH.0;
		Self(rows + dropped_variance(gadget) * source_norm)
	}

	/// Of the product of two fresh encryptions of messages of at most 2^`message_log2`.
	pub fn product_of_fresh(message_log2: u32) -> Self {
		let message = (1u64 << message_log2) as f64;
		Self(Self::FRESH.0 * (2.0 * message * message + Self::FRESH.0))
	}

	/// Of an RLWE that the expansion gives.
	///
	/// A stage with 2^k branches adds up 2^k images, 2^k - 1 of which have been key-switched.
	/// (By Parseval's equation that is exact for the average over the children.)
	pub fn expanded() -> Self {
		Self::after_stages(&EXPANSION_STAGES)
	}

	/// Of coefficient 0 of an RLWE that the expansion gives, where the message is. All automorphisms
	/// keep that coefficient, so a stage with 2^k branches adds up 2^k times the same noise.
	pub fn expanded_constant() -> Self {
		Self::constant_after(EXPANSION_STAGES.len())
	}

	/// Of the coefficient of a message after this many stages of the expansion, multiplied by what the other
	/// stages would multiply it by.
	pub fn constant_after(stages: usize) -> Self {
		let (before, left_out) = EXPANSION_STAGES.split_at(stages.min(EXPANSION_STAGES.len()));
		let after_stage = |before: f64, stage: &ExpansionStage| {
			let branches = stage.branches() as f64;
			let switch = Self::key_switch(stage.gadget, SECRET_NORM).0;
			branches * branches * before + (branches - 1.0) * switch
		};
		let factor: usize = left_out.iter().map(|stage| stage.branches()).product();
		let variance = before.iter().fold(Self::FRESH.0, after_stage);
		Self(variance * factor as f64 * factor as f64)
	}

	/// Of an octet of the expansion: a ciphertext before the last stage.
	pub fn expanded_octet() -> Self {
		Self::after_stages(&OCTET_STAGES)
	}

	fn after_stages(stages: &[ExpansionStage]) -> Self {
		let after_stage = |before: f64, stage: &ExpansionStage| {
			let branches = stage.branches() as f64;
			let switch = Self::key_switch(stage.gadget, SECRET_NORM).0;
			branches * before + (branches - 1.0) * switch
		};
		Self(stages.iter().fold(Self::FRESH.0, after_stage))
	}

	/// Added by an external product with a selector whose rows have the variance `row`, and whose
	/// message has this many ones.
	///
	/// The digits of the mask meet the rows' noise and then s; the digits of the body meet the
	/// rows' noise; then comes one relinearisation. What the digits drop meets the message.
	pub fn external_product(gadget: SelectorGadget, row: Self, ones: f64) -> Self {
		let products = |gadget: Gadget| {
			let digits = f64::from(gadget.levels) * N * digit_variance(gadget);
			digits * row.0 + ones * dropped_variance(gadget)
		};
		let relinearisation = Self::key_switch(RELINEARISATION_GADGET, SQUARE_NORM).0;
		Self(products(gadget.mask) * SECRET_NORM + products(gadget.body()) + relinearisation)
	}

	/// Added at the places that are kept when ciphertexts are packed: each step doubles the noise
	/// of those before it, in amplitude, at these places.
	pub fn packing() -> Self {
		let mut variance = 0.0;
		for stage in EXPANSION_STAGES.iter().rev() {
			for _ in 0..stage.bits {
				variance = 4.0 * variance + Self::key_switch(stage.gadget, SECRET_NORM).0;
			}
		}
		Self(variance)
	}

	/// Added by switching the modulus of mask and body from q to 2^`bits`, in units of 1/q².
	pub fn modulus_switch(bits: u32) -> Self {
		let step = MODULUS as f64 / (1u64 << bits) as f64;
		Self(step * step / 12.0 * (SECRET_NORM + 1.0))
	}

	/// Of a fresh encryption of zero, r (a, b) + (e1, e2) for an encryption of zero (a, b = a s + e) and a
	/// binary r: its phase is r e + e2 - e1 s.
	pub fn zero_encryption() -> Self {
		Self(Self::FRESH.0 * (2.0 * SECRET_NORM + 1.0))
	}

	/// Of the sum of `count` independent noises of this variance.
	pub fn times(self, count: f64) -> Self {
		Self(self.0 * count)
	}

	/// Whether a noise of this variance stays below 2^(`unit_log2` - 1), half a unit, except with a
	/// probability of at most 2^-135.
	pub fn fits(self, unit_log2: u32) -> bool {
		let half = (1u64 << unit_log2) as f64 / 2.0;
		half * half >= SIGMAS * SIGMAS * self.0
	}

	/// A noise that none of this variance exceeds, except with a probability of at most 2^-135: that of a
	/// wrong decryption, so 2^-124 for the 2048 integers that a result may have.
	pub fn tolerance(self) -> u64 {
		libm::ceil(SIGMAS * libm::sqrt(self.0)) as u64
	}

	/// log2 of the standard deviation relative to q, for people.
	pub fn log2_relative(self) -> f64 {
		libm::log2(self.0) / 2.0 - libm::log2(MODULUS as f64)
	}
}

/// A Gaussian exceeds this many standard deviations, on either side, with a probability of 2^-135: so
/// a result of a hundred integers decrypts wrongly with less than 2^-128.
pub(crate) const SIGMAS: f64 = 13.5;

impl core::ops::Add for Variance {
	type Output = Self;

	fn add(self, other: Self) -> Self {
		Self(self.0 + other.0)
	}
}
