//! A program, decoded and checked once.

use super::{
	budget::Budget,
	call::{Call, constant},
	error::{Fault, ProgramError},
	limits::{MAX_NODES, MAX_OPERATOR_SETS},
	ops::{self, operator::Operator},
	tensor::{Kind, Tensor},
};
use crate::proto::{
	Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, ValueInfoProto,
	data_type,
	element::{to_bfloat, to_half},
	operator::full_name,
};
use prost::Message;
use std::{
	collections::{HashMap, HashSet},
	sync::Arc,
};

/// What a program takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
	pub name: String,
	pub kind: Kind,
	/// A dimension that is not fixed is 1: one row at a time.
	pub dims: Vec<usize>,
	/// `TensorProto.data_type`.
	pub(super) data_type: i32,
}

impl Input {
	/// A number as its elements hold it.
	pub fn round(&self, number: f64) -> f64 {
		match self.data_type {
			data_type::FLOAT16 => to_half(number),
			data_type::BFLOAT16 => to_bfloat(number),
			_ => self.kind.round(number),
		}
	}
}

/// A node whose operator is known, and whose inputs and outputs are numbers of values.
struct Step {
	node: NodeProto,
	operator: &'static Operator,
	version: i64,
	inputs: Vec<Option<usize>>,
	outputs: Vec<Option<usize>>,
}

/// A decoded program.
pub(super) struct Graph {
	pub inputs: Vec<Input>,
	pub outputs: Vec<String>,
	/// Values are numbered: first the inputs, then these, then the outputs of the steps.
	constants: Vec<Arc<Tensor>>,
	steps: Vec<Step>,
	results: Vec<usize>,
	values: usize,
}

impl Graph {
	/// Decodes and checks a program.
	///
	/// # Errors
	/// If it is malformed, too large, has unknown operators, or uses values before they are computed.
	pub fn decode(bytes: &[u8]) -> Result<Self, ProgramError> {
		let malformed = |what: &str| ProgramError::Malformed(what.into());
		let model = ModelProto::decode(bytes)
			.map_err(|error| ProgramError::Malformed(error.to_string()))?;
		let graph = model.graph.ok_or_else(|| malformed("it has no graph"))?;
		if graph.node.len() > MAX_NODES {
			return Err(ProgramError::TooManyNodes(graph.node.len()));
		}
		if !model.functions.is_empty() {
			return Err(malformed("it brings functions along"));
		}
		if model.opset_import.len() > MAX_OPERATOR_SETS {
			return Err(malformed("it has too many operator sets"));
		}
		let GraphProto { node: nodes, initializer, input, output, .. } = graph;
		let mut names = Names::default();
		let mut budget = Budget::default();
		// Before IR version 4, constants are inputs, too.
		let with_value: HashSet<&str> =
			initializer.iter().map(|tensor| tensor.name.as_str()).collect();
		let inputs = input.iter().filter(|input| !with_value.contains(input.name.as_str()));
		let inputs: Vec<Input> =
			inputs.map(|input| decode_input(input, &mut budget)).collect::<Result<_, _>>()?;
		inputs.iter().try_for_each(|input| names.add(&input.name).map(|_| ()))?;
		let constants = initializer.iter().map(|tensor| {
			names.add(&tensor.name)?;
			decode_constant(tensor, &mut budget)
		});
		let constants = constants.collect::<Result<_, _>>()?;
		let steps = nodes.into_iter().map(|node| step(node, &model.opset_import, &mut names));
		let steps = steps.collect::<Result<_, _>>()?;
		let outputs: Vec<String> = output.into_iter().map(|output| output.name).collect();
		let mut seen = HashSet::new();
		let result = |name: &String| match names.get(name) {
			Some(number) if seen.insert(number) => Ok(number),
			Some(_) => Err(ProgramError::Malformed(format!("`{name}` is an output twice"))),
			None => Err(ProgramError::Malformed(format!("nothing computes `{name}`"))),
		};
		let results = outputs.iter().map(result).collect::<Result<_, _>>()?;
		Ok(Self { inputs, outputs, constants, steps, results, values: names.count })
	}

	/// How many nodes it has.
	pub fn nodes(&self) -> usize {
		self.steps.len()
	}

	/// The outputs for these inputs, which must fit.
	///
	/// # Errors
	/// If a node does not take its inputs, or the run takes too much.
	pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, ProgramError> {
		let mut budget = Budget::default();
		let mut values: Vec<Option<Arc<Tensor>>> = inputs
			.into_iter()
			.map(Arc::new)
			.chain(self.constants.iter().cloned())
			.map(Some)
			.collect();
		values.resize(self.values, None);
		for step in &self.steps {
			let tensors = step.run(&values, &mut budget).map_err(|fault| step.error(fault))?;
			for (output, tensor) in step.outputs.iter().zip(tensors) {
				if let Some(value) = output.and_then(|output| values.get_mut(output)) {
					*value = Some(Arc::new(tensor));
				}
			}
		}
		let mut result = |&result: &usize| match values.get_mut(result).and_then(Option::take) {
			// Copies constants only: everything else was computed here, for one output.
			Some(tensor) => Ok(Arc::unwrap_or_clone(tensor)),
			None => {
				Err(ProgramError::Malformed("a node computes fewer outputs than it names".into()))
			},
		};
		self.results.iter().map(&mut result).collect()
	}
}

impl Step {
	fn run(
		&self,
		values: &[Option<Arc<Tensor>>],
		budget: &mut Budget,
	) -> Result<Vec<Tensor>, Fault> {
		let input = |input: &Option<usize>| match input {
			None => Ok(None),
			Some(at) => match values.get(*at).and_then(Option::as_deref) {
				Some(tensor) => Ok(Some(tensor)),
				None => Err(Fault::Unfit("an input is an output that no node has".into())),
			},
		};
		let inputs = self.inputs.iter().map(input).collect::<Result<Vec<_>, _>>()?;
		budget.charge(1 + inputs.len())?;
		inputs.iter().flatten().try_for_each(|tensor| budget.read(tensor))?;
		self.operator.run(&mut Call { node: &self.node, version: self.version, inputs, budget })
	}

	fn error(&self, fault: Fault) -> ProgramError {
		ProgramError::Node {
			node: self.node.display_name().into(),
			operator: self.operator.full_name(),
			fault,
		}
	}
}

/// Names of values, each of which is computed once.
#[derive(Default)]
struct Names {
	numbers: HashMap<String, usize>,
	count: usize,
}

impl Names {
	fn add(&mut self, name: &str) -> Result<usize, ProgramError> {
		let number = self.count;
		if self.numbers.insert(name.into(), number).is_some() {
			return Err(ProgramError::Malformed(format!("`{name}` is computed more than once")));
		}
		self.count += 1;
		Ok(number)
	}

	fn get(&self, name: &str) -> Option<usize> {
		self.numbers.get(name).copied()
	}
}

fn decode_input(input: &ValueInfoProto, budget: &mut Budget) -> Result<Input, ProgramError> {
	let malformed =
		|what: String| ProgramError::Malformed(format!("input `{}` {what}", input.name));
	let tensor = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
	let tensor = tensor.ok_or_else(|| malformed("is no tensor".into()))?;
	let kind = Kind::of(tensor.elem_type)
		.ok_or_else(|| malformed("has neither numbers of 8 to 64 bits nor texts".into()))?;
	let shape = tensor.shape.as_ref();
	let dims = shape.map_or(&[][..], |shape| &shape.dim);
	let dims: Vec<usize> = dims.iter().map(|dim| Dimension::fixed(dim).unwrap_or(1)).collect();
	budget.room(&dims).map_err(|fault| malformed(format!("is {fault}")))?;
	Ok(Input { name: input.name.clone(), kind, dims, data_type: tensor.elem_type })
}

fn decode_constant(tensor: &TensorProto, budget: &mut Budget) -> Result<Arc<Tensor>, ProgramError> {
	let found = constant(tensor, budget);
	found.map(Arc::new).map_err(|fault| ProgramError::Malformed(fault.to_string()))
}

fn step(
	node: NodeProto,
	sets: &[OperatorSetIdProto],
	names: &mut Names,
) -> Result<Step, ProgramError> {
	let version = version(sets, &node.domain);
	let operator = ops::find(&node.domain, &node.op_type, version).ok_or_else(|| {
		ProgramError::UnknownOperator {
			node: node.display_name().into(),
			operator: full_name(&node.domain, &node.op_type),
			version: version.map_or("newest".into(), |version| version.to_string()),
		}
	})?;
	let input = |name: &String| match (name.is_empty(), names.get(name)) {
		(true, _) => Ok(None),
		(false, Some(number)) => Ok(Some(number)),
		(false, None) => {
			let node = node.display_name();
			let what = format!("node `{node}` takes `{name}`, which is not computed before it");
			Err(ProgramError::Malformed(what))
		},
	};
	let inputs = node.input.iter().map(input).collect::<Result<_, _>>()?;
	let output = |name: &String| {
		if name.is_empty() { Ok(None) } else { names.add(name).map(Some) }
	};
	let outputs = node.output.iter().map(output).collect::<Result<_, _>>()?;
	Ok(Step { node, operator, version: version.unwrap_or(i64::MAX), inputs, outputs })
}

/// The version of a domain's operators, if the program says it.
fn version(sets: &[OperatorSetIdProto], domain: &str) -> Option<i64> {
	let names: &[&str] =
		if domain.is_empty() || domain == "ai.onnx" { &["", "ai.onnx"] } else { &[domain] };
	let mut sets = sets.iter().filter(|set| names.contains(&set.domain.as_str()));
	sets.next().map(|set| set.version)
}
