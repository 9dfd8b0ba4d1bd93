//! What is public of a forest with encrypted leaves, and what follows from it.

use super::layout::{ForestLayout, LayoutChoice};
use crate::{
	circuits::{
		levelled::{ResultEncoding, UNITS_LOG2},
		tree::{Node, Tree},
	},
	math::selector::SELECTOR_GADGETS,
	noise::Variance,
};
use alloc::{vec, vec::Vec};

/// Bits of a leaf: the first that is enough.
pub(super) const LEAF_BITS: [u32; 2] = [18, 27];

/// Bits of a limb that a compiler may choose.
pub(super) const LIMB_BITS: core::ops::RangeInclusive<u32> = 1..=9;

/// What is public of the trees.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ForestShape {
	pub predicates: usize,
	pub outputs: usize,
	/// With empty leaves.
	pub trees: Vec<Tree>,
	/// The output of each tree, if every tree adds to a single one of several. The trees of an output
	/// are then summed up on their own.
	pub output_of: Option<Vec<u16>>,
	/// Bits of a leaf with its sign.
	pub leaf_bits: u32,
}

/// Choices of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
	pub gadget: u8,
	pub limb_bits: u32,
	pub trees_per_product: u8,
}

impl ForestShape {
	/// Ciphertexts that trees are summed up in.
	pub fn sums(&self) -> usize {
		if self.output_of.is_some() { self.outputs } else { 1 }
	}

	/// The one that a tree is added to.
	pub fn sum_of(&self, tree: usize) -> usize {
		self.output_of.as_ref().map_or(0, |outputs| outputs[tree].into())
	}

	/// How far the limbs of a value are apart, so that the sums can be packed in one ciphertext.
	pub fn spacing(&self) -> usize {
		self.sums().next_power_of_two()
	}

	pub fn limbs(&self, limb_bits: u32) -> usize {
		self.leaf_bits.div_ceil(limb_bits) as usize
	}

	/// Lowest and highest sum of each limb of an output, whatever the leaves are.
	pub fn limb_ranges(&self, limb_bits: u32) -> Vec<(i64, i64)> {
		let limbs = self.limbs(limb_bits);
		let half = 1i64 << (limb_bits - 1);
		let largest = (1i64 << (self.leaf_bits - 1)) - 1;
		// What the limbs below the last one can add up to.
		let below = (1i64 << (limb_bits as usize * (limbs - 1))) - 1;
		let ones = below / (2 * half - 1);
		let last =
			(-((largest + ones * (half - 1)) / (below + 1)), (largest + ones * half) / (below + 1));
		let of_output = |trees: i64| {
			let others = (-trees * half, trees * (half - 1));
			let last = (trees * last.0, trees * last.1);
			(1..limbs).map(move |_| others).chain([last])
		};
		self.trees_of_outputs().into_iter().flat_map(of_output).collect()
	}

	/// How many trees add to each output.
	fn trees_of_outputs(&self) -> Vec<i64> {
		let mut trees_of = vec![0i64; self.outputs];
		match &self.output_of {
			None => trees_of.fill(self.trees.len() as i64),
			Some(outputs) => outputs.iter().for_each(|&output| trees_of[usize::from(output)] += 1),
		}
		trees_of
	}

	/// Lowest and highest value of each output, whatever the leaves are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let largest = (1i64 << (self.leaf_bits - 1)) - 1;
		let trees = self.trees_of_outputs().into_iter();
		trees.map(|trees| (-trees * largest, trees * largest)).collect()
	}

	/// Where everything lies, and the noise of the noisiest sum; `None` if leaves are too wide.
	pub fn layout(&self, choice: Choice) -> Option<(ForestLayout, Variance)> {
		let gadget = SELECTOR_GADGETS[usize::from(choice.gadget)];
		let choice = LayoutChoice {
			width: self.outputs / self.sums() * self.limbs(choice.limb_bits),
			spacing: self.spacing(),
			levels: gadget.mask.levels as usize,
			trees_per_product: choice.trees_per_product.into(),
		};
		let layout = ForestLayout::new(&self.trees, self.predicates, choice)?;
		let noise = self.noise(gadget, &layout);
		Some((layout, noise))
	}

	/// The smallest unit and result that fit.
	pub fn encoding(&self, limb_bits: u32, noise: Variance) -> Option<ResultEncoding> {
		let ranges = self.limb_ranges(limb_bits);
		UNITS_LOG2.into_iter().find_map(|unit| ResultEncoding::choose(unit, noise, &ranges))
	}
}

/// The shape of trees: their nodes without the values of the leaves.
pub(super) fn without_leaves(tree: &Tree) -> Tree {
	let nodes = tree.nodes.iter().map(|node| match node {
		Node::Leaf(_) => Node::Leaf(Vec::new()),
		split => split.clone(),
	});
	Tree { nodes: nodes.collect() }
}
