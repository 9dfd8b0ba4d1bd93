//! Which bits are in an input, and where a forest takes those that its trees only add.

use crate::algorithms::expansion::Cut;

/// Which bits are in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
	/// Those that a tree looks at, as its first tree needs them.
	Used,
	/// All of them as selectors, whatever the trees look at.
	Grid {
		/// Whether bits that trees only add are taken in the middle of the expansion.
		early: bool,
	},
}

impl Layout {
	/// Where in an expansion bits are taken that trees only add.
	///
	/// In the middle of an expansion a ciphertext holds neighbours of the bit, too. They are harmless as long as
	/// they stay behind the first `coefficients`, which are all that a result keeps: selectors are constants, and
	/// products with those move nothing. Bits of a grid are scattered, so it spares them the longest part of the
	/// expansion, which they share with few others.
	pub fn linear_cut(self, coefficients: usize) -> Cut {
		match self {
			Self::Used | Self::Grid { early: false } => Cut::END,
			Self::Grid { early: true } => Cut::with_distance(coefficients),
		}
	}
}
