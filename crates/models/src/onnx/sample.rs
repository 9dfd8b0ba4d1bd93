//! A row on which the client's part is tried, if there are no calibration rows.

use super::{error::OnnxError, graph::Graph};
use crate::{
	card::TextFeature,
	cell::Cell,
	program::{Kind, Program, Tensor},
};
use std::collections::BTreeSet;

/// What a program makes of a row of zeros and of texts that it knows.
///
/// # Errors
/// If it takes no such row.
pub(super) fn sample(graph: &Graph, program: &Program) -> Result<Vec<Tensor>, OnnxError> {
	let empty = program.run_row(&sample_row(program, ""));
	let known = || listed_texts(graph).into_iter().next().unwrap_or_default();
	empty.or_else(|_| program.run_row(&sample_row(program, &known()))).map_err(OnnxError::Sample)
}

/// Zeros, and the same text everywhere.
fn sample_row(program: &Program, text: &str) -> Vec<Cell> {
	let cells = program.inputs().iter().flat_map(|input| {
		let cell = match input.kind {
			Kind::Text => Cell::Text(text.into()),
			_ => Cell::Number(0.0),
		};
		vec![cell; input.dims.iter().product()]
	});
	cells.collect()
}

/// The features that are text.
pub(super) fn text_features(graph: &Graph) -> Vec<TextFeature> {
	let is_text = graph.inputs.iter().flat_map(|input| vec![input.is_text(); input.columns()]);
	let numbers = is_text.enumerate().filter(|(_, is_text)| *is_text);
	numbers.map(|(feature, _)| TextFeature { feature, known: Vec::new() }).collect()
}

/// Most texts that are tried, and most features with which they are.
const MOST_TRIED: usize = 200;
const MOST_FEATURES: usize = 16;

/// The features that are text, with the texts that make a difference to the client's part: tried, since several columns
/// go through one encoder.
pub(super) fn known_texts(
	graph: &Graph,
	program: &Program,
	row: Option<&[Cell]>,
) -> Vec<TextFeature> {
	let mut features = text_features(graph);
	let listed = listed_texts(graph);
	if listed.len() > MOST_TRIED || features.len() > MOST_FEATURES {
		return features;
	}
	let sample = row.map_or_else(|| sample_row(program, ""), <[Cell]>::to_vec);
	let with = |feature: usize, text: &str| {
		let mut row = sample.clone();
		*row.get_mut(feature)? = text.into();
		program.run_row(&row).ok()
	};
	for TextFeature { feature, known } in &mut features {
		let unknown = with(*feature, "a text that no model knows");
		let differs = |text: &&String| with(*feature, text).is_some_and(|of| Some(of) != unknown);
		known.extend(listed.iter().filter(differs).cloned());
	}
	features
}

/// The texts in the lists of encoders.
fn listed_texts(graph: &Graph) -> Vec<String> {
	const LISTS: [&str; 2] = ["keys_strings", "cats_strings"];
	let attributes = graph.nodes.iter().flat_map(|node| &node.attribute);
	let lists = attributes.filter(|attribute| LISTS.contains(&attribute.name.as_str()));
	let texts = lists.flat_map(|attribute| &attribute.strings).filter(|text| !text.is_empty());
	let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned());
	texts.collect::<BTreeSet<_>>().into_iter().collect()
}
