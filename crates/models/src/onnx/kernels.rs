//! Kernel machines, written as the operators that they are made of.
//!
//! A support vector machine is a linear function of kernels k(x, v) of the row x with each support vector v. The
//! client computes these (the vectors are public with the card), and the linear function is the encrypted core. A
//! classifier has one for each pair of classes, whose votes the client counts after decryption.

use super::{
	error::OnnxError,
	expansion::{Expansion, float, floats, integer, integers, texts},
	node::Node,
};
use crate::{
	card::Classes,
	proto::{ML, NodeProto, OWN, TensorProto},
};

/// Writes the kernel machines of a graph as other nodes; constants are added.
///
/// # Errors
/// If one is malformed, or of a kind that has no such form.
pub(super) fn expand(
	nodes: Vec<NodeProto>,
	constants: &mut Vec<TensorProto>,
) -> Result<Vec<NodeProto>, OnnxError> {
	let mut expanded = Vec::with_capacity(nodes.len());
	for node in nodes {
		match (node.domain.as_str(), node.op_type.as_str()) {
			(ML, "SVMRegressor") => expanded.extend(regressor(&node, constants)?),
			(ML, "SVMClassifier") => expanded.extend(classifier(&node, constants)?),
			_ => expanded.push(node),
		}
	}
	Ok(expanded)
}

fn regressor(
	proto: &NodeProto,
	constants: &mut Vec<TensorProto>,
) -> Result<Vec<NodeProto>, OnnxError> {
	let node = Node(proto);
	let coefficients = node.floats("coefficients");
	let Some(&rho) = node.floats("rho").first() else {
		return Err(node.malformed("it has no rho"));
	};
	if node.int("one_class", 0) != 0 {
		return Err(node.unsupported(
			"for novelty detection: train an IsolationForest, or export the decision function alone",
		));
	}
	if node.string("post_transform", "NONE") != "NONE" {
		return Err(node.unsupported("with a post_transform"));
	}
	let (Some(input), Some(output)) = (proto.input.first(), proto.output.first()) else {
		return Err(node.malformed("it has no input or no output"));
	};
	let mut expansion = Expansion::new(output);
	let columns = match node.int("n_supports", 0) {
		0 => input.clone(),
		_ => kernels(&mut expansion, node, input, coefficients.len())?,
	};
	let weights = expansion.constant("weights", &[coefficients.len(), 1], &coefficients);
	let rho = expansion.constant("rho", &[1], &[rho]);
	let product = expansion.node("MatMul", "product", &[&columns, &weights]);
	expansion.node("Add", "sum", &[&product, &rho]);
	Ok(expansion.finish(&[output], constants))
}

fn classifier(
	proto: &NodeProto,
	constants: &mut Vec<TensorProto>,
) -> Result<Vec<NodeProto>, OnnxError> {
	let node = Node(proto);
	let per_class: Option<Vec<usize>> =
		node.ints("vectors_per_class").iter().map(|&len| usize::try_from(len).ok()).collect();
	let per_class = per_class.unwrap_or_default();
	let count = per_class.iter().fold(0, |sum: usize, &len| sum.saturating_add(len));
	if count == 0 {
		return Err(node.unsupported("without support vectors: train a LinearSVC"));
	}
	if node.string("post_transform", "NONE") != "NONE" {
		return Err(node.unsupported("with a post_transform"));
	}
	let (coefficients, rho) = (node.floats("coefficients"), node.floats("rho"));
	let classes = per_class.len();
	let pairs = classes * classes.saturating_sub(1) / 2;
	let all = classes.checked_sub(1).and_then(|rows| rows.checked_mul(count));
	if pairs == 0 || all != Some(coefficients.len()) || rho.len() != pairs {
		return Err(node.malformed("it has not one coefficient for each pair and support vector"));
	}
	let (Some(input), [label, scores, ..]) = (proto.input.first(), proto.output.as_slice()) else {
		return Err(node.malformed("it has no input or not two outputs"));
	};
	node.check_weights(count, pairs)?;
	let mut expansion = Expansion::new(label);
	let columns = kernels(&mut expansion, node, input, count)?;
	let mut weights = vec![0.0; count * pairs];
	let starts: Vec<usize> =
		per_class.iter().scan(0, |at, len| Some(std::mem::replace(at, *at + len))).collect();
	let mut pair = 0;
	for first in 0..classes {
		for second in first + 1..classes {
			// Row j - 1 of the coefficients has those of class i < j against j, row i those of j against i.
			for (class, row) in [(first, second - 1), (second, first)] {
				for vector in starts[class]..starts[class] + per_class[class] {
					weights[vector * pairs + pair] = coefficients[row * count + vector];
				}
			}
			pair += 1;
		}
	}
	let weights = expansion.constant("weights", &[count, pairs], &weights);
	let rho = expansion.constant("rho", &[pairs], &rho);
	let product = expansion.node("MatMul", "product", &[&columns, &weights]);
	let decisions = expansion.node("Add", "decisions", &[&product, &rho]);
	expansion.node("PairwiseVotes", "votes", &[&decisions]);
	expansion.domain(OWN);
	match node.classes("classlabels_ints", "classlabels_strings") {
		Some(Classes::Integers(classes)) => {
			expansion.attribute("classes_integers", integers(classes));
		},
		Some(Classes::Strings(classes)) => {
			expansion.attribute("classes_texts", texts(classes.iter().map(String::as_str)));
		},
		None => return Err(node.malformed("it has no class labels")),
	}
	for name in ["prob_a", "prob_b"] {
		expansion.attribute(name, floats(node.floats(name)));
	}
	Ok(expansion.finish(&[label, scores], constants))
}

/// The kernels of a row with each of the support vectors, as columns.
fn kernels(
	expansion: &mut Expansion,
	node: Node,
	input: &str,
	count: usize,
) -> Result<String, OnnxError> {
	let vectors = node.floats("support_vectors");
	if count == 0 || vectors.is_empty() || !vectors.len().is_multiple_of(count) {
		return Err(node.malformed("it has not one coefficient for each support vector"));
	}
	let columns = vectors.len() / count;
	let parameters = node.floats("kernel_params");
	let parameter = |at: usize| parameters.get(at).copied().unwrap_or_default();
	let (gamma, coefficient, degree) = (parameter(0), parameter(1), parameter(2));
	let vectors = expansion.constant("vectors", &[count, columns], &vectors);
	match node.string("kernel_type", "LINEAR").as_str() {
		"RBF" => {
			let factor = expansion.constant("-gamma", &[1], &[-gamma]);
			let distance = expansion.node("Sub", "distance", &[input, &vectors]);
			let square = expansion.node("Mul", "square", &[&distance, &distance]);
			let squares = sum_of_columns(expansion, &square, columns);
			let exponent = expansion.node("Mul", "exponent", &[&squares, &factor]);
			let kernels = expansion.node("Exp", "kernels", &[&exponent]);
			let turned = expansion.node("Transpose", "columns", &[&kernels]);
			expansion.attribute("perm", integers([1, 0]));
			Ok(turned)
		},
		name @ ("LINEAR" | "POLY" | "SIGMOID") => {
			let product = expansion.node("Gemm", "dot", &[input, &vectors]);
			expansion.attribute("transB", integer(1));
			if name == "LINEAR" {
				return Ok(product);
			}
			expansion.attribute("alpha", float(gamma));
			let shift = expansion.constant("coef0", &[1], &[coefficient]);
			let shifted = expansion.node("Add", "shifted", &[&product, &shift]);
			if name == "SIGMOID" {
				return Ok(expansion.node("Tanh", "kernels", &[&shifted]));
			}
			let degree = expansion.constant("degree", &[1], &[degree]);
			Ok(expansion.node("Pow", "kernels", &[&shifted, &degree]))
		},
		other => Err(node.unsupported(format!("with the kernel {other}"))),
	}
}

/// The sum of each row, as one column: as a product, which every operator set writes alike.
fn sum_of_columns(expansion: &mut Expansion, table: &str, columns: usize) -> String {
	let ones = expansion.constant("ones", &[columns, 1], &vec![1.0; columns]);
	expansion.node("MatMul", "squares", &[table, &ones])
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A classifier of so many classes, each with so many support vectors of one column.
	fn of_classes(classes: usize, vectors: usize) -> Result<Vec<NodeProto>, OnnxError> {
		let (count, pairs) = (classes * vectors, classes * (classes - 1) / 2);
		let mut machine = Expansion::new("machine");
		machine.node("SVMClassifier", "label", &["x"]);
		machine.domain(ML);
		machine.attribute("vectors_per_class", integers(vec![vectors as i64; classes]));
		machine.attribute("classlabels_ints", integers(0..classes as i64));
		machine.attribute("support_vectors", floats(vec![1.0; count]));
		machine.attribute("coefficients", floats(vec![1.0; count * (classes - 1)]));
		machine.attribute("rho", floats(vec![0.0; pairs]));
		let (label, scores) = ("label".to_string(), "scores".to_string());
		let nodes = machine.finish(&[&label, &scores], &mut Vec::new());
		expand(nodes, &mut Vec::new())
	}

	#[test]
	fn a_classifier_of_more_weights_than_any_model_is_refused_before_they_are_made() {
		assert!(of_classes(3, 2).is_ok());
		let refused = of_classes(257, 2).unwrap_err();
		assert!(
			matches!(refused, OnnxError::TooManyWeights { rows: 514, columns: 32_896, .. }),
			"{refused}"
		);
	}
}
