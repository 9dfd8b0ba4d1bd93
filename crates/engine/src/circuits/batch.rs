//! Trees that are evaluated together.

use crate::{circuits::tree::Tree, entities::rlwe::RLWE_SIZE};
use alloc::{vec, vec::Vec};

/// Ciphertexts that a batch may have expanded at one time (32 KiB each), unless one tree needs more.
const MAX_ROWS_PER_BATCH: usize = 8192;

/// Trees that are evaluated together, and the expanded ciphertexts that they need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
	pub trees: core::ops::Range<usize>,
	/// Ascending numbers of ciphertexts.
	pub rows: Vec<usize>,
}

impl Batch {
	/// `count` neighbouring ciphertexts of `residues`, which hold those of `rows`.
	pub fn ciphertexts<'a>(&self, residues: &'a [u64], first: usize, count: usize) -> &'a [u64] {
		let at = self.rows.partition_point(|&row| row < first);
		&residues[at * RLWE_SIZE..][..count * RLWE_SIZE]
	}
}

/// Cuts a forest into batches. `rows_of` appends the numbers, below `rows`, of the ciphertexts that
/// a tree needs, in any order and several times if it likes.
pub(crate) fn batches(
	trees: &[Tree],
	rows: usize,
	rows_of: impl Fn(&Tree, &mut Vec<usize>),
) -> Vec<Batch> {
	let mut batches = vec![Batch::default()];
	// The batch that each ciphertext was last taken into, counted from 1.
	let mut taken = vec![0; rows];
	let mut wanted = Vec::new();
	for (number, tree) in trees.iter().enumerate() {
		wanted.clear();
		rows_of(tree, &mut wanted);
		wanted.sort_unstable();
		wanted.dedup();
		let current = batches.len();
		let new = wanted.iter().filter(|&&row| taken[row] != current).count();
		let full =
			|batch: &Batch| !batch.trees.is_empty() && batch.rows.len() + new > MAX_ROWS_PER_BATCH;
		if batches.last().is_some_and(full) {
			batches.push(Batch { trees: number..number, rows: Vec::new() });
		}
		let current = batches.len();
		if let Some(batch) = batches.last_mut() {
			batch.trees.end = number + 1;
			for &row in wanted.iter().filter(|&&row| taken[row] != current) {
				batch.rows.push(row);
			}
		}
		wanted.iter().for_each(|&row| taken[row] = current);
	}
	batches.iter_mut().for_each(|batch| batch.rows.sort_unstable());
	batches
}
