//! Numbers that the client knows before it encrypts, and needs again after decryption.
//!
//! A vote of trees and of a linear model, or a stack that passes features on, needs both what trees give and what the
//! client computes of its row itself. Whoever decrypts has the result alone, so such numbers go through the encrypted
//! core as well: the client writes them in binary digits, and a tree of one split for each digit adds them up again.

use super::{
	error::OnnxError,
	expansion::{Expansion, floats, integer, integers, texts},
	external::Beside,
	graph::Graph,
	node::Node,
	order::Order,
	part::{Taken, program},
};
use crate::{
	cell::Cell,
	program::{Kind, Tensor, Values},
	proto::{ML, NodeProto, data_type},
};
use std::collections::{BTreeSet, HashSet};

/// Digits of a number that is no integer: its rounding is far below that of the trees' leaves.
const DIGITS: u32 = 14;
/// Most digits of an integer.
const MAX_DIGITS: u32 = 20;
/// Most numbers of one tensor.
const MAX_NUMBERS: usize = 128;
/// How much farther than in the calibration rows a number may be, in parts of its range there.
const MARGIN: f64 = 0.25;

/// Numbers that depend on the row alone, and are needed after decryption.
pub(super) struct Carried {
	pub tensors: Vec<String>,
	/// The nodes after decryption, some of which need them.
	pub nodes: BTreeSet<usize>,
}

/// Lets numbers that depend on the row alone go through the trees; `rows` show their ranges.
///
/// # Errors
/// If there are no rows, or a tensor is no short table of numbers.
pub(super) fn carry(
	graph: &mut Graph,
	beside: Beside,
	carried: &Carried,
	rows: &[Vec<Cell>],
) -> Result<(), OnnxError> {
	let Carried { tensors, nodes } = carried;
	// From the last place to the first, so that the numbers of nodes before stay.
	let mut added: Vec<(usize, Vec<NodeProto>)> = Vec::new();
	for tensor in tensors {
		let numbers = ranges(graph, beside, tensor, rows)?;
		let reads = |at: &usize| graph.nodes.get(*at).is_some_and(|n| n.input.contains(tensor));
		let consumers: Vec<usize> = nodes.iter().copied().filter(reads).collect();
		let Some(&first) = consumers.first() else {
			return Err(OnnxError::NeedsRow { node: tensor.clone() });
		};
		let mut expansion = Expansion::new(&format!("{tensor}/carried"));
		let carried = through_digits(&mut expansion, tensor, &numbers);
		for consumer in consumers {
			for input in graph.nodes.get_mut(consumer).into_iter().flat_map(|node| &mut node.input)
			{
				if input == tensor {
					input.clone_from(&carried);
				}
			}
		}
		let (nodes, constants) = expansion.into_parts();
		added.push((first, nodes));
		graph.add_constants(constants)?;
	}
	added.sort_by_key(|(first, _)| std::cmp::Reverse(*first));
	for (first, nodes) in added {
		graph.nodes.splice(first..first, nodes);
	}
	Ok(())
}

/// The tensors that depend on trees.
pub(super) fn of_trees(graph: &Graph) -> HashSet<String> {
	let mut reached: HashSet<String> = HashSet::new();
	for node in &graph.nodes {
		if Node(node).is_trees() || node.input.iter().any(|name| reached.contains(name)) {
			reached.extend(node.output.iter().cloned());
		}
	}
	reached
}

/// The dimensions of a tensor, and for each of its numbers how it is written in digits.
struct Numbers {
	dims: Vec<usize>,
	digits: u32,
	low: Vec<f64>,
	step: Vec<f64>,
	is_integer: bool,
}

fn ranges(
	graph: &Graph,
	beside: Beside,
	tensor: &str,
	rows: &[Vec<Cell>],
) -> Result<Numbers, OnnxError> {
	let needs_row = || OnnxError::NeedsRow { node: tensor.into() };
	let order = Order::of(graph);
	let nodes = match order.producer(tensor) {
		Some(producer) => order.with_ancestors(producer).ok_or_else(needs_row)?,
		None => BTreeSet::new(),
	};
	let inputs: Vec<Taken> = graph.inputs.iter().map(Taken::of).collect();
	let program = program(graph, beside, &nodes, &inputs, &[tensor.to_string()])?;
	let mut found: Option<(Tensor, Vec<(f64, f64)>)> = None;
	for row in rows {
		let outputs = program.run_row(row).map_err(OnnxError::Program)?;
		let output = outputs.into_iter().next().ok_or_else(needs_row)?;
		let Values::Numbers(numbers) = &output.values else { return Err(needs_row()) };
		match &mut found {
			None => {
				let ranges = numbers.iter().map(|&number| (number, number)).collect();
				found = Some((output, ranges));
			},
			Some((first, ranges)) if first.dims == output.dims => {
				for ((low, high), &number) in ranges.iter_mut().zip(numbers) {
					(*low, *high) = (low.min(number), high.max(number));
				}
			},
			Some(_) => return Err(OnnxError::NotRows(tensor.into())),
		}
	}
	let Some((first, ranges)) = found else {
		return Err(OnnxError::NeedsRows { tensor: tensor.into() });
	};
	let finite = ranges.iter().all(|(low, high)| low.is_finite() && high.is_finite());
	if ranges.is_empty() || ranges.len() > MAX_NUMBERS || !finite {
		return Err(needs_row());
	}
	let is_integer = matches!(first.kind, Kind::Integer | Kind::Bool);
	if is_integer {
		let span = ranges.iter().map(|(low, high)| high - low).fold(1.0, f64::max);
		let digits = (span + 1.0).log2().ceil();
		if digits > f64::from(MAX_DIGITS) {
			return Err(needs_row());
		}
		let low = ranges.iter().map(|(low, _)| *low).collect();
		let step = vec![1.0; ranges.len()];
		return Ok(Numbers { dims: first.dims, digits: digits as u32, low, step, is_integer });
	}
	let widened = |(low, high): &(f64, f64)| {
		// A number that never changes takes a range, too.
		let span = (high - low).max(1e-3 * low.abs().max(1.0));
		(low - MARGIN * span, (1.0 + 2.0 * MARGIN) * span)
	};
	let (low, span): (Vec<f64>, Vec<f64>) = ranges.iter().map(widened).unzip();
	let step = span.iter().map(|span| span / f64::from((1 << DIGITS) - 1)).collect();
	Ok(Numbers { dims: first.dims, digits: DIGITS, low, step, is_integer })
}

/// Nodes that write a tensor in digits and trees that add these up; the name of the sum.
fn through_digits(expansion: &mut Expansion, tensor: &str, numbers: &Numbers) -> String {
	let Numbers { dims, digits, low, step, is_integer } = numbers;
	let (count, digits) = (low.len(), *digits as usize);
	let row = |len: &[i64]| [&[-1], len].concat();
	let flat_shape = expansion.list("flat", &row(&[count as i64]));
	let flat = expansion.node("Reshape", "numbers", &[tensor, &flat_shape]);
	let single = expansion.node("Cast", "single", &[&flat]);
	expansion.attribute("to", integer(data_type::FLOAT.into()));
	let lows = expansion.constant("low", &[count], low);
	let steps = expansion.constant("step", &[count], step);
	let half = expansion.constant("half", &[1], &[0.5]);
	let zero = expansion.constant("zero", &[1], &[0.0]);
	let most = expansion.constant("most", &[1], &[f64::from((1u32 << digits) - 1)]);
	let shifted = expansion.node("Sub", "shifted", &[&single, &lows]);
	let scaled = expansion.node("Div", "scaled", &[&shifted, &steps]);
	let rounded = expansion.node("Add", "plus half", &[&scaled, &half]);
	let whole = expansion.node("Floor", "whole", &[&rounded]);
	let positive = expansion.node("Max", "positive", &[&whole, &zero]);
	let bounded = expansion.node("Min", "bounded", &[&positive, &most]);
	let column_shape = expansion.list("column", &row(&[count as i64, 1]));
	let column = expansion.node("Reshape", "columns", &[&bounded, &column_shape]);
	let powers: Vec<f64> = (0..digits).map(|digit| (1u64 << digit) as f64).collect();
	let places = expansion.constant("powers", &[digits], &powers);
	let two = expansion.constant("two", &[1], &[2.0]);
	let quotient = expansion.node("Div", "quotient", &[&column, &places]);
	let prefix = expansion.node("Floor", "prefix", &[&quotient]);
	let halved = expansion.node("Div", "halved", &[&prefix, &two]);
	let without = expansion.node("Floor", "without", &[&halved]);
	let doubled = expansion.node("Mul", "doubled", &[&without, &two]);
	let last = expansion.node("Sub", "digits", &[&prefix, &doubled]);
	let bits_shape = expansion.list("bits", &row(&[(count * digits) as i64]));
	let bits = expansion.node("Reshape", "row of digits", &[&last, &bits_shape]);
	let sum = trees(expansion, &bits, low, step, digits);
	let shape: Vec<i64> = dims.iter().map(|&dim| dim as i64).collect();
	let shape = expansion.list("shape", &shape);
	if !is_integer {
		return expansion.node("Reshape", "again", &[&sum, &shape]);
	}
	let nearest = expansion.node("Add", "sum plus half", &[&sum, &half]);
	let nearest = expansion.node("Floor", "nearest", &[&nearest]);
	let cast = expansion.node("Cast", "integer", &[&nearest]);
	expansion.attribute("to", integer(data_type::INT64.into()));
	expansion.node("Reshape", "again", &[&cast, &shape])
}

/// A tree for each digit of each number: low + the sum of step 2^k for the digits k that are set.
fn trees(
	expansion: &mut Expansion,
	bits: &str,
	low: &[f64],
	step: &[f64],
	digits: usize,
) -> String {
	let sum = expansion.node("TreeEnsembleRegressor", "sum", &[bits]);
	expansion.domain(ML);
	let trees = low.len() * digits;
	let of_trees = |of: [i64; 3]| -> Vec<i64> { (0..trees).flat_map(|_| of).collect() };
	let numbered =
		|of: fn(i64) -> [i64; 3]| -> Vec<i64> { (0..trees as i64).flat_map(of).collect() };
	let leaf = |tree: usize| {
		let (number, digit) = (tree / digits, tree % digits);
		step.get(number).copied().unwrap_or_default() * (1u64 << digit) as f64
	};
	let two = |of: &dyn Fn(usize) -> [i64; 2]| -> Vec<i64> { (0..trees).flat_map(of).collect() };
	let lists = [
		("nodes_treeids", integers(numbered(|tree| [tree; 3]))),
		("nodes_nodeids", integers(of_trees([0, 1, 2]))),
		("nodes_featureids", integers(numbered(|tree| [tree, 0, 0]))),
		("nodes_truenodeids", integers(of_trees([1, 0, 0]))),
		("nodes_falsenodeids", integers(of_trees([2, 0, 0]))),
		("nodes_modes", texts((0..trees).flat_map(|_| ["BRANCH_LEQ", "LEAF", "LEAF"]))),
		("nodes_values", floats((0..trees).flat_map(|_| [0.5, 0.0, 0.0]))),
		("target_treeids", integers(two(&|tree| [tree as i64; 2]))),
		("target_nodeids", integers(two(&|_| [1, 2]))),
		("target_ids", integers(two(&|tree| [(tree / digits) as i64; 2]))),
		("target_weights", floats((0..trees).flat_map(|tree| [0.0, leaf(tree)]))),
		("base_values", floats(low.iter().copied())),
		("n_targets", integer(low.len() as i64)),
	];
	for (name, attribute) in lists {
		expansion.attribute(name, attribute);
	}
	sum
}
