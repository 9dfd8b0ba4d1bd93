//! Integers for the coefficients of a sum, chosen together.

/// What a coefficient is multiplied by, in each row.
pub(super) enum Summand {
	/// 1 in these rows, 0 in the others.
	Set(Vec<u32>),
	/// One number for each row.
	Values(Vec<f64>),
}

impl Summand {
	/// The bits of the input.
	pub fn of_bits(feature_bits: &[u32], encoded: &[Vec<i64>]) -> Vec<Self> {
		let bits =
			feature_bits.iter().enumerate().flat_map(|(at, &bits)| (0..bits).map(move |b| (at, b)));
		let set = |(feature, bit): (usize, u32)| {
			let rows = (0..).zip(encoded).filter(|(_, row)| row[feature] >> bit & 1 == 1);
			Self::Set(rows.map(|(row, _)| row).collect())
		};
		bits.map(set).collect()
	}

	/// The sum of `of_row(row, multiplier)`, where the multiplier is not zero.
	fn sum(&self, of_row: impl Fn(usize, f64) -> f64) -> f64 {
		match self {
			Self::Set(rows) => rows.iter().map(|&row| of_row(row as usize, 1.0)).sum(),
			Self::Values(values) => values.iter().enumerate().map(|(row, &x)| of_row(row, x)).sum(),
		}
	}

	fn add_to(&self, sums: &mut [f64], coefficient: f64) {
		match self {
			Self::Set(rows) => rows.iter().for_each(|&row| sums[row as usize] += coefficient),
			Self::Values(values) => {
				sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += coefficient * x);
			},
		}
	}
}

/// Sums that should come close to what rows want, up to a constant.
pub(super) struct Fit<'a> {
	pub summands: &'a [Summand],
	/// One for each row.
	pub wanted: &'a [f64],
	/// How much a squared error matters in each row.
	pub weights: &'a [f64],
}

/// How strongly coefficients are held where they were, as a multiple of the mean squares of a summand:
/// what rounding one changes can be made up for by others that go with it, but few rows would be learnt
/// by heart.
const HOLD: f64 = 2.0;
/// The same for each summand per row.
const HOLD_PER_ROW: f64 = 4.0;
const SWEEPS: usize = 4;

/// A summand's weighted sum, and its squared deviation from its mean.
struct Moments {
	sum: f64,
	squares: f64,
}

impl Fit<'_> {
	/// Real numbers near these coefficients: coordinate descent on the weighted squared error. Zeros
	/// stay. Also returns the mean of what is left.
	pub fn real(&self, exact: &[f64]) -> (Vec<f64>, f64) {
		let mut values = exact.to_vec();
		let shift = self.descend(&mut values, exact, |value, _| value);
		(values, shift)
	}

	/// Integers within one of these coefficients, by the same descent. Zeros stay. Also returns the
	/// mean of what is left.
	pub fn integers(&self, real: &[f64]) -> (Vec<i32>, f64) {
		let mut values: Vec<f64> = real.iter().map(|value| value.round()).collect();
		// Not `clamp`, which panics if a bound is not a number.
		let whole = |value: f64, real: f64| value.round().max(real.floor()).min(real.ceil());
		let shift = self.descend(&mut values, real, whole);
		(values.into_iter().map(|value| value as i32).collect(), shift)
	}

	fn moments(&self, summand: &Summand, total: f64) -> Moments {
		let sum = summand.sum(|row, x| self.weights[row] * x);
		let squares = summand.sum(|row, x| self.weights[row] * x * x);
		Moments { sum, squares: (squares - sum * sum / total).max(0.0) }
	}

	/// Goes over the coefficients, each of which becomes `allowed` of what is best for the squared error
	/// and the distance from where it is held. Returns the mean of what is left.
	fn descend(&self, values: &mut [f64], held: &[f64], allowed: impl Fn(f64, f64) -> f64) -> f64 {
		let total = self.weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
		let moments: Vec<Moments> = self.summands.iter().map(|x| self.moments(x, total)).collect();
		let all_squares: f64 = moments.iter().map(|moments| moments.squares).sum();
		let per_row = moments.len() as f64 / self.wanted.len().max(1) as f64;
		let hold = (HOLD + HOLD_PER_ROW * per_row) * all_squares / moments.len().max(1) as f64;
		let mut errors: Vec<f64> = self.wanted.iter().map(|wanted| -wanted).collect();
		for (summand, &value) in self.summands.iter().zip(values.iter()) {
			summand.add_to(&mut errors, value);
		}
		let weighted = errors.iter().zip(self.weights).map(|(error, weight)| error * weight);
		let mut sum: f64 = weighted.sum();
		for _ in 0..SWEEPS {
			let coefficients = values.iter_mut().zip(held).zip(self.summands.iter().zip(&moments));
			for ((value, &held), (summand, moments)) in coefficients {
				let squares = moments.squares + hold;
				if held == 0.0 || squares <= 0.0 {
					continue;
				}
				let product = summand.sum(|row, x| self.weights[row] * errors[row] * x);
				let slope = product - sum * moments.sum / total;
				let next = allowed(*value - (slope + hold * (*value - held)) / squares, held);
				let change = next - *value;
				if change != 0.0 {
					*value = next;
					summand.add_to(&mut errors, change);
					sum += change * moments.sum;
				}
			}
		}
		sum / total
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn what_goes_together_makes_up_for_rounding_and_zeros_stay() {
		let rows: Vec<u32> = (0..20).collect();
		let alike = || Summand::Set(rows.clone());
		let values = Summand::Values((0..40).map(f64::from).collect());
		let summands = [alike(), alike(), values];
		let wanted: Vec<f64> = (0..40).map(|row| if row < 20 { 7.0 } else { 6.0 }).collect();
		let fit = Fit { summands: &summands, wanted: &wanted, weights: &[1.0; 40] };
		let (integers, shift) = fit.integers(&[0.5, 0.5, 0.0]);
		assert_eq!(integers, [0, 1, 0]);
		assert!((shift + 6.0).abs() < 1e-9, "{shift}");
	}

	#[test]
	fn few_rows_are_not_learnt_by_heart() {
		// A bit that is set in one row of 40 hardly moves, however wrong that row is.
		let summands = [Summand::Set((0..20).collect()), Summand::Set(vec![39])];
		let mut wanted = vec![0.0; 40];
		wanted[39] = 10.0;
		let fit = Fit { summands: &summands, wanted: &wanted, weights: &[1.0; 40] };
		let (real, _) = fit.real(&[3.0, 1.0]);
		assert!((real[1] - 1.0).abs() < 2.0, "{real:?}");
	}
}
