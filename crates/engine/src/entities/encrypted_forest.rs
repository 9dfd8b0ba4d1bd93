//! Forest circuits whose leaves are encrypted, too.

use crate::{
	entities::{
		cost::{OCTET_NANOSECONDS, SLOT_NANOSECONDS, excessive_mib, memory_bytes},
		encrypted_forest_layout::{ForestLayout, LayoutChoice},
		encrypted_weights::EncryptedWeights,
		forest::TRANSFORM_NANOSECONDS,
		input::EncryptedInput,
		limbs,
		result_encoding::{ResultEncoding, UNITS_LOG2},
		rlwe::RLWE_SIZE,
		selector::{SELECTOR_GADGETS, SelectorGadget},
		tree::{MAX_NODES, MAX_OUTPUTS, MAX_PREDICATES, MAX_TREES, Node, Tree},
	},
	noise::Variance,
	packing::{pack, packed_len, unpack},
	params::OCTET,
};
use fhe_ml_format::bounds::MAX_ARTIFACT_BYTES;

/// A sum of decision trees with encrypted leaves over encrypted bits.
///
/// The bytes show the shape of the trees, the number of the bit at each split, the number of outputs,
/// and how many bits a leaf has (18, or 27 if those are not enough). If the shape is hidden, all trees
/// are full and every split has a bit of its own, so that only the number of trees and their depth
/// are left of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptedForestCircuit {
	shape: ForestShape,
	choice: Choice,
	encoding: ResultEncoding,
	noise: Variance,
	pub(crate) layout: ForestLayout,
	pub(crate) weights: EncryptedWeights,
}

/// What is public of the trees.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ForestShape {
	pub predicates: usize,
	pub outputs: usize,
	/// With empty leaves.
	pub trees: Vec<Tree>,
	/// Bits of a leaf with its sign.
	pub leaf_bits: u32,
}

/// Choices of the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
	gadget: u8,
	limb_bits: u32,
	trees_per_product: u8,
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

/// Bits of a leaf: the first that is enough.
pub(crate) const LEAF_BITS: [u32; 2] = [18, 27];
/// More are faster, fewer make less noise.
const TREES_PER_PRODUCT: [u8; 3] = [8, 2, 1];
const LIMB_BITS: std::ops::RangeInclusive<u32> = 1..=9;
/// Nanoseconds for one kept coefficient: a node reads, copies and hashes its 6.4 bytes for every job.
const KEPT_NANOSECONDS: u64 = 24;
/// What leaves room in an artifact for the shape of the trees.
const MOST_LEAF_BYTES: usize = MAX_ARTIFACT_BYTES - MAX_ARTIFACT_BYTES / 16;
/// Most ciphertexts of leaves; they are kept in memory, 32 KiB each.
const MAX_CIPHERTEXTS: usize = 1 << 14;
const FIXED_BYTES: usize = 16;

impl ForestShape {
	fn check(&self) -> Result<(), EncryptedForestError> {
		let nodes: usize = self.trees.iter().map(|tree| tree.nodes.len()).sum();
		let sizes = (1..=MAX_TREES).contains(&self.trees.len())
			&& nodes <= MAX_NODES
			&& (1..=MAX_PREDICATES).contains(&self.predicates)
			&& (1..=MAX_OUTPUTS).contains(&self.outputs);
		if !sizes {
			return Err(EncryptedForestError::Size);
		}
		let well_formed = |tree: &Tree| {
			tree.is_well_formed(self.predicates, self.outputs) && tree.leaves().all(Vec::is_empty)
		};
		match self.trees.iter().position(|tree| !well_formed(tree)) {
			Some(at) => Err(EncryptedForestError::Tree(at)),
			None => Ok(()),
		}
	}

	/// Noise of the sum of the trees.
	fn noise(&self, gadget: SelectorGadget, layout: &ForestLayout) -> Variance {
		let selection = Variance::external_product(gadget, Variance::expanded(), 1.0);
		let product = Variance::external_product(gadget, Variance::expanded_octet(), OCTET as f64);
		// Fresh ciphertexts: the zero child, and the difference times up to eight bits.
		let leaves = Variance::FRESH.times((1 + OCTET) as f64);
		self.trees.iter().zip(layout.correlations()).fold(Variance::ZERO, |sum, (tree, shared)| {
			let selections = selection.times(tree.longest_selection(0) as f64);
			sum + selections + product.times(shared) + leaves
		})
	}

	/// Lowest and highest sum of each limb of an output, whatever the leaves are.
	fn limb_ranges(&self, limb_bits: u32) -> Vec<(i64, i64)> {
		let (trees, limbs) = (self.trees.len() as i64, self.limbs(limb_bits));
		let half = 1i64 << (limb_bits - 1);
		let largest = (1i64 << (self.leaf_bits - 1)) - 1;
		// What the limbs below the last one can add up to.
		let below = (1i64 << (limb_bits as usize * (limbs - 1))) - 1;
		let ones = below / (2 * half - 1);
		let last =
			(-((largest + ones * (half - 1)) / (below + 1)), (largest + ones * half) / (below + 1));
		let range = |limb: usize| match limb % limbs {
			limb if limb + 1 == limbs => (trees * last.0, trees * last.1),
			_ => (-trees * half, trees * (half - 1)),
		};
		(0..self.outputs * limbs).map(range).collect()
	}

	/// Where everything lies, and the noise of the sum of the trees.
	fn layout(&self, choice: Choice) -> Option<(ForestLayout, Variance)> {
		let gadget = SELECTOR_GADGETS[usize::from(choice.gadget)];
		let choice = LayoutChoice {
			width: self.outputs * self.limbs(choice.limb_bits),
			levels: gadget.mask.levels as usize,
			trees_per_product: choice.trees_per_product.into(),
		};
		let layout = ForestLayout::new(&self.trees, self.predicates, choice)?;
		let noise = self.noise(gadget, &layout);
		Some((layout, noise))
	}

	/// The smallest unit and result that fit.
	fn encoding(&self, limb_bits: u32, noise: Variance) -> Option<ResultEncoding> {
		let ranges = self.limb_ranges(limb_bits);
		UNITS_LOG2.into_iter().find_map(|unit| ResultEncoding::choose(unit, noise, &ranges))
	}

	fn limbs(&self, limb_bits: u32) -> usize {
		self.leaf_bits.div_ceil(limb_bits) as usize
	}
}

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
		(products + self.layout.selections) * self.gadget().transforms()
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
		let ForestShape { predicates, outputs, trees, leaf_bits } = &self.shape;
		let Choice { gadget, limb_bits, trees_per_product } = self.choice;
		let mut bytes = Vec::with_capacity(FIXED_BYTES + packed_len(self.weights.bodies.len()));
		bytes.extend((*predicates as u32).to_le_bytes());
		bytes.extend((trees.len() as u32).to_le_bytes());
		bytes.extend((*outputs as u16).to_le_bytes());
		bytes.extend([gadget, limb_bits as u8, *leaf_bits as u8]);
		bytes.extend([self.encoding.unit_log2 as u8, self.encoding.result_bits as u8]);
		bytes.push(trees_per_product);
		trees.iter().for_each(|tree| tree.write(&mut bytes));
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
	let [gadget, limb_bits, leaf_bits, unit, result, trees_per_product] = choices;
	let predicates = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
	let count = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
	let outputs = usize::from(u16::from_le_bytes([o0, o1]));
	let (limb_bits, leaf_bits) = (u32::from(limb_bits), u32::from(leaf_bits));
	let choices = LIMB_BITS.contains(&limb_bits)
		&& LEAF_BITS.contains(&leaf_bits)
		&& TREES_PER_PRODUCT.contains(&trees_per_product)
		&& usize::from(gadget) < SELECTOR_GADGETS.len();
	if !choices || predicates > MAX_PREDICATES || count > MAX_TREES {
		return None;
	}
	let mut trees = Vec::new();
	let mut nodes_left = MAX_NODES;
	for _ in 0..count {
		trees.push(Tree::read(&mut rest, &mut nodes_left)?);
	}
	let (mask_seed, packed) = rest.split_first_chunk::<16>()?;
	let shape = ForestShape { predicates, outputs, trees, leaf_bits };
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

/// The shape of trees: their nodes without the values of the leaves.
pub(crate) fn without_leaves(tree: &Tree) -> Tree {
	let nodes = tree.nodes.iter().map(|node| match node {
		Node::Leaf(_) => Node::Leaf(Vec::new()),
		split => split.clone(),
	});
	Tree { nodes: nodes.collect() }
}
