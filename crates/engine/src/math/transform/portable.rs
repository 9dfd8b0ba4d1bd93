//! Transforms for machines without wide products, see [`quotient`](crate::math::quotient).
//!
//! The negacyclic transform with the roots merged into the layers, in bit-reversed order (Longa, Naehrig, "Speeding
//! up the number theoretic transform for faster ideal lattice-based cryptography", 2016, algorithms 1 and 2). Two
//! layers are taken in one pass over the values. Values are reduced as late as the bounds allow.

use crate::{
	math::{
		modular,
		params::{MODULUS, POLYNOMIAL_SIZE as N},
		quotient::{Factor, canonical, folded},
	},
	threads::Lazy,
};
use alloc::vec::Vec;

struct Roots {
	/// Powers of a primitive 2N-th root of unity, their exponents bit-reversed: block i of a layer with m blocks
	/// takes number m + i.
	forward: Vec<Factor>,
	/// The same of its inverse.
	backward: Vec<Factor>,
	/// 1 / N.
	scale: Factor,
	/// Number 1 of `backward`, divided by N.
	scaled_last: Factor,
}

static ROOTS: Lazy<Roots> = Lazy::new(|| {
	// The N-th power of a 2N-th root of unity is -1 if the root is primitive.
	let is_primitive = |root: &u64| modular::pow(*root, N as u64) == MODULUS - 1;
	let candidates = (2..).map(|base| modular::pow(base, (MODULUS - 1) / (2 * N as u64)));
	let root = candidates.clone().find(is_primitive).unwrap_or_default();
	let powers = |root: u64| -> Vec<u64> {
		core::iter::successors(Some(1), |&power| Some(modular::mul(power, root))).take(N).collect()
	};
	let reversed = |powers: &[u64]| -> Vec<Factor> {
		let position = |at: usize| at.reverse_bits() >> (usize::BITS - N.ilog2());
		(0..N).map(|at| Factor::new(powers[position(at)])).collect()
	};
	let backward = powers(modular::pow(root, MODULUS - 2));
	let scale = modular::pow(N as u64, MODULUS - 2);
	Roots {
		forward: reversed(&powers(root)),
		scaled_last: Factor::new(modular::mul(backward[N / 2], scale)),
		backward: reversed(&backward),
		scale: Factor::new(scale),
	}
});

/// Values as signed integers, which they are while they are not reduced.
fn signed(values: &mut [u64]) -> &mut [i64] {
	#[allow(unsafe_code)]
	// SAFETY: the types have one size and alignment, and every bit pattern is a value of both.
	unsafe {
		core::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len())
	}
}

/// The roots of block `block` of a layer with `blocks` blocks, and of the two blocks that it becomes.
#[inline(always)]
fn roots_of(roots: &[Factor], blocks: usize, block: usize) -> [Factor; 3] {
	let at = blocks + block;
	[roots[at], roots[2 * at], roots[2 * at + 1]]
}

/// The quarters of a block.
#[inline(always)]
fn quarters(block: &mut [i64]) -> impl Iterator<Item = [&mut i64; 4]> {
	let (left, right) = block.split_at_mut(block.len() / 2);
	let (a, b) = left.split_at_mut(left.len() / 2);
	let (c, d) = right.split_at_mut(right.len() / 2);
	a.iter_mut().zip(b).zip(c).zip(d).map(|(((a, b), c), d)| [a, b, c, d])
}

/// Two layers. Inputs below B q become values below (B + 2 (1 + 3 B' / 8)) q with B' = B + 1 + 3 B / 8.
#[inline(always)]
fn down([a, b, c, d]: [i64; 4], [root, left, right]: [Factor; 3]) -> [i64; 4] {
	let (c, d) = (root.times(c), root.times(d));
	let (a, b, c, d) = (a + c, b + d, a - c, b - d);
	let (b, d) = (left.times(b), right.times(d));
	[a + b, a - b, c + d, c - d]
}

/// Two layers back. Inputs below B q become values below 4 B q, and below (2 + 3 B / 2) q all but the first.
#[inline(always)]
fn up([a, b, c, d]: [i64; 4], [root, left, right]: [Factor; 3]) -> [i64; 4] {
	let (a, b) = (a + b, left.times(a - b));
	let (c, d) = (c + d, right.times(c - d));
	[a + c, b + d, root.times(a - c), root.times(b - d)]
}

/// Transforms N coefficients in place: residues in, residues out.
///
/// Every layer adds at most (1 + 3 B / 8) q to values below B q: below 122 q after the last.
pub(crate) fn forward(values: &mut [u64]) {
	let roots = ROOTS.forward.as_slice();
	let values = signed(values);
	let (left, right) = values.split_at_mut(N / 2);
	for (a, b) in left.iter_mut().zip(right) {
		let product = roots[1].times(*b);
		(*a, *b) = (*a + product, *a - product);
	}
	let mut blocks = 2;
	while blocks < N / 4 {
		for (at, block) in values.chunks_exact_mut(N / blocks).enumerate() {
			let roots = roots_of(roots, blocks, at);
			for [a, b, c, d] in quarters(block) {
				[*a, *b, *c, *d] = down([*a, *b, *c, *d], roots);
			}
		}
		blocks *= 4;
	}
	for (at, block) in values.as_chunks_mut::<4>().0.iter_mut().enumerate() {
		*block = down(*block, roots_of(roots, blocks, at)).map(canonical);
	}
}

/// Transforms back in place.
///
/// Sums double in a layer, so the first value of four is folded after two; the others grow from B q to at most
/// (2 + 3 B / 2) q, which is below 36 q after ten layers.
pub(crate) fn inverse(values: &mut [u64]) {
	let all = &*ROOTS;
	let roots = all.backward.as_slice();
	let values = signed(values);
	let mut blocks = N / 4;
	for (at, block) in values.as_chunks_mut::<4>().0.iter_mut().enumerate() {
		*block = up(*block, roots_of(roots, blocks, at));
	}
	while blocks > 2 {
		blocks /= 4;
		for (at, block) in values.chunks_exact_mut(N / blocks).enumerate() {
			let roots = roots_of(roots, blocks, at);
			for [a, b, c, d] in quarters(block) {
				[*a, *b, *c, *d] = up([*a, *b, *c, *d], roots);
				*a = folded(*a);
			}
		}
	}
	let (left, right) = values.split_at_mut(N / 2);
	for (a, b) in left.iter_mut().zip(right) {
		let (sum, difference) = (*a + *b, *a - *b);
		*a = canonical(all.scale.times(sum));
		*b = canonical(all.scaled_last.times(difference));
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::sampling::mask;
	use proptest::prelude::*;

	fn product(a: &[u64], b: &[u64]) -> Vec<u64> {
		let (mut a, mut b) = (a.to_vec(), b.to_vec());
		forward(&mut a);
		forward(&mut b);
		a.iter_mut().zip(&b).for_each(|(a, &b)| *a = modular::mul(*a, b));
		inverse(&mut a);
		a
	}

	fn polynomial(index: u64) -> Vec<u64> {
		mask(&[9; 16], index).as_ref().to_vec()
	}

	#[test]
	fn transforms_are_values_at_the_odd_powers_of_a_root() {
		let mut points = vec![0; N];
		points[1] = 1;
		forward(&mut points);
		let a = polynomial(0);
		let mut transformed = a.clone();
		forward(&mut transformed);
		for (&point, &value) in points.iter().zip(&transformed).step_by(97) {
			assert_eq!(modular::pow(point, N as u64), MODULUS - 1);
			let horner = |sum, &a| modular::add(modular::mul(sum, point), a);
			assert_eq!(a.iter().rev().fold(0, horner), value);
		}
	}

	#[test]
	fn products_are_those_of_the_other_transform() {
		for index in 0..20 {
			let (a, b) = (mask(&[1; 16], index), mask(&[2; 16], index));
			let expected = a.to_ntt().mul(&b.to_ntt());
			assert_eq!(product(a.as_ref(), b.as_ref()), expected.as_ref());
		}
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(200))]

		#[test]
		fn transforms_invert_and_are_reduced(values in proptest::collection::vec(
			prop_oneof![Just(0), Just(1), Just(MODULUS - 1), Just(MODULUS / 2), Just(MODULUS / 2 + 1), 0..MODULUS],
			N,
		)) {
			let mut transformed = values.clone();
			forward(&mut transformed);
			prop_assert!(transformed.iter().all(|&value| value < MODULUS));
			inverse(&mut transformed);
			prop_assert_eq!(transformed, values);
		}

		#[test]
		fn constant_values_invert(value in prop_oneof![Just(MODULUS - 1), Just(MODULUS / 2), 0..MODULUS]) {
			let values = vec![value; N];
			let mut transformed = values.clone();
			inverse(&mut transformed);
			prop_assert!(transformed.iter().all(|&value| value < MODULUS));
			forward(&mut transformed);
			prop_assert_eq!(transformed, values);
		}
	}
}
