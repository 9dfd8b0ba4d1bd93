//! Functions that the standard library lacks.

use std::f64::consts::{PI, SQRT_2};

/// The error function, to the last few bits of f64: its series near zero, the continued fraction of its complement
/// elsewhere (Abramowitz, Stegun, 7.1.6 and 7.1.14).
pub(crate) fn erf(z: f64) -> f64 {
	let x = z.abs();
	let magnitude = match x {
		_ if z.is_nan() => return z,
		6.0.. => 1.0,
		2.5.. => {
			let fraction = (1..=60).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
			1.0 - (-x * x).exp() / PI.sqrt() / fraction
		},
		_ => {
			let (mut term, mut sum) = (x, x);
			for n in 1..=60 {
				term *= 2.0 * x * x / f64::from(2 * n + 1);
				sum += term;
			}
			2.0 / PI.sqrt() * (-x * x).exp() * sum
		},
	};
	magnitude.copysign(z)
}

/// sqrt(2) erfinv(2 p - 1), with Winitzki's approximation of erfinv ("A handy approximation for the
/// error function and its inverse", 2008), which ONNX Runtime uses.
pub(crate) fn probit(p: f64) -> f64 {
	const A: f64 = 0.147;
	let x = 2.0 * p - 1.0;
	let log = ((1.0 - x) * (1.0 + x)).ln();
	let v = 2.0 / (PI * A) + log / 2.0;
	SQRT_2 * ((v * v - log / A).sqrt() - v).sqrt().copysign(x)
}

#[cfg(test)]
mod tests {
	use super::*;

	/// The values are of Python's `math.erf`.
	#[test]
	fn the_error_function() {
		let known = [
			(0.0, 0.0),
			(0.5, 0.520_499_877_813_046_5),
			(-1.0, -0.842_700_792_949_714_9),
			(2.4, 0.999_311_486_103_354_9),
			(2.6, 0.999_763_965_583_470_7),
			(-4.0, -0.999_999_984_582_742_1),
			(9.0, 1.0),
		];
		for (z, value) in known {
			assert!((erf(z) - value).abs() < 1e-15, "{z}: {}", erf(z));
		}
		assert!(erf(f64::NAN).is_nan());
	}
}
