//! What strangers' programs ask for: refused, without a panic, in little time and memory.

use super::{
	super::{
		Cell, Kind, Program, ProgramError, Tensor, has_operator, limits::MAX_NODES, operators,
	},
	cases,
};
use crate::proto::{
	AttributeProto, Dimension, DimensionValue, GraphProto, ModelProto, NodeProto,
	OperatorSetIdProto, TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
	data_type,
};
use proptest::prelude::*;
use prost::Message;

/// An input whose dimensions are not fixed where they are zero.
fn input(name: &str, elem_type: i32, dims: &[i64]) -> ValueInfoProto {
	let dim = |&dim: &i64| Dimension {
		value: Some(match dim {
			0 => DimensionValue::Parameter("N".into()),
			_ => DimensionValue::Value(dim),
		}),
	};
	let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
	let tensor_type = Some(TensorType { elem_type, shape });
	ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
	TensorProto {
		name: name.into(),
		dims: vec![values.len() as i64],
		data_type: data_type::INT64,
		int64_data: values.to_vec(),
		..Default::default()
	}
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
	NodeProto {
		op_type: op_type.into(),
		input: inputs.iter().map(|&name| name.into()).collect(),
		output: vec![output.into()],
		..Default::default()
	}
}

fn with_int(mut node: NodeProto, name: &str, i: i64) -> NodeProto {
	node.attribute.push(AttributeProto { name: name.into(), i, ..Default::default() });
	node
}

/// A program with an input `x` of one column, whose result is `y`.
fn model(constants: &[TensorProto], nodes: &[NodeProto]) -> ModelProto {
	ModelProto {
		graph: Some(GraphProto {
			node: nodes.to_vec(),
			initializer: constants.to_vec(),
			input: vec![input("x", data_type::FLOAT, &[0, 1])],
			output: vec![ValueInfoProto { name: "y".into(), r#type: None }],
			..Default::default()
		}),
		opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 21 }],
		..Default::default()
	}
}

fn run(constants: &[TensorProto], nodes: &[NodeProto]) -> Result<Vec<Tensor>, ProgramError> {
	Program::from_bytes(&model(constants, nodes).encode_to_vec())?.run_row(&[1.5.into()])
}

fn refusal(constants: &[TensorProto], nodes: &[NodeProto]) -> String {
	run(constants, nodes).unwrap_err().to_string()
}

#[test]
fn what_is_too_large_is_refused_before_it_takes_memory() {
	let tall = node("Expand", &["x", "tall"], "a");
	let wide = node("Expand", &["x", "wide"], "b");
	let sides = [integers("tall", &[100_000, 1]), integers("wide", &[1, 100_000])];
	let both = node("Add", &["a", "b"], "y");
	let refused = refusal(&sides, &[tall, wide, both]);
	assert_eq!(refused, "the model's card: node `y` (Add): a tensor of more than 1048576 elements");
	let dims: [&[i64]; 6] = [
		&[1 << 40],
		&[i64::MAX, i64::MAX, 4],
		&[i64::MAX],
		&[0, 1 << 40],
		&[1 << 20, 1 << 20, 0],
		&[1; 17],
	];
	for dims in dims {
		for operator in ["ConstantOfShape", "Expand", "Reshape", "Tile"] {
			let inputs: &[&str] =
				if operator == "ConstantOfShape" { &["dims"] } else { &["x", "dims"] };
			let refused = run(&[integers("dims", dims)], &[node(operator, inputs, "y")]);
			assert!(refused.is_err(), "{operator} {dims:?}");
		}
	}
	let depth = [integers("depth", &[i64::MAX]), integers("at", &[0]), integers("two", &[0, 1])];
	assert!(run(&depth, &[node("OneHot", &["at", "depth", "two"], "y")]).is_err());
	let limits = [integers("0", &[0]), integers("end", &[i64::MAX]), integers("1", &[1])];
	assert!(run(&limits, &[node("Range", &["0", "end", "1"], "y")]).is_err());
	assert!(run(&limits, &[node("Range", &["0", "end", "0"], "y")]).is_err());
}

#[test]
fn many_small_steps_end() {
	// Each doubles what was before.
	let doubled = |at: usize| {
		let (from, to) = (format!("a{at}"), format!("a{}", at + 1));
		with_int(node("Concat", &[&from, &from], &to), "axis", 0)
	};
	let mut nodes = vec![node("Identity", &["x"], "a0")];
	nodes.extend((0..40).map(doubled));
	nodes.push(node("Identity", &["a40"], "y"));
	assert!(refusal(&[], &nodes).contains("a tensor of more than"));

	let large = node("Expand", &["x", "dims"], "a0");
	let copy = |at: usize| node("Neg", &[&format!("a{at}")], &format!("a{}", at + 1));
	let mut nodes: Vec<NodeProto> = [large].into_iter().chain((0..20).map(copy)).collect();
	nodes.push(node("Identity", &["a20"], "y"));
	let refused = refusal(&[integers("dims", &[1 << 20, 1])], &nodes);
	assert!(refused.contains("takes more memory"), "{refused}");

	let square = node("Expand", &["x", "dims"], "a");
	let product = node("MatMul", &["a", "a"], "y");
	let refused = refusal(&[integers("dims", &[1000, 1000])], &[square, product]);
	assert!(refused.contains("more than 134217728 operations"), "{refused}");
}

#[test]
fn text_does_not_grow_without_end() {
	let text = TensorProto {
		name: "s0".into(),
		dims: vec![1],
		data_type: data_type::STRING,
		string_data: vec![vec![b'a'; 1000]],
		..Default::default()
	};
	let doubled = |at: usize| {
		let from = format!("s{at}");
		node("StringConcat", &[&from, &from], &format!("s{}", at + 1))
	};
	let mut nodes: Vec<NodeProto> = (0..40).map(doubled).collect();
	nodes.push(node("Identity", &["s40"], "y"));
	let refused = refusal(std::slice::from_ref(&text), &nodes);
	assert!(refused.contains("takes more"), "{refused}");
	let many = [text, integers("dims", &[1 << 20])];
	let refused = refusal(&many, &[node("Expand", &["s0", "dims"], "y")]);
	assert!(refused.contains("takes more memory"), "{refused}");
}

#[test]
fn graphs_are_checked_when_they_are_decoded() {
	let refused = |constants: &[TensorProto], nodes: &[NodeProto], why: &str| {
		let bytes = model(constants, nodes).encode_to_vec();
		let refused = Program::from_bytes(&bytes).unwrap_err().to_string();
		assert!(refused.contains(why), "{refused}");
	};
	let copy = |from: &str, to: &str| node("Identity", &[from], to);
	refused(&[], &[copy("z", "y")], "node `y` takes `z`, which is not computed before it");
	refused(&[], &[copy("y", "y")], "not computed before it");
	refused(&[], &[copy("x", "x"), copy("x", "y")], "`x` is computed more than once");
	refused(&[], &[copy("x", "a")], "nothing computes `y`");
	let mut twice = model(&[], &[copy("x", "y")]);
	let outputs = &mut twice.graph.as_mut().unwrap().output;
	outputs.push(outputs[0].clone());
	let twice = Program::from_bytes(&twice.encode_to_vec()).unwrap_err().to_string();
	assert!(twice.contains("`y` is an output twice"), "{twice}");
	refused(&[integers("x", &[1]), integers("x", &[1])], &[], "computed more than once");
	for name in ["If", "Loop", "Scan", "SequenceMap", "NoSuchOperator"] {
		let why = format!("node `y` ({name}): programs do not have this operator in version 21");
		refused(&[], &[node(name, &["x"], "y")], &why);
	}
	let many: Vec<NodeProto> = (0..=MAX_NODES).map(|at| copy("x", &format!("a{at}"))).collect();
	refused(&[], &many, "a program of 4097 nodes; at most 4096");
	assert_eq!(
		Program::from_bytes(&vec![0; (512 << 10) + 1]).unwrap_err(),
		ProgramError::TooManyBytes(524_289)
	);
	assert!(matches!(Program::from_bytes(b"no model"), Err(ProgramError::Malformed(_))));
}

#[test]
fn axes_and_indices_are_checked() {
	for axis in [2, -3, i64::MAX, i64::MIN] {
		for operator in ["Softmax", "ArgMax", "Concat", "Split", "LogSoftmax", "Flatten"] {
			let node = with_int(node(operator, &["x"], "y"), "axis", axis);
			if (operator, axis) != ("Flatten", 2) {
				assert!(run(&[], &[node]).is_err(), "{operator} {axis}");
			}
		}
		for operator in ["Squeeze", "ReduceSum", "Gather", "GatherElements", "TopK", "CumSum"] {
			let node = node(operator, &["x", "at"], "y");
			assert!(run(&[integers("at", &[axis])], &[node]).is_err(), "{operator} {axis}");
		}
	}
	let far = [integers("far", &[i64::MIN]), integers("far too", &[i64::MAX])];
	let slices = [["far", "far too"], ["far too", "far"]];
	for [from, to] in slices {
		for step in [1, -1, i64::MAX, i64::MIN] {
			let constants = [&far[..], &[integers("step", &[step]), integers("0", &[0])]].concat();
			let slice = node("Slice", &["x", from, to, "0", "step"], "y");
			assert!(run(&constants, &[slice]).is_ok(), "{from} {to} {step}");
		}
	}
	let whole = with_int(node("Cast", &["x"], "at"), "to", 7);
	assert!(run(&[], &[whole, node("Gather", &["x", "at"], "y")]).is_err());
}

#[test]
fn rows_are_split_over_the_inputs() {
	let mut model = model(&[], &[node("Identity", &["b"], "y")]);
	let graph = model.graph.as_mut().unwrap();
	graph.input.push(input("b", data_type::STRING, &[0, 2]));
	graph.input.push(input("c", data_type::INT64, &[]));
	let program = Program::from_bytes(&model.encode_to_vec()).unwrap();
	assert_eq!(program.inputs()[1].dims, [1, 2]);
	assert_eq!((program.inputs()[0].kind, program.inputs()[2].kind), (Kind::Single, Kind::Integer));
	assert_eq!(program.outputs(), ["y"]);
	let row: Vec<Cell> = vec![0.1.into(), "a".into(), "b".into(), 7.0.into()];
	let words = Tensor::texts(vec![1, 2], vec!["a".into(), "b".into()]);
	assert_eq!(program.run_row(&row), Ok(vec![words]));
	let refused = |at: usize, cell: Cell| {
		let mut row = row.clone();
		row[at] = cell;
		program.run_row(&row).unwrap_err().to_string()
	};
	assert_eq!(
		refused(0, "a".into()),
		"column 0, input `x`: it takes a number, and this is a text"
	);
	assert_eq!(
		refused(2, 1.0.into()),
		"column 2, input `b`: it takes a text, and this is a number"
	);
	let whole = "column 3, input `c`: it takes whole numbers, and this is 0.5";
	assert_eq!(refused(3, 0.5.into()), whole);
	assert!(refused(3, f64::NAN.into()).contains("whole numbers"));
	let short = program.run_row(&row[..3]).unwrap_err().to_string();
	assert!(short.contains("rows of 4 columns, and this one has 3"), "{short}");
}

#[test]
fn floats_enter_as_their_input_holds_them() {
	let of = |data_type| {
		let mut model = model(&[], &[node("Identity", &["x"], "y")]);
		model.graph.as_mut().unwrap().input[0] = input("x", data_type, &[]);
		let program = Program::from_bytes(&model.encode_to_vec()).unwrap();
		program.run_row(&[0.1.into()]).unwrap()[0].as_number().unwrap()
	};
	assert_eq!(of(data_type::DOUBLE), 0.1);
	assert_eq!(of(data_type::FLOAT), f64::from(0.1f32));
	assert_eq!(of(data_type::FLOAT16), 0.099_975_585_937_5);
	assert_eq!(of(data_type::BFLOAT16), 0.100_097_656_25);
}

#[test]
fn programs_in_json() {
	let bytes = model(&[], &[node("Neg", &["x"], "y")]).encode_to_vec();
	let program = Program::from_bytes(&bytes).unwrap();
	let json = serde_json::to_string(&program).unwrap();
	let again: Program = serde_json::from_str(&json).unwrap();
	assert_eq!((again.as_bytes(), &again), (&bytes[..], &program));
	assert!(serde_json::from_str::<Program>("\"%\"").is_err());
	let refused = serde_json::from_str::<Program>("\"AAAA\"").unwrap_err().to_string();
	assert!(refused.contains("a program is malformed"), "{refused}");
}

#[test]
fn operators_by_name_and_version() {
	assert!(has_operator("", "Add", None) && has_operator("ai.onnx", "Add", Some(7)));
	assert!(!has_operator("", "Add", Some(6)) && !has_operator("", "Loop", None));
	assert!(has_operator("ai.onnx.ml", "Scaler", Some(1)) && !has_operator("", "Scaler", None));
	let names = operators();
	assert!(names.contains(&"ai.onnx.ml.Scaler".into()) && names.contains(&"Add".into()));
}

#[test]
fn truncated_programs_do_not_panic() {
	for case in cases() {
		let bytes = case.bytes();
		for len in (0..bytes.len()).step_by(7) {
			if let Ok(program) = Program::from_bytes(&bytes[..len]) {
				let _ = program.run(case.tensors());
			}
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(4096))]

	/// Every run ends, and none panics, whatever stands in a few bytes of a program.
	#[test]
	fn mutated_programs_do_not_panic(
		which in any::<prop::sample::Index>(),
		changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
	) {
		thread_local!(static CASES: Vec<super::Case> = cases());
		CASES.with(|cases| {
			let case = which.get(cases);
			let mut bytes = case.bytes();
			for (at, byte) in changes {
				*at.get_mut(&mut bytes) = byte;
			}
			if let Ok(program) = Program::from_bytes(&bytes) {
				let _ = program.run(case.tensors());
				let cells: Vec<Cell> = (0..program.inputs().iter().map(|input| input.dims.iter().product::<usize>()).sum())
					.map(|at| f64::from(at as u32).into())
					.collect();
				let _ = program.run_row(&cells);
			}
		});
	}
}
