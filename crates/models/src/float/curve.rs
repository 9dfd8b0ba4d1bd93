//! Functions of one number that exporters write as several operators.

use super::{activation::Activation, affine::Affine};

/// A function of one number, z.
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

/// The slope and shift by which all columns of `other` follow from those of `base`.
pub(crate) fn line_between(base: &Affine, other: &Affine) -> Option<(f64, f64)> {
	// Both come from the same numbers by a few roundings.
	const TOLERANCE: f64 = 1e-6;
	let rows = || base.rows.iter().zip(&other.rows);
	if base.basis != other.basis || base.rows.len() != other.rows.len() {
		return None;
	}
	let largest = |a: &(f64, f64), b: &(f64, f64)| a.0.abs().total_cmp(&b.0.abs());
	let weights =
		|| rows().flat_map(|(b, o)| b.weights.iter().copied().zip(o.weights.iter().copied()));
	let (from, to) = weights().max_by(largest)?;
	let slope = to / from;
	let near = |a: f64, b: f64, scale: f64| (a - b).abs() <= TOLERANCE * scale;
	let (first_base, first) = rows().next()?;
	let shift = first.bias - slope * first_base.bias;
	let same = rows().all(|(b, o)| {
		let scale = o.bias.abs().max((slope * b.bias).abs()).max(to.abs());
		near(o.bias, slope * b.bias + shift, scale)
	}) && weights().all(|(b, o)| near(o, slope * b, to.abs()));
	(slope.is_finite() && shift.is_finite() && same).then_some((slope, shift))
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::float::{affine::Row, weights::Weights};

	fn affine(rows: &[(&[f64], f64)]) -> Affine {
		let row = |&(weights, bias): &(&[f64], f64)| Row {
			weights: Weights::Full(weights.to_vec()),
			bias,
		};
		let basis = crate::float::affine::Basis::Features;
		Affine { basis, rows: rows.iter().map(row).collect(), chains: vec![None; rows.len()] }
	}

	#[test]
	fn a_line_is_between_columns_that_are_scaled_alike() {
		let base = affine(&[(&[1.0, 2.0], 3.0), (&[0.0, -4.0], 0.5)]);
		let scaled = affine(&[(&[0.5, 1.0], 2.5), (&[0.0, -2.0], 1.25)]);
		assert_eq!(line_between(&base, &scaled), Some((0.5, 1.0)));
		let other = affine(&[(&[0.5, 1.0], 2.5), (&[0.0, -2.0], 1.5)]);
		assert_eq!(line_between(&base, &other), None);
		let nothing = affine(&[(&[0.0, 0.0], 3.0), (&[0.0, 0.0], 0.5)]);
		assert_eq!(line_between(&nothing, &base), None);
		assert_eq!(line_between(&base, &affine(&[(&[1.0, 2.0], 3.0)])), None);
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
