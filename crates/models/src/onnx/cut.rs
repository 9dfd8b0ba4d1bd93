//! Cuts a graph in three: what the client computes of its row, what is evaluated under encryption, and what the
//! client makes of the decrypted outputs.
//!
//! What can be followed as a formula is folded into the core. A node that cannot be is the client's: before the core
//! if its work is needed there, after it otherwise.

use super::{
	error::OnnxError,
	external::Beside,
	follow::{self, operator},
	formula::{Constant, Dependence, Formula},
	graph::{Graph, Input},
	known::{Extent, Known},
	node::Node,
	order::Order,
	part::{Taken, program},
	sample::sample,
};
use crate::{
	cell::Cell,
	program::{Kind, Program, Tensor, Values},
	proto::data_type,
};
use std::collections::{BTreeSet, HashSet};

/// Most numbers that the client computes for the core.
const MAX_COLUMNS: usize = fhe_ml_engine::circuits::linear::MAX_FEATURES;

const SECOND_TREES: &str = "before trees that look at what other trees give: let the last model of a stack be a linear one";

/// A graph that is cut.
pub(super) struct Parts<'a> {
	pub order: Order<'a>,
	/// The nodes before the core.
	pub before: BTreeSet<usize>,
	/// What the client computes of its row, if anything.
	pub program: Option<Program>,
	/// What the core takes: the graph's inputs, or what the program computes.
	pub inputs: Vec<Input>,
	/// What is known of the tensors up to the end of the core.
	pub known: Known,
	/// Whether every other node was followed.
	pub is_followed: bool,
	/// Why the first that was not could not be.
	pub first: Option<OnnxError>,
}

/// Cuts a graph. Of the client's part, the lengths of rows are found by running it on a row.
///
/// # Errors
/// If a node can neither be followed nor left to the client.
pub(super) fn cut<'a>(
	graph: &'a Graph,
	beside: Beside,
	row: Option<&[Cell]>,
) -> Result<Parts<'a>, OnnxError> {
	let order = Order::of(graph);
	let mut extent = Extent { outputs: follow::forest_outputs(graph)?, units: 0 };
	let mut before = BTreeSet::new();
	loop {
		let (program, inputs) = boundary(graph, beside, &order, &before, row)?;
		let known = Known::of(graph, &inputs, extent)?;
		let mut pass = Pass {
			graph,
			beside,
			order: &order,
			before: &before,
			known,
			found: BTreeSet::new(),
			later: HashSet::new(),
			decrypted: HashSet::new(),
			first: None,
		};
		if let Err(error) = pass.run() {
			match pass.known.more_units {
				Some(units) => extent.units = units,
				None => return Err(error),
			}
			continue;
		}
		let Pass { known, found, decrypted, first, .. } = pass;
		if found.is_empty() {
			// A program may give no other numbers than the core's columns.
			if let Some(other) = inputs.iter().find(|input| !input.is_table && !input.is_text()) {
				return Err(OnnxError::NotRows(other.name.clone()));
			}
			let is_followed = decrypted.is_empty();
			return Ok(Parts { order, before, program, inputs, known, is_followed, first });
		}
		before.extend(found);
	}
}

/// One look at all nodes that are not before the core.
struct Pass<'a> {
	graph: &'a Graph,
	beside: Beside<'a>,
	order: &'a Order<'a>,
	before: &'a BTreeSet<usize>,
	known: Known,
	/// Nodes that turned out to be before the core.
	found: BTreeSet<usize>,
	/// Their outputs, and what is made of these: to be followed in the next pass.
	later: HashSet<&'a str>,
	/// Outputs of nodes after the core that could not be followed.
	decrypted: HashSet<&'a str>,
	first: Option<OnnxError>,
}

impl<'a> Pass<'a> {
	fn run(&mut self) -> Result<(), OnnxError> {
		for (at, node) in self.graph.nodes.iter().enumerate() {
			if self.before.contains(&at) && !self.order.is_constant(at) {
				continue;
			}
			let reads =
				|names: &HashSet<&str>| node.input.iter().any(|name| names.contains(name.as_str()));
			let outputs = node.output.iter().map(String::as_str);
			if reads(&self.later) {
				self.later.extend(outputs);
			} else if reads(&self.decrypted) {
				self.leave_after(at, None)?;
			} else {
				self.follow(at)?;
			}
		}
		Ok(())
	}

	fn follow(&mut self, at: usize) -> Result<(), OnnxError> {
		let Some(proto) = self.graph.nodes.get(at) else { return Ok(()) };
		let node = Node(proto);
		let formulas =
			operator(self.graph, node).and_then(|operator| operator.apply(&mut self.known, node));
		let error = match formulas {
			Ok(formulas) => {
				for (name, formula) in proto.output.iter().zip(formulas) {
					self.known.learn(name, formula)?;
				}
				return Ok(());
			},
			Err(error) if self.known.more_units.is_some() => return Err(error),
			Err(error) => error,
		};
		if self.order.is_constant(at) {
			return self.fold(at, error);
		}
		let depends = |name: &String| self.known.formula(name).map(Formula::depends_on);
		let named = proto.input.iter().filter(|name| !name.is_empty());
		let depends: Option<Vec<Dependence>> = named.map(depends).collect();
		let Some(depends) = depends else { return Err(error) };
		let is_clients = depends.into_iter().max() != Some(Dependence::Core);
		let before = match is_clients {
			true if self.order.is_core(at) => {
				// If these are the client's already, so is it: a layer before another one.
				let inputs = self.inputs_of(at).filter(|inputs| !inputs.is_subset(self.before));
				inputs.or_else(|| match self.order.is_before_core(at) {
					true => self.order.with_ancestors(at),
					false => None,
				})
			},
			true if self.order.is_before_core(at) => self.order.with_ancestors(at),
			true => None,
			false if self.order.is_core(at) || self.order.is_before_core(at) => {
				return Err(match self.known.forest {
					Some(_) => node.unsupported(SECOND_TREES),
					None => error,
				});
			},
			false => None,
		};
		match before {
			Some(before) if !before.is_subset(self.before) => {
				self.found.extend(before);
				self.later.extend(proto.output.iter().map(String::as_str));
				Ok(())
			},
			_ if is_clients && (self.order.is_core(at) || self.order.is_before_core(at)) => {
				Err(error)
			},
			_ => self.leave_after(at, Some(error)),
		}
	}

	/// What computes the inputs of a core node that cannot be followed on them.
	fn inputs_of(&self, at: usize) -> Option<BTreeSet<usize>> {
		let inputs = self.graph.nodes.get(at).into_iter().flat_map(|node| &node.input);
		let producers = inputs.filter_map(|name| self.order.producer(name));
		let producers = producers.filter(|&producer| !self.order.is_constant(producer));
		let ancestors = producers.map(|producer| self.order.with_ancestors(producer));
		let all: Option<Vec<_>> = ancestors.collect();
		Some(all?.into_iter().flatten().collect())
	}

	fn leave_after(&mut self, at: usize, error: Option<OnnxError>) -> Result<(), OnnxError> {
		let Some(node) = self.graph.nodes.get(at) else { return Ok(()) };
		if !self.order.client_has(at) || self.order.is_core(at) {
			return Err(match error.or_else(|| self.first.take()) {
				Some(error) => error,
				None => Node(node).unsupported("after what the client makes of decrypted outputs"),
			});
		}
		self.decrypted.extend(node.output.iter().map(String::as_str));
		if self.first.is_none() {
			self.first = error;
		}
		Ok(())
	}

	/// Computes a constant.
	fn fold(&mut self, at: usize, error: OnnxError) -> Result<(), OnnxError> {
		let Some(nodes) = self.order.with_ancestors(at) else { return Err(error) };
		let Some(node) = self.graph.nodes.get(at) else { return Err(error) };
		let program = program(self.graph, self.beside, &nodes, &[], &node.output)?;
		let constants = program.run(Vec::new()).map_err(OnnxError::Program)?;
		for (name, Tensor { dims, values, .. }) in node.output.iter().zip(constants) {
			let value = match values {
				Values::Numbers(numbers) => Constant::Numbers(numbers.into()),
				Values::Text(texts) => Constant::Strings(texts.into()),
			};
			self.known.learn(name, Formula::Constant { dims, value })?;
		}
		Ok(())
	}
}

/// What the client computes of its row, if anything, and what the core takes.
fn boundary(
	graph: &Graph,
	beside: Beside,
	order: &Order,
	before: &BTreeSet<usize>,
	row: Option<&[Cell]>,
) -> Result<(Option<Program>, Vec<Input>), OnnxError> {
	if before.is_empty() && !graph.has_text() {
		return Ok((None, graph.inputs.clone()));
	}
	let is_before = |at: &usize| before.contains(at) && !order.is_constant(*at);
	let rest = (0..graph.nodes.len()).filter(|at| !is_before(at));
	let rest = rest.filter_map(|at| graph.nodes.get(at)).flat_map(|node| &node.input);
	let wanted: HashSet<&str> = rest.chain(&graph.outputs).map(String::as_str).collect();
	let inputs = graph.inputs.iter().map(|input| &input.name);
	let computed = before.iter().filter(|at| is_before(at));
	let computed = computed.filter_map(|&at| graph.nodes.get(at)).flat_map(|node| &node.output);
	let is_wanted = |name: &&String| wanted.contains(name.as_str());
	let outputs: Vec<String> = inputs.chain(computed).filter(is_wanted).cloned().collect();
	let taken: Vec<Taken> = graph.inputs.iter().map(Taken::of).collect();
	let program = program(graph, beside, before, &taken, &outputs)?;
	let rows = match row {
		Some(row) => program.run_row(row).map_err(OnnxError::Program)?,
		None => sample(graph, &program)?,
	};
	let columns = outputs.into_iter().zip(rows).map(|(name, tensor)| {
		let elements = elements(tensor.kind);
		match tensor.dims.as_slice() {
			[1, dims @ ..] => Input { name, dims: dims.to_vec(), elements, is_table: true },
			dims => Input { name, dims: dims.to_vec(), elements, is_table: false },
		}
	});
	let columns: Vec<Input> = columns.collect();
	let all = columns.iter().map(Input::columns).fold(0, usize::saturating_add);
	if all > MAX_COLUMNS {
		return Err(OnnxError::TooManyColumns(all));
	}
	Ok((Some(program), columns))
}

fn elements(kind: Kind) -> i32 {
	match kind {
		Kind::Single => data_type::FLOAT,
		Kind::Double => data_type::DOUBLE,
		Kind::Integer => data_type::INT64,
		Kind::Bool => data_type::BOOL,
		Kind::Text => data_type::STRING,
	}
}
