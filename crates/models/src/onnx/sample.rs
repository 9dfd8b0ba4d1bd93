//! A row on which the client's part is tried, if there are no calibration rows.

use super::{error::OnnxError, graph::Graph};
use crate::{
	card::TextFeature,
	cell::Cell,
	program::{Kind, Program, Tensor},
};
use std::collections::HashSet;

/// What a program makes of a row of zeros and of texts that it knows.
///
/// # Errors
/// If it takes no such row.
pub(super) fn sample(graph: &Graph, program: &Program) -> Result<Vec<Tensor>, OnnxError> {
	let row = |text: &dyn Fn(&str) -> String| -> Vec<Cell> {
		let cells = program.inputs().iter().flat_map(|input| {
			let cell = match input.kind {
				Kind::Text => Cell::Text(text(&input.name)),
				_ => Cell::Number(0.0),
			};
			vec![cell; input.dims.iter().product()]
		});
		cells.collect()
	};
	let empty = program.run_row(&row(&|_| String::new()));
	empty
		.or_else(|_| {
			program.run_row(&row(&|name| {
				known_texts(graph, name).into_iter().next().unwrap_or_default()
			}))
		})
		.map_err(OnnxError::Sample)
}

/// The features that are text, with the texts that the graph knows of them.
pub(super) fn text_features(graph: &Graph) -> Vec<TextFeature> {
	let mut features = Vec::new();
	let mut from = 0;
	for input in &graph.inputs {
		let columns = input.columns();
		// Of several columns nobody knows to which a list belongs.
		let known = match columns {
			1 => known_texts(graph, &input.name),
			_ => Vec::new(),
		};
		if input.is_text() {
			let numbers = from..from + columns;
			features.extend(numbers.map(|feature| TextFeature { feature, known: known.clone() }));
		}
		from += columns;
	}
	features
}

/// The texts of the first node after an input that has a list of them, such as an encoder's categories.
fn known_texts(graph: &Graph, input: &str) -> Vec<String> {
	let mut reached = HashSet::from([input]);
	for node in &graph.nodes {
		if !node.input.iter().any(|name| reached.contains(name.as_str())) {
			continue;
		}
		let mut lists = node.attribute.iter().map(|attribute| &attribute.strings);
		if let Some(texts) = lists.find(|strings| !strings.is_empty()) {
			return texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
		}
		reached.extend(node.output.iter().map(String::as_str));
	}
	Vec::new()
}
