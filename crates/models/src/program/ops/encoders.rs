//! Categories to numbers and back.

use super::operator::{Operator, Run::One};
use crate::program::{
	call::Call,
	error::{Fault, unfit},
	tensor::{Kind, Tensor, Values},
};
use std::collections::HashMap;

pub(super) const OPERATORS: &[Operator] = &[
	Operator::ml("CategoryMapper", 1.., One(category_mapper)),
	Operator::ml("LabelEncoder", 2.., One(label_encoder)),
	Operator::ml("LabelEncoder", 1.., One(classes_encoder)),
	Operator::ml("OneHotEncoder", 1.., One(one_hot_encoder)),
];

/// What a text that is not among the categories becomes, if the node does not say.
const UNUSED: &str = "_Unused";

/// A number or a text that can be looked up; all that is no number is one.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
	Number(u64),
	Text(&'a str),
}

impl Key<'_> {
	fn number(number: f64) -> Self {
		let canonical = if number.is_nan() { f64::NAN } else { number + 0.0 };
		Self::Number(canonical.to_bits())
	}
}

/// The elements of a tensor as keys.
fn keys(values: &Values) -> Vec<Key<'_>> {
	match values {
		Values::Numbers(numbers) => numbers.iter().map(|&number| Key::number(number)).collect(),
		Values::Text(texts) => texts.iter().map(|text| Key::Text(text)).collect(),
	}
}

/// For each element, the value of its key, or the default, which is after all values; the first of equal keys wins.
fn looked_up(
	call: &mut Call,
	input: &Tensor,
	keys_of: &Tensor,
	values: &Tensor,
	default: &Tensor,
) -> Result<Tensor, Fault> {
	if input.values.texts().is_some() != keys_of.values.texts().is_some() {
		return unfit(format!("its keys are not {}", input.kind.describe()));
	}
	if keys_of.len() != values.len() {
		return unfit("it has not one value for each key");
	}
	call.budget.read(keys_of)?;
	call.budget.read(values)?;
	let mut places = HashMap::new();
	for (place, key) in keys(&keys_of.values).into_iter().enumerate() {
		places.entry(key).or_insert(place);
	}
	// What is no number is found from version 4 on.
	if call.version < 4 {
		places.remove(&Key::number(f64::NAN));
	}
	let chosen: Vec<(usize, usize)> = keys(&input.values)
		.iter()
		.map(|key| places.get(key).map_or((1, 0), |&place| (0, place)))
		.collect();
	call.pick_from(&[values, default], input.dims.clone(), chosen)
}

fn numbers(kind: Kind, numbers: Vec<f64>) -> Tensor {
	Tensor::numbers(kind, vec![numbers.len()], numbers)
}

fn ints(call: &Call, name: &str) -> Tensor {
	numbers(Kind::Integer, call.node.ints(name).iter().map(|&value| value as f64).collect())
}

fn texts(call: &mut Call, name: &str) -> Result<Tensor, Fault> {
	let texts = call.texts(name)?;
	Ok(Tensor::texts(vec![texts.len()], texts))
}

/// Keys or values, by the attribute that is there.
fn list(call: &mut Call, of: &str) -> Result<Tensor, Fault> {
	let (strings, integers) = (format!("{of}_strings"), format!("{of}_int64s"));
	let (floats, tensor) = (format!("{of}_floats"), format!("{of}_tensor"));
	if call.node.has(&strings) {
		texts(call, &strings)
	} else if call.node.has(&integers) {
		Ok(ints(call, &integers))
	} else if call.node.has(&floats) {
		Ok(numbers(Kind::Single, call.floats(&floats)?))
	} else if let Some(tensor) = call.node.tensor(&tensor) {
		call.constant(tensor)
	} else {
		unfit(format!("it has no {of}"))
	}
}

/// Keys to values.
fn label_encoder(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let (keys, values) = (list(call, "keys")?, list(call, "values")?);
	let default = match (call.node.tensor("default_tensor"), values.kind) {
		(Some(tensor), _) => call.constant(tensor)?,
		(None, Kind::Text) => {
			Tensor::texts(vec![1], vec![call.node.string("default_string", UNUSED)])
		},
		(None, Kind::Integer) => {
			numbers(Kind::Integer, vec![call.node.int("default_int64", -1) as f64])
		},
		(None, kind) => numbers(kind, vec![call.node.float("default_float", -0.0)]),
	};
	looked_up(call, input, &keys, &values, &default)
}

/// Version 1: texts to their places in a list, or back.
fn classes_encoder(call: &mut Call) -> Result<Tensor, Fault> {
	let classes = texts(call, "classes_strings")?;
	mapped(call, classes, None)
}

/// Texts to integers or back.
fn category_mapper(call: &mut Call) -> Result<Tensor, Fault> {
	let names = texts(call, "cats_strings")?;
	let numbers = ints(call, "cats_int64s");
	mapped(call, names, Some(numbers))
}

/// Texts to integers, which are their places if there are no others, or back.
fn mapped(call: &mut Call, names: Tensor, places: Option<Tensor>) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let places = places.unwrap_or_else(|| {
		numbers(Kind::Integer, (0..names.len()).map(|place| place as f64).collect())
	});
	match input.kind {
		Kind::Text => {
			let default = call.node.int("default_int64", -1) as f64;
			looked_up(call, input, &names, &places, &numbers(Kind::Integer, vec![default]))
		},
		_ => {
			let default = call.node.string("default_string", UNUSED);
			looked_up(call, input, &places, &names, &Tensor::texts(vec![1], vec![default]))
		},
	}
}

/// A new last dimension: 1 at the place of the category, 0 elsewhere.
fn one_hot_encoder(call: &mut Call) -> Result<Tensor, Fault> {
	let input = call.input(0)?;
	let categories = match input.kind {
		Kind::Text => texts(call, "cats_strings")?,
		_ => ints(call, "cats_int64s"),
	};
	let count = categories.len();
	if count == 0 {
		return unfit(format!("it has no categories that are {}", input.kind.describe()));
	}
	call.budget.read(&categories)?;
	let mut places = HashMap::new();
	for (place, key) in keys(&categories.values).into_iter().enumerate() {
		places.insert(key, place);
	}
	let keys: Vec<Key> = match &input.values {
		// Categories are whole numbers.
		Values::Numbers(numbers) => numbers.iter().map(|x| Key::number(x.trunc())).collect(),
		texts => keys(texts),
	};
	let found: Vec<Option<usize>> = keys.iter().map(|key| places.get(key).copied()).collect();
	if call.node.int("zeros", 1) == 0 && found.contains(&None) {
		return unfit("a category is unknown");
	}
	let mut dims = input.dims.clone();
	dims.push(count);
	let places = found.iter().flat_map(|place| (0..count).map(move |at| (*place, at)));
	let values = places.map(|(place, at)| f64::from(place == Some(at)));
	call.collect(Kind::Single, dims, values)
}
