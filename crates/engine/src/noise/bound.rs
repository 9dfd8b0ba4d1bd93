//! Worst-case noise.

use crate::math::params::NOISE_BOUND;

/// The largest absolute noise that a ciphertext can have, in units of 1/q. A sum of worst cases,
/// not an estimate: decryption with a grid above twice this bound never fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoiseBound(pub u64);

impl NoiseBound {
	/// Of a fresh encryption: TUniform(4).
	pub const FRESH: Self = Self(NOISE_BOUND);

	/// Of an inner product of independent fresh encryptions with integer weights whose absolute
	/// values sum to `l1_norm`.
	pub const fn of_inner_product(l1_norm: u64) -> Self {
		Self(Self::FRESH.0.saturating_mul(l1_norm))
	}

	/// Bits by which messages must be shifted so that rounding removes this noise: the smallest d
	/// with 2^(d-1) > bound.
	pub const fn shift(self) -> u32 {
		64 - self.0.leading_zeros() + 1
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rounding_removes_the_bound() {
		for l1_norm in [0, 1, 7, 8, 127, 128, 65_537] {
			let bound = NoiseBound::of_inner_product(l1_norm);
			assert!(bound.0 < 1 << (bound.shift() - 1), "{l1_norm}");
		}
	}
}
