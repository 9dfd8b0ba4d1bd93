//! What a network computes, in integers.

use alloc::vec::Vec;

/// A unit of the hidden layer.
///
/// Its argument is the integer `base + sum of steps[i] over the set bits i`, which must lie in
/// 0..`table.len()`; its activation is `table[argument]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenUnit {
	/// The argument when no bit is set.
	pub base: i32,
	/// What each bit adds.
	pub steps: Vec<i32>,
	/// Activations, below 2^16.
	pub table: Vec<u16>,
}

/// What a network computes: `outputs[c] = sum over h of weights[c][h] activation[h]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkLayers {
	/// Bits of each feature; a feature of b bits takes the integers below 2^b.
	pub feature_bits: Vec<u32>,
	/// The hidden layer. All tables have one length, a power of two.
	pub hidden: Vec<HiddenUnit>,
	/// One row per output, one weight per hidden unit.
	pub weights: Vec<Vec<i32>>,
}

impl NetworkLayers {
	/// Number of encrypted bits.
	pub fn bits(&self) -> usize {
		self.feature_bits.iter().map(|&bits| bits as usize).sum()
	}

	/// The bits of quantised features, least significant first.
	pub fn input_bits(&self, x: &[i64]) -> Vec<bool> {
		let bits = |(&bits, &x): (&u32, &i64)| (0..bits).map(move |bit| x >> bit & 1 == 1);
		self.feature_bits.iter().zip(x).flat_map(bits).collect()
	}
}

impl HiddenUnit {
	/// The argument for these bits.
	pub fn argument(&self, bits: &[bool]) -> i64 {
		let set = self.steps.iter().zip(bits).filter(|(_, bit)| **bit);
		i64::from(self.base) + set.map(|(&step, _)| i64::from(step)).sum::<i64>()
	}
}

/// Lowest and highest sum of products of weights with integers between these extremes.
pub(super) fn reach(weights: impl Iterator<Item = i64>, extremes: &[(i64, i64)]) -> (i64, i64) {
	weights.zip(extremes).fold((0, 0), |(low, high), (weight, &(least, most))| {
		let (a, b) = (weight * least, weight * most);
		(low + a.min(b), high + a.max(b))
	})
}
