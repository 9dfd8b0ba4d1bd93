//! Forest circuits: sums of decision trees over encrypted bits.

mod compile;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;
mod grid;
mod layout;
mod limbs;
mod linear_bits;
mod noise;
mod slices;

use crate::{
	circuits::{
		batch::Batch,
		compiled::{CompiledCircuit, check_bits},
		errors::CircuitInputError,
		levelled::{ExcessiveMemory, ResultEncoding},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};
use layout::Layout;

pub(crate) use evaluate::NODES_PER_TASK;

pub use crate::circuits::tree::{Node, Tree};

/// Where the expanded ciphertexts of a bit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PredicateEntries {
	/// The first entry.
	pub first: usize,
	/// Whether there is one entry per level of the gadget (a selector) or a single one.
	pub selects: bool,
}

/// A sum of decision trees, compiled against the noise budget.
///
/// Every distinct predicate of the model is one encrypted bit. A bit that decides between subtrees
/// is a *selector*, one entry of the input per level of the gadget; a bit that only decides between
/// leaves is *linear*, one entry. Leaf values are cut into limbs of a few bits, one coefficient of
/// the result per output and limb; each limb's sum over the trees is exact.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestCircuit {
	predicates: usize,
	outputs: usize,
	trees: Vec<Tree>,
	choice: Choice,
	layout: Layout,
	encoding: ResultEncoding,
	entries_of: Vec<PredicateEntries>,
	entries: usize,
	batches: Vec<Batch>,
	splits: u64,
	selections: u64,
	noise: Variance,
}

/// Why a forest circuit cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForestCircuitError {
	/// No tree or output, or more than the format allows.
	#[error(
		"a forest has 1 to 65536 trees with at most 1048576 nodes in all and 64 levels, 1 to 65536 predicates and 1 to 1024 outputs"
	)]
	Size,
	/// A node that refers to a predicate, output or child that does not exist.
	#[error("tree {0} is malformed")]
	Tree(usize),
	/// The noise leaves no room for the sums.
	#[error(
		"the noise of {trees} trees is 2^{noise:.1} of the modulus, which leaves no room for the sums of their leaves"
	)]
	NoRoom {
		/// Number of trees.
		trees: usize,
		/// Standard deviation, log2 relative to q, with the finest gadget.
		noise: f64,
	},
	/// The parameters in the bytes do not satisfy the noise budget.
	#[error("the circuit's parameters do not satisfy its noise budget")]
	Budget,
	/// The evaluation would need too much memory.
	#[error(transparent)]
	Memory(#[from] ExcessiveMemory),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

/// Choices of the compiler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Choice {
	pub gadget: u8,
	pub limb_bits: u32,
	pub limbs: usize,
}

impl ForestCircuit {
	/// Number of encrypted bits.
	pub fn predicates(&self) -> usize {
		self.predicates
	}

	/// The trees.
	pub fn trees(&self) -> &[Tree] {
		&self.trees
	}

	/// Limbs of a leaf value, and their bits.
	pub fn limbs(&self) -> (usize, u32) {
		(self.choice.limbs, self.choice.limb_bits)
	}

	/// Bits that decide between subtrees.
	pub fn selectors(&self) -> usize {
		self.entries_of.iter().filter(|entries| entries.selects).count()
	}

	/// Splits of all trees.
	pub fn splits(&self) -> u64 {
		self.splits
	}

	/// The outputs on bits; what decryption gives.
	pub fn evaluate_clear(&self, bits: &[i64]) -> Vec<i64> {
		let mut sums = vec![0; self.outputs];
		for tree in &self.trees {
			let mut at = 0;
			while let Node::Split { predicate, one } = &tree.nodes[at] {
				let bit = bits.get(*predicate as usize).copied().unwrap_or_default();
				at = if bit == 1 { *one as usize } else { at + 1 };
			}
			for (output, value) in tree.leaf(at).into_iter().flatten() {
				sums[usize::from(*output)] += i64::from(*value);
			}
		}
		sums
	}
}

impl CompiledCircuit for ForestCircuit {
	fn inputs(&self) -> usize {
		self.predicates
	}

	fn outputs(&self) -> usize {
		self.outputs
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		let whole = |&(output, value): &(u16, i32)| (usize::from(output), i64::from(value));
		self.sums_of_extremes(self.outputs, |leaf| leaf.iter().map(whole).collect())
	}

	fn input_coefficients(&self) -> usize {
		self.entries
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		check_bits(x)
	}

	fn compute_clear(&self, x: &[i64]) -> Option<Vec<i64>> {
		Some(self.evaluate_clear(x))
	}
}
