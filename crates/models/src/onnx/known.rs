//! What is known of the graph's tensors while its nodes are followed.

use super::{
	error::OnnxError,
	formula::{Constant, Formula, ScoreFormula},
	graph::{Graph, Input},
	node::Node,
};
use crate::float::{
	affine::{Affine, Basis, Row},
	calibration::Scaler,
	chain::Precision,
	forest::FloatForest,
	network::FloatLayer,
};
use std::{collections::HashMap, sync::Arc};

/// Most numbers that all formulas of a graph take, 512 MiB: a file of few bytes can ask for any number of copies.
const MAX_SIZE: usize = 1 << 26;

/// Most hidden layers behind the first one.
const MAX_FURTHER_LAYERS: usize = 15;

/// How many variables the bases of a graph have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
	/// Outputs of all ensembles of trees.
	pub outputs: usize,
	/// Units of all hidden layers side by side; 0 while that is not known.
	pub units: usize,
}

/// How much of the ensembles of a graph is grown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ensembles {
	/// Outputs of those that are grown.
	pub outputs: usize,
	/// Outputs of all that the graph has.
	pub all_outputs: usize,
	/// Nodes of those that are grown.
	pub nodes: usize,
	/// Values of their leaves and sets.
	pub values: usize,
}

/// The formulas of the tensors so far, and the parts of the model that they refer to.
pub(crate) struct Known {
	formulas: HashMap<String, Formula>,
	/// How many numbers they take.
	size: usize,
	/// For each feature, what the linear part sees of it, if that is not the feature itself.
	pub scalers: Vec<Option<Scaler>>,
	/// How much of the forest is grown.
	pub ensembles: Ensembles,
	/// The forest, if there is one: all ensembles of the graph.
	pub forest: Option<FloatForest>,
	/// The hidden layer, if there is one: all of the graph, side by side.
	pub hidden: Option<FloatLayer>,
	/// The hidden layers behind it, each over the one before.
	pub further: Vec<FloatLayer>,
	/// Units of all hidden layers, of which some may be still to come; 0 before the first.
	units: usize,
	/// More units than that turned out to be there: all must be followed again.
	pub more_units: Option<usize>,
}

impl Known {
	/// The constants of a graph and its inputs, whose columns are the features.
	///
	/// # Errors
	/// If they are too large.
	pub fn of(graph: &Graph, inputs: &[Input], extent: Extent) -> Result<Self, OnnxError> {
		let Extent { outputs: all_outputs, units } = extent;
		let numbers = inputs.iter().filter(|input| !input.is_opaque());
		let features = numbers.map(Input::columns).sum();
		let precision = precision(inputs);
		let mut known = Self {
			formulas: HashMap::new(),
			size: 0,
			scalers: vec![None; features],
			ensembles: Ensembles { outputs: 0, all_outputs, nodes: 0, values: 0 },
			forest: None,
			hidden: None,
			further: Vec::new(),
			units,
			more_units: None,
		};
		for (name, formula) in &graph.initializers {
			known.learn(name, formula.clone())?;
		}
		let mut from = 0;
		for input in inputs {
			let columns = input.columns();
			if input.is_opaque() {
				known.learn(&input.name, Formula::Opaque)?;
				continue;
			}
			let affine = Affine::features(from, columns, features, precision);
			let affine = if input.is_half() { affine.without_chains() } else { affine };
			known.learn(&input.name, Formula::shaped(affine, &input.dims))?;
			from += columns;
		}
		Ok(known)
	}

	/// Remembers what a tensor is.
	///
	/// # Errors
	/// If all of them together are too large.
	pub fn learn(&mut self, name: &str, formula: Formula) -> Result<(), OnnxError> {
		self.size = self.size.saturating_add(formula.size());
		if self.size > MAX_SIZE {
			return Err(OnnxError::TooLarge(name.into()));
		}
		self.formulas.insert(name.into(), formula);
		Ok(())
	}

	/// What a tensor is, if that is known.
	pub fn formula(&self, name: &str) -> Option<&Formula> {
		self.formulas.get(name)
	}

	/// What a node's input is.
	///
	/// # Errors
	/// If it is missing or not known yet.
	pub fn input(&self, node: Node, at: usize) -> Result<&Formula, OnnxError> {
		let name = node.0.input.get(at).ok_or_else(|| node.malformed("an input is missing"))?;
		self.formula(name)
			.ok_or_else(|| node.malformed(format!("its input `{name}` is not computed before it")))
	}

	/// A node's input that must be constant numbers.
	///
	/// # Errors
	/// If it is something else.
	pub fn numbers(&self, node: Node, at: usize) -> Result<&[f64], OnnxError> {
		match self.input(node, at)? {
			Formula::Constant { value: Constant::Numbers(numbers), .. } => Ok(numbers),
			other => Err(not(node, at, other, "constant numbers")),
		}
	}

	/// A node's input that must be constant numbers, with their dimensions.
	///
	/// # Errors
	/// If it is something else.
	pub fn tensor(&self, node: Node, at: usize) -> Result<(&[usize], &Arc<[f64]>), OnnxError> {
		match self.input(node, at)? {
			Formula::Constant { dims, value: Constant::Numbers(numbers) } => Ok((dims, numbers)),
			other => Err(not(node, at, other, "constant numbers")),
		}
	}

	/// A node's input that must be constant integers.
	///
	/// # Errors
	/// If it is something else.
	pub fn integers(&self, node: Node, at: usize) -> Result<Vec<i64>, OnnxError> {
		let integer = |&number: &f64| (number.trunc() == number).then_some(number as i64);
		let integers = self.numbers(node, at)?.iter().map(integer).collect::<Option<_>>();
		integers.ok_or_else(|| node.malformed(format!("its input {at} is no list of integers")))
	}

	/// Integers that are an attribute in older operator sets, and an input in newer ones; `None` if it has neither.
	///
	/// # Errors
	/// If the input is something else.
	pub fn integers_or(
		&self,
		node: Node,
		name: &str,
		at: usize,
	) -> Result<Option<Vec<i64>>, OnnxError> {
		match node.has(name) {
			true => Ok(Some(node.ints(name).to_vec())),
			false if node.has_input(at) => self.integers(node, at).map(Some),
			false => Ok(None),
		}
	}

	/// Constant numbers, one for each column; one number is for all of them.
	///
	/// # Errors
	/// If it is something else, or its dimensions are not those of one number for each column of a table.
	pub fn per_column(&self, node: Node, at: usize, columns: usize) -> Result<Vec<f64>, OnnxError> {
		let (dims, numbers) = self.tensor(node, at)?;
		match dims {
			[] | [_] | [1, _] => per_column(node, numbers, columns),
			_ => Err(node.unsupported(format!("its input {at} has other numbers for other rows"))),
		}
	}

	/// A node's input that must be affine.
	///
	/// # Errors
	/// If it is something else.
	pub fn affine(&self, node: Node, at: usize) -> Result<&Affine, OnnxError> {
		match self.input(node, at)? {
			Formula::Affine(affine) => Ok(affine),
			other => Err(not(node, at, other, "affine in the features")),
		}
	}

	/// A node's input that must be scores.
	///
	/// # Errors
	/// If it is something else.
	pub fn scores(&self, node: Node, at: usize) -> Result<ScoreFormula, OnnxError> {
		match self.input(node, at)? {
			Formula::Affine(affine) => Ok(ScoreFormula::plain(affine.clone())),
			Formula::Scores(scores) => Ok(scores.clone()),
			other => Err(not(node, at, other, "scores")),
		}
	}

	/// That an operator does not take these inputs together.
	pub fn cannot(&self, node: Node) -> OnnxError {
		let inputs: Vec<&str> = (0..node.0.input.len())
			.filter_map(|at| self.input(node, at).ok().map(Formula::describe))
			.collect();
		let inputs = inputs.join(" and ");
		node.unsupported(format!("on {inputs}: do this before encryption or after decryption"))
	}

	/// What a tensor is for now, and what it was.
	pub fn replace(&mut self, name: &str, formula: Formula) -> Option<Formula> {
		self.formulas.insert(name.into(), formula)
	}

	/// The units of a hidden layer, which are beside those of others.
	///
	/// # Errors
	/// If the others have another activation, or are fewer than they were thought to be.
	pub fn units(&mut self, node: Node, layer: FloatLayer) -> Result<Affine, OnnxError> {
		let count = layer.rows.len();
		let hidden = self.hidden.get_or_insert_with(|| FloatLayer {
			from: 0,
			rows: Vec::new(),
			activation: layer.activation.clone(),
			channels: Vec::new(),
		});
		if hidden.activation != layer.activation {
			return Err(node.unsupported(
				"a hidden layer beside another one with other activations: train both with the same",
			));
		}
		// Two dense layers may read the same hidden layer.
		let known = hidden.rows.windows(count.max(1)).position(|rows| rows == layer.rows);
		let first = known.unwrap_or(hidden.rows.len());
		if known.is_none() {
			hidden.rows.extend(layer.rows);
			hidden.channels.extend(layer.channels);
		}
		self.units = if self.units == 0 { count } else { self.units };
		if first + count > self.units {
			self.more_units = Some(first + count);
			return Err(node.unsupported("a hidden layer beside another one"));
		}
		Ok(Affine::unchanged(Basis::Hidden, first, count, self.units))
	}

	/// The units of a hidden layer over those of others, of which the last one is behind `before` others.
	///
	/// # Errors
	/// If another layer is over the same one, or there are too many.
	pub fn units_behind(
		&mut self,
		node: Node,
		before: u8,
		layer: FloatLayer,
	) -> Result<Affine, OnnxError> {
		let count = layer.rows.len();
		let at = usize::from(before);
		match self.further.get(at) {
			// Only how many units make a channel may be known of one, and not of the other.
			Some(known) if known.is_same(&layer) => {},
			Some(_) => {
				return Err(node.unsupported(
					"on a hidden layer beside another one, over a third: only the first layers may be side by side",
				));
			},
			None if at >= MAX_FURTHER_LAYERS => {
				return Err(node.unsupported("after more than 16 hidden layers"));
			},
			None => self.further.push(layer),
		}
		Ok(Affine::unchanged(Basis::Behind(before + 1), 0, count, count))
	}

	/// An affine function of hidden layers as one of more of them: all from the first to the last one of `wanted`.
	///
	/// # Errors
	/// If it takes too many weights, or is of something else.
	pub fn among(
		&self,
		node: Node,
		affine: &Affine,
		wanted: (u8, u8),
	) -> Result<Affine, OnnxError> {
		let Some((first, last)) = affine.basis.layers() else { return Err(self.cannot(node)) };
		let units = |layer: u8| match usize::from(layer).checked_sub(1) {
			None => self.units,
			Some(at) => self.further.get(at).map_or(0, |layer| layer.rows.len()),
		};
		let before: usize = (wanted.0..first).map(units).sum();
		let after: usize = (last..wanted.1).map(|layer| units(layer + 1)).sum();
		node.check_weights(affine.rows.len(), before + affine.variables() + after)?;
		Ok(affine.among(Basis::of_layers(wanted.0, wanted.1), before, after))
	}

	/// Remembers what a linear layer sees of each feature, if that is a x + b.
	pub fn note_scalers(&mut self, seen: &Affine) {
		if seen.basis != Basis::Features {
			return;
		}
		for &Row { ref weights, bias: shift } in &seen.rows {
			let mut used = weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0);
			if let (Some((feature, &slope)), None) = (used.next(), used.next())
				&& (slope, shift) != (1.0, 0.0)
			{
				self.scalers[feature] = Some(Scaler { slope, shift });
			}
		}
	}
}

/// In which precision features enter.
pub(crate) fn precision(inputs: &[Input]) -> Precision {
	match inputs.iter().any(Input::is_double) {
		true => Precision::Double,
		false => Precision::Single,
	}
}

fn not(node: Node, at: usize, found: &Formula, wanted: &str) -> OnnxError {
	node.unsupported(format!("its input {at} is {}, not {wanted}", found.describe()))
}

/// One number for each column; one number is for all of them.
///
/// # Errors
/// If there are more or fewer numbers.
pub(crate) fn per_column(
	node: Node,
	numbers: &[f64],
	columns: usize,
) -> Result<Vec<f64>, OnnxError> {
	match numbers {
		[number] => Ok(vec![*number; columns]),
		_ if numbers.len() == columns => Ok(numbers.to_vec()),
		_ => Err(node.malformed(format!("{} numbers for {columns} columns", numbers.len()))),
	}
}
