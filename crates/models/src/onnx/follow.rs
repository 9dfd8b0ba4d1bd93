//! Follows every node of a graph from its inputs to its outputs.

use super::{
	error::OnnxError,
	formula::Formula,
	graph::Graph,
	known::Known,
	node::Node,
	ops::{
		self,
		operator::{Operator, full_name},
	},
};

/// All that is known of a graph when every node was followed.
///
/// # Errors
/// If a node cannot be followed.
pub(crate) fn follow(graph: &Graph) -> Result<Known, OnnxError> {
	let mut known = Known::of(graph)?;
	for node in &graph.nodes {
		let node = Node(node);
		let operator = operator(graph, node)?;
		let formulas = operator.apply(&mut known, node)?;
		for (name, formula) in node.0.output.iter().zip(formulas) {
			known.learn(name, formula)?;
		}
	}
	Ok(known)
}

fn operator(graph: &Graph, node: Node) -> Result<&'static Operator, OnnxError> {
	if graph.has_function(node) {
		let operator = full_name(&node.0.domain, &node.0.op_type);
		return Err(OnnxError::OwnFunction { node: node.name().into(), operator });
	}
	ops::find(node, graph.operator_set(&node.0.domain))
}

/// What the outputs of a graph are.
///
/// # Errors
/// If no node computes one of them.
pub(crate) fn outputs(graph: &Graph, known: &Known) -> Result<Vec<Formula>, OnnxError> {
	let output = |name: &String| {
		let found = known.formula(name).cloned();
		found.ok_or_else(|| OnnxError::Outputs(format!("no node computes `{name}`")))
	};
	graph.outputs.iter().map(output).collect()
}
