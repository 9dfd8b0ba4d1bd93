//! Comparisons of features with thresholds, which the trees of a forest are made of.

use serde::{Deserialize, Serialize};

/// Comparisons of features with thresholds; in JSON by columns, since there can be thousands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "PredicateColumns", into = "PredicateColumns")]
pub struct Predicates {
	/// The comparisons, one encrypted bit each.
	pub list: Vec<Predicate>,
	/// Whether features are rounded to single precision first, as ONNX Runtime takes them.
	pub single_precision: bool,
}

/// Whether a feature is at most, or equal to, a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicate {
	/// Number of the feature.
	pub feature: usize,
	/// Which comparison.
	pub comparison: Comparison,
	/// The threshold.
	pub threshold: f64,
	/// The bit of a missing value.
	pub missing: bool,
}

/// A comparison of a feature with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
	/// x <= t.
	AtMost,
	/// x == t.
	Equal,
}

#[derive(Clone, Serialize, Deserialize)]
struct PredicateColumns {
	single_precision: bool,
	features: Vec<usize>,
	/// `null` is minus infinity, which JSON does not have.
	thresholds: Vec<Option<f64>>,
	/// Numbers of the predicates that compare for equality.
	equal: Vec<usize>,
	/// Numbers of the predicates that hold for missing values.
	missing: Vec<usize>,
}

impl From<Predicates> for PredicateColumns {
	fn from(predicates: Predicates) -> Self {
		let Predicates { list, single_precision } = predicates;
		let threshold = |predicate: &Predicate| {
			let exact = predicate.threshold;
			// The shortest decimal number that is rounded to this one.
			let short = if single_precision {
				(exact as f32).to_string().parse().unwrap_or(exact)
			} else {
				exact
			};
			short.is_finite().then_some(short)
		};
		let numbers = |keep: fn(&Predicate) -> bool| {
			(0..).zip(&list).filter(|(_, predicate)| keep(predicate)).map(|(at, _)| at).collect()
		};
		Self {
			single_precision,
			features: list.iter().map(|predicate| predicate.feature).collect(),
			thresholds: list.iter().map(threshold).collect(),
			equal: numbers(|predicate| predicate.comparison == Comparison::Equal),
			missing: numbers(|predicate| predicate.missing),
		}
	}
}

impl From<PredicateColumns> for Predicates {
	fn from(columns: PredicateColumns) -> Self {
		let PredicateColumns { single_precision, features, thresholds, equal, missing } = columns;
		let predicate = |(feature, threshold): (usize, Option<f64>)| {
			let threshold = threshold.unwrap_or(f64::NEG_INFINITY);
			let threshold = if single_precision { (threshold as f32).into() } else { threshold };
			Predicate { feature, comparison: Comparison::AtMost, threshold, missing: false }
		};
		let mut list: Vec<Predicate> =
			features.into_iter().zip(thresholds).map(predicate).collect();
		for at in equal {
			if let Some(predicate) = list.get_mut(at) {
				predicate.comparison = Comparison::Equal;
			}
		}
		for at in missing {
			if let Some(predicate) = list.get_mut(at) {
				predicate.missing = true;
			}
		}
		Self { list, single_precision }
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn predicates_read_back_to_the_bit() {
		for single_precision in [true, false] {
			let threshold = |at: i32| {
				let value = 0.1 * f64::from(at) + 1e-9;
				if single_precision { f64::from(value as f32) } else { value }
			};
			let list = (0..50)
				.map(|at| Predicate {
					feature: at as usize % 7,
					comparison: if at % 5 == 0 { Comparison::Equal } else { Comparison::AtMost },
					threshold: if at == 3 { f64::NEG_INFINITY } else { threshold(at) },
					missing: at % 3 == 0,
				})
				.collect();
			let predicates = Predicates { list, single_precision };
			let json = serde_json::to_string(&predicates).unwrap_or_default();
			let again: Option<Predicates> = serde_json::from_str(&json).ok();
			assert_eq!(again, Some(predicates));
		}
	}
}
