//! Parameters of bootstrapping in parameter set 1.
//!
//! The small secret and its noise are the LWE pair of tfhe-rs
//! `V1_8_PARAM_MESSAGE_2_CARRY_2_KS_PBS_TUNIFORM_2M128`: dimension 918, TUniform(45) over 2^64, so TUniform(32)
//! over 2^51. See `docs/cryptography.md`, "Bootstrap key".

use crate::math::{
	params::{Gadget, MODULUS_BITS},
	selector::SelectorGadget,
};
use fhe_ml_format::BootstrapKeyPrefix;

/// n: coefficients of the small secret; the others of its polynomial are zero.
pub const SMALL_DIMENSION: usize = 918;

/// Pairs of bits of the small secret: a blind rotation has as many steps.
pub const SMALL_PAIRS: usize = SMALL_DIMENSION / 2;

/// b of the noise TUniform(b) under the small secret, modulo q.
pub const SMALL_NOISE_BOUND_LOG2: u32 = 32;

/// Gadget of the key switch from s to the small secret.
pub const SWITCH_GADGET: Gadget = Gadget { base_log: 3, levels: 6 };

/// Lowest bits of the bodies of that key switch, which are not sent: five bits below the bound of the noise.
pub const SWITCH_DROPPED_BITS: u32 = MODULUS_BITS - BootstrapKeyPrefix::SWITCH_BITS;

/// Gadget of the key switch from s² with which rows of -s are made. All digits of a selector multiply its noise,
/// for which the server key's is too coarse.
pub const SQUARE_GADGET: Gadget = Gadget { base_log: 12, levels: 4 };

/// The gadgets of the selectors in a bootstrap key, the cheaper first.
pub const BOOTSTRAP_GADGETS: [SelectorGadget; 2] = [
	SelectorGadget { mask: Gadget { base_log: 5, levels: 5 } },
	SelectorGadget { mask: Gadget { base_log: 4, levels: 6 } },
];

/// Selectors of a pair of bits: whether it is 10, 01, or 11.
pub const PATTERNS: usize = 3;

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS};

	#[test]
	fn the_format_has_room_for_the_rows() {
		let levels: u32 = BOOTSTRAP_GADGETS.iter().map(|gadget| gadget.mask.levels).sum();
		let entries = SMALL_PAIRS * PATTERNS * levels as usize;
		assert_eq!(entries, BootstrapKeyPrefix::SELECTOR_RESIDUES);
		let rows = |gadget: Gadget| gadget.levels as usize * POLYNOMIAL_SIZE;
		assert_eq!(rows(SQUARE_GADGET), BootstrapKeyPrefix::SQUARE_RESIDUES);
		assert_eq!(rows(SWITCH_GADGET), BootstrapKeyPrefix::SWITCH_RESIDUES);
		assert_eq!(2 * SMALL_PAIRS, SMALL_DIMENSION);
		assert!(BOOTSTRAP_GADGETS.iter().all(|gadget| SELECTOR_GADGETS.contains(gadget)));
		const { assert!(SWITCH_DROPPED_BITS + 5 == SMALL_NOISE_BOUND_LOG2) };
	}
}
