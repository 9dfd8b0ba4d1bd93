//! Sums of products of digits and rows.

#[cfg(all(feature = "std", target_arch = "x86_64"))]
use super::ifma;
use super::rows::{BLOCK, BLOCKS, Rows};
use crate::math::{params::POLYNOMIAL_SIZE, target::SumInLoops as Sum};

/// Most products that are added up before they are reduced.
const MAX_TERMS: usize = 32;

/// Ciphertexts that [`accumulate_products`] may handle at once.
pub(crate) const MAX_NODES: usize = 2;

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
	#[cfg(all(feature = "std", target_arch = "x86_64"))]
	if let Some(simd) = ifma::available() {
		ifma::accumulate_products(simd, outs, digits, rows);
		return;
	}
	vectorised!({
		for (outs, digits) in outs.iter_mut().zip(digits) {
			accumulate_plainly(outs, digits, rows, levels);
		}
	});
}

/// The same for one ciphertext, with whatever the target's sums are.
#[inline(always)]
fn accumulate_plainly(outs: &mut [&mut [u64]; 2], digits: &[u64], rows: Rows<'_>, levels: usize) {
	let (digits, _) = digits.as_chunks::<BLOCK>();
	for at in 0..BLOCKS {
		for (component, out) in outs.iter_mut().enumerate() {
			let Some(out) = out.as_chunks_mut::<BLOCK>().0.get_mut(at) else { break };
			let mut sums = out.each_ref().map(|&residue| Sum::of(residue));
			for level in 0..levels {
				let digits = &digits[level * BLOCKS + at];
				let row = rows.block(level, component, at);
				for ((sum, &digit), &row) in sums.iter_mut().zip(digits).zip(row) {
					sum.add_product(digit, row);
				}
			}
			for (out, sum) in out.iter_mut().zip(sums) {
				*out = sum.residue();
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		math::{
			kernels::{interleave, mul_assign},
			modular,
			params::MODULUS,
		},
		sampling::mask,
	};

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
			let [mut mask, mut body] = [4, 5].map(polynomial);
			let sequential = Rows::sequential(&rows, stride);
			accumulate_plainly(&mut [&mut mask, &mut body], &digits[0], sequential, levels);
			assert_eq!((&mask, &body), (&o0, &o1), "the plain loop gives what the CPU's does");
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
		mask.fill(MODULUS - 1);
		body.fill(MODULUS - 1);
		let rows = Rows::sequential(&largest, 1);
		accumulate_plainly(&mut [&mut mask, &mut body], digits, rows, MAX_TERMS);
		assert!(mask.iter().chain(&body).all(|&value| value == MAX_TERMS as u64 - 1));
	}
}
