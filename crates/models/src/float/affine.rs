//! Affine functions of the features, of the sums of a forest, or of a hidden layer.

use super::{
	chain::{Precision, ScalarChain, ScalarStep},
	weights::Weights,
};

/// What the variables of an affine function are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
	/// The features.
	Features,
	/// The sums of a forest.
	Forest,
	/// The activations of a hidden layer.
	Hidden,
	/// Those of a layer that is behind this many other hidden ones.
	Behind(u8),
	/// Those of several layers, one after the other: the first and the last, by how many are before each.
	Across(u8, u8),
}

impl Basis {
	/// The hidden layers, by how many are before each: the first and the last.
	pub fn layers(self) -> Option<(u8, u8)> {
		match self {
			Self::Features | Self::Forest => None,
			Self::Hidden => Some((0, 0)),
			Self::Behind(before) => Some((before, before)),
			Self::Across(first, last) => Some((first, last)),
		}
	}

	/// The inverse of [`Basis::layers`].
	pub fn of_layers(first: u8, last: u8) -> Self {
		match (first, last) {
			(0, 0) => Self::Hidden,
			_ if first == last => Self::Behind(last),
			_ => Self::Across(first, last),
		}
	}
}

/// An affine function of the variables of a basis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
	pub weights: Weights,
	pub bias: f64,
}

impl Row {
	pub fn scaled(&self, factor: f64) -> Self {
		Self { weights: self.weights.scaled(factor), bias: self.bias * factor }
	}

	pub fn at(&self, x: &[f64]) -> f64 {
		self.bias + self.weights.dot(x)
	}
}

/// The columns of a `[N, rows.len()]` tensor, each affine in the variables of the basis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Affine {
	pub basis: Basis,
	pub rows: Vec<Row>,
	/// For each row how it comes from a single feature in floating point, if it does.
	pub chains: Vec<Option<ScalarChain>>,
}

impl Affine {
	/// The features `from..from + count` of `features`, unchanged.
	pub fn features(from: usize, count: usize, features: usize, precision: Precision) -> Self {
		let mut affine = Self::unchanged(Basis::Features, from, count, features);
		affine.chains = (from..from + count)
			.map(|feature| Some(ScalarChain { feature, precision, steps: Vec::new() }))
			.collect();
		affine
	}

	/// The variables `from..from + count` of a basis of `all`, unchanged.
	pub fn unchanged(basis: Basis, from: usize, count: usize, all: usize) -> Self {
		let row = |at: usize| Row { weights: Weights::one(at, all), bias: 0.0 };
		Self { basis, rows: (from..from + count).map(row).collect(), chains: vec![None; count] }
	}

	/// How many variables the basis has.
	pub fn variables(&self) -> usize {
		self.rows.first().map_or(0, |row| row.weights.len())
	}

	/// How many numbers it takes to write it down, about.
	pub fn size(&self) -> usize {
		// What a row and its chain take beside weights and steps.
		const ROW: usize = 10;
		let weights = |row: &Row| match &row.weights {
			Weights::One { .. } => ROW,
			Weights::Full(weights) => ROW + weights.len(),
		};
		let steps = self.chains.iter().flatten().map(|chain| 2 * chain.steps.len());
		self.rows.iter().map(weights).chain(steps).sum()
	}

	/// Sums of columns with those of another function of the same variables, which a factor scales.
	pub fn plus(&self, other: &Self, factor: f64) -> Self {
		let sum = |(row, other): (&Row, &Row)| {
			let weights = row.weights.iter().zip(other.weights.iter());
			Row {
				weights: Weights::Full(weights.map(|(a, b)| a + factor * b).collect()),
				bias: row.bias + factor * other.bias,
			}
		};
		let rows: Vec<Row> = self.rows.iter().zip(&other.rows).map(sum).collect();
		Self { basis: self.basis, chains: vec![None; rows.len()], rows }
	}

	/// The columns with these numbers, in this order; `None` if there is no such column.
	pub fn selected(&self, columns: &[usize]) -> Option<Self> {
		let rows = columns.iter().map(|&at| self.rows.get(at).cloned());
		let chains = columns.iter().map(|&at| self.chains.get(at).cloned());
		Some(Self {
			basis: self.basis,
			rows: rows.collect::<Option<_>>()?,
			chains: chains.collect::<Option<_>>()?,
		})
	}

	/// Linear combinations of the columns: `matrix` has one row per new column.
	pub fn combined(&self, matrix: &[Vec<f64>], bias: &[f64]) -> Self {
		let variables = self.variables();
		let combine = |(coefficients, bias): (&Vec<f64>, &f64)| {
			let (mut weights, mut bias) = (vec![0.0; variables], *bias);
			for (coefficient, row) in coefficients.iter().zip(&self.rows) {
				bias += coefficient * row.bias;
				row.weights.add_to(&mut weights, *coefficient);
			}
			Row { weights: Weights::Full(weights), bias }
		};
		let rows: Vec<Row> = matrix.iter().zip(bias).map(combine).collect();
		Self { basis: self.basis, chains: vec![None; rows.len()], rows }
	}

	/// Linear combinations of few columns each: for every new column those that it takes, with their coefficients, and
	/// what is added.
	pub fn combined_sparsely(&self, combinations: &[(Vec<(usize, f64)>, f64)]) -> Self {
		let variables = self.variables();
		let combine = |(terms, bias): &(Vec<(usize, f64)>, f64)| {
			let (mut weights, mut bias) = (vec![0.0; variables], *bias);
			for (row, coefficient) in
				terms.iter().filter_map(|(at, c)| Some((self.rows.get(*at)?, c)))
			{
				bias += coefficient * row.bias;
				row.weights.add_to(&mut weights, *coefficient);
			}
			Row { weights: Weights::Full(weights), bias }
		};
		let rows: Vec<Row> = combinations.iter().map(combine).collect();
		Self { basis: self.basis, chains: vec![None; rows.len()], rows }
	}

	/// The same among more variables, of which there are `before` before these and `after` after them.
	pub fn among(&self, basis: Basis, before: usize, after: usize) -> Self {
		let among = |row: &Row| Row { weights: row.weights.among(before, after), bias: row.bias };
		let rows: Vec<Row> = self.rows.iter().map(among).collect();
		Self { basis, chains: vec![None; rows.len()], rows }
	}

	/// `step` applied to each column, with one constant per column.
	pub fn stepped(&self, step: fn(f64) -> ScalarStep, constants: &[f64]) -> Self {
		let map = |(row, &constant): (&Row, &f64)| {
			let (a, b) = step(constant).slope_and_shift();
			let mut row = row.scaled(a);
			row.bias += b;
			row
		};
		let chain = |(chain, &constant): (&Option<ScalarChain>, &f64)| {
			let mut chain = chain.clone()?;
			chain.steps.push(step(constant));
			Some(chain)
		};
		Self {
			basis: self.basis,
			rows: self.rows.iter().zip(constants).map(map).collect(),
			chains: self.chains.iter().zip(constants).map(chain).collect(),
		}
	}

	/// The slope and shift by which all columns of another function follow from these, if they do.
	pub fn line_to(&self, other: &Self) -> Option<(f64, f64)> {
		// Both come from the same numbers by a few roundings.
		const TOLERANCE: f64 = 1e-6;
		if self.basis != other.basis || self.rows.len() != other.rows.len() {
			return None;
		}
		let rows = || self.rows.iter().zip(&other.rows);
		let weights = || rows().flat_map(|(a, b)| a.weights.iter().zip(b.weights.iter()));
		let largest = |a: &(&f64, &f64), b: &(&f64, &f64)| a.0.abs().total_cmp(&b.0.abs());
		let (from, to) = weights().max_by(largest)?;
		let slope = to / from;
		let (first, of_first) = rows().next()?;
		let shift = of_first.bias - slope * first.bias;
		let near = |a: f64, b: f64, scale: f64| (a - b).abs() <= TOLERANCE * scale;
		let has_shift = |(a, b): (&Row, &Row)| {
			let scale = b.bias.abs().max((slope * a.bias).abs()).max(to.abs());
			near(b.bias, slope * a.bias + shift, scale)
		};
		let has_slope = |(a, b): (&f64, &f64)| near(*b, slope * a, to.abs());
		let is_line = rows().all(has_shift) && weights().all(has_slope);
		(slope.is_finite() && shift.is_finite() && is_line).then_some((slope, shift))
	}

	/// The same, but not to be compared with thresholds: ONNX Runtime rounds in another order.
	pub fn without_chains(mut self) -> Self {
		self.chains = vec![None; self.rows.len()];
		self
	}

	pub fn negated(&self) -> Self {
		self.stepped(ScalarStep::Multiply, &vec![-1.0; self.rows.len()])
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn affine(rows: &[(&[f64], f64)]) -> Affine {
		let row = |&(weights, bias): &(&[f64], f64)| Row {
			weights: Weights::Full(weights.to_vec()),
			bias,
		};
		Affine {
			basis: Basis::Features,
			rows: rows.iter().map(row).collect(),
			chains: vec![None; rows.len()],
		}
	}

	#[test]
	fn a_line_is_between_columns_that_are_scaled_alike() {
		let base = affine(&[(&[1.0, 2.0], 3.0), (&[0.0, -4.0], 0.5)]);
		let scaled = affine(&[(&[0.5, 1.0], 2.5), (&[0.0, -2.0], 1.25)]);
		assert_eq!(base.line_to(&scaled), Some((0.5, 1.0)));
		let other = affine(&[(&[0.5, 1.0], 2.5), (&[0.0, -2.0], 1.5)]);
		assert_eq!(base.line_to(&other), None);
		let nothing = affine(&[(&[0.0, 0.0], 3.0), (&[0.0, 0.0], 0.5)]);
		assert_eq!(nothing.line_to(&base), None);
		assert_eq!(base.line_to(&affine(&[(&[1.0, 2.0], 3.0)])), None);
	}
}
