//! Forest circuits whose leaves are encrypted, too.

mod compile;
mod encode;
#[cfg(feature = "client")]
mod encrypt;
mod evaluate;
mod layout;
mod noise;
mod padding;
mod shape;
mod slices;
mod value;
mod weights;

use crate::{
	circuits::{
		compiled::{CompiledCircuit, check_bits},
		errors::CircuitInputError,
		levelled::{ExcessiveMemory, Levelled, ResultEncoding},
		limbs,
	},
	math::params::OCTET,
	noise::Variance,
};
use alloc::vec::Vec;
use layout::ForestLayout;
use shape::{Choice, ForestShape};
use weights::EncryptedWeights;

#[cfg(feature = "client")]
pub use encrypt::EncryptedForest;

/// A sum of decision trees with encrypted leaves over encrypted bits.
///
/// The bytes show the shape of the trees, the number of the bit at each split, the number of outputs,
/// the output of each tree if every tree adds to a single one, and how many bits a leaf has (18, or 27
/// if those are not enough). If the shape is hidden, all trees are full, every split has a bit of its
/// own and every tree adds to all outputs: only the number of trees and their depth are left.
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptedForestCircuit {
	shape: ForestShape,
	choice: Choice,
	encoding: ResultEncoding,
	noise: Variance,
	layout: ForestLayout,
	weights: EncryptedWeights,
}

/// Why a forest circuit with encrypted leaves cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EncryptedForestError {
	/// Nothing, or more than the format allows.
	#[error(
		"an encrypted forest has 1 to 65536 trees with at most 1048576 nodes in all and 64 levels, 1 to 65536 predicates and 1 to 1024 outputs"
	)]
	Size,
	/// Full trees would have too many nodes.
	#[error(
		"to hide the shape, {trees} trees of depth {depth} would be padded to more than 65536 splits; import without --hide-shape, or train shallower trees"
	)]
	TooDeepToHide {
		/// Number of trees.
		trees: usize,
		/// Longest path.
		depth: usize,
	},
	/// Too many outputs for one ciphertext.
	#[error("a leaf with {0} outputs is too wide to be encrypted")]
	TooManyOutputs(usize),
	/// A leaf of more bits than the format has.
	#[error("a leaf has more than 27 bits")]
	LeafTooLarge,
	/// A tree that is not one.
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
	/// The evaluation would need too much memory.
	#[error(transparent)]
	Memory(#[from] ExcessiveMemory),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

impl EncryptedForestCircuit {
	/// Number of encrypted bits.
	pub fn predicates(&self) -> usize {
		self.shape.predicates
	}

	/// Number of trees.
	pub fn trees(&self) -> usize {
		self.shape.trees.len()
	}

	/// Limbs of a leaf value, and their bits.
	pub fn limbs(&self) -> (usize, u32) {
		(self.shape.limbs(self.choice.limb_bits), self.choice.limb_bits)
	}

	/// Bits that select between subtrees.
	pub fn selectors(&self) -> usize {
		self.layout.selectors
	}

	/// Ciphertexts of octets of the expansion.
	fn octets(&self) -> usize {
		self.layout.groups() * self.gadget().mask.levels as usize
	}

	/// The number of the first expanded ciphertext of a group's or a selector's bits.
	fn group_row(&self, group: usize) -> usize {
		group * self.gadget().mask.levels as usize
	}

	/// See [`EncryptedForestCircuit::group_row`].
	fn selector_row(&self, selector: usize) -> usize {
		self.octets() + selector * self.gadget().mask.levels as usize
	}

	/// The limbs of a value.
	fn split(&self, value: i64) -> impl Iterator<Item = i64> {
		let (limbs, limb_bits) = self.limbs();
		limbs::split(value, limb_bits, limbs)
	}
}

impl CompiledCircuit for EncryptedForestCircuit {
	fn inputs(&self) -> usize {
		self.shape.predicates
	}

	fn outputs(&self) -> usize {
		self.shape.outputs
	}

	fn output_ranges(&self) -> Vec<(i64, i64)> {
		self.shape.output_ranges()
	}

	/// First the octets, then the selectors.
	fn input_coefficients(&self) -> usize {
		let levels = Levelled::gadget(self).mask.levels as usize;
		OCTET * self.octets() + self.layout.selectors * levels
	}

	fn check_values(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		check_bits(x)
	}

	fn compute_clear(&self, _: &[i64]) -> Option<Vec<i64>> {
		None
	}
}
