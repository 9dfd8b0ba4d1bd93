//! The smallest ONNX graphs with an operator, and what ONNX says that they give.

use crate::{
	card::{Classes, Column, Scores},
	float::{
		affine::{Affine, Basis},
		forest::FloatTree,
		network::FloatDeepNetwork,
	},
	onnx::{
		error::OnnxError,
		external::Beside,
		follow,
		formula::{Constant, Formula, ScoreFormula},
		graph::Graph,
		known::{Extent, Known},
		node::Node,
		task::task,
	},
	proto::{
		AttributeProto, Dimension, DimensionValue, GraphProto, ModelProto, NodeProto,
		OperatorSetIdProto, TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
		data_type,
	},
};
use prost::Message;

/// The row of features, in the tensor `x`.
const ROW: [f64; 2] = [2.0, -0.5];

/// A test for each example, named like its operator, and the list of all of them.
macro_rules! examples {
	($($test:ident: $example:expr;)*) => {
		$(
			#[test]
			fn $test() {
				$example.check();
			}
		)*

		pub(in crate::onnx::ops) fn examples() -> Vec<Example> {
			vec![$($example),*]
		}
	};
}
pub(super) use examples;

/// A node under construction.
pub(super) struct TestNode(NodeProto);

/// An operator of ONNX's own.
pub(super) fn onnx(operator: &str, inputs: &[&str]) -> TestNode {
	let input = inputs.iter().map(|&input| input.into()).collect();
	TestNode(NodeProto { op_type: operator.into(), input, ..Default::default() })
}

/// An operator of `ai.onnx.ml`.
pub(super) fn ml(operator: &str, inputs: &[&str]) -> TestNode {
	let mut node = onnx(operator, inputs);
	node.0.domain = "ai.onnx.ml".into();
	node
}

impl TestNode {
	/// Names its output.
	pub fn called(mut self, output: &str) -> Self {
		self.0.output = vec![output.into()];
		self
	}

	/// A later attribute takes the place of an earlier one of its name.
	fn attribute(mut self, name: &str, attribute: AttributeProto) -> Self {
		self.0.attribute.retain(|earlier| earlier.name != name);
		self.0.attribute.push(AttributeProto { name: name.into(), ..attribute });
		self
	}

	pub fn int(self, name: &str, i: i64) -> Self {
		self.attribute(name, AttributeProto { i, ..Default::default() })
	}

	pub fn ints(self, name: &str, ints: &[i64]) -> Self {
		self.attribute(name, AttributeProto { ints: ints.to_vec(), ..Default::default() })
	}

	pub fn float(self, name: &str, f: f32) -> Self {
		self.attribute(name, AttributeProto { f, ..Default::default() })
	}

	pub fn floats(self, name: &str, floats: &[f32]) -> Self {
		self.attribute(name, AttributeProto { floats: floats.to_vec(), ..Default::default() })
	}

	pub fn text(self, name: &str, text: &str) -> Self {
		self.attribute(name, AttributeProto { s: text.into(), ..Default::default() })
	}

	pub fn texts(self, name: &str, texts: &[&str]) -> Self {
		let strings = texts.iter().map(|&text| text.into()).collect();
		self.attribute(name, AttributeProto { strings, ..Default::default() })
	}

	/// A tensor of bytes.
	pub fn bytes(self, name: &str, bytes: &[u8]) -> Self {
		let t = Some(TensorProto {
			dims: vec![bytes.len() as i64],
			data_type: data_type::UINT8,
			raw_data: bytes.to_vec(),
			..Default::default()
		});
		self.attribute(name, AttributeProto { t, ..Default::default() })
	}

	pub fn tensor(self, name: &str, numbers: &[f32]) -> Self {
		let t = Some(floats("", &[numbers.len() as i64], numbers));
		self.attribute(name, AttributeProto { t, ..Default::default() })
	}
}

fn floats(name: &str, dims: &[i64], numbers: &[f32]) -> TensorProto {
	TensorProto {
		name: name.into(),
		dims: dims.to_vec(),
		data_type: data_type::FLOAT,
		float_data: numbers.to_vec(),
		..Default::default()
	}
}

/// A graph whose last node has the operator.
pub(super) struct Example {
	before: Vec<NodeProto>,
	node: NodeProto,
	constants: Vec<TensorProto>,
	expected: Vec<Vec<f64>>,
	version: i64,
	features: usize,
}

impl Example {
	pub fn of(node: TestNode) -> Self {
		let (before, constants, expected) = Default::default();
		Self { before, node: node.0, constants, expected, version: 20, features: ROW.len() }
	}

	/// Adds a node before the last one.
	pub fn after(mut self, node: TestNode) -> Self {
		self.before.push(node.0);
		self
	}

	pub fn constant(mut self, name: &str, dims: &[i64], numbers: &[f32]) -> Self {
		self.constants.push(floats(name, dims, numbers));
		self
	}

	pub fn integers(mut self, name: &str, int64_data: &[i64]) -> Self {
		self.constants.push(TensorProto {
			name: name.into(),
			dims: vec![int64_data.len() as i64],
			data_type: data_type::INT64,
			int64_data: int64_data.to_vec(),
			..Default::default()
		});
		self
	}

	/// Adds the tensor `folded`, which is x with these dimensions after the rows'.
	pub fn folded(self, dims: &[i64]) -> Self {
		self.integers("fold", &[&[-1], dims].concat())
			.after(onnx("Reshape", &["x", "fold"]).called("folded"))
	}

	/// Of so many features.
	pub fn of_features(mut self, features: usize) -> Self {
		self.features = features;
		self
	}

	/// Of ONNX's operator set.
	pub fn version(mut self, version: i64) -> Self {
		self.version = version;
		self
	}

	/// Adds an output of the last node and its values.
	pub fn gives(mut self, values: &[f64]) -> Self {
		self.node.output.push(format!("y{}", self.expected.len()));
		self.expected.push(values.to_vec());
		self
	}

	/// The operator, with its domain.
	pub fn operator(&self) -> (&str, &str) {
		(&self.node.domain, &self.node.op_type)
	}

	fn to_bytes(&self) -> Vec<u8> {
		let dimension = |value| Dimension { value: Some(DimensionValue::Value(value)) };
		let shape = TensorShapeProto { dim: vec![dimension(1), dimension(self.features as i64)] };
		let tensor_type = TensorType { elem_type: data_type::FLOAT, shape: Some(shape) };
		let r#type = Some(TypeProto { tensor_type: Some(tensor_type) });
		let output = |name: &String| ValueInfoProto { name: name.clone(), r#type: None };
		let graph = GraphProto {
			name: String::new(),
			node: self.before.iter().chain([&self.node]).cloned().collect(),
			initializer: self.constants.clone(),
			input: vec![ValueInfoProto { name: "x".into(), r#type }],
			output: self.node.output.iter().map(output).collect(),
		};
		let set = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
		let opset_import = vec![set("", self.version), set("ai.onnx.ml", 5)];
		ModelProto { graph: Some(graph), opset_import, ..Default::default() }.encode_to_vec()
	}

	/// Compares what is understood with what is expected.
	pub fn check(&self) {
		let operator = &self.node.op_type;
		let graph = Graph::parse(&self.to_bytes(), Beside::Nothing).unwrap();
		let known = follow(&graph).unwrap_or_else(|error| panic!("{operator}: {error}"));
		let outputs = follow::outputs(&graph, &known).unwrap();
		assert_eq!(outputs.len(), self.expected.len());
		for (formula, expected) in outputs.iter().zip(&self.expected) {
			let found = value(formula, &known);
			assert_eq!(found.len(), expected.len(), "{operator}: {found:?}");
			let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
			assert!(found.iter().zip(expected).all(close), "{operator}: {found:?} {expected:?}");
		}
	}

	/// Why it is refused.
	pub fn refusal(&self) -> String {
		let graph = Graph::parse(&self.to_bytes(), Beside::Nothing).unwrap();
		let known = follow(&graph);
		let understood = known.and_then(|known| task(&graph, &follow::outputs(&graph, &known)?));
		understood.err().map(|error| error.to_string()).unwrap_or_default()
	}
}

/// All that is known of a graph of which every node is followed.
fn follow(graph: &Graph) -> Result<Known, OnnxError> {
	let mut extent = Extent { outputs: follow::forest_outputs(graph)?, units: 0 };
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
		let formulas = follow::operator(graph, node)?.apply(known, node)?;
		for (name, formula) in node.0.output.iter().zip(formulas) {
			known.learn(name, formula)?;
		}
	}
	Ok(())
}

/// What a tensor is for [`ROW`].
fn value(formula: &Formula, known: &Known) -> Vec<f64> {
	let map = |affine: &Affine, map: &dyn Fn(f64) -> f64| -> Vec<f64> {
		affine_value(affine, known).into_iter().map(map).collect()
	};
	match formula {
		Formula::Constant { value: Constant::Numbers(numbers), .. } => numbers.to_vec(),
		Formula::Constant { .. } => panic!("strings"),
		Formula::Affine(affine) => affine_value(affine, known),
		Formula::Transposed(table) | Formula::Folded(table, _) => value(table, known),
		Formula::Shape(_) => panic!("a shape"),
		Formula::Opaque => panic!("text"),
		Formula::Exp(affine) => map(affine, &f64::exp),
		Formula::OnePlusExp(affine) => map(affine, &|z| 1.0 + z.exp()),
		Formula::Clipped(affine) => map(affine, &|z| z.clamp(-1.0, 1.0)),
		Formula::OnePlusClipped(affine) => map(affine, &|z| 1.0 + z.clamp(-1.0, 1.0)),
		Formula::Activated(affine, activation) => map(affine, &|z| activation.at(z)),
		Formula::Scores(scores) => score_value(scores, known),
		Formula::ScoreSum(scores) => vec![score_value(scores, known).iter().sum()],
		Formula::AllZero => vec![0.0],
		Formula::ArgMax(scores) => vec![largest(&score_value(scores, known)) as f64],
		Formula::Label(scores, Some(Classes::Integers(classes))) => {
			vec![classes[largest(&score_value(scores, known))] as f64]
		},
		Formula::Label(..) => panic!("no integer classes"),
	}
}

fn affine_value(affine: &Affine, known: &Known) -> Vec<f64> {
	let variables = match affine.basis {
		Basis::Features => ROW.to_vec(),
		Basis::Forest => {
			let forest = known.forest.as_ref().unwrap();
			let mut sums = vec![0.0; affine.rows[0].weights.len()];
			forest.trees.iter().for_each(|tree| add_leaf(tree, &mut sums));
			sums
		},
		Basis::Hidden | Basis::Behind(_) | Basis::Across(..) => {
			let first = known.hidden.as_ref().unwrap();
			let (outputs_from, last) = affine.basis.layers().unwrap();
			let further = &known.further[..usize::from(last)];
			let network = FloatDeepNetwork { first, further, outputs_from, outputs: &affine.rows };
			return network.run(&ROW).1;
		},
	};
	affine.rows.iter().map(|row| row.at(&variables)).collect()
}

fn add_leaf(tree: &FloatTree, sums: &mut [f64]) {
	match tree {
		FloatTree::Leaf(values) => values.iter().for_each(|&(output, v)| sums[output] += v),
		FloatTree::Split { predicate, zero, one } => {
			let holds = predicate.holds(ROW[predicate.feature]);
			add_leaf(if holds { one } else { zero }, sums);
		},
	}
}

fn score_value(scores: &ScoreFormula, known: &Known) -> Vec<f64> {
	let raw = affine_value(&scores.affine, known);
	let column = |output| Column { output, negate: false, offset: 0.0 };
	let columns = (0..raw.len()).map(column).collect();
	let (transform, normalise) = (scores.transform, scores.normalise);
	Scores { columns, transform, normalise }.apply(&raw)
}

fn largest(values: &[f64]) -> usize {
	(0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or_default()
}
