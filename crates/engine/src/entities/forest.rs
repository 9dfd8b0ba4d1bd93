//! Forest circuits: sums of decision trees over encrypted bits.

use crate::{
	entities::{
		batch::{self, Batch},
		cost::{SLOT_NANOSECONDS, excessive_mib, expansion_transforms, memory_bytes},
		forest_noise,
		input::EncryptedInput,
		limbs,
		result_encoding::{ResultEncoding, UNITS_LOG2},
		tree::{MAX_NODES, MAX_OUTPUTS, MAX_PREDICATES, MAX_TREES},
	},
	math::{
		params::POLYNOMIAL_SIZE,
		selector::{SELECTOR_GADGETS, SelectorGadget},
	},
	noise::Variance,
};

pub use crate::entities::tree::{Node, Tree};

/// Where the ciphertexts of a bit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PredicateSlots {
	/// The first slot.
	pub first: usize,
	/// Whether there is one slot per level of the gadget (a selector) or a single one.
	pub selects: bool,
}

/// A sum of decision trees, compiled against the noise budget.
///
/// Every distinct predicate of the model is one encrypted bit. A bit that decides between subtrees
/// is a *selector*, one slot per level of the gadget; a bit that only decides between leaves is
/// *linear*, one slot. Leaf values are cut into limbs of a few bits, one coefficient of the result
/// per output and limb; each limb's sum over the trees is exact.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestCircuit {
	predicates: usize,
	outputs: usize,
	trees: Vec<Tree>,
	gadget: u8,
	limb_bits: u32,
	limbs: usize,
	encoding: ResultEncoding,
	pub(crate) slots_of: Vec<PredicateSlots>,
	slots: usize,
	pub(crate) batches: Vec<Batch>,
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
	#[error("evaluation would take {mib} MiB of memory, and at most 4096 are allowed")]
	Memory {
		/// Mebibytes.
		mib: u64,
	},
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

const FIXED_BYTES: usize = 16;
/// Nanoseconds for one transform with its share of everything else.
pub(crate) const TRANSFORM_NANOSECONDS: u64 = 3_000;

/// Choices of the compiler.
#[derive(Clone, Copy)]
struct Choice {
	gadget: u8,
	limb_bits: u32,
	limbs: usize,
}

impl ForestCircuit {
	/// Chooses gadget, limbs and unit for the least time, then for the smallest result.
	pub fn compile(
		predicates: usize,
		outputs: usize,
		trees: Vec<Tree>,
	) -> Result<Self, ForestCircuitError> {
		check(predicates, outputs, &trees)?;
		let values = trees.iter().flat_map(Tree::leaves).flatten().map(|(_, value)| *value);
		let bits =
			33 - values.map(|value| value.unsigned_abs().leading_zeros()).min().unwrap_or(32);
		let mut best: Option<Self> = None;
		let mut noise = 0.0;
		for gadget in 0..SELECTOR_GADGETS.len() as u8 {
			let choice = Choice { gadget, limb_bits: 1, limbs: 1 };
			let mut circuit = Self::derive(predicates, outputs, trees.clone(), choice)?;
			noise = circuit.noise.log2_relative();
			for limb_bits in (1..=8).rev() {
				let limbs = bits.div_ceil(limb_bits).max(1) as usize;
				if limbs * outputs > POLYNOMIAL_SIZE {
					break;
				}
				(circuit.limb_bits, circuit.limbs) = (limb_bits, limbs);
				if let Some(encoding) = circuit.chosen_encoding() {
					circuit.encoding = encoding;
					if best.as_ref().is_none_or(|best| circuit.nanoseconds() < best.nanoseconds()) {
						best = Some(circuit);
					}
					break;
				}
			}
		}
		let circuit = best.ok_or(ForestCircuitError::NoRoom { trees: trees.len(), noise })?;
		circuit.check_memory()
	}

	fn chosen_encoding(&self) -> Option<ResultEncoding> {
		let ranges = self.ranges();
		// The noise of linear bits depends on the unit.
		UNITS_LOG2.into_iter().find_map(|unit| {
			ResultEncoding::choose(unit, self.noise + self.linear_noise(unit), &ranges)
		})
	}

	fn check_memory(self) -> Result<Self, ForestCircuitError> {
		match excessive_mib(self.memory_bytes()) {
			Some(mib) => Err(ForestCircuitError::Memory { mib }),
			None => Ok(self),
		}
	}
	/// Everything that follows from the trees and the choices; the encoding is still empty.
	fn derive(
		predicates: usize,
		outputs: usize,
		trees: Vec<Tree>,
		choice: Choice,
	) -> Result<Self, ForestCircuitError> {
		let gadget =
			*SELECTOR_GADGETS.get(usize::from(choice.gadget)).ok_or(ForestCircuitError::Budget)?;
		let levels = gadget.mask.levels as usize;
		let mut selects = vec![false; predicates];
		for tree in &trees {
			for (at, node) in tree.nodes.iter().enumerate() {
				if let Node::Split { predicate, .. } = node {
					selects[*predicate as usize] |= !tree.is_linear(at);
				}
			}
		}
		let unused = PredicateSlots { first: usize::MAX, selects: false };
		let mut slots_of = vec![unused; predicates];
		let (mut slots, mut splits, mut selections) = (0, 0, 0);
		for tree in &trees {
			for (at, node) in tree.nodes.iter().enumerate() {
				let Node::Split { predicate, .. } = node else { continue };
				let predicate = *predicate as usize;
				if slots_of[predicate].first == usize::MAX {
					let selects = selects[predicate];
					slots_of[predicate] = PredicateSlots { first: slots, selects };
					slots += if selects { levels } else { 1 };
				}
				splits += 1;
				selections += u64::from(!tree.is_linear(at));
			}
		}
		let batches = batch::batches(&trees, slots, |tree, rows| {
			for predicate in tree.predicates() {
				let place = slots_of[predicate];
				rows.extend(place.first..place.first + if place.selects { levels } else { 1 });
			}
		});
		// A path adds one external product per selection; only one path is taken.
		let product = Variance::external_product(gadget, Variance::expanded(), 1.0);
		let noise = forest_noise::of_selections(&trees, product);
		let Choice { gadget, limb_bits, limbs } = choice;
		let encoding = ResultEncoding::default();
		Ok(Self {
			predicates,
			outputs,
			trees,
			gadget,
			limb_bits,
			limbs,
			encoding,
			slots_of,
			slots,
			batches,
			splits,
			selections,
			noise,
		})
	}

	/// Noise of the linear bits: each tree takes at most one, times a difference of leaves. The
	/// coefficient that is read has its own difference times the noise where the message is, and
	/// the other differences times noise from elsewhere, which is less.
	fn linear_noise(&self, unit_log2: u32) -> Variance {
		let amplitude = |tree: &Tree, at: usize| {
			let Node::Split { predicate, one } = &tree.nodes[at] else { return 0.0 };
			let (Some(zero), Some(one)) = (tree.leaf(at + 1), tree.leaf(*one as usize)) else {
				return 0.0;
			};
			let shift = unit_log2 - self.linear_scale(*predicate as usize, unit_log2).1;
			let scale = (1u64 << shift) as f64;
			let square = |(_, difference): (usize, i64)| (difference as f64 * scale).powi(2);
			self.difference(zero, one).into_iter().map(square).sum::<f64>().sqrt()
		};
		let row = Variance::expanded_constant();
		forest_noise::of_linear_bits(&self.trees, self.predicates, row, amplitude)
	}

	/// The slot whose ciphertext stands for a bit times a power of two at most the unit, and the
	/// logarithm of that power.
	pub(crate) fn linear_scale(&self, predicate: usize, unit_log2: u32) -> (usize, u32) {
		let slots = self.slots_of[predicate];
		if !slots.selects {
			return (slots.first, unit_log2);
		}
		let gadget = self.gadget().mask;
		let scale = |level| gadget.scale(level).trailing_zeros();
		let level = (0..gadget.levels).find(|&level| scale(level) <= unit_log2);
		let level = level.unwrap_or(gadget.levels - 1);
		(slots.first + level as usize, scale(level).min(unit_log2))
	}

	/// The limbs of a leaf: (coefficient, limb).
	pub(crate) fn leaf_limbs<'a>(
		&'a self,
		leaf: &'a [(u16, i32)],
	) -> impl Iterator<Item = (usize, i64)> + 'a {
		leaf.iter().flat_map(|&(output, value)| {
			let first = usize::from(output) * self.limbs;
			limbs::split(value.into(), self.limb_bits, self.limbs)
				.enumerate()
				.map(move |(limb, digit)| (first + limb, digit))
		})
	}

	/// one - zero: (coefficient, difference), without zeros.
	pub(crate) fn difference(&self, zero: &[(u16, i32)], one: &[(u16, i32)]) -> Vec<(usize, i64)> {
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
	fn ranges(&self) -> Vec<(i64, i64)> {
		self.sums_of_extremes(self.outputs * self.limbs, |leaf| self.leaf_limbs(leaf).collect())
	}

	/// Lowest and highest value of each output, whatever the bits are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let whole = |&(output, value): &(u16, i32)| (usize::from(output), i64::from(value));
		self.sums_of_extremes(self.outputs, |leaf| leaf.iter().map(whole).collect())
	}

	/// For each of `count` places the sums of the trees' smallest and largest leaves, of which `parts`
	/// gives (place, integer).
	fn sums_of_extremes(
		&self,
		count: usize,
		parts: impl Fn(&[(u16, i32)]) -> Vec<(usize, i64)>,
	) -> Vec<(i64, i64)> {
		let mut ranges = vec![(0, 0); count];
		for tree in &self.trees {
			let leaves: Vec<Vec<(usize, i64)>> = tree.leaves().map(|leaf| parts(leaf)).collect();
			let mut own: std::collections::BTreeMap<usize, (i64, i64, usize)> = Default::default();
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

	/// Number of encrypted bits.
	pub fn predicates(&self) -> usize {
		self.predicates
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.outputs
	}

	/// The trees.
	pub fn trees(&self) -> &[Tree] {
		&self.trees
	}

	/// The gadget of the selectors.
	pub fn gadget(&self) -> SelectorGadget {
		SELECTOR_GADGETS[usize::from(self.gadget)]
	}

	/// How the outputs lie in a result.
	pub fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	/// Limbs of a leaf value, and their bits.
	pub fn limbs(&self) -> (usize, u32) {
		(self.limbs, self.limb_bits)
	}

	/// Slots of an input.
	pub fn slots(&self) -> usize {
		self.slots
	}

	/// Bits that decide between subtrees.
	pub fn selectors(&self) -> usize {
		self.slots_of.iter().filter(|slots| slots.selects).count()
	}

	/// Splits of all trees.
	pub fn splits(&self) -> u64 {
		self.splits
	}

	/// Predicted standard deviation of the result's noise, log2 relative to q.
	pub fn noise_log2(&self) -> f64 {
		self.total_noise().log2_relative()
	}

	pub(crate) fn total_noise(&self) -> Variance {
		let switched = Variance::modulus_switch(self.encoding.result_bits);
		self.noise + self.linear_noise(self.encoding.unit_log2) + switched
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.slots)
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		self.encoding.result_bytes()
	}

	/// Number-theoretic transforms of one evaluation.
	pub fn transforms(&self) -> u64 {
		let rows: u64 = self.batches.iter().map(|batch| batch.rows.len() as u64).sum();
		let linear = self.splits - self.selections;
		expansion_transforms(rows) + self.selections * self.gadget().transforms() + linear
	}

	/// Estimated nanoseconds of one core for one evaluation.
	pub fn nanoseconds(&self) -> u64 {
		let rows: u64 = self.batches.iter().map(|batch| batch.rows.len() as u64).sum();
		let linear = self.splits - self.selections;
		rows * SLOT_NANOSECONDS
			+ (self.selections * self.gadget().transforms() + 2 * linear) * TRANSFORM_NANOSECONDS
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		let rows = self.batches.iter().map(|batch| batch.rows.len()).max().unwrap_or_default();
		memory_bytes(rows)
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

	/// Puts the limbs in the coefficients of a result together.
	pub(crate) fn combine(&self, coefficients: &[i64]) -> Vec<i64> {
		limbs::combine(coefficients, self.limb_bits, self.limbs)
	}

	/// Fixed fields (predicates, trees: u32; outputs: u16; gadget, limb bits, limbs, unit, result
	/// bits: u8; a zero), then the trees.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(FIXED_BYTES + self.splits as usize * 6);
		bytes.extend((self.predicates as u32).to_le_bytes());
		bytes.extend((self.trees.len() as u32).to_le_bytes());
		bytes.extend((self.outputs as u16).to_le_bytes());
		bytes.extend([self.gadget, self.limb_bits as u8, self.limbs as u8]);
		bytes.extend([self.encoding.unit_log2 as u8, self.encoding.result_bits as u8, 0]);
		self.trees.iter().for_each(|tree| tree.write(&mut bytes));
		bytes
	}

	/// Reads what [`ForestCircuit::to_bytes`] wrote, and checks it against the noise budget.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, ForestCircuitError> {
		let (fixed, mut rest) =
			bytes.split_first_chunk::<FIXED_BYTES>().ok_or(ForestCircuitError::Malformed)?;
		let [p0, p1, p2, p3, t0, t1, t2, t3, o0, o1, gadget, limb_bits, limbs, unit, result, zero] =
			*fixed;
		let predicates = u32::from_le_bytes([p0, p1, p2, p3]) as usize;
		let count = u32::from_le_bytes([t0, t1, t2, t3]) as usize;
		let outputs = usize::from(u16::from_le_bytes([o0, o1]));
		let (limb_bits, limbs) = (u32::from(limb_bits), usize::from(limbs));
		let fits = (1..=8).contains(&limb_bits) && limbs > 0 && limbs * outputs <= POLYNOMIAL_SIZE;
		if zero != 0 || !fits || predicates > MAX_PREDICATES || count > MAX_TREES {
			return Err(ForestCircuitError::Malformed);
		}
		let mut trees = Vec::new();
		let mut nodes_left = MAX_NODES;
		for _ in 0..count {
			let tree = Tree::read(&mut rest, &mut nodes_left);
			trees.push(tree.ok_or(ForestCircuitError::Malformed)?);
		}
		if !rest.is_empty() {
			return Err(ForestCircuitError::Malformed);
		}
		check(predicates, outputs, &trees)?;
		let choice = Choice { gadget, limb_bits, limbs };
		let mut circuit = Self::derive(predicates, outputs, trees, choice)?;
		let (unit, result) = (u32::from(unit), u32::from(result));
		if !UNITS_LOG2.contains(&unit) {
			return Err(ForestCircuitError::Budget);
		}
		let noise = circuit.noise + circuit.linear_noise(unit);
		circuit.encoding = ResultEncoding::new(unit, result, noise, &circuit.ranges())
			.ok_or(ForestCircuitError::Budget)?;
		circuit.check_memory()
	}
}

fn check(predicates: usize, outputs: usize, trees: &[Tree]) -> Result<(), ForestCircuitError> {
	let nodes: usize = trees.iter().map(|tree| tree.nodes.len()).sum();
	let sizes = (1..=MAX_TREES).contains(&trees.len())
		&& nodes <= MAX_NODES
		&& (1..=MAX_PREDICATES).contains(&predicates)
		&& (1..=MAX_OUTPUTS).contains(&outputs);
	if !sizes {
		return Err(ForestCircuitError::Size);
	}
	match trees.iter().position(|tree| !tree.is_well_formed(predicates, outputs)) {
		Some(at) => Err(ForestCircuitError::Tree(at)),
		None => Ok(()),
	}
}
