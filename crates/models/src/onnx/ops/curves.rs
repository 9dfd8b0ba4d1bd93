//! Activations that are written as several operators, such as z sigmoid(z) and z (1 + erf(z / sqrt 2)) / 2.

use crate::{
	card::Transform,
	float::{
		activation::{Activation, Curve},
		affine::{Affine, Basis},
	},
	onnx::{
		error::OnnxError,
		formula::{Constant, Formula},
		node::Node,
	},
};

/// A formula as a function of each of some affine columns, if it is an activation of them.
pub(super) fn curve(formula: &Formula) -> Option<(&Affine, Curve)> {
	match formula {
		Formula::Activated(affine, Activation::Curve(curve)) => Some((affine, (**curve).clone())),
		Formula::Activated(affine, activation) => {
			Some((affine, Curve::Of(activation.clone(), Curve::Z.into())))
		},
		Formula::Clipped(affine) => {
			Some((affine, Curve::Of(Activation::Clip(-1.0, 1.0), Curve::Z.into())))
		},
		_ => None,
	}
}

/// An activation of affine columns.
pub(super) fn activated_by(
	node: Node,
	affine: &Affine,
	curve: Curve,
) -> Result<Formula, OnnxError> {
	match curve.into_activation() {
		Some(activation) => Ok(Formula::Activated(affine.clone(), activation)),
		None => Err(node.unsupported("in an activation of too many steps")),
	}
}

/// The same for a sigmoid, which is an activation only beside something else: alone it is a score.
fn curve_or_sigmoid(formula: &Formula) -> Option<(&Affine, Curve)> {
	match formula {
		Formula::Scores(scores) if scores.transform == Transform::Sigmoid && !scores.normalise => {
			Some((&scores.affine, Curve::Of(Activation::Sigmoid, Curve::Z.into())))
		},
		other => curve(other),
	}
}

/// Two formulas as functions of the same affine columns.
fn both<'a>(a: &'a Formula, b: &'a Formula) -> Option<(&'a Affine, Curve, Curve)> {
	let number = |formula: &Formula| match formula {
		Formula::Constant { value: Constant::Numbers(numbers), .. } => match &numbers[..] {
			[number] => Some(*number),
			_ => None,
		},
		_ => None,
	};
	if let (Some((base, curve)), Some(number)) = (curve(a), number(b)) {
		return Some((base, curve, Curve::Line(0.0, number)));
	}
	if let (Some(number), Some((base, curve))) = (number(a), curve(b)) {
		return Some((base, Curve::Line(0.0, number), curve));
	}
	let line = |base: &Affine, other: &Affine| {
		let is_unit = base.basis == Basis::Features;
		let (slope, shift) = base.line_to(other).filter(|_| is_unit)?;
		Some(Curve::Line(slope, shift))
	};
	match (a, b, curve_or_sigmoid(a), curve_or_sigmoid(b)) {
		(_, Formula::Affine(b), Some((base, curve)), _) => Some((base, curve, line(base, b)?)),
		(Formula::Affine(a), _, _, Some((base, curve))) => Some((base, line(base, a)?, curve)),
		(_, _, Some((base, a)), Some((other, b))) if base == other => Some((base, a, b)),
		_ => None,
	}
}

/// a + factor b, if both are functions of the same columns.
pub(super) fn sum(
	node: Node,
	a: &Formula,
	b: &Formula,
	factor: f64,
) -> Result<Option<Formula>, OnnxError> {
	let Some((base, a, b)) = both(a, b) else { return Ok(None) };
	let b = match b {
		Curve::Line(slope, shift) => Curve::Line(slope * factor, shift * factor),
		_ if factor == 1.0 => b,
		_ => Curve::Product(Curve::Line(0.0, factor).into(), b.into()),
	};
	activated_by(node, base, Curve::Sum(a.into(), b.into())).map(Some)
}

/// a b, if both are functions of the same columns.
pub(super) fn product(node: Node, a: &Formula, b: &Formula) -> Result<Option<Formula>, OnnxError> {
	let Some((base, a, b)) = both(a, b) else { return Ok(None) };
	activated_by(node, base, Curve::Product(a.into(), b.into())).map(Some)
}

/// a / b for a number b.
pub(super) fn quotient(node: Node, a: &Formula, b: &Formula) -> Result<Option<Formula>, OnnxError> {
	match both(a, b) {
		Some((base, a, Curve::Line(0.0, number))) if number != 0.0 => {
			let inverse = Curve::Line(0.0, 1.0 / number);
			activated_by(node, base, Curve::Product(a.into(), inverse.into())).map(Some)
		},
		_ => Ok(None),
	}
}

#[cfg(test)]
mod tests {
	use crate::onnx::ops::examples::{Example, onnx};

	/// A layer, so that its activation counts.
	fn layer(example: Example) -> Example {
		example.constant("w", &[2, 2], &[1.0, 0.0, 0.0, 1.0])
	}

	fn last() -> Example {
		Example::of(onnx("MatMul", &["y", "w"]))
	}

	#[test]
	fn the_sigmoid_linear_unit() {
		for inputs in [["x", "p"], ["p", "x"]] {
			let unit = last()
				.after(onnx("Sigmoid", &["x"]).called("p"))
				.after(onnx("Mul", &inputs).called("y"));
			layer(unit).gives(&[1.761_594_16, -0.188_770_33]).check();
		}
	}

	#[test]
	fn the_gaussian_linear_unit() {
		let unit = last()
			.after(onnx("Div", &["x", "sqrt 2"]).called("scaled"))
			.after(onnx("Erf", &["scaled"]).called("erf"))
			.after(onnx("Add", &["erf", "1"]).called("1 + erf"))
			.after(onnx("Mul", &["x", "1 + erf"]).called("product"))
			.after(onnx("Mul", &["product", "half"]).called("y"))
			.constant("sqrt 2", &[], &[std::f32::consts::SQRT_2])
			.constant("1", &[], &[1.0])
			.constant("half", &[], &[0.5]);
		layer(unit).gives(&[1.954_499_74, -0.154_268_77]).check();
	}

	#[test]
	fn mish_and_others() {
		let unit = last()
			.after(onnx("Softplus", &["x"]).called("softplus"))
			.after(onnx("Tanh", &["softplus"]).called("tanh"))
			.after(onnx("Mul", &["x", "tanh"]).called("y"));
		layer(unit).gives(&[1.943_958_96, -0.220_743_77]).check();
		let difference = last()
			.after(onnx("Relu", &["x"]).called("relu"))
			.after(onnx("Sub", &["x", "relu"]).called("negative"))
			.after(onnx("Div", &["negative", "4"]).called("quarter"))
			.after(onnx("Add", &["relu", "quarter"]).called("y"))
			.constant("4", &[1], &[4.0]);
		layer(difference).gives(&[2.0, -0.125]).check();
	}

	#[test]
	fn units_are_scaled_each_by_its_own_number() {
		let scaled = last()
			.after(onnx("Relu", &["x"]).called("relu"))
			.after(onnx("Mul", &["relu", "c"]).called("scaled"))
			.after(onnx("Add", &["d", "scaled"]).called("y"))
			.constant("c", &[2], &[3.0, 5.0])
			.constant("d", &[2], &[0.5, 0.25]);
		layer(scaled).gives(&[6.5, 0.25]).check();
	}

	#[test]
	fn activations_of_other_columns_are_refused() {
		let product = last()
			.after(onnx("Sigmoid", &["x"]).called("p"))
			.after(onnx("Mul", &["x", "c"]).called("other"))
			.after(onnx("Mul", &["other", "p"]).called("y"))
			.constant("c", &[2], &[3.0, 5.0]);
		let refused = layer(product).gives(&[]).refusal();
		assert!(refused.contains("uses Mul in an unsupported way"), "{refused}");
	}
}
