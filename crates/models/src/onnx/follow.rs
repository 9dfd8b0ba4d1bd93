//! What it takes to follow the nodes of a graph from its inputs to its outputs.

use super::{
	error::OnnxError,
	formula::Formula,
	graph::Graph,
	known::Known,
	node::Node,
	ops::{self, operator::Operator, trees},
};
use crate::proto::operator::full_name;

/// Most outputs of all ensembles together.
const MAX_FOREST_OUTPUTS: usize = 1 << 12;

/// How many outputs all ensembles of trees in a graph have.
///
/// # Errors
/// If there are more than any circuit has.
pub(crate) fn forest_outputs(graph: &Graph) -> Result<usize, OnnxError> {
	let outputs = graph.nodes.iter().filter_map(|node| trees::outputs(Node(node)));
	let all = outputs.fold(0, usize::saturating_add);
	match all <= MAX_FOREST_OUTPUTS {
		true => Ok(all),
		false => Err(OnnxError::Outputs(format!(
			"its trees have {all} outputs; at most {MAX_FOREST_OUTPUTS} are supported"
		))),
	}
}

/// How a node's operator is followed.
///
/// # Errors
/// If it is no operator that is.
pub(crate) fn operator(graph: &Graph, node: Node) -> Result<&'static Operator, OnnxError> {
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
