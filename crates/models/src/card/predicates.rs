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

/// Whether a feature is at most a threshold, or equal to it or to one of a set of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
	/// Number of the feature.
	pub feature: usize,
	/// Which comparison.
	pub comparison: Comparison,
	/// The threshold.
	pub threshold: f64,
	/// For equality: values that hold as well, in ascending order. A set of categories is one bit.
	pub others: Vec<f64>,
	/// The bit of a missing value.
	pub missing: bool,
}

impl Predicate {
	/// The bit of a value; a missing one is not a number.
	pub fn holds(&self, value: f64) -> bool {
		match self.comparison {
			_ if value.is_nan() => self.missing,
			Comparison::AtMost => value <= self.threshold,
			Comparison::Equal => value == self.threshold || self.others.contains(&value),
		}
	}
}

/// A comparison of a feature with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
	/// x <= t.
	AtMost,
	/// x == t, or x is one of the others.
	Equal,
}

/// A threshold in JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, try_from = "serde_json::Value")]
enum Threshold {
	/// `null` is minus infinity, which JSON does not have.
	One(Option<f64>),
	/// A set, which clients that know no sets cannot read: they would compare with one of its values.
	Set(Vec<f64>),
}

/// Read by hand: if a crate asks serde_json for `arbitrary_precision`, as one of the node's does, serde finds no number
/// in an untagged enum.
impl TryFrom<serde_json::Value> for Threshold {
	type Error = &'static str;

	fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
		let number = |value: &serde_json::Value| {
			value.as_f64().ok_or("a threshold is a number, null or a list of numbers")
		};
		Ok(match &value {
			serde_json::Value::Null => Self::One(None),
			serde_json::Value::Array(values) => {
				Self::Set(values.iter().map(number).collect::<Result<_, _>>()?)
			},
			value => Self::One(Some(number(value)?)),
		})
	}
}

#[derive(Clone, Serialize, Deserialize)]
struct PredicateColumns {
	single_precision: bool,
	features: Vec<usize>,
	thresholds: Vec<Threshold>,
	/// Numbers of the predicates that compare for equality.
	equal: Vec<usize>,
	/// Numbers of the predicates that hold for missing values.
	missing: Vec<usize>,
}

impl From<Predicates> for PredicateColumns {
	fn from(predicates: Predicates) -> Self {
		let Predicates { list, single_precision } = predicates;
		// The shortest decimal number that is rounded to this one.
		let short = |exact: f64| {
			if single_precision {
				(exact as f32).to_string().parse().unwrap_or(exact)
			} else {
				exact
			}
		};
		let threshold = |predicate: &Predicate| match predicate.others.as_slice() {
			[] => {
				Threshold::One(Some(short(predicate.threshold)).filter(|short| short.is_finite()))
			},
			others => {
				let values = std::iter::once(&predicate.threshold).chain(others);
				Threshold::Set(values.map(|&value| short(value)).collect())
			},
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
		let predicate = |(feature, threshold): (usize, Threshold)| {
			let (comparison, values) = match threshold {
				Threshold::One(value) => (Comparison::AtMost, Vec::from_iter(value)),
				Threshold::Set(values) => (Comparison::Equal, values),
			};
			let rounded = |value| if single_precision { f64::from(value as f32) } else { value };
			let mut values = values.into_iter().map(rounded);
			let threshold = values.next().unwrap_or(f64::NEG_INFINITY);
			Predicate { feature, comparison, threshold, others: values.collect(), missing: false }
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
					others: if at % 10 == 0 { vec![threshold(at + 1), 77.0] } else { Vec::new() },
					missing: at % 3 == 0,
				})
				.collect();
			let predicates = Predicates { list, single_precision };
			let json = serde_json::to_string(&predicates).unwrap_or_default();
			let again: Option<Predicates> = serde_json::from_str(&json).ok();
			assert_eq!(again, Some(predicates));
		}
	}

	#[test]
	fn a_set_holds_for_each_of_its_values_and_is_a_list_in_json() {
		let set = Predicate {
			feature: 0,
			comparison: Comparison::Equal,
			threshold: 1.0,
			others: vec![2.5, 4.0],
			missing: true,
		};
		let held = [0.0, 1.0, 2.0, 2.5, 4.0, f64::NAN].map(|value| set.holds(value));
		assert_eq!(held, [false, true, false, true, true, true]);
		let json = serde_json::to_string(&Predicates { list: vec![set], single_precision: true });
		assert!(json.unwrap_or_default().contains("\"thresholds\":[[1.0,2.5,4.0]]"));
	}

	#[test]
	fn a_card_with_an_empty_set_reads_and_holds_for_nothing() {
		let json = r#"{"single_precision":false,"features":[0],"thresholds":[[]],"equal":[],"missing":[]}"#;
		let predicates: Predicates = serde_json::from_str(json).unwrap();
		assert!(!predicates.list[0].holds(0.0));
	}

	#[test]
	fn a_threshold_of_another_kind_is_refused() {
		for threshold in ["\"1\"", "true", "{}", "[null]", "[[1]]", "1e999"] {
			let json = format!(
				r#"{{"single_precision":false,"features":[0],"thresholds":[{threshold}],"equal":[],"missing":[]}}"#
			);
			assert!(serde_json::from_str::<Predicates>(&json).is_err(), "{threshold}");
		}
	}
}
