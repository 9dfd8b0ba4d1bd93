//! Sums of products of digits and rows for the patterns of two bits.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use super::ifma;
use super::rows::{BLOCK, BLOCKS, Rows};
use crate::math::{
	bootstrap_params::PATTERNS,
	modular,
	params::POLYNOMIAL_SIZE,
	target::{Sum, mul},
};

/// Most products that are added up before they are reduced.
const MAX_TERMS: usize = 32;

/// For each ciphertext n and each component c (mask, body): `outs[n][c]` becomes the sum over the patterns p of
/// (low high - 1) (sum over j of `digits[n][j]` `rows[p][j][c]`), coefficient by coefficient, where low and high are
/// `factors[n][p]`: together a monomial.
///
/// `digits\[n\]` is levels x N residues. The rows are read once for all ciphertexts.
pub(crate) fn accumulate_patterns<const NODES: usize>(
	mut outs: [[&mut [u64]; 2]; NODES],
	digits: [&[u64]; NODES],
	rows: [Rows<'_>; PATTERNS],
	factors: [[[&[u64]; 2]; PATTERNS]; NODES],
) {
	let levels = digits.first().map_or(0, |digits| digits.len() / POLYNOMIAL_SIZE);
	assert!(levels <= MAX_TERMS);
	assert!(digits.iter().all(|digits| digits.len() == levels * POLYNOMIAL_SIZE));
	assert!(outs.iter().flatten().all(|out| out.len() == POLYNOMIAL_SIZE));
	assert!(factors.iter().flatten().flatten().all(|factor| factor.len() == POLYNOMIAL_SIZE));
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	if let Some(simd) = ifma::available() {
		ifma::accumulate_patterns(simd, outs, digits, rows, factors);
		return;
	}
	accumulate_plainly(&mut outs, digits, rows, factors, levels);
}

fn accumulate_plainly<const NODES: usize>(
	outs: &mut [[&mut [u64]; 2]; NODES],
	digits: [&[u64]; NODES],
	rows: [Rows<'_>; PATTERNS],
	factors: [[[&[u64]; 2]; PATTERNS]; NODES],
	levels: usize,
) {
	for ((outs, digits), factors) in outs.iter_mut().zip(digits).zip(factors) {
		let digits = digits.as_chunks::<BLOCK>().0;
		let factors = factors.map(|pair| pair.map(|part| part.as_chunks::<BLOCK>().0));
		for at in 0..BLOCKS {
			let factors: [[u64; BLOCK]; PATTERNS] = factors.map(|[low, high]| {
				core::array::from_fn(|i| modular::sub(mul(low[at][i], high[at][i]), 1))
			});
			for (component, out) in outs.iter_mut().enumerate() {
				let Some(out) = out.as_chunks_mut::<BLOCK>().0.get_mut(at) else { break };
				let mut totals = [Sum::of(0); BLOCK];
				for (rows, factors) in rows.iter().zip(&factors) {
					let mut sums = [Sum::of(0); BLOCK];
					for level in 0..levels {
						let digits = &digits[level * BLOCKS + at];
						let row = rows.block(level, component, at);
						for ((sum, &digit), &row) in sums.iter_mut().zip(digits).zip(row) {
							sum.add_product(digit, row);
						}
					}
					for ((total, sum), &factor) in totals.iter_mut().zip(sums).zip(factors) {
						total.add_product(sum.residue(), factor);
					}
				}
				*out = totals.map(Sum::residue);
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		math::{
			kernels::interleave,
			params::{MODULUS, POLYNOMIAL_SIZE},
			quotient,
		},
		sampling::mask,
	};

	fn many(seed: u8, count: usize) -> Vec<u64> {
		(0..count as u64).flat_map(|at| mask(&[seed; 16], at).as_ref().to_vec()).collect()
	}

	/// Sums of residues as integers, for both the CPU's loop and the plain one.
	#[test]
	fn sums_over_patterns_are_those_of_integers() {
		for levels in [1, 7, 9, MAX_TERMS] {
			let rows = [1, 2, 3].map(|seed| interleave(&many(seed, 2 * levels)));
			let mut digits = [many(4, levels), many(5, levels)];
			digits[1][..16].fill(MODULUS - 1);
			let factors = many(6, 12);
			let factor = |node: usize, pattern: usize| {
				let start = (node * 3 + pattern) * 2 * POLYNOMIAL_SIZE;
				let (low, high) = factors[start..][..2 * POLYNOMIAL_SIZE].split_at(POLYNOMIAL_SIZE);
				[low, high]
			};
			let all_factors = [0, 1].map(|node| [0, 1, 2].map(|pattern| factor(node, pattern)));
			let interleaved = || [0, 1, 2].map(|pattern: usize| Rows::interleaved(&rows[pattern]));
			let mut found = [(); 4].map(|()| vec![7; POLYNOMIAL_SIZE]);
			let [o0, o1, o2, o3] = &mut found;
			accumulate_patterns(
				[[o0, o1], [o2, o3]],
				[&digits[0], &digits[1]],
				interleaved(),
				all_factors,
			);
			let mut plain = [(); 4].map(|()| vec![7; POLYNOMIAL_SIZE]);
			let [o0, o1, o2, o3] = &mut plain;
			let mut outs: [[&mut [u64]; 2]; 2] = [[o0, o1], [o2, o3]];
			accumulate_plainly(
				&mut outs,
				[&digits[0], &digits[1]],
				interleaved(),
				all_factors,
				levels,
			);
			assert_eq!(found, plain);
			let mut alone = [(); 2].map(|()| vec![7; POLYNOMIAL_SIZE]);
			let [o0, o1] = &mut alone;
			accumulate_patterns([[o0, o1]], [&digits[1]], interleaved(), [all_factors[1]]);
			assert_eq!(alone[..], found[2..]);
			for at in (0..POLYNOMIAL_SIZE).step_by(37) {
				for (number, out) in found.iter().enumerate() {
					let (node, component) = (number / 2, number % 2);
					let expected = (0..PATTERNS).fold(0, |total, pattern| {
						let [low, high] = factor(node, pattern);
						// The products that WebAssembly takes.
						let factor = modular::sub(quotient::mul(low[at], high[at]), 1);
						let sum = (0..levels).fold(0, |sum, level| {
							let row = Rows::interleaved(&rows[pattern]);
							let row = row.block(level, component, at / BLOCK)[at % BLOCK];
							let digit = digits[node][level * POLYNOMIAL_SIZE + at];
							modular::add(sum, quotient::mul(digit, row))
						});
						modular::add(total, quotient::mul(sum, factor))
					});
					assert_eq!(out[at], expected);
				}
			}
		}
	}
}
