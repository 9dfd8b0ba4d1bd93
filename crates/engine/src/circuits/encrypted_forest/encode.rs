//! The bytes of forests with encrypted leaves.

use super::{
	EncryptedForestCircuit, EncryptedForestError,
	compile::TREES_PER_PRODUCT,
	shape::{Choice, ForestShape, LEAF_BITS, LIMB_BITS},
	weights::EncryptedWeights,
};
use crate::{
	circuits::{
		bytes::{Reader, write_varint},
		levelled::ResultEncoding,
		tree::{MAX_NODES, MAX_PREDICATES, MAX_TREES, Tree},
	},
	math::{
		bits::{pack, packed_len, unpack},
		selector::SELECTOR_GADGETS,
	},
};
use alloc::vec::Vec;

const FIXED_BYTES: usize = 17;

/// What the bytes of a forest say; the leaves are still packed.
struct Stored<'a> {
	shape: ForestShape,
	choice: Choice,
	unit_log2: u32,
	result_bits: u32,
	mask_seed: [u8; 16],
	leaves: &'a [u8],
}

impl<'a> Stored<'a> {
	fn read(bytes: &'a [u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let (predicates, count) = (reader.count_u32()?, reader.count_u32()?);
		let outputs = reader.count_u16()?;
		let [gadget, limb_bits, leaf_bits, unit_log2, result_bits] = reader.array()?;
		let [trees_per_product, one_output] = reader.array()?;
		let choice = Choice { gadget, limb_bits: limb_bits.into(), trees_per_product };
		let leaf_bits = u32::from(leaf_bits);
		let choices = LIMB_BITS.contains(&choice.limb_bits)
			&& LEAF_BITS.contains(&leaf_bits)
			&& TREES_PER_PRODUCT.contains(&trees_per_product)
			&& usize::from(gadget) < SELECTOR_GADGETS.len()
			&& one_output <= 1;
		if !choices || predicates > MAX_PREDICATES || count > MAX_TREES {
			return None;
		}
		let mut trees = Vec::new();
		let mut nodes_left = MAX_NODES;
		let mut output_of = (one_output == 1).then(Vec::new);
		for _ in 0..count {
			trees.push(Tree::read(&mut reader, &mut nodes_left)?);
			if let Some(outputs) = &mut output_of {
				outputs.push(u16::try_from(reader.varint()?).ok()?);
			}
		}
		let mask_seed = reader.array()?;
		let shape = ForestShape { predicates, outputs, trees, output_of, leaf_bits };
		let (unit_log2, result_bits) = (unit_log2.into(), result_bits.into());
		let leaves = reader.rest();
		Some(Self { shape, choice, unit_log2, result_bits, mask_seed, leaves })
	}
}

impl EncryptedForestCircuit {
	/// Fixed fields (predicates, trees: u32; outputs: u16; gadget, limb bits, leaf bits, unit, result
	/// bits, trees per product, parts: u8), first and number of outputs and the nodes of each tree, the seed of the
	/// masks, and the kept coefficients, packed at 51 bits.
	pub fn to_bytes(&self) -> Vec<u8> {
		let ForestShape { predicates, outputs, trees, output_of, leaf_bits } = &self.shape;
		let Choice { gadget, limb_bits, trees_per_product } = self.choice;
		let mut bytes = Vec::with_capacity(FIXED_BYTES + packed_len(self.weights.bodies.len()));
		bytes.extend((*predicates as u32).to_le_bytes());
		bytes.extend((trees.len() as u32).to_le_bytes());
		bytes.extend((*outputs as u16).to_le_bytes());
		bytes.extend([gadget, limb_bits as u8, *leaf_bits as u8]);
		bytes.extend([self.encoding.unit_log2 as u8, self.encoding.result_bits as u8]);
		bytes.extend([trees_per_product, output_of.is_some().into()]);
		for (number, tree) in trees.iter().enumerate() {
			tree.write(&mut bytes);
			if let Some(outputs) = output_of {
				write_varint(outputs[number].into(), &mut bytes);
			}
		}
		bytes.extend(self.weights.mask_seed);
		pack(&self.weights.bodies, &mut bytes);
		bytes
	}

	/// Reads what [`EncryptedForestCircuit::to_bytes`] wrote, and checks it against the noise budget.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, if a tree is not one, if the parameters do
	/// not satisfy the noise budget, or if the evaluation would take too much memory.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncryptedForestError> {
		let malformed = EncryptedForestError::Malformed;
		let Stored { shape, choice, unit_log2, result_bits, mask_seed, leaves } =
			Stored::read(bytes).ok_or(malformed.clone())?;
		shape.check()?;
		let (layout, noise) = shape.layout(choice).ok_or(malformed.clone())?;
		let ranges = shape.limb_ranges(choice.limb_bits);
		let encoding =
			ResultEncoding::new(unit_log2, result_bits, noise, &ranges).ok_or(malformed.clone())?;
		let bodies = unpack(leaves, layout.kept()).map_err(|_| malformed)?;
		let weights = EncryptedWeights::new(mask_seed, bodies);
		Self { shape, choice, encoding, noise, layout, weights }.within_memory()
	}
}
