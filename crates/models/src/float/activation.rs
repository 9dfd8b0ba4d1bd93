//! Activations of hidden layers: any function of one number.

use std::sync::Arc;

/// A function of one number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Activation {
	Abs,
	Celu(f64),
	Clip(f64, f64),
	Cos,
	/// One that is written as several operators.
	Curve(Arc<Curve>),
	Elu(f64),
	Erf,
	Gelu,
	HardSigmoid(f64, f64),
	HardSwish,
	LeakyRelu(f64),
	Mish,
	Selu(f64, f64),
	Sigmoid,
	Sin,
	Softplus,
	Softsign,
	Tanh,
	ThresholdedRelu(f64),
}

impl Activation {
	/// The value at z.
	pub fn at(&self, z: f64) -> f64 {
		let exp_minus_one = |z: f64| z.min(0.0).exp_m1();
		let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
		match *self {
			Self::Abs => z.abs(),
			Self::Celu(alpha) => z.max(0.0) + alpha * exp_minus_one(z / alpha),
			Self::Clip(low, high) => z.max(low).min(high),
			Self::Cos => z.cos(),
			Self::Curve(ref curve) => curve.at(z),
			Self::Elu(alpha) => z.max(0.0) + alpha * exp_minus_one(z),
			Self::Erf => erf(z),
			Self::Gelu => z * (1.0 + erf(z / std::f64::consts::SQRT_2)) / 2.0,
			Self::HardSigmoid(alpha, beta) => (alpha * z + beta).clamp(0.0, 1.0),
			Self::HardSwish => z * (z / 6.0 + 0.5).clamp(0.0, 1.0),
			Self::LeakyRelu(alpha) => z.max(0.0) + alpha * z.min(0.0),
			Self::Mish => z * softplus(z).tanh(),
			Self::Selu(alpha, gamma) => gamma * (z.max(0.0) + alpha * exp_minus_one(z)),
			Self::Sigmoid => 1.0 / (1.0 + (-z).exp()),
			Self::Sin => z.sin(),
			Self::Softplus => softplus(z),
			Self::Softsign => z / (1.0 + z.abs()),
			Self::Tanh => z.tanh(),
			Self::ThresholdedRelu(alpha) => {
				if z > alpha {
					z
				} else {
					0.0
				}
			},
		}
	}
}

/// A function of one number, z, that exporters write as several operators.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Curve {
	/// slope z + shift.
	Line(f64, f64),
	Of(Activation, Box<Curve>),
	Sum(Box<Curve>, Box<Curve>),
	Product(Box<Curve>, Box<Curve>),
}

/// Most parts of a curve: those of activations have ten.
const MAX_SIZE: usize = 64;

impl Curve {
	/// z itself.
	pub const Z: Self = Self::Line(1.0, 0.0);

	/// The value at z.
	pub fn at(&self, z: f64) -> f64 {
		match self {
			Self::Line(slope, shift) => slope * z + shift,
			Self::Of(activation, inner) => activation.at(inner.at(z)),
			Self::Sum(a, b) => a.at(z) + b.at(z),
			Self::Product(a, b) => a.at(z) * b.at(z),
		}
	}

	fn size(&self) -> usize {
		match self {
			Self::Line(..) => 1,
			Self::Of(Activation::Curve(curve), inner) => 1 + curve.size() + inner.size(),
			Self::Of(_, inner) => 1 + inner.size(),
			Self::Sum(a, b) | Self::Product(a, b) => 1 + a.size() + b.size(),
		}
	}

	/// As an activation, if it is not too long.
	pub fn into_activation(self) -> Option<Activation> {
		(self.size() <= MAX_SIZE).then(|| Activation::Curve(self.into()))
	}
}

/// The error function; absolute error below 1.5e-7 (Abramowitz, Stegun, 7.1.26), far below a step of
/// any table.
fn erf(z: f64) -> f64 {
	let t = 1.0 / (1.0 + 0.327_591_1 * z.abs());
	let polynomial = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
	let sum = polynomial.iter().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
	(1.0 - sum * (-z * z).exp()).copysign(z)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn values_are_those_of_the_definitions() {
		let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
		close(Activation::Erf.at(0.5), 0.520_499_877_8);
		close(Activation::Erf.at(-0.5), -0.520_499_877_8);
		close(Activation::Gelu.at(1.0), 0.841_344_746);
		close(Activation::Elu(1.0).at(-1.0), -0.632_120_558_8);
		close(Activation::Softplus.at(0.0), 2f64.ln());
		close(Activation::Softplus.at(800.0), 800.0);
		close(Activation::Clip(0.0, f64::INFINITY).at(-3.0), 0.0);
		close(Activation::LeakyRelu(0.01).at(-2.0), -0.02);
	}

	#[test]
	fn a_curve_without_end_is_no_activation() {
		let mut curve = Curve::Z;
		for _ in 0..40 {
			curve = Curve::Of(Activation::Tanh, curve.into());
		}
		assert!(curve.clone().into_activation().is_some());
		assert!(Curve::Sum(curve.clone().into(), curve.into()).into_activation().is_none());
	}
}
