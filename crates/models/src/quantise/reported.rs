//! What a model reports, and how far its quantised form is from it.

use crate::{
	card::{ExpectedError, Scores, Task, Transform},
	float::calibration::extremes,
};

/// What a model reports of some rows: probabilities, other scores, or values; of one whose results a
/// program computes, what it takes.
pub(crate) struct Reported<'a> {
	scores: Vec<&'a Scores>,
	/// For each row, one number per class or target.
	pub exact: Vec<Vec<f64>>,
	/// What an error of each of them is divided by: 1 for a probability, otherwise its range.
	pub spans: Vec<f64>,
}

impl<'a> Reported<'a> {
	/// What is reported for these outputs of a circuit, one row each.
	pub fn new(task: &'a Task, outputs: &[Vec<f64>]) -> Self {
		let scores = match task {
			Task::Classification { scores, .. } => vec![scores],
			_ => task.all_scores(),
		};
		let exact: Vec<Vec<f64>> = outputs.iter().map(|outputs| apply(&scores, outputs)).collect();
		let are_probabilities = scores
			.iter()
			.flat_map(|scores| scores.columns.iter().map(|_| scores.are_probabilities()));
		let span = |(column, are_probabilities): (usize, bool)| {
			if are_probabilities {
				return 1.0;
			}
			let (low, high) = extremes(exact.iter().filter_map(|row| row.get(column).copied()));
			if high > low { high - low } else { 1.0 }
		};
		let spans = are_probabilities.enumerate().map(span).collect();
		Self { scores, exact, spans }
	}

	/// What is reported for the outputs of one row, each divided by its span.
	pub fn of(&self, outputs: &[f64]) -> Vec<f64> {
		let reported = apply(&self.scores, outputs);
		reported.into_iter().zip(&self.spans).map(|(value, span)| value / span).collect()
	}

	/// The share of rows for which these outputs give another class, the one with the largest number; for classifiers.
	pub fn changed_classes(&self, outputs: &[Vec<f64>]) -> f64 {
		let class = |numbers: &[f64]| {
			(0..numbers.len()).max_by(|&a, &b| f64::total_cmp(&numbers[a], &numbers[b]))
		};
		let rows = outputs.iter().zip(&self.exact);
		let changed = rows.filter(|(outputs, exact)| {
			class(&apply(&self.scores, outputs)) != class(exact.as_slice())
		});
		changed.count() as f64 / outputs.len().max(1) as f64
	}

	/// The error of outputs of all rows.
	pub fn error(&self, outputs: impl Iterator<Item = Vec<f64>>) -> ExpectedError {
		let (mut sum, mut largest, mut count) = (0.0, 0.0f64, 0u32);
		for (outputs, exact) in outputs.zip(&self.exact) {
			for ((found, exact), span) in self.of(&outputs).iter().zip(exact).zip(&self.spans) {
				let error = (found - exact / span).abs();
				// What is no number though it should be one is off by all of the range.
				let whole = if exact.is_finite() { 1.0 } else { 0.0 };
				let error = if error.is_finite() { error } else { whole };
				sum += error;
				largest = largest.max(error);
				count += 1;
			}
		}
		ExpectedError { mean: sum / f64::from(count.max(1)), largest }
	}
}

fn apply(scores: &[&Scores], outputs: &[f64]) -> Vec<f64> {
	scores.iter().flat_map(|scores| scores.apply(outputs)).collect()
}

impl Scores {
	/// Whether they are probabilities, whose errors count as they are.
	pub(crate) fn are_probabilities(&self) -> bool {
		self.normalise
			|| matches!(
				self.transform,
				Transform::Sigmoid
					| Transform::ModifiedHuber
					| Transform::Softmax
					| Transform::SoftmaxZero
			)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::card::{Classes, Column};

	fn scores(transform: Transform) -> Scores {
		let column = Column { output: 0, negate: false, offset: 0.0 };
		Scores { columns: vec![column], transform, normalise: false }
	}

	fn error(task: &Task, exact: [f64; 2], found: [f64; 2]) -> ExpectedError {
		let outputs = |values: [f64; 2]| values.map(|value| vec![value]);
		Reported::new(task, &outputs(exact)).error(outputs(found).into_iter())
	}

	#[test]
	fn probabilities_count_as_they_are_and_values_by_their_range() {
		let classes = Classes::Integers(vec![0]);
		let scores_of = || scores(Transform::Sigmoid);
		let (decision, sigmoid) = (scores_of(), scores_of());
		let task = Task::Classification { classes, decision, scores: sigmoid };
		// A probability of 1 is not moved by a score that is twice as high.
		let found = error(&task, [0.0, 50.0], [2f64.ln(), 100.0]);
		assert!((found.largest - (2.0 / 3.0 - 0.5)).abs() < 1e-9, "{found:?}");
		assert!((found.mean - found.largest / 2.0).abs() < 1e-9, "{found:?}");

		let task = Task::Regression { targets: scores(Transform::Identity) };
		let found = error(&task, [100.0, 300.0], [100.0, 310.0]);
		assert!((found.mean - 0.025).abs() < 1e-9, "{found:?}");
		assert!((found.largest - 0.05).abs() < 1e-9, "{found:?}");
		assert_eq!(error(&task, [0.0, 1.0], [f64::NAN, 1.0]).largest, 1.0);
	}
}
