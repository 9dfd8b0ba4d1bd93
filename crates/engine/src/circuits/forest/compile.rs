//! The choice of gadget, limbs and unit.

use super::{Choice, ForestCircuit, ForestCircuitError, PredicateEntries, layout::Layout, noise};
use crate::{
	algorithms::expansion::Cut,
	circuits::{
		batch,
		levelled::{ResultEncoding, UNITS_LOG2, cost::check_memory},
		tree::{MAX_NODES, MAX_OUTPUTS, MAX_PREDICATES, MAX_TREES, Tree},
	},
	math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS},
	noise::Variance,
};
use alloc::{vec, vec::Vec};

impl ForestCircuit {
	/// Chooses gadget, limbs and unit for the least time, then for the smallest result.
	///
	/// # Errors
	/// If there are too few or too many trees, nodes, predicates or outputs, if a tree is malformed, if
	/// the noise leaves no room for the sums, or if the evaluation would take too much memory.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::circuits::forest::{ForestCircuit, Node, Tree};
	///
	/// // A stump: 5 if bit 0 is clear, -3 if it is set.
	/// let leaf = |value| Node::Leaf(vec![(0, value)]);
	/// let stump = Tree { nodes: vec![Node::Split { predicate: 0, one: 2 }, leaf(5), leaf(-3)] };
	/// let circuit = ForestCircuit::compile(1, 1, vec![stump])?;
	/// assert_eq!(circuit.evaluate_clear(&[1]), vec![-3]);
	/// # Ok::<(), fhe_ml_engine::ForestCircuitError>(())
	/// ```
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
			let mut circuit =
				Self::derive(predicates, outputs, trees.clone(), choice, Layout::Used)?;
			noise = circuit.noise.log2_relative();
			for limb_bits in (1..=8).rev() {
				let limbs = bits.div_ceil(limb_bits).max(1) as usize;
				if limbs * outputs > POLYNOMIAL_SIZE {
					break;
				}
				circuit.choice = Choice { limb_bits, limbs, ..choice };
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
		check_memory(&circuit)?;
		Ok(circuit)
	}

	fn chosen_encoding(&self) -> Option<ResultEncoding> {
		let ranges = self.ranges();
		// The noise of linear bits depends on the unit.
		UNITS_LOG2.into_iter().find_map(|unit| {
			ResultEncoding::choose(unit, self.noise + self.linear_noise(unit), &ranges)
		})
	}

	/// Everything that follows from the trees and the choices; the encoding is still empty.
	pub(super) fn derive(
		predicates: usize,
		outputs: usize,
		trees: Vec<Tree>,
		choice: Choice,
		layout: Layout,
	) -> Result<Self, ForestCircuitError> {
		let gadget =
			*SELECTOR_GADGETS.get(usize::from(choice.gadget)).ok_or(ForestCircuitError::Budget)?;
		let levels = gadget.mask.levels as usize;
		let mut selects = vec![false; predicates];
		for (_, predicate, is_linear) in trees.iter().flat_map(Tree::splits) {
			selects[predicate] |= !is_linear;
		}
		let unused = PredicateEntries { first: usize::MAX, selects: false };
		let mut entries_of = vec![unused; predicates];
		let (mut entries, mut splits, mut selections) = (0, 0, 0);
		if matches!(layout, Layout::Grid { .. }) {
			for place in &mut entries_of {
				*place = PredicateEntries { first: entries, selects: true };
				entries += levels;
			}
		}
		for (_, predicate, is_linear) in trees.iter().flat_map(Tree::splits) {
			if entries_of[predicate].first == usize::MAX {
				let selects = selects[predicate];
				entries_of[predicate] = PredicateEntries { first: entries, selects };
				entries += if selects { levels } else { 1 };
			}
			splits += 1;
			selections += u64::from(!is_linear);
		}
		let is_added_early = layout.linear_cut(outputs * choice.limbs) != Cut::END;
		let batches = batch::batches(&trees, entries, |tree, rows| {
			rows_of(tree, &entries_of, levels, is_added_early, rows);
		});
		// A path adds one external product per selection; only one path is taken.
		let product = Variance::external_product(gadget, Variance::expanded(), 1.0);
		let noise = noise::of_selections(&trees, product);
		let encoding = ResultEncoding::default();
		Ok(Self {
			predicates,
			outputs,
			trees,
			choice,
			layout,
			encoding,
			entries_of,
			entries,
			batches,
			splits,
			selections,
			noise,
		})
	}
}

/// Appends the entries whose ciphertexts a tree needs, in any order.
pub(super) fn rows_of(
	tree: &Tree,
	entries_of: &[PredicateEntries],
	levels: usize,
	is_added_early: bool,
	rows: &mut Vec<usize>,
) {
	for (_, predicate, is_linear) in tree.splits() {
		if !(is_added_early && is_linear) {
			let place = entries_of[predicate];
			rows.extend(place.first..place.first + if place.selects { levels } else { 1 });
		}
	}
}

pub(super) fn check(
	predicates: usize,
	outputs: usize,
	trees: &[Tree],
) -> Result<(), ForestCircuitError> {
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
