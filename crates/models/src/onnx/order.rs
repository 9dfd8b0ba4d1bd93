//! Which node computes what, and what can be done on either side of the encrypted core.

use super::{graph::Graph, node::Node};
use crate::{program::has_operator, proto::ML};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The nodes of a graph as they depend on each other.
pub(super) struct Order<'a> {
	graph: &'a Graph,
	/// The node that computes a tensor.
	producers: HashMap<&'a str, usize>,
	/// Whether a node depends on nothing but constants.
	constant: Vec<bool>,
	/// Whether a node's work is what is to be encrypted.
	core: Vec<bool>,
	/// Whether such a node comes after it.
	before_core: Vec<bool>,
}

impl<'a> Order<'a> {
	pub fn of(graph: &'a Graph) -> Self {
		let mut producers = HashMap::new();
		for (at, node) in graph.nodes.iter().enumerate() {
			for output in node.output.iter().filter(|name| !name.is_empty()) {
				producers.entry(output.as_str()).or_insert(at);
			}
		}
		let inputs: HashSet<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
		let mut constant: Vec<bool> = Vec::with_capacity(graph.nodes.len());
		for node in &graph.nodes {
			// What is computed later, or nowhere, is no constant: following the node tells.
			let is_constant = |name: &String| match producers.get(name.as_str()) {
				Some(&producer) => constant.get(producer).copied().unwrap_or(false),
				None => !inputs.contains(name.as_str()),
			};
			constant.push(node.input.iter().all(is_constant));
		}
		let mut order =
			Self { graph, producers, constant, core: Vec::new(), before_core: Vec::new() };
		order.core = order.strongest();
		order.before_core = order.reaches();
		order
	}

	/// The nodes whose work is what is to be encrypted: trees, else layers, else sums.
	fn strongest(&self) -> Vec<bool> {
		let kinds: [fn(&Node) -> bool; 3] =
			[|node| node.is_trees(), |node| node.is_layer(), |node| node.is_sum()];
		let of = |kind: fn(&Node) -> bool| -> Vec<bool> {
			let nodes = self.graph.nodes.iter().zip(&self.constant);
			nodes.map(|(node, &constant)| !constant && kind(&Node(node))).collect()
		};
		let found = kinds.into_iter().map(of).find(|core| core.contains(&true));
		found.unwrap_or_else(|| vec![false; self.graph.nodes.len()])
	}

	/// Whether a core node comes after each node.
	fn reaches(&self) -> Vec<bool> {
		let mut reaches = vec![false; self.graph.nodes.len()];
		for (at, node) in self.graph.nodes.iter().enumerate().rev() {
			if self.core[at] || reaches[at] {
				for producer in node.input.iter().filter_map(|name| self.producer(name)) {
					// A node that comes later is malformed; following it tells.
					reaches[producer] |= producer < at;
				}
			}
		}
		reaches
	}

	/// The node that computes a tensor.
	pub fn producer(&self, tensor: &str) -> Option<usize> {
		self.producers.get(tensor).copied()
	}

	/// Whether a node depends on nothing but constants.
	pub fn is_constant(&self, node: usize) -> bool {
		self.constant.get(node).copied().unwrap_or(false)
	}

	/// Whether a node's work is what is to be encrypted.
	pub fn is_core(&self, node: usize) -> bool {
		self.core.get(node).copied().unwrap_or(false)
	}

	/// Whether a node whose work is to be encrypted comes after it.
	pub fn is_before_core(&self, node: usize) -> bool {
		self.before_core.get(node).copied().unwrap_or(false)
	}

	/// Whether the client can do a node's work.
	pub fn client_has(&self, node: usize) -> bool {
		self.graph.nodes.get(node).is_some_and(|node| {
			let version = self.graph.operator_set(&node.domain);
			!self.graph.has_function(Node(node))
				&& has_operator(&node.domain, &node.op_type, version)
		})
	}

	/// A node and all that it needs, if the client can do their work.
	pub fn with_ancestors(&self, node: usize) -> Option<BTreeSet<usize>> {
		let mut found = BTreeSet::new();
		let mut open = vec![node];
		while let Some(at) = open.pop() {
			if !self.client_has(at) {
				return None;
			}
			if found.insert(at) {
				let inputs = self.graph.nodes.get(at).into_iter().flat_map(|node| &node.input);
				open.extend(inputs.filter_map(|name| self.producer(name)));
			}
		}
		Some(found)
	}
}

impl Node<'_> {
	pub(super) fn is_trees(&self) -> bool {
		self.0.domain == ML && self.0.op_type.starts_with("TreeEnsemble")
	}

	fn is_layer(&self) -> bool {
		match self.0.domain.as_str() {
			ML => matches!(self.0.op_type.as_str(), "LinearClassifier" | "LinearRegressor"),
			_ => matches!(self.0.op_type.as_str(), "MatMul" | "Gemm" | "Conv"),
		}
	}

	fn is_sum(&self) -> bool {
		let of_rows = matches!(self.0.op_type.as_str(), "ReduceSum" | "ReduceMean" | "Sum");
		self.0.domain.is_empty() && of_rows
	}
}
