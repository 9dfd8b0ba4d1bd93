//! Integers cut into limbs, each of which is computed on its own.

use alloc::vec::Vec;

/// Balanced digits of `value` in base 2^`limb_bits`, least significant first; the last one takes
/// what is left.
pub(crate) fn split(value: i64, limb_bits: u32, limbs: usize) -> impl Iterator<Item = i64> {
	let half = 1i64 << (limb_bits - 1);
	let mut rest = value;
	(1..=limbs).map(move |limb| {
		if limb == limbs {
			return rest;
		}
		let digit = ((rest + half) & (2 * half - 1)) - half;
		rest = (rest - digit) >> limb_bits;
		digit
	})
}

/// Puts each group of `limbs` limbs together.
pub(crate) fn combine(limbs: &[i64], limb_bits: u32, count: usize) -> Vec<i64> {
	let whole = |limbs: &[i64]| {
		limbs.iter().rev().fold(0i64, |sum, &limb| sum.wrapping_shl(limb_bits).wrapping_add(limb))
	};
	limbs.chunks_exact(count).map(whole).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn limbs_put_together_give_the_value(
			value in -(1i64 << 40)..(1i64 << 40),
			bits in 1u32..8,
			count in 1usize..6,
		) {
			let limbs: Vec<i64> = split(value, bits, count).collect();
			prop_assert_eq!(limbs.len(), count);
			prop_assert!(limbs[..count - 1].iter().all(|limb| limb.abs() <= 1 << (bits - 1)));
			prop_assert_eq!(combine(&limbs, bits, count), vec![value]);
		}
	}
}
