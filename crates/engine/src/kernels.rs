//! Loops over coefficients, compiled for the CPU that runs them.
//!
//! All of them are exact, so it does not matter for the result which version runs: AVX-512 IFMA
//! where it exists, otherwise what the compiler makes of the plain loop for AVX-512, AVX2, or the
//! baseline of the target.

use crate::{
	modular,
	params::{Gadget, MODULUS, POLYNOMIAL_SIZE},
	ring,
};
use pulp::Arch;
use std::sync::LazyLock;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs a plain loop with the widest vectors that the CPU has.
macro_rules! vectorised {
	($body:block) => {
		ARCH.dispatch(
			#[inline(always)]
			|| $body,
		)
	};
}

/// target += other.
pub(crate) fn add_assign(target: &mut [u64], other: &[u64]) {
	vectorised!({
		for (a, &b) in target.iter_mut().zip(other) {
			let sum = *a + b;
			*a = sum.min(sum.wrapping_sub(MODULUS));
		}
	});
}

/// target -= other.
pub(crate) fn sub_assign(target: &mut [u64], other: &[u64]) {
	vectorised!({
		for (a, &b) in target.iter_mut().zip(other) {
			let difference = a.wrapping_sub(b);
			*a = difference.min(difference.wrapping_add(MODULUS));
		}
	});
}

/// (x, y) becomes (x + y, x - y).
pub(crate) fn butterfly(x: &mut [u64], y: &mut [u64]) {
	vectorised!({
		for (x, y) in x.iter_mut().zip(y) {
			let (sum, difference) = (*x + *y, x.wrapping_sub(*y));
			*x = sum.min(sum.wrapping_sub(MODULUS));
			*y = difference.min(difference.wrapping_add(MODULUS));
		}
	});
}

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
/// have the same offset in all slots, and sums of slots would add these up.
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
	digits.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::forward);
}

/// Most products that are added up before they are reduced.
const MAX_TERMS: usize = 32;

/// Ciphertexts that [`accumulate_products`] may handle at once.
pub(crate) const MAX_NODES: usize = 2;

/// Residues that belong together in [`Rows`]: two vectors, so that all sums stay in registers.
pub(crate) const BLOCK: usize = 16;

/// Blocks of a polynomial.
const BLOCKS: usize = POLYNOMIAL_SIZE / BLOCK;

/// Rows of mask and body in memory: block `at` of a component of row `level` is block number
/// `first + level * level_step + component * component_step + at * block_step`.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
	blocks: &'a [[u64; BLOCK]],
	first: usize,
	level_step: usize,
	component_step: usize,
	block_step: usize,
}

impl<'a> Rows<'a> {
	/// One row after the other, mask and body, N residues each; every `stride`-th row is taken,
	/// starting from the first ones' last.
	pub(crate) fn sequential(residues: &'a [u64], stride: usize) -> Self {
		Self {
			blocks: residues.as_chunks().0,
			first: (stride - 1) * 2 * BLOCKS,
			level_step: stride * 2 * BLOCKS,
			component_step: BLOCKS,
			block_step: 1,
		}
	}

	/// Rows from [`interleave`].
	pub(crate) fn interleaved(residues: &'a [u64]) -> Self {
		let levels = residues.len() / (2 * POLYNOMIAL_SIZE);
		Self {
			blocks: residues.as_chunks().0,
			first: 0,
			level_step: 2,
			component_step: 1,
			block_step: levels * 2,
		}
	}

	#[inline(always)]
	fn block(&self, level: usize, component: usize, at: usize) -> &'a [u64; BLOCK] {
		let start = self.first + level * self.level_step;
		&self.blocks[start + component * self.component_step + at * self.block_step]
	}
}

/// Brings sequential rows into the order in which [`accumulate_products`] reads them: as one stream
/// instead of many that fall on the same lines of the cache.
pub(crate) fn interleave(sequential: &[u64]) -> Vec<u64> {
	let rows = Rows::sequential(sequential, 1);
	let mut residues = Vec::with_capacity(sequential.len());
	for at in 0..BLOCKS {
		for level in 0..sequential.len() / (2 * POLYNOMIAL_SIZE) {
			for component in 0..2 {
				residues.extend_from_slice(rows.block(level, component, at));
			}
		}
	}
	residues
}

/// For each ciphertext n and each component c (mask, body):
/// `outs[n][c] += sum over j of digits[n][j] rows[j][c]`, coefficient by coefficient.
///
/// `digits\[n\]` is levels x N residues. The products are added up in full width and reduced once;
/// the rows are read once for all ciphertexts.
pub(crate) fn accumulate_products<const NODES: usize>(
	mut outs: [[&mut [u64]; 2]; NODES],
	digits: [&[u64]; NODES],
	rows: Rows<'_>,
) {
	let levels = digits.first().map_or(0, |digits| digits.len() / POLYNOMIAL_SIZE);
	assert!(levels <= MAX_TERMS);
	assert!(digits.iter().all(|digits| digits.len() == levels * POLYNOMIAL_SIZE));
	assert!(outs.iter().flatten().all(|out| out.len() == POLYNOMIAL_SIZE));
	#[cfg(target_arch = "x86_64")]
	if let Some(simd) = ifma::available() {
		ifma::accumulate_products(simd, outs, digits, rows);
		return;
	}
	for (outs, digits) in outs.iter_mut().zip(digits) {
		let (digits, _) = digits.as_chunks::<BLOCK>();
		for at in 0..BLOCKS {
			for (component, out) in outs.iter_mut().enumerate() {
				let out = &mut out[at * BLOCK..][..BLOCK];
				let mut sums = [0u128; BLOCK];
				for level in 0..levels {
					let digits = &digits[level * BLOCKS + at];
					let row = rows.block(level, component, at);
					for ((sum, &digit), &row) in sums.iter_mut().zip(digits).zip(row) {
						*sum += u128::from(digit) * u128::from(row);
					}
				}
				for (out, sum) in out.iter_mut().zip(sums) {
					*out = modular::reduce(u128::from(*out) + sum);
				}
			}
		}
	}
}

/// target *= factor, coefficient by coefficient.
pub(crate) fn mul_assign(target: &mut [u64], factor: &[u64]) {
	#[cfg(target_arch = "x86_64")]
	if let Some(simd) = ifma::available() {
		ifma::mul_assign(simd, target, factor);
		return;
	}
	for (a, &b) in target.iter_mut().zip(factor) {
		*a = modular::mul(*a, b);
	}
}

#[cfg(target_arch = "x86_64")]
mod ifma {
	//! 52-bit multiply-add of AVX-512 IFMA.

	use super::{BLOCK, BLOCKS, Rows};
	use crate::{
		modular::FOLD,
		params::{MODULUS, MODULUS_BITS},
	};
	use pulp::{cast, u64x8};
	use std::sync::LazyLock;

	pulp::simd_type! {
		pub(super) struct Ifma {
			pub avx512f: "avx512f",
			pub avx512dq: "avx512dq",
			pub avx512ifma: "avx512ifma",
		}
	}

	static IFMA: LazyLock<Option<Ifma>> = LazyLock::new(Ifma::try_new);

	pub(super) fn available() -> Option<Ifma> {
		*IFMA
	}

	const VECTORS: usize = BLOCK / 8;

	/// Sums of the low and of the high 52 bits of products.
	#[derive(Clone, Copy)]
	struct Sum {
		low: u64x8,
		high: u64x8,
	}

	impl Ifma {
		#[inline(always)]
		fn splat(self, value: u64) -> u64x8 {
			cast(self.avx512f._mm512_set1_epi64(value as i64))
		}

		#[inline(always)]
		fn add(self, a: u64x8, b: u64x8) -> u64x8 {
			cast(self.avx512f._mm512_add_epi64(cast(a), cast(b)))
		}

		#[inline(always)]
		fn and(self, a: u64x8, b: u64x8) -> u64x8 {
			cast(self.avx512f._mm512_and_si512(cast(a), cast(b)))
		}

		#[inline(always)]
		fn shift_right<const BITS: u32>(self, a: u64x8) -> u64x8 {
			cast(self.avx512f._mm512_srli_epi64::<BITS>(cast(a)))
		}

		/// sum + low 52 bits of a b.
		#[inline(always)]
		fn madd_low(self, sum: u64x8, a: u64x8, b: u64x8) -> u64x8 {
			cast(self.avx512ifma._mm512_madd52lo_epu64(cast(sum), cast(a), cast(b)))
		}

		/// sum + high 52 bits of a b.
		#[inline(always)]
		fn madd_high(self, sum: u64x8, a: u64x8, b: u64x8) -> u64x8 {
			cast(self.avx512ifma._mm512_madd52hi_epu64(cast(sum), cast(a), cast(b)))
		}

		#[inline(always)]
		fn accumulate(self, sum: Sum, a: u64x8, b: u64x8) -> Sum {
			Sum { low: self.madd_low(sum.low, a, b), high: self.madd_high(sum.high, a, b) }
		}

		/// low + 2^52 high mod q, for low and high below 2^58: 2^51 = FOLD mod q.
		#[inline(always)]
		fn reduce(self, sum: Sum) -> u64x8 {
			let zero = self.splat(0);
			let low_52 = self.splat((1 << 52) - 1);
			let low_51 = self.splat((1 << MODULUS_BITS) - 1);
			let high = self.add(sum.high, self.shift_right::<52>(sum.low));
			let low = self.and(sum.low, low_52);
			let (top, high) = (self.shift_right::<51>(high), self.and(high, low_51));
			let fold_52 = self.splat(2 * FOLD);
			let product_high = self.madd_high(zero, high, fold_52);
			let value = self.madd_low(low, high, fold_52);
			let value = self.madd_low(value, product_high, fold_52);
			let value = self.madd_low(value, top, self.splat(2 * FOLD * FOLD));
			let value = self.madd_low(
				self.and(value, low_51),
				self.shift_right::<51>(value),
				self.splat(FOLD),
			);
			let modulus = self.splat(MODULUS);
			let reduced = self.avx512f._mm512_sub_epi64(cast(value), cast(modulus));
			cast(self.avx512f._mm512_min_epu64(cast(value), reduced))
		}
	}

	#[inline(always)]
	fn vectors(block: &[u64; BLOCK]) -> [u64x8; VECTORS] {
		cast(*block)
	}

	pub(super) fn accumulate_products<const NODES: usize>(
		simd: Ifma,
		outs: [[&mut [u64]; 2]; NODES],
		digits: [&[u64]; NODES],
		rows: Rows<'_>,
	) {
		let mut outs = outs.map(|parts| parts.map(|part| part.as_chunks_mut::<BLOCK>().0));
		let digits = digits.map(|digits| digits.as_chunks::<BLOCK>().0);
		let levels = digits[0].len() / BLOCKS;
		simd.vectorize(
			#[inline(always)]
			|| {
				let zero = Sum { low: simd.splat(0), high: simd.splat(0) };
				for at in 0..BLOCKS {
					let mut sums = [[[zero; VECTORS]; 2]; NODES];
					for node in 0..NODES {
						for component in 0..2 {
							let start = vectors(&outs[node][component][at]);
							for vector in 0..VECTORS {
								sums[node][component][vector].low = start[vector];
							}
						}
					}
					for level in 0..levels {
						let mask = vectors(rows.block(level, 0, at));
						let body = vectors(rows.block(level, 1, at));
						for node in 0..NODES {
							let digits = vectors(&digits[node][level * BLOCKS + at]);
							for vector in 0..VECTORS {
								let sums = &mut sums[node];
								let digit = digits[vector];
								sums[0][vector] =
									simd.accumulate(sums[0][vector], digit, mask[vector]);
								sums[1][vector] =
									simd.accumulate(sums[1][vector], digit, body[vector]);
							}
						}
					}
					for node in 0..NODES {
						for component in 0..2 {
							let mut values = [simd.splat(0); VECTORS];
							for vector in 0..VECTORS {
								values[vector] = simd.reduce(sums[node][component][vector]);
							}
							outs[node][component][at] = cast(values);
						}
					}
				}
			},
		);
	}

	pub(super) fn mul_assign(simd: Ifma, target: &mut [u64], factor: &[u64]) {
		simd.vectorize(
			#[inline(always)]
			|| {
				let zero = Sum { low: simd.splat(0), high: simd.splat(0) };
				let targets = pulp::as_arrays_mut::<8, _>(target).0;
				for (a, b) in targets.iter_mut().zip(pulp::as_arrays::<8, _>(factor).0) {
					*a = cast(simd.reduce(simd.accumulate(zero, cast(*a), cast(*b))));
				}
			},
		);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::random::mask;
	use proptest::prelude::*;

	fn polynomial(seed: u8) -> Vec<u64> {
		mask(&[seed; 16], 0).as_ref().to_vec()
	}

	#[test]
	fn sums_of_products_are_those_of_integers() {
		for (levels, stride) in [(0, 1), (1, 1), (3, 2), (MAX_TERMS, 1)] {
			let many = |seed: u8, count: usize| -> Vec<u64> {
				(0..count as u64).flat_map(|at| mask(&[seed; 16], at).as_ref().to_vec()).collect()
			};
			let rows = many(1, 2 * levels * stride);
			let digits = [many(2, levels), many(3, levels)];
			let start = [4, 5, 6, 7].map(polynomial);
			let [mut o0, mut o1, mut o2, mut o3] = start.clone();
			accumulate_products(
				[[&mut o0, &mut o1], [&mut o2, &mut o3]],
				[&digits[0], &digits[1]],
				Rows::sequential(&rows, stride),
			);
			if stride == 1 {
				let [mut mask, mut body] = [4, 5].map(polynomial);
				let interleaved = interleave(&rows);
				let rows = Rows::interleaved(&interleaved);
				accumulate_products([[&mut mask, &mut body]], [&digits[0]], rows);
				assert_eq!((&mask, &body), (&o0, &o1));
			}
			for (number, out) in [o0, o1, o2, o3].iter().enumerate() {
				let (node, component) = (number / 2, number % 2);
				for (at, &found) in out.iter().enumerate() {
					let expected = (0..levels).fold(start[number][at], |sum, level| {
						let row = 2 * (level * stride + stride - 1) + component;
						let row = rows[row * POLYNOMIAL_SIZE + at];
						let digit = digits[node][level * POLYNOMIAL_SIZE + at];
						modular::add(sum, modular::mul(digit, row))
					});
					assert_eq!(found, expected);
				}
			}
		}
		let (mut product, factor) = (polynomial(1), polynomial(2));
		mul_assign(&mut product, &factor);
		for (at, &x) in polynomial(1).iter().enumerate() {
			assert_eq!(product[at], modular::mul(x, factor[at]));
		}
	}

	#[test]
	fn the_largest_sums_do_not_overflow() {
		let largest = vec![MODULUS - 1; MAX_TERMS * 2 * POLYNOMIAL_SIZE];
		let digits = &largest[..MAX_TERMS * POLYNOMIAL_SIZE];
		let (mut mask, mut body) = (polynomial(1), polynomial(1));
		mask.fill(MODULUS - 1);
		body.fill(MODULUS - 1);
		accumulate_products([[&mut mask, &mut body]], [digits], Rows::sequential(&largest, 1));
		assert!(mask.iter().chain(&body).all(|&value| value == MAX_TERMS as u64 - 1));
	}

	#[test]
	fn sums_and_differences_are_reduced() {
		let (x, y) = (polynomial(1), polynomial(2));
		let (mut sum, mut difference) = (x.clone(), x.clone());
		add_assign(&mut sum, &y);
		sub_assign(&mut difference, &y);
		let (mut left, mut right) = (x.clone(), y.clone());
		butterfly(&mut left, &mut right);
		assert_eq!((&sum, &difference), (&left, &right));
		for at in 0..POLYNOMIAL_SIZE {
			assert_eq!(sum[at], modular::add(x[at], y[at]));
			assert_eq!(difference[at], modular::sub(x[at], y[at]));
		}
	}

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
