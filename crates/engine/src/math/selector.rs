//! Encrypted bits that select between ciphertexts.
//!
//! A selector is an encrypted bit m: RLWE encryptions of g_j m, one per level of the gadget g, from
//! the most significant.

use crate::math::params::Gadget;

/// How ciphertexts are cut into digits for a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectorGadget {
	/// For the mask: one row of the selector per level.
	pub mask: Gadget,
}

/// The gadgets that a circuit may take, the cheapest first.
///
/// The noise of the body's product is not multiplied by s, so the body can do with digits twice as
/// long where there are at least four levels; an odd last one is dropped.
pub const SELECTOR_GADGETS: [SelectorGadget; 6] = [
	selector_gadget(12, 2),
	selector_gadget(8, 3),
	selector_gadget(6, 4),
	selector_gadget(5, 5),
	selector_gadget(4, 6),
	selector_gadget(3, 8),
];

const fn selector_gadget(base_log: u32, levels: u32) -> SelectorGadget {
	SelectorGadget { mask: Gadget { base_log, levels } }
}

impl SelectorGadget {
	/// Rows of the selector per level of the body's gadget.
	pub const fn body_stride(self) -> usize {
		// Two levels are too few to halve.
		if self.mask.levels >= 4 { 2 } else { 1 }
	}

	/// The gadget of the body.
	pub const fn body(self) -> Gadget {
		let stride = self.body_stride() as u32;
		Gadget { base_log: self.mask.base_log * stride, levels: self.mask.levels / stride }
	}

	/// Transforms of one external product, with those back to coefficients before it.
	pub const fn transforms(self) -> u64 {
		let digits = self.mask.levels + self.body().levels;
		let key_switch = 1 + crate::math::params::RELINEARISATION_GADGET.levels;
		(2 + digits + key_switch) as u64
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rows_of_the_body_are_rows_of_the_mask() {
		for gadget in SELECTOR_GADGETS {
			for level in 0..gadget.body().levels {
				let row = (level as usize + 1) * gadget.body_stride() - 1;
				assert_eq!(gadget.body().scale(level), gadget.mask.scale(row as u32));
			}
		}
	}
}
