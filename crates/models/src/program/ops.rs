//! The operators of programs: each module registers its own.

mod arithmetic;
mod casts;
mod encoders;
mod logic;
mod makes;
pub(crate) mod operator;
mod picks;
mod products;
mod reduce;
mod scaling;
mod scores;
mod shapes;
mod tokens;
mod votes;
mod words;

use crate::proto::operator::names;
use operator::Operator;

const REGISTERED: [&[Operator]; 14] = [
	arithmetic::OPERATORS,
	casts::OPERATORS,
	encoders::OPERATORS,
	logic::OPERATORS,
	makes::OPERATORS,
	picks::OPERATORS,
	products::OPERATORS,
	reduce::OPERATORS,
	scaling::OPERATORS,
	scores::OPERATORS,
	shapes::OPERATORS,
	tokens::OPERATORS,
	votes::OPERATORS,
	words::OPERATORS,
];

/// All operators.
pub(crate) fn all() -> impl Iterator<Item = &'static Operator> {
	REGISTERED.into_iter().flatten()
}

/// The operator of this name in a version of its set; `None` stands for the newest.
pub(crate) fn find(domain: &str, name: &str, version: Option<i64>) -> Option<&'static Operator> {
	let domain = if domain == "ai.onnx" { "" } else { domain };
	let mut named = all().filter(|known| (known.domain, known.name) == (domain, name));
	named.find(|known| version.is_none_or(|version| known.versions.contains(&version)))
}

/// Whether programs have this operator in this version of its set (`None`: the newest).
pub(crate) fn has_operator(domain: &str, name: &str, version: Option<i64>) -> bool {
	find(domain, name, version).is_some()
}

/// Operators of programs, with their domain if that is not ONNX's own, in order.
pub fn operators() -> Vec<String> {
	names(all())
}
