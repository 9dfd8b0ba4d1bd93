//! Parts of graphs in cards: decoding never panics, and a run ends within its bounds, whatever the row.
#![no_main]

use fhe_ml_models::{
	Cell, ImportOptions, ModelCard, Program,
	card::{Before, TextFeature},
	import_onnx,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CARD: LazyLock<ModelCard> = LazyLock::new(|| {
	let onnx = include_bytes!("../../models/wine_logistic.onnx");
	let options = ImportOptions { name: "wine".into(), calibration: None };
	let artifact = import_onnx(onnx, &options).expect("it is a model");
	let fhe_ml_models::Card::Public(card) = artifact.card else { panic!("it is public") };
	*card
});

fuzz_target!(|data: &[u8]| {
	let (row, program) = data.split_at(data.len().min(4));
	let Ok(program) = Program::from_bytes(program) else { return };
	let cells = program.cells().min(64);
	let cell = |at: usize| match row.get(at % row.len().max(1)).copied().unwrap_or_default() {
		byte @ 0..64 => Cell::Number(f64::from(byte) - 32.0),
		64..96 => Cell::Number(f64::NAN),
		byte => Cell::Text(char::from(byte & 0x7f).into()),
	};
	let row: Vec<Cell> = (0..cells).map(cell).collect();
	let is_text = |at: &usize| matches!(row[*at], Cell::Text(_));
	let text = (0..cells).filter(is_text).map(|feature| TextFeature { feature, known: Vec::new() });
	let card = ModelCard {
		features: (0..cells).map(|at| at.to_string()).collect(),
		text: text.collect(),
		before: Some(Before { program, columns: CARD.features.clone() }),
		..CARD.clone()
	};
	let _ = card.encode(&row);
});
