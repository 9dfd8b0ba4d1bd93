//! The weights of an affine function.

use std::ops::Index;

/// Most weights of one matrix that an import writes out, 128 MiB: ten times what fits an artifact.
pub(crate) const MAX_WEIGHTS: usize = 1 << 24;

/// One weight for each variable of a basis.
#[derive(Clone, Debug)]
pub(crate) enum Weights {
	/// Of one variable, maybe scaled: of thousands of features, each unchanged, a full matrix takes gigabytes.
	One {
		/// Which one.
		at: usize,
		/// Its weight.
		weight: f64,
		/// The weight of all others, a zero: but of which sign, or times infinity?
		others: f64,
		/// How many variables there are.
		len: usize,
	},
	/// Of many.
	Full(Vec<f64>),
}

impl Weights {
	/// The variable `at` of `len`, unchanged.
	pub fn one(at: usize, len: usize) -> Self {
		Self::One { at, weight: 1.0, others: 0.0, len }
	}

	/// How many there are.
	pub fn len(&self) -> usize {
		match self {
			Self::One { len, .. } => *len,
			Self::Full(weights) => weights.len(),
		}
	}

	/// All of them, in order.
	pub fn iter(&self) -> impl Iterator<Item = &f64> {
		let (one, full) = match self {
			Self::One { at, weight, others, len } => {
				let value = move |variable| if variable == *at { weight } else { others };
				(Some((0..*len).map(value)), [].as_slice())
			},
			Self::Full(weights) => (None, weights.as_slice()),
		};
		one.into_iter().flatten().chain(full)
	}

	/// Adds all of them times a factor.
	pub fn add_to(&self, sums: &mut [f64], factor: f64) {
		match self {
			Self::One { at, weight, others: 0.0, .. } if factor.is_finite() => {
				sums.iter_mut().skip(*at).take(1).for_each(|sum| *sum += factor * weight);
			},
			_ => sums.iter_mut().zip(self.iter()).for_each(|(sum, w)| *sum += factor * w),
		}
	}

	/// The same among more variables, of which there are `before` before these and `after` after them, with weights of 0.
	pub fn among(&self, before: usize, after: usize) -> Self {
		match self {
			Self::One { at, weight, others: 0.0, len } => Self::One {
				at: before + at,
				weight: *weight,
				others: 0.0,
				len: before + len + after,
			},
			_ => {
				let own = self.iter().copied();
				let zeros = |count| std::iter::repeat_n(0.0, count);
				Self::Full(zeros(before).chain(own).chain(zeros(after)).collect())
			},
		}
	}

	/// All of them times a factor.
	pub fn scaled(&self, factor: f64) -> Self {
		match self {
			Self::One { at, weight, others, len } => {
				Self::One { at: *at, weight: weight * factor, others: others * factor, len: *len }
			},
			Self::Full(weights) => Self::Full(weights.iter().map(|w| w * factor).collect()),
		}
	}

	/// The sum of products with the values of the variables.
	pub fn dot(&self, x: &[f64]) -> f64 {
		match self {
			// As fast as it can be: calibration asks for every row.
			Self::Full(weights) => weights.iter().zip(x).map(|(w, x)| w * x).sum(),
			Self::One { .. } => self.iter().zip(x).map(|(w, x)| w * x).sum(),
		}
	}
}

impl Index<usize> for Weights {
	type Output = f64;

	fn index(&self, variable: usize) -> &f64 {
		match self {
			Self::One { at, weight, others, len } => {
				assert!(variable < *len, "there are {len} variables");
				if variable == *at { weight } else { others }
			},
			Self::Full(weights) => &weights[variable],
		}
	}
}

impl PartialEq for Weights {
	fn eq(&self, other: &Self) -> bool {
		self.len() == other.len() && self.iter().eq(other.iter())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn one_variable_is_what_its_full_row_is() {
		let full = Weights::Full(vec![0.0, 0.0, 1.0, 0.0]);
		let one = Weights::one(2, 4);
		let x = [1.5, f64::INFINITY, -2.0, 0.25];
		for factor in [1.0, -3.0, 0.0, f64::NAN, f64::INFINITY] {
			let (one, full) = (one.scaled(factor), full.scaled(factor));
			let bits = |weights: &Weights| weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>();
			assert_eq!(bits(&one), bits(&full));
			assert!((0..4).all(|at| one[at].to_bits() == full[at].to_bits()));
			assert_eq!(one.dot(&x[2..]).to_bits(), full.dot(&x[2..]).to_bits());
			assert_eq!(one.dot(&x).is_nan(), full.dot(&x).is_nan());
			assert_eq!(one == full, !factor.is_nan() && factor.is_finite());
		}
	}
}
