//! Trees on a grid.

use super::{error::PrivateError, grid::Grid, prepared::Prepared};
use crate::{
	card::{Encoding, ModelCard, Predicates},
	float::calibration::Calibration,
};
use fhe_ml_engine::{
	ForestCircuit,
	circuits::{
		forest::{Node, Tree},
		private::PrivateSource,
	},
};

/// Moves the trees' comparisons to a grid, and their leaves to multiples of a power of two.
pub(super) fn prepare(
	forest: &ForestCircuit,
	predicates: &Predicates,
	card: &ModelCard,
	offsets: &[f64],
	rows: &Calibration<f64>,
	grid: &Grid,
	step: impl Fn(f64) -> f64,
) -> Result<Prepared, PrivateError> {
	let mut used = vec![false; predicates.list.len()];
	for node in forest.trees().iter().flat_map(|tree| &tree.nodes) {
		if let Node::Split { predicate, .. } = node
			&& let Some(used) = used.get_mut(*predicate as usize)
		{
			*used = true;
		}
	}
	let placed = grid.place(&used, predicates, card, rows)?;
	let step = step(card.output_steps.iter().copied().fold(0.0, f64::max));
	let steps = &card.output_steps;
	let rounded = |(output, value): (u16, i32)| {
		let own = steps.get(usize::from(output)).copied().unwrap_or(step);
		(output, (f64::from(value) * own / step).round() as i32)
	};
	let mut trees: Vec<Tree> = forest.trees().to_vec();
	for node in trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
		match node {
			Node::Split { predicate, .. } => {
				*predicate = placed.numbers.get(*predicate as usize).copied().unwrap_or_default();
			},
			Node::Leaf(values) => values.iter_mut().for_each(|value| *value = rounded(*value)),
		}
	}
	let constant = |(output, offset): (usize, &f64)| {
		let value = (offset / step).round();
		(value != 0.0).then_some((output as u16, value as i32))
	};
	let constants: Vec<(u16, i32)> = offsets.iter().enumerate().filter_map(constant).collect();
	if !constants.is_empty() {
		trees.push(Tree { nodes: vec![Node::Leaf(constants)] });
	}
	let source = PrivateSource::Forest {
		comparisons: placed.predicates.list.len(),
		outputs: steps.len(),
		trees,
	};
	Ok(Prepared { source, encoding: Encoding::Predicates(placed.predicates), step })
}
