//! Predictions of an XGBoost model by weirwood: `bench-weirwood MODEL.json ROWS.csv RUNS`.
//!
//! Prints JSON: the raw score of every row, as weirwood's fixed point gives it, computed in the clear; and sizes and
//! times of the first RUNS rows, which are encrypted, and whose scores must be the same.

use std::{error::Error, time::Instant};
use tfhe::{ConfigBuilder, generate_keys, safe_serialization::safe_serialize};
use weirwood::{
	eval::Evaluator,
	fhe::{ClientContext, FheEvaluator, SCALE},
	model::{Tree, WeirwoodTree},
};

const LIMIT: u64 = 1 << 30;

/// As `encode_fixed_point` of weirwood, which is private.
fn fixed_point(value: f32) -> i32 {
	(value * SCALE).round().clamp(i32::MIN as f32, i32::MAX as f32) as i32
}

/// As `eval_node` of weirwood on ciphertexts.
fn leaf(tree: &Tree, row: &[f32]) -> i32 {
	let mut node = &tree.nodes[0];
	while !node.is_leaf() {
		let value = row[node.split_feature as usize];
		let left = fixed_point(value) <= fixed_point(node.split_threshold);
		node = &tree.nodes[if left { node.left_child } else { node.right_child } as usize];
	}
	fixed_point(node.leaf_value)
}

fn in_the_clear(model: &WeirwoodTree, row: &[f32]) -> f32 {
	let leaves: i32 = model.trees.iter().map(|tree| leaf(tree, row)).sum();
	(leaves + fixed_point(model.base_score)) as f32 / SCALE
}

/// Bytes on the wire, as weirwood's feature `transport` writes them.
fn size<T>(value: &T) -> Result<usize, Box<dyn Error>>
where
	T: serde::Serialize + tfhe::Versionize + tfhe::named::Named,
{
	let mut bytes = Vec::new();
	safe_serialize(value, &mut bytes, LIMIT)?;
	Ok(bytes.len())
}

fn milliseconds(start: Instant) -> f64 {
	start.elapsed().as_secs_f64() * 1000.0
}

fn main() -> Result<(), Box<dyn Error>> {
	let arguments: Vec<String> = std::env::args().collect();
	let [_, model, rows, runs] = arguments.as_slice() else {
		return Err("usage: bench-weirwood MODEL.json ROWS.csv RUNS".into());
	};
	let model = WeirwoodTree::from_file(model)?;
	let rows: Vec<Vec<f32>> =
		csv::Reader::from_path(rows)?.deserialize().collect::<Result<_, _>>()?;
	let runs: usize = runs.parse()?;
	let mut report = serde_json::json!({
		"scores": rows.iter().map(|row| in_the_clear(&model, row)).collect::<Vec<_>>(),
		"splits": model.trees.iter().flat_map(|tree| &tree.nodes).filter(|node| !node.is_leaf()).count(),
	});
	if runs > 0 {
		// The key of a context is private; this one is made in the same way.
		let (_, server_key) = generate_keys(ConfigBuilder::default().build());
		report["key"] = size(&server_key)?.into();
		drop(server_key);
		let client = ClientContext::generate()?;
		let evaluator = FheEvaluator::try_new(&model, client.server_context())?;
		let (mut encrypt, mut evaluate) = (Vec::new(), Vec::new());
		for row in rows.iter().take(runs) {
			let start = Instant::now();
			let input = client.encrypt(row);
			encrypt.push(milliseconds(start));
			let start = Instant::now();
			let result = evaluator.predict(&model, &input);
			evaluate.push(milliseconds(start));
			let (found, wanted) = (client.decrypt_score(&result), in_the_clear(&model, row));
			if found != wanted {
				return Err(format!("encrypted {found}, in the clear {wanted}").into());
			}
			report["input"] = input.iter().map(size).sum::<Result<usize, _>>()?.into();
			report["result"] = size(&result)?.into();
		}
		report["encrypt_ms"] = encrypt.into();
		report["ms"] = evaluate.into();
	}
	println!("{report}");
	Ok(())
}
