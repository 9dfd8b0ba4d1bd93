//! Forest circuits whose leaves are encrypted, too.

use crate::{
	entities::{
		cost::{OCTET_NANOSECONDS, SLOT_NANOSECONDS, excessive_mib, memory_bytes},
		encrypted_forest_layout::ForestLayout,
		encrypted_forest_shape::{Choice, ForestShape, LEAF_BITS, LIMB_BITS},
		encrypted_weights::EncryptedWeights,
		forest::TRANSFORM_NANOSECONDS,
		input::EncryptedInput,
		limbs,
		result_encoding::ResultEncoding,
		rlwe::RLWE_SIZE,
		tree::{MAX_NODES, MAX_PREDICATES, MAX_TREES, Tree},
		varint,
	},
	math::{
		bits::{pack, packed_len, unpack},
		params::OCTET,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};
use fhe_ml_format::bounds::MAX_ARTIFACT_BYTES;

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
	pub(crate) layout: ForestLayout,
	pub(crate) weights: EncryptedWeights,
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
	#[error("evaluation would take {mib} MiB of memory, and at most 4096 are allowed")]
	Memory {
		/// Mebibytes.
		mib: u64,
	},
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

/// More are faster, fewer make less noise.
const TREES_PER_PRODUCT: [u8; 3] = [8, 2, 1];
/// Nanoseconds for one kept coefficient: a node reads, copies and hashes its 6.4 bytes for every job.
const KEPT_NANOSECONDS: u64 = 24;
/// What leaves room in an artifact for the shape of the trees.
const MOST_LEAF_BYTES: usize = MAX_ARTIFACT_BYTES - MAX_ARTIFACT_BYTES / 16;
/// Most ciphertexts of leaves; they are kept in memory, 32 KiB each, 512 MiB in all.
const MAX_CIPHERTEXTS: usize = 1 << 14;
const FIXED_BYTES: usize = 17;

impl EncryptedForestCircuit {
	/// Chooses gadget and limbs for the least price; the leaves are still empty.
	pub(crate) fn compile(shape: ForestShape) -> Result<Self, EncryptedForestError> {
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
			Some(circuit) => circuit.check_memory(),
			None if noise == Variance::ZERO => {
				Err(EncryptedForestError::TooManyOutputs(shape.outputs))
			},
			None => Err(EncryptedForestError::NoRoom {
				trees: shape.trees.len(),
				noise: noise.log2_relative(),
			}),
		}
	}

	fn check_memory(self) -> Result<Self, EncryptedForestError> {
		if self.layout.ciphertexts() > MAX_CIPHERTEXTS {
			let mib = (self.layout.ciphertexts() * RLWE_SIZE * 8) as u64 >> 20;
			return Err(EncryptedForestError::Memory { mib });
		}
		match excessive_mib(self.memory_bytes()) {
			Some(mib) => Err(EncryptedForestError::Memory { mib }),
			None => Ok(self),
		}
	}

	/// Number of encrypted bits.
	pub fn predicates(&self) -> usize {
		self.shape.predicates
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.shape.outputs
	}

	/// Number of trees.
	pub fn trees(&self) -> usize {
		self.shape.trees.len()
	}

	pub(crate) fn shape(&self) -> &ForestShape {
		&self.shape
	}

	/// The gadget of the selectors.
	pub fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.choice.gadget)]
	}

	/// How the outputs lie in a result.
	pub fn encoding(&self) -> &ResultEncoding {
		&self.encoding
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
	pub(crate) fn octets(&self) -> usize {
		self.layout.groups() * self.gadget().mask.levels as usize
	}

	/// Slots of an input: first the octets, then the selectors.
	pub fn slots(&self) -> usize {
		OCTET * self.octets() + self.layout.selectors * self.gadget().mask.levels as usize
	}

	/// The number of the first expanded ciphertext of a group's or a selector's bits.
	pub(crate) fn group_row(&self, group: usize) -> usize {
		group * self.gadget().mask.levels as usize
	}

	/// See [`EncryptedForestCircuit::group_row`].
	pub(crate) fn selector_row(&self, selector: usize) -> usize {
		self.octets() + selector * self.gadget().mask.levels as usize
	}

	/// Predicted standard deviation of the result's noise, log2 relative to q.
	pub fn noise_log2(&self) -> f64 {
		self.total_noise().log2_relative()
	}

	pub(crate) fn total_noise(&self) -> Variance {
		self.noise + Variance::modulus_switch(self.encoding.result_bits)
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.slots())
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		self.encoding.result_bytes()
	}

	/// Expanded ciphertexts of all batches: octets and others.
	fn rows(&self) -> (u64, u64) {
		let octets = self.octets();
		self.layout.batches.iter().fold((0, 0), |(wide, narrow), batch| {
			let split = batch.rows.partition_point(|&row| row < octets);
			(wide + split as u64, narrow + (batch.rows.len() - split) as u64)
		})
	}

	/// Number-theoretic transforms of one evaluation, those of the expansion left out.
	pub fn transforms(&self) -> u64 {
		let products = self.layout.products.len() as u64;
		let packing = match self.shape.sums() {
			1 => 0,
			sums => (sums as u64 + 11) * 20,
		};
		(products + self.layout.selections) * self.gadget().transforms() + packing
	}

	/// Estimated nanoseconds of one core for one evaluation.
	pub fn nanoseconds(&self) -> u64 {
		let (octets, slots) = self.rows();
		octets * OCTET_NANOSECONDS
			+ slots * SLOT_NANOSECONDS
			+ self.transforms() * TRANSFORM_NANOSECONDS
	}

	/// What the compiler minimises: first of all bytes that do not fit a chain, then time, that for
	/// reading the leaves from a chain's storage counted.
	fn price(&self) -> (usize, u64) {
		let kept = self.layout.kept();
		let time = self.nanoseconds() + kept as u64 * KEPT_NANOSECONDS;
		(packed_len(kept).saturating_sub(MOST_LEAF_BYTES), time)
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		let batches = self.layout.batches.iter().zip(&self.layout.products_of);
		let most = batches.map(|(batch, products)| batch.rows.len() + products.len()).max();
		memory_bytes(most.unwrap_or_default() + self.layout.ciphertexts())
	}

	/// Lowest and highest value of each output, whatever the leaves are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		self.shape.output_ranges()
	}

	/// The limbs of a value.
	pub(crate) fn split(&self, value: i64) -> impl Iterator<Item = i64> {
		let (limbs, limb_bits) = self.limbs();
		limbs::split(value, limb_bits, limbs)
	}

	/// Puts the limbs in the coefficients of a result together.
	pub(crate) fn combine(&self, coefficients: &[i64]) -> Vec<i64> {
		let (limbs, limb_bits) = self.limbs();
		limbs::combine(coefficients, limb_bits, limbs)
	}

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
				varint::write(outputs[number].into(), &mut bytes);
			}
		}
		bytes.extend(self.weights.mask_seed);
		pack(&self.weights.bodies, &mut bytes);
		bytes
	}

	/// Reads what [`EncryptedForestCircuit::to_bytes`] wrote, and checks it against the noise budget.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncryptedForestError> {
		read(bytes).ok_or(EncryptedForestError::Malformed)?
	}
}

fn read(bytes: &[u8]) -> Option<Result<EncryptedForestCircuit, EncryptedForestError>> {
	let (fixed, mut rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
	let [p0, p1, p2, p3, t0, t1, t2, t3, o0, o1, choices @ ..] = *fixed;
	let [gadget, limb_bits, leaf_bits, unit, result, trees_per_product, one_output] = choices;
	let predicates = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
	let count = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
	let outputs = usize::from(u16::from_le_bytes([o0, o1]));
	let (limb_bits, leaf_bits) = (u32::from(limb_bits), u32::from(leaf_bits));
	let choices = LIMB_BITS.contains(&limb_bits)
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
		trees.push(Tree::read(&mut rest, &mut nodes_left)?);
		if let Some(outputs) = &mut output_of {
			outputs.push(u16::try_from(varint::read(&mut rest)?).ok()?);
		}
	}
	let (mask_seed, packed) = rest.split_first_chunk::<16>()?;
	let shape = ForestShape { predicates, outputs, trees, output_of, leaf_bits };
	if let Err(error) = shape.check() {
		return Some(Err(error));
	}
	let choice = Choice { gadget, limb_bits, trees_per_product };
	let (layout, noise) = shape.layout(choice)?;
	let ranges = shape.limb_ranges(limb_bits);
	let encoding = ResultEncoding::new(unit.into(), result.into(), noise, &ranges)?;
	let bodies = unpack(packed, layout.kept()).ok()?;
	let weights = EncryptedWeights::new(*mask_seed, bodies);
	let circuit = EncryptedForestCircuit { shape, choice, encoding, noise, layout, weights };
	Some(circuit.check_memory())
}
