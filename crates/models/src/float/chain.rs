//! Columns that come from one feature by operations with constants.
//!
//! Trees compare such columns with thresholds, and a comparison must come out as in ONNX Runtime, which
//! rounds after every operation.

/// The precision in which ONNX Runtime computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
	Single,
	Double,
}

impl Precision {
	pub fn round(self, value: f64) -> f64 {
		match self {
			Self::Single => f64::from(value as f32),
			Self::Double => value,
		}
	}

	pub fn next_down(self, value: f64) -> f64 {
		match self {
			Self::Single => f64::from((value as f32).next_down()),
			Self::Double => value.next_down(),
		}
	}

	/// Numbers of the lowest and highest finite value in ascending order.
	fn order_range(self) -> (i64, i64) {
		let highest = match self {
			Self::Single => i64::from(f32::MAX.to_bits()),
			Self::Double => f64::MAX.to_bits() as i64,
		};
		(-highest, highest)
	}

	/// The value with a number: bit patterns of non-negative values ascend.
	fn at_order(self, number: i64) -> f64 {
		let magnitude = match self {
			Self::Single => f64::from(f32::from_bits(number.unsigned_abs() as u32)),
			Self::Double => f64::from_bits(number.unsigned_abs()),
		};
		if number < 0 { -magnitude } else { magnitude }
	}
}

/// One operation with a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScalarStep {
	Add(f64),
	Subtract(f64),
	/// constant - x.
	SubtractFrom(f64),
	Multiply(f64),
	Divide(f64),
}

impl ScalarStep {
	/// a and b of a x + b.
	pub fn slope_and_shift(self) -> (f64, f64) {
		match self {
			Self::Add(c) => (1.0, c),
			Self::Subtract(c) => (1.0, -c),
			Self::SubtractFrom(c) => (-1.0, c),
			Self::Multiply(c) => (c, 0.0),
			Self::Divide(c) => (1.0 / c, 0.0),
		}
	}

	fn apply(self, x: f64) -> f64 {
		match self {
			Self::Add(c) => x + c,
			Self::Subtract(c) => x - c,
			Self::SubtractFrom(c) => c - x,
			Self::Multiply(c) => x * c,
			Self::Divide(c) => x / c,
		}
	}
}

/// A column computed from one feature by operations with constants, each of which is rounded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScalarChain {
	pub feature: usize,
	pub precision: Precision,
	pub steps: Vec<ScalarStep>,
}

impl ScalarChain {
	fn apply(&self, x: f64) -> f64 {
		// Rounding a double-precision result of two singles once more to single is exact.
		self.steps.iter().fold(x, |x, step| self.precision.round(step.apply(x)))
	}

	/// The t' and whether to negate so that `column(x) <= t` is `x <= t'` (negated) for every x:
	/// every step is monotone, rounding included, so t' is found by bisection.
	pub fn preimage(&self, threshold: f64) -> (f64, bool) {
		if self.steps.is_empty() {
			return (threshold, false);
		}
		let falls =
			self.steps.iter().filter(|step| step.slope_and_shift().0 < 0.0).count() % 2 == 1;
		let holds = |x: f64| (self.apply(x) <= threshold) != falls;
		// The largest x with holds(x), over the ordered bit patterns.
		let (mut low, mut high) = self.precision.order_range();
		if !holds(self.precision.at_order(low)) {
			return (f64::NEG_INFINITY, falls);
		}
		while low < high {
			let middle = ((i128::from(low) + i128::from(high) + 1) >> 1) as i64;
			if holds(self.precision.at_order(middle)) {
				low = middle;
			} else {
				high = middle - 1;
			}
		}
		(self.precision.at_order(low), falls)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// Every comparison of the scaled value is that of the raw value with the preimage.
	#[test]
	fn preimages_are_exact() {
		let chains = [
			vec![ScalarStep::Subtract(13.37f32.into()), ScalarStep::Multiply(0.123_456_f32.into())],
			vec![ScalarStep::Multiply((-3.3f32).into()), ScalarStep::Add(1e-3f32.into())],
			vec![ScalarStep::SubtractFrom(1.0), ScalarStep::Divide(7.0)],
		];
		for precision in [Precision::Single, Precision::Double] {
			for steps in chains.clone() {
				let chain = ScalarChain { feature: 0, precision, steps };
				for threshold in [-5.0, 0.0, 0.1, 2.5] {
					let threshold = precision.round(threshold);
					let (preimage, negated) = chain.preimage(threshold);
					let mut x = preimage;
					for _ in 0..5 {
						x = precision.next_down(x);
					}
					for _ in 0..10 {
						let expected = chain.apply(x) <= threshold;
						assert_eq!((x <= preimage) != negated, expected, "{chain:?} {x}");
						x = match precision {
							Precision::Single => (x as f32).next_up().into(),
							Precision::Double => x.next_up(),
						};
					}
				}
			}
		}
	}
}
