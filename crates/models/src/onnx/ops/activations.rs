//! Activations of hidden layers.

use super::{
	curves::{activated_by, curve},
	operator::{Meaning::Each, Operator},
};
use crate::{
	card::Transform,
	float::activation::{Activation, Curve},
	onnx::{
		error::OnnxError,
		formula::{Formula, ScoreFormula},
		known::Known,
		node::Node,
	},
};

/// Defaults of attributes are ONNX's.
pub(super) const OPERATORS: &[Operator] = &[
	Operator::onnx("Abs", 6.., Each(abs)),
	Operator::onnx(
		"Celu",
		12..,
		Each(|known, node| with_alpha(known, node, 1.0, Activation::Celu)),
	),
	Operator::onnx("Clip", 6.., Each(clip)),
	Operator::onnx("Cos", 7.., Each(|known, node| activated(known, node, Activation::Cos))),
	Operator::onnx("Elu", 6.., Each(|known, node| with_alpha(known, node, 1.0, Activation::Elu))),
	Operator::onnx("Erf", 9.., Each(|known, node| activated(known, node, Activation::Erf))),
	Operator::onnx("Gelu", 20.., Each(gelu)),
	Operator::onnx("HardSigmoid", 6.., Each(hard_sigmoid)),
	Operator::onnx(
		"HardSwish",
		14..,
		Each(|known, node| activated(known, node, Activation::HardSwish)),
	),
	Operator::onnx(
		"LeakyRelu",
		6..,
		Each(|known, node| with_alpha(known, node, 0.01, Activation::LeakyRelu)),
	),
	Operator::onnx("Log", 6.., Each(log)),
	Operator::onnx("Mish", 18.., Each(|known, node| activated(known, node, Activation::Mish))),
	Operator::onnx("PRelu", 7.., Each(parametric_relu)),
	Operator::onnx("Relu", 6.., Each(relu)),
	Operator::onnx("Selu", 6.., Each(selu)),
	Operator::onnx("Sin", 7.., Each(|known, node| activated(known, node, Activation::Sin))),
	Operator::onnx(
		"Softplus",
		1..,
		Each(|known, node| activated(known, node, Activation::Softplus)),
	),
	Operator::onnx(
		"Softsign",
		1..,
		Each(|known, node| activated(known, node, Activation::Softsign)),
	),
	Operator::onnx("Tanh", 6.., Each(|known, node| activated(known, node, Activation::Tanh))),
	Operator::onnx(
		"ThresholdedRelu",
		10..,
		Each(|known, node| with_alpha(known, node, 1.0, Activation::ThresholdedRelu)),
	),
];

fn activated(known: &Known, node: Node, activation: Activation) -> Result<Formula, OnnxError> {
	let input = known.input(node, 0)?;
	match input {
		Formula::Transposed(table) if matches!(**table, Formula::Affine(_)) => {
			let inner = activated_table(known, node, table, activation)?;
			Ok(Formula::Transposed(inner.into()))
		},
		_ => activated_table(known, node, input, activation),
	}
}

fn activated_table(
	known: &Known,
	node: Node,
	table: &Formula,
	activation: Activation,
) -> Result<Formula, OnnxError> {
	match (table, curve(table)) {
		(Formula::Affine(affine), _) => Ok(Formula::Activated(affine.clone(), activation)),
		(_, Some((affine, inner))) => {
			activated_by(node, affine, Curve::Of(activation, inner.into()))
		},
		_ => Err(known.cannot(node)),
	}
}

/// Probabilities are positive already.
fn abs(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		scores @ Formula::Scores(ScoreFormula {
			transform: Transform::Sigmoid | Transform::ModifiedHuber | Transform::Softmax,
			..
		}) => Ok(scores.clone()),
		_ => activated(known, node, Activation::Abs),
	}
}

fn with_alpha(
	known: &Known,
	node: Node,
	default: f64,
	activation: fn(f64) -> Activation,
) -> Result<Formula, OnnxError> {
	activated(known, node, activation(node.float("alpha", default)))
}

fn gelu(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let formula = activated(known, node, Activation::Gelu)?;
	match node.string("approximate", "none").as_str() {
		"none" => Ok(formula),
		_ => Err(node.unsupported("approximated: export it with approximate=\"none\"")),
	}
}

fn hard_sigmoid(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let (alpha, beta) = (node.float("alpha", 0.2), node.float("beta", 0.5));
	activated(known, node, Activation::HardSigmoid(alpha, beta))
}

fn relu(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	activated(known, node, Activation::Clip(0.0, f64::INFINITY))
}

/// Only of a sigmoid, to which a softplus is equal but for signs.
fn log(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.input(node, 0)? {
		Formula::Scores(scores) if scores.transform == Transform::Sigmoid && !scores.normalise => {
			let negative = Curve::Line(-1.0, 0.0);
			let softplus = Curve::Of(Activation::Softplus, negative.into());
			let minus = Curve::Product(Curve::Line(0.0, -1.0).into(), softplus.into());
			activated_by(node, &scores.affine, minus)
		},
		_ => Err(known.cannot(node)),
	}
}

fn parametric_relu(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	match known.numbers(node, 1)? {
		[slope, others @ ..] if others.iter().all(|other| other == slope) => {
			activated(known, node, Activation::LeakyRelu(*slope))
		},
		_ => Err(node.unsupported("with a slope for each unit: train one slope for all of them")),
	}
}

fn selu(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let alpha = node.float("alpha", 1.673_263_192_176_818_8);
	activated(known, node, Activation::Selu(alpha, node.float("gamma", 1.050_700_98)))
}

/// The bounds are attributes up to version 10, inputs from version 11 on; each may be left out.
fn clip(known: &mut Known, node: Node) -> Result<Formula, OnnxError> {
	let affine = known.affine(node, 0)?.clone();
	let bound = |name, at, default| match known.numbers(node, at) {
		_ if !node.has_input(at) => Ok(node.float(name, default)),
		Ok([bound]) => Ok(*bound),
		_ => Err(node.malformed("its bounds are not two numbers")),
	};
	let (low, high) = (bound("min", 1, f64::NEG_INFINITY)?, bound("max", 2, f64::INFINITY)?);
	match (low, high) {
		(-1.0, 1.0) => Ok(Formula::Clipped(affine)),
		(low, high) if low < high => Ok(Formula::Activated(affine, Activation::Clip(low, high))),
		_ => Err(node.malformed("its bounds are not two numbers")),
	}
}

#[cfg(test)]
pub(super) mod tests {
	use crate::onnx::ops::examples::{Example, examples, onnx};

	examples! {
		abs: Example::of(onnx("Abs", &["x"])).gives(&[2.0, 0.5]);
		celu: Example::of(onnx("Celu", &["x"]).float("alpha", 2.0)).gives(&[2.0, -0.442_398_43]);
		clip: Example::of(onnx("Clip", &["x", "min", "max"]))
			.constant("min", &[], &[0.0])
			.constant("max", &[], &[1.0])
			.gives(&[1.0, 0.0]);
		clip_by_attributes: Example::of(onnx("Clip", &["x"]).float("min", 0.0).float("max", 6.0))
			.version(10)
			.gives(&[2.0, 0.0]);
		clip_from_below: Example::of(onnx("Clip", &["x", "min"]))
			.constant("min", &[], &[0.5])
			.gives(&[2.0, 0.5]);
		clip_from_above: Example::of(onnx("Clip", &["x", "", "max"]))
			.constant("max", &[], &[0.5])
			.gives(&[0.5, -0.5]);
		cos: Example::of(onnx("Cos", &["x"])).gives(&[-0.416_146_84, 0.877_582_56]);
		elu: Example::of(onnx("Elu", &["x"])).gives(&[2.0, -0.393_469_34]);
		erf: Example::of(onnx("Erf", &["x"])).gives(&[0.995_322_27, -0.520_499_88]);
		gelu: Example::of(onnx("Gelu", &["x"])).gives(&[1.954_499_74, -0.154_268_77]);
		hard_sigmoid: Example::of(onnx("HardSigmoid", &["x"])).gives(&[0.9, 0.4]);
		hard_swish: Example::of(onnx("HardSwish", &["x"])).gives(&[1.666_666_67, -0.208_333_33]);
		leaky_relu: Example::of(onnx("LeakyRelu", &["x"])).gives(&[2.0, -0.005]);
		log: Example::of(onnx("Log", &["p"]))
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[-0.126_928_01, -0.974_076_98]);
		mish: Example::of(onnx("Mish", &["x"])).gives(&[1.943_958_96, -0.220_743_77]);
		p_relu: Example::of(onnx("PRelu", &["x", "slope"]))
			.constant("slope", &[1], &[0.25])
			.gives(&[2.0, -0.125]);
		relu: Example::of(onnx("Relu", &["x"])).gives(&[2.0, 0.0]);
		selu: Example::of(onnx("Selu", &["x"])).gives(&[2.101_401_97, -0.691_758_24]);
		sin: Example::of(onnx("Sin", &["x"])).gives(&[0.909_297_43, -0.479_425_54]);
		softplus: Example::of(onnx("Softplus", &["x"])).gives(&[2.126_928_01, 0.474_076_98]);
		softsign: Example::of(onnx("Softsign", &["x"])).gives(&[0.666_666_67, -0.333_333_33]);
		tanh: Example::of(onnx("Tanh", &["x"])).gives(&[0.964_027_58, -0.462_117_16]);
		thresholded_relu: Example::of(onnx("ThresholdedRelu", &["x"])).gives(&[2.0, 0.0]);
	}

	#[test]
	fn probabilities_are_positive() {
		Example::of(onnx("Abs", &["p"]))
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.gives(&[0.880_797_08, 0.377_540_67])
			.check();
	}

	#[test]
	fn the_approximate_gelu_is_refused() {
		let gelu = onnx("Gelu", &["x"]).text("approximate", "tanh");
		assert!(Example::of(gelu).refusal().contains("export it with approximate"));
	}

	#[test]
	fn a_slope_for_each_unit_is_refused() {
		let slopes = Example::of(onnx("PRelu", &["x", "slope"]));
		let refused = slopes.constant("slope", &[2], &[0.25, 0.5]).refusal();
		assert!(refused.contains("one slope for all"), "{refused}");
	}
}
