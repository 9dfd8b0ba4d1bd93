//! Follows every node of a graph from its inputs to its outputs.

use super::{
	error::OnnxError,
	formula::Formula,
	graph::Graph,
	known::{Extent, Known},
	node::Node,
	ops::{
		self,
		operator::{Operator, full_name},
		trees,
	},
};

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

/// All that is known of a graph when every node was followed.
///
/// # Errors
/// If a node cannot be followed.
pub(crate) fn follow(graph: &Graph) -> Result<Known, OnnxError> {
	let mut extent = Extent { outputs: forest_outputs(graph)?, units: 0 };
	loop {
		let mut known = Known::of(graph, &graph.inputs, extent)?;
		match (follow_with(graph, &mut known), known.more_units) {
			(Err(_), Some(units)) => extent.units = units,
			(result, _) => return result.map(|()| known),
		}
	}
}

fn follow_with(graph: &Graph, known: &mut Known) -> Result<(), OnnxError> {
	for node in &graph.nodes {
		let node = Node(node);
		let formulas = operator(graph, node)?.apply(known, node)?;
		for (name, formula) in node.0.output.iter().zip(formulas) {
			known.learn(name, formula)?;
		}
	}
	Ok(())
}

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
