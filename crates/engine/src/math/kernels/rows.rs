//! Rows of masks and bodies, and how they lie in memory.

use crate::math::params::POLYNOMIAL_SIZE;
use alloc::vec::Vec;

/// Residues that belong together in [`Rows`]: two vectors, so that all sums stay in registers.
pub(super) const BLOCK: usize = 16;

/// Blocks of a polynomial.
pub(super) const BLOCKS: usize = POLYNOMIAL_SIZE / BLOCK;

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
	pub(super) fn block(&self, level: usize, component: usize, at: usize) -> &'a [u64; BLOCK] {
		let start = self.first + level * self.level_step;
		&self.blocks[start + component * self.component_step + at * self.block_step]
	}
}

/// Brings sequential rows into the order in which sums of products read them: as one stream
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
