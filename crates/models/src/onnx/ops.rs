//! The operators that are followed: each module registers its own.

mod activations;
mod arithmetic;
mod classifier;
mod columns;
mod convolution;
mod curves;
mod elementwise;
#[cfg(test)]
mod examples;
mod layers;
mod linear_models;
mod max_pool;
pub(crate) mod operator;
mod pooling;
mod residual;
mod scores;
mod shapes;
pub(crate) mod trees;
mod window;

use super::{error::OnnxError, node::Node};
use crate::proto::operator::{full_name, names};
use operator::Operator;

const REGISTERED: [&[Operator]; 11] = [
	activations::OPERATORS,
	arithmetic::OPERATORS,
	columns::OPERATORS,
	convolution::OPERATORS,
	layers::OPERATORS,
	linear_models::OPERATORS,
	max_pool::OPERATORS,
	pooling::OPERATORS,
	scores::OPERATORS,
	shapes::OPERATORS,
	trees::OPERATORS,
];

fn operators() -> impl Iterator<Item = &'static Operator> {
	REGISTERED.into_iter().flatten()
}

/// Operators that the import follows, with their domain if that is not ONNX's own, in order.
pub fn supported_operators() -> Vec<String> {
	names(operators())
}

/// The operator of a node in a graph that uses this version of the operator's set; a graph that does
/// not say has the newest.
///
/// # Errors
/// If there is no such operator, or it meant something else in that version.
pub(crate) fn find(node: Node, version: Option<i64>) -> Result<&'static Operator, OnnxError> {
	let (domain, name) = (node.0.domain.as_str(), node.0.op_type.as_str());
	let operator = operators()
		.find(|known| (known.domain, known.name) == (domain, name))
		.ok_or_else(|| OnnxError::UnsupportedOperator {
			node: node.name().into(),
			operator: full_name(domain, name),
		})?;
	match version {
		Some(version) if !operator.versions.contains(&version) => {
			let first = operator.versions.start;
			Err(node.unsupported(format!(
				"of operator set {version}; supported from {first} on: export with a newer set"
			)))
		},
		_ => Ok(operator),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use examples::{Example, onnx};

	#[test]
	fn every_operator_has_an_example_and_is_registered_once() {
		let examples = [
			activations::tests::examples(),
			arithmetic::tests::examples(),
			columns::tests::examples(),
			convolution::tests::examples(),
			layers::tests::examples(),
			linear_models::tests::examples(),
			max_pool::tests::examples(),
			pooling::tests::examples(),
			scores::tests::examples(),
			shapes::tests::examples(),
			trees::tests::examples(),
		];
		for operator in operators() {
			let name = (operator.domain, operator.name);
			let has_it = |example: &Example| example.operator() == name;
			assert!(examples.iter().flatten().any(has_it), "{name:?} has no example");
			assert_eq!(operators().filter(|other| (other.domain, other.name) == name).count(), 1);
		}
	}

	#[test]
	fn names_are_in_order_and_those_with_a_domain_come_first() {
		let names = supported_operators();
		assert_eq!(names[0], "ai.onnx.ml.ArrayFeatureExtractor");
		let (with_domain, without): (Vec<_>, Vec<_>) =
			names.iter().partition(|name| name.starts_with("ai.onnx.ml."));
		assert!(with_domain.is_sorted() && without.is_sorted());
		assert_eq!([with_domain, without].concat(), names.iter().collect::<Vec<_>>());
	}

	#[test]
	fn operators_of_older_sets_that_meant_something_else_are_refused() {
		let old = Example::of(onnx("Add", &["x", "x"])).version(6);
		let wanted = "uses Add in an unsupported way: of operator set 6; supported from 7 on";
		assert!(old.refusal().contains(wanted), "{}", old.refusal());
	}
}
