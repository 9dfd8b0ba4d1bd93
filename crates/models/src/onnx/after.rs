//! What the client makes of the decrypted outputs, where that is more than a [`Task`] of its own says.

use super::{
	carry::{self, Carried},
	cut::Parts,
	error::OnnxError,
	external::Beside,
	formula::{Constant, Dependence, Formula, ScoreFormula},
	graph::Graph,
	known::precision,
	node::Node,
	part::{Taken, program},
	task::Rows,
};
use crate::{
	card::{Classes, Computed, Derived, Task, Transform},
	float::{
		affine::{Affine, Basis, Row},
		chain::Precision,
	},
	program::Kind,
	proto::data_type,
};
use std::collections::{BTreeSet, HashSet};

/// What is after the core.
pub(super) enum After {
	/// The task of a graph whose outputs are computed from what the core gives.
	Task(Basis, Vec<Row>, Task),
	/// Numbers depend on the row alone, and are needed beside what trees give.
	Carry(Carried),
}

/// The task of a graph whose outputs are computed from what the core gives.
///
/// # Errors
/// If they are no prediction, or need the features in a way that cannot be helped.
pub(super) fn task(graph: &Graph, beside: Beside, parts: &mut Parts) -> Result<After, OnnxError> {
	let of_trees = parts.known.forest.is_some().then(|| carry::of_trees(graph));
	let (nodes, taken, carried) = Default::default();
	let mut frontier = Frontier { graph, parts, of_trees, nodes, taken, carried };
	for output in &graph.outputs {
		frontier.visit(output)?;
	}
	let Frontier { nodes, taken, carried, .. } = frontier;
	if !carried.is_empty() {
		return Ok(After::Carry(Carried { tensors: carried, nodes }));
	}
	if !taken.iter().any(|(_, formula)| mixes(formula)) {
		// Nothing would be left to evaluate.
		let nothing = || OnnxError::Outputs("they depend on no layer and no tree".into());
		return Err(parts.first.take().unwrap_or_else(nothing));
	}
	let mut rows = Rows::default();
	let mut inputs = Vec::new();
	let mut names = Vec::new();
	for (name, formula) in taken {
		let (derived, taken) = derived(parts, &name, formula, &mut rows)?;
		inputs.push(derived);
		names.push(taken);
	}
	let program = program(graph, beside, &nodes, &names, &graph.outputs)?;
	let zeros = vec![0.0; rows.len()];
	let values = inputs.iter().map(|input: &Derived| input.of(&zeros)).collect();
	let outputs = program.run(values).map_err(OnnxError::Program)?;
	let is_label = |kind: Kind| matches!(kind, Kind::Integer | Kind::Text | Kind::Bool);
	let label = outputs.iter().rposition(|output| is_label(output.kind));
	let scores = outputs.iter().rposition(|output| !is_label(output.kind));
	let classes = label.and_then(|_| classes(graph, parts));
	let computed = Computed { inputs, program, label, scores, classes };
	let (basis, rows) = rows.into_parts()?;
	Ok(After::Task(basis, rows, Task::Computed(Box::new(computed))))
}

/// Finds where the core's outputs enter the nodes after it.
struct Frontier<'a, 'b> {
	graph: &'a Graph,
	parts: &'b Parts<'a>,
	/// Tensors that depend on trees, if there are trees.
	of_trees: Option<HashSet<String>>,
	nodes: BTreeSet<usize>,
	taken: Vec<(String, Formula)>,
	carried: Vec<String>,
}

impl Frontier<'_, '_> {
	fn visit(&mut self, output: &str) -> Result<(), OnnxError> {
		let mut open = vec![output.to_string()];
		while let Some(name) = open.pop() {
			let formula = self.parts.known.formula(&name);
			if self.is_beside_trees(&name, formula) {
				if !self.carried.contains(&name) {
					self.carried.push(name);
				}
				continue;
			}
			if let Some(taken) = formula.filter(|formula| is_taken(formula)) {
				if !self.taken.iter().any(|(known, _)| *known == name) {
					self.taken.push((name, taken.clone()));
				}
				continue;
			}
			let Some(at) = self.parts.order.producer(&name) else {
				match formula {
					Some(Formula::Constant { .. }) => continue,
					_ if name.is_empty() => continue,
					Some(Formula::Opaque) => return Err(OnnxError::NeedsRow { node: name }),
					_ => return Err(OnnxError::Outputs(format!("no node computes `{name}`"))),
				}
			};
			let Some(node) = self.graph.nodes.get(at) else { continue };
			let is_rows = formula.is_some_and(|formula| formula.depends_on() == Dependence::Row);
			if self.parts.before.contains(&at) && !self.parts.order.is_constant(at) && is_rows {
				return Err(OnnxError::NeedsRow { node: Node(node).name().into() });
			}
			if !self.parts.order.client_has(at) {
				// It is followed, but not to a prediction.
				let own = Node(node).unsupported("where the client would have to compute it");
				return Err(own);
			}
			if self.nodes.insert(at) {
				open.extend(node.input.iter().cloned());
			}
		}
		Ok(())
	}

	/// Whether a tensor depends on the row, and not on the trees that there are.
	fn is_beside_trees(&self, name: &str, formula: Option<&Formula>) -> bool {
		let Some(of_trees) = &self.of_trees else { return false };
		let is_constant = match (formula, self.parts.order.producer(name)) {
			(Some(Formula::Constant { .. }), _) => true,
			(_, Some(producer)) => self.parts.order.is_constant(producer),
			(formula, None) => formula.is_none(),
		};
		!is_constant && !of_trees.contains(name)
	}
}

/// Whether a tensor can be made of decrypted outputs.
fn is_taken(formula: &Formula) -> bool {
	matches!(
		formula,
		Formula::Affine(_) | Formula::Exp(_) | Formula::Scores(_) | Formula::Label(_, Some(_))
	) || formula.folded().is_some()
}

/// Whether it is more than the features themselves.
fn mixes(formula: &Formula) -> bool {
	let Some(affine) = formula.affine() else { return false };
	let used = |row: &Row| row.weights.iter().filter(|weight| **weight != 0.0).take(2).count();
	affine.basis != Basis::Features || affine.rows.iter().any(|row| used(row) > 1)
}

fn derived(
	parts: &Parts,
	name: &str,
	formula: Formula,
	rows: &mut Rows,
) -> Result<(Derived, Taken), OnnxError> {
	let numbers = match precision(&parts.inputs) {
		Precision::Double => data_type::DOUBLE,
		Precision::Single => data_type::FLOAT,
	};
	let taken = |elements, dims| Taken { name: name.into(), elements, dims };
	let dims_of = |affine: &Affine| vec![1, affine.rows.len()];
	let (scores, dims) = match formula {
		Formula::Affine(affine) => (ScoreFormula::plain(affine.clone()), dims_of(&affine)),
		Formula::Folded(table, dims) => match *table {
			Formula::Affine(affine) => {
				(ScoreFormula::plain(affine), [&[1], dims.as_slice()].concat())
			},
			other => return Err(OnnxError::Outputs(format!("`{name}` is {}", other.describe()))),
		},
		Formula::Exp(affine) => {
			(ScoreFormula::of(affine.clone(), Transform::Exp), dims_of(&affine))
		},
		Formula::Scores(scores) => {
			let dims = dims_of(&scores.affine);
			(scores, dims)
		},
		Formula::Label(decision, Some(classes)) => {
			let elements = match &classes {
				Classes::Integers(_) => data_type::INT64,
				Classes::Strings(_) => data_type::STRING,
			};
			let decision = rows.scores(&decision)?;
			return Ok((Derived::Label { classes, decision }, taken(elements, vec![1])));
		},
		other => return Err(OnnxError::Outputs(format!("`{name}` is {}", other.describe()))),
	};
	let is_double = numbers == data_type::DOUBLE;
	let scores = rows.scores(&scores)?;
	Ok((Derived::Scores { scores, dims: dims.clone(), is_double }, taken(numbers, dims)))
}

/// The classes, if a node has a list of them: the last that selects from one.
fn classes(graph: &Graph, parts: &Parts) -> Option<Classes> {
	let listed = graph.nodes.iter().rev().find_map(|node| {
		let constant = match node.op_type.as_str() {
			"ArrayFeatureExtractor" => parts.known.formula(node.input.first()?)?,
			_ => return None,
		};
		match constant {
			Formula::Constant { value: Constant::Strings(classes), .. } => {
				Some(Classes::Strings(classes.to_vec()))
			},
			Formula::Constant { value: Constant::Numbers(classes), .. } => {
				Some(Classes::Integers(classes.iter().map(|&class| class as i64).collect()))
			},
			_ => None,
		}
	});
	graph.zipmap_classes().or(listed)
}
