//! Balanced digits of coefficients.

use crate::math::{
	params::{Gadget, MODULUS, POLYNOMIAL_SIZE},
	transform,
};

/// 1 for the coefficients whose digits are in (-B/2, B/2\]: bits of splitmix64 (Steele, Lea, Flood,
/// "Fast splittable pseudorandom number generators", 2014).
static ROUNDED_UP: [u64; POLYNOMIAL_SIZE] = {
	let mut bits = [0; POLYNOMIAL_SIZE];
	let mut at = 0;
	while at < POLYNOMIAL_SIZE {
		let mut mixed = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
		mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		bits[at] = mixed >> 63;
		at += 1;
	}
	bits
};

/// Cuts each coefficient of `from` into balanced digits: `digits[j N + i]` is digit j (from the most
/// significant) of coefficient i, a residue in \[-B/2, B/2\]. The sum of the digits times their
/// [`Gadget::scale`] is the coefficient, rounded to a multiple of the last scale.
///
/// The digits of some coefficients are in \[-B/2, B/2), those of the others in (-B/2, B/2\], by a
/// pseudo-random pattern ([`ROUNDED_UP`]). If all had the same mean of -1/2, that would resonate with
/// the mean 1/2 of the binary secret: the product of the two constant parts has coefficients up to
/// N/4, more noise than all small digits make. With a regular pattern the noise of a key's rows would
/// have the same offset in all entries of an expansion, and sums of entries would add these up.
pub(crate) fn decompose(from: &[u64], gadget: Gadget, digits: &mut [u64]) {
	let half = 1u64 << (gadget.base_log - 1);
	// With half a base added at every digit, the digits can be read off without carries. Another
	// base on the first one keeps the sum positive.
	let scales: u64 = (0..gadget.levels).map(|level| gadget.scale(level)).sum();
	let rounding = 1 << gadget.dropped_bits() >> 1;
	let offset = half * scales + 2 * half * gadget.scale(0) + rounding;
	for (level, digits) in digits.chunks_exact_mut(POLYNOMIAL_SIZE).enumerate() {
		let shift = gadget.scale(level as u32).trailing_zeros();
		let (mask, shifted) = if level == 0 { (u64::MAX, 3 * half) } else { (2 * half - 1, half) };
		vectorised!({
			for ((digit, &x), &up) in digits.iter_mut().zip(from).zip(&ROUNDED_UP) {
				let offset = offset - (up.wrapping_neg() & scales);
				let centred = if x > MODULUS / 2 { x.wrapping_sub(MODULUS) } else { x };
				let value = centred.wrapping_add(offset) >> shift & mask;
				let value = value.wrapping_sub(shifted - up);
				*digit = value.min(value.wrapping_add(MODULUS));
			}
		});
	}
}

/// The digits of [`decompose`], transformed.
pub(crate) fn transformed_digits(from: &[u64], gadget: Gadget, digits: &mut [u64]) {
	decompose(from, gadget, digits);
	digits.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(transform::forward);
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::math::modular;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn digits_are_small_and_put_together_again(
			mut values in proptest::collection::vec(0..MODULUS, POLYNOMIAL_SIZE),
			(base_log, levels) in prop_oneof![
				Just((2, 24)), Just((3, 16)), Just((6, 8)), Just((8, 3)), Just((20, 2)),
				Just((17, 3)), Just((12, 2)),
			],
		) {
			values[..4].copy_from_slice(&[0, MODULUS / 2, MODULUS / 2 + 1, MODULUS - 1]);
			let gadget = Gadget { base_log, levels };
			let mut digits = vec![0; POLYNOMIAL_SIZE * levels as usize];
			decompose(&values, gadget, &mut digits);
			for (at, &value) in values.iter().enumerate() {
				let mut sum = 0i128;
				for level in 0..levels {
					let digit = modular::to_signed(digits[level as usize * POLYNOMIAL_SIZE + at]);
					prop_assert!(digit.abs() <= 1 << (base_log - 1));
					sum += i128::from(digit) * i128::from(gadget.scale(level));
				}
				let error = sum - i128::from(modular::to_signed(value));
				prop_assert!(error.abs() <= 1 << gadget.dropped_bits() >> 1, "{}", error);
			}
		}
	}
}
