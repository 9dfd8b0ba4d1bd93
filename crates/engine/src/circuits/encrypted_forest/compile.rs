//! Which shapes there may be, and the choice of gadget and limbs.

use super::{
	EncryptedForestCircuit, EncryptedForestError,
	shape::{Choice, ForestShape, LIMB_BITS},
	weights::EncryptedWeights,
};
use crate::{
	circuits::{
		levelled::{ExcessiveMemory, cost::check_memory},
		tree::{MAX_NODES, MAX_OUTPUTS, MAX_PREDICATES, MAX_TREES, Tree},
	},
	entities::rlwe::RLWE_SIZE,
	math::{bits::packed_len, selector::SELECTOR_GADGETS},
	noise::Variance,
};
use alloc::vec::Vec;
use fhe_ml_format::bounds::MAX_ARTIFACT_BYTES;

/// More are faster, fewer make less noise.
pub(super) const TREES_PER_PRODUCT: [u8; 3] = [8, 2, 1];
/// Nanoseconds for one kept coefficient: a node reads, copies and hashes its 6.4 bytes for every job.
const KEPT_NANOSECONDS: u64 = 24;
/// What leaves room in an artifact for the shape of the trees.
const MOST_LEAF_BYTES: usize = MAX_ARTIFACT_BYTES - MAX_ARTIFACT_BYTES / 16;
/// Most ciphertexts of leaves; they are kept in memory, 32 KiB each, 512 MiB in all.
const MAX_CIPHERTEXTS: usize = 1 << 14;

impl EncryptedForestCircuit {
	/// Chooses gadget and limbs for the least price; the leaves are still empty.
	pub(super) fn compile(shape: ForestShape) -> Result<Self, EncryptedForestError> {
		shape.check()?;
		let mut best: Option<Self> = None;
		let mut noise = Variance::ZERO;
		for gadget in 0..SELECTOR_GADGETS.len() as u8 {
			for trees_per_product in TREES_PER_PRODUCT {
				for limb_bits in LIMB_BITS.rev() {
					let choice = Choice { gadget, limb_bits, trees_per_product };
					let Some((layout, found)) = shape.layout(choice) else { continue };
					noise = found;
					let Some(encoding) = shape.encoding(limb_bits, noise) else { continue };
					let weights = EncryptedWeights::default();
					let shape = shape.clone();
					let found = Self { shape, choice, encoding, noise, layout, weights };
					if best.as_ref().is_none_or(|best| found.price() < best.price()) {
						best = Some(found);
					}
					break;
				}
			}
		}
		match best {
			Some(circuit) => circuit.within_memory(),
			None if noise == Variance::ZERO => {
				Err(EncryptedForestError::TooManyOutputs(shape.outputs))
			},
			None => Err(EncryptedForestError::NoRoom {
				trees: shape.trees.len(),
				noise: noise.log2_relative(),
			}),
		}
	}

	/// The circuit, if its evaluation does not take too much memory.
	pub(super) fn within_memory(self) -> Result<Self, EncryptedForestError> {
		if self.layout.ciphertexts() > MAX_CIPHERTEXTS {
			let mib = (self.layout.ciphertexts() * RLWE_SIZE * 8) as u64 >> 20;
			return Err(ExcessiveMemory { mib }.into());
		}
		check_memory(&self)?;
		Ok(self)
	}

	/// What the compiler minimises: first of all bytes that do not fit a chain, then time, that for
	/// reading the leaves from a chain's storage counted.
	fn price(&self) -> (usize, u64) {
		let kept = self.layout.kept();
		let time = self.nanoseconds() + kept as u64 * KEPT_NANOSECONDS;
		(packed_len(kept).saturating_sub(MOST_LEAF_BYTES), time)
	}
}

impl ForestShape {
	/// Checks sizes and trees.
	///
	/// # Errors
	/// If there are too few or too many of something, or if a tree is malformed or has leaves.
	pub(super) fn check(&self) -> Result<(), EncryptedForestError> {
		let nodes: usize = self.trees.iter().map(|tree| tree.nodes.len()).sum();
		let sizes = (1..=MAX_TREES).contains(&self.trees.len())
			&& nodes <= MAX_NODES
			&& (1..=MAX_PREDICATES).contains(&self.predicates)
			&& (1..=MAX_OUTPUTS).contains(&self.outputs);
		if !sizes {
			return Err(EncryptedForestError::Size);
		}
		if let Some(outputs) = &self.output_of
			&& (self.outputs == 1 || outputs.len() != self.trees.len())
		{
			return Err(EncryptedForestError::Malformed);
		}
		let well_formed = |(number, tree): (usize, &Tree)| {
			tree.is_well_formed(self.predicates, self.outputs)
				&& tree.leaves().all(Vec::is_empty)
				&& self.sum_of(number) < self.sums()
		};
		match self.trees.iter().enumerate().position(|tree| !well_formed(tree)) {
			Some(at) => Err(EncryptedForestError::Tree(at)),
			None => Ok(()),
		}
	}
}
