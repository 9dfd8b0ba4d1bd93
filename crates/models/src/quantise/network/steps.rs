//! How far each bit of the input moves the argument of a hidden unit: an integer number of table steps.

/// For each bit of the input the rows in which it is set.
pub(super) fn set_rows(feature_bits: &[u32], encoded: &[Vec<i64>]) -> Vec<Vec<u32>> {
	let bits =
		feature_bits.iter().enumerate().flat_map(|(at, &bits)| (0..bits).map(move |b| (at, b)));
	let set = |(feature, bit): (usize, u32)| {
		let rows = (0..).zip(encoded).filter(|(_, row)| row[feature] >> bit & 1 == 1);
		rows.map(|(row, _)| row).collect()
	};
	bits.map(set).collect()
}

/// Rounds the steps of a unit such that their sums come close to what the rows want (errors of
/// rounded features included): coordinate descent on the squared error, each step within one of its
/// exact value. Also returns the mean of what is left, for the table to correct.
pub(super) fn fit_steps(exact: &[f64], set_rows: &[Vec<u32>], wanted: Vec<f64>) -> (Vec<i32>, f64) {
	const SWEEPS: usize = 4;
	let mut steps: Vec<f64> = exact.iter().map(|step| step.round()).collect();
	let mut errors: Vec<f64> = wanted.into_iter().map(|wanted| -wanted).collect();
	for (step, rows) in steps.iter().zip(set_rows) {
		rows.iter().for_each(|&row| errors[row as usize] += step);
	}
	let count = errors.len().max(1) as f64;
	for _ in 0..SWEEPS {
		let mean = errors.iter().sum::<f64>() / count;
		for ((step, exact), rows) in steps.iter_mut().zip(exact).zip(set_rows) {
			if rows.is_empty() {
				continue;
			}
			let sum: f64 = rows.iter().map(|&row| errors[row as usize] - mean).sum();
			let best = (*step - sum / rows.len() as f64).round();
			let best = best.clamp(exact.floor(), exact.ceil());
			let change = best - *step;
			if change != 0.0 {
				*step = best;
				rows.iter().for_each(|&row| errors[row as usize] += change);
			}
		}
	}
	let shift = errors.iter().sum::<f64>() / count;
	(steps.into_iter().map(|step| step as i32).collect(), shift)
}
