//! Leaves cut into limbs, and how far the sums of these reach.

use super::ForestCircuit;
use crate::circuits::limbs;
use alloc::collections::BTreeMap;
use alloc::{vec, vec::Vec};

impl ForestCircuit {
	/// The limbs of a leaf: (coefficient, limb).
	pub(super) fn leaf_limbs<'a>(
		&'a self,
		leaf: &'a [(u16, i32)],
	) -> impl Iterator<Item = (usize, i64)> + 'a {
		leaf.iter().flat_map(|&(output, value)| {
			let first = usize::from(output) * self.choice.limbs;
			limbs::split(value.into(), self.choice.limb_bits, self.choice.limbs)
				.enumerate()
				.map(move |(limb, digit)| (first + limb, digit))
		})
	}

	/// one - zero: (coefficient, difference), without zeros.
	pub(super) fn difference(&self, zero: &[(u16, i32)], one: &[(u16, i32)]) -> Vec<(usize, i64)> {
		let mut sums: Vec<(usize, i64)> = self
			.leaf_limbs(one)
			.chain(self.leaf_limbs(zero).map(|(at, digit)| (at, -digit)))
			.collect();
		sums.sort_unstable_by_key(|(at, _)| *at);
		let groups = sums.chunk_by(|a, b| a.0 == b.0);
		groups
			.map(|group| (group[0].0, group.iter().map(|(_, digit)| digit).sum()))
			.filter(|(_, digit)| *digit != 0)
			.collect()
	}

	/// Lowest and highest sum of each coefficient.
	pub(super) fn ranges(&self) -> Vec<(i64, i64)> {
		self.sums_of_extremes(self.outputs * self.choice.limbs, |leaf| {
			self.leaf_limbs(leaf).collect()
		})
	}

	/// For each of `count` places the sums of the trees' smallest and largest leaves, of which `parts`
	/// gives (place, integer).
	pub(super) fn sums_of_extremes(
		&self,
		count: usize,
		parts: impl Fn(&[(u16, i32)]) -> Vec<(usize, i64)>,
	) -> Vec<(i64, i64)> {
		let mut ranges = vec![(0, 0); count];
		for tree in &self.trees {
			let leaves: Vec<Vec<(usize, i64)>> = tree.leaves().map(|leaf| parts(leaf)).collect();
			let mut own: BTreeMap<usize, (i64, i64, usize)> = Default::default();
			for &(at, digit) in leaves.iter().flatten() {
				let (low, high, count) = own.entry(at).or_insert((digit, digit, 0));
				(*low, *high, *count) = ((*low).min(digit), (*high).max(digit), *count + 1);
			}
			for (at, (low, high, count)) in own {
				// A leaf without a value for an output adds zero to it.
				let everywhere = count == leaves.len();
				ranges[at].0 += if everywhere { low } else { low.min(0) };
				ranges[at].1 += if everywhere { high } else { high.max(0) };
			}
		}
		ranges
	}
}
