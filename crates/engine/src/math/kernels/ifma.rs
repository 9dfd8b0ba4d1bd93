//! 52-bit multiply-add of AVX-512 IFMA.

use super::rows::{BLOCK, BLOCKS, Rows};
use crate::math::{
	bootstrap_params::PATTERNS,
	modular::FOLD,
	params::{MODULUS, MODULUS_BITS},
};
use crate::threads::Lazy;
use pulp::{cast, u64x8};

pulp::simd_type! {
	pub(super) struct Ifma {
		pub avx512f: "avx512f",
		pub avx512dq: "avx512dq",
		pub avx512ifma: "avx512ifma",
	}
}

static IFMA: Lazy<Option<Ifma>> = Lazy::new(Ifma::try_new);

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

	/// Adds the products of all digits with their rows in block `at`, for mask and body.
	#[inline(always)]
	fn add_products<const NODES: usize>(
		self,
		sums: &mut [[[Sum; VECTORS]; 2]; NODES],
		digits: &[&[[u64; BLOCK]]; NODES],
		rows: &Rows<'_>,
		at: usize,
	) {
		for level in 0..digits[0].len() / BLOCKS {
			let mask = vectors(rows.block(level, 0, at));
			let body = vectors(rows.block(level, 1, at));
			for node in 0..NODES {
				let digits = vectors(&digits[node][level * BLOCKS + at]);
				for vector in 0..VECTORS {
					let sums = &mut sums[node];
					let digit = digits[vector];
					sums[0][vector] = self.accumulate(sums[0][vector], digit, mask[vector]);
					sums[1][vector] = self.accumulate(sums[1][vector], digit, body[vector]);
				}
			}
		}
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
		let value =
			self.madd_low(self.and(value, low_51), self.shift_right::<51>(value), self.splat(FOLD));
		let modulus = self.splat(MODULUS);
		let reduced = self.avx512f._mm512_sub_epi64(cast(value), cast(modulus));
		cast(self.avx512f._mm512_min_epu64(cast(value), reduced))
	}
}

#[inline(always)]
fn vectors(block: &[u64; BLOCK]) -> [u64x8; VECTORS] {
	cast(*block)
}

#[expect(
	clippy::needless_range_loop,
	reason = "iterators are calls without the CPU's features: five times slower"
)]
pub(super) fn accumulate_products<const NODES: usize>(
	simd: Ifma,
	outs: [[&mut [u64]; 2]; NODES],
	digits: [&[u64]; NODES],
	rows: Rows<'_>,
) {
	let mut outs = outs.map(|parts| parts.map(|part| part.as_chunks_mut::<BLOCK>().0));
	let digits = digits.map(|digits| digits.as_chunks::<BLOCK>().0);
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
				simd.add_products(&mut sums, &digits, &rows, at);
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

pub(super) fn accumulate_patterns<const NODES: usize>(
	simd: Ifma,
	outs: [[&mut [u64]; 2]; NODES],
	digits: [&[u64]; NODES],
	rows: [Rows<'_>; PATTERNS],
	factors: [[[&[u64]; 2]; PATTERNS]; NODES],
) {
	let mut outs = outs.map(|parts| parts.map(|part| part.as_chunks_mut::<BLOCK>().0));
	let digits = digits.map(|digits| digits.as_chunks::<BLOCK>().0);
	let factors = factors.map(|all| all.map(|pair| pair.map(|part| part.as_chunks::<BLOCK>().0)));
	simd.vectorize(
		#[inline(always)]
		|| {
			let zero = Sum { low: simd.splat(0), high: simd.splat(0) };
			let minus_one = simd.splat(MODULUS - 1);
			for at in 0..BLOCKS {
				let mut totals = [[[zero; VECTORS]; 2]; NODES];
				for pattern in 0..PATTERNS {
					let rows = &rows[pattern];
					let mut sums = [[[zero; VECTORS]; 2]; NODES];
					simd.add_products(&mut sums, &digits, rows, at);
					for node in 0..NODES {
						let [low, high] = factors[node][pattern];
						let (low, high) = (vectors(&low[at]), vectors(&high[at]));
						for vector in 0..VECTORS {
							let monomial = simd.accumulate(zero, low[vector], high[vector]);
							// Below 2^52, as a factor of a product must be.
							let factor = simd.add(simd.reduce(monomial), minus_one);
							for component in 0..2 {
								let sum = simd.reduce(sums[node][component][vector]);
								let total = &mut totals[node][component][vector];
								*total = simd.accumulate(*total, sum, factor);
							}
						}
					}
				}
				for node in 0..NODES {
					for component in 0..2 {
						let mut values = [simd.splat(0); VECTORS];
						for vector in 0..VECTORS {
							values[vector] = simd.reduce(totals[node][component][vector]);
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
