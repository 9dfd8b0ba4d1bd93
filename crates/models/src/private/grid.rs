//! Which comparisons the users of a private forest encrypt.

use crate::{
	artifact::{Artifact, Card},
	card::{Comparison, Encoding, ModelCard, Predicate, Predicates},
	float::calibration::Calibration,
};
use std::collections::BTreeSet;

/// Which comparisons the users of a private forest encrypt.
#[derive(Clone, Debug)]
pub enum Grid {
	/// Those that the trees make: thresholds are told, which tree makes which is not.
	Exact,
	/// So many for every feature: those that the trees make, among others between values of the calibration rows,
	/// where a learner puts thresholds.
	Decoys(usize),
	/// So many quantiles of every feature; thresholds move to the next one, which changes the model.
	Quantiles(usize),
	/// All that another private model has, so that nobody can tell both apart; thresholds move as for quantiles.
	Like(Box<Artifact>),
}

/// Why a grid does not fit a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
	/// A feature has more thresholds than a feature of the grid.
	#[error(
		"the trees compare feature `{feature}` with {found} thresholds: take --grid decoys:{found} or more"
	)]
	TooFew {
		/// Name of the feature.
		feature: String,
		/// Comparisons of it.
		found: usize,
	},
	/// A comparison is of a kind that the other model's grid does not have.
	#[error("the trees compare feature `{0}` in a way that the other model's grid has not")]
	Missing(String),
	/// The other model has another grid, or none.
	#[error("the model to look like is no private model of the same kind and features")]
	NotPrivate,
	/// An empty grid.
	#[error("a grid has 1 to 4096 comparisons for every feature")]
	Size,
}

/// Most comparisons of a feature.
const MAX_PER_FEATURE: usize = 4096;

/// A grid, and where the comparisons of a model are in it.
pub(super) struct Placed {
	pub predicates: Predicates,
	/// For each comparison of the model its number in the grid.
	pub numbers: Vec<u32>,
}

type Key = (usize, bool, u64, bool, Vec<u64>);

/// By feature, then by threshold.
fn key(predicate: &Predicate) -> Key {
	let bits = predicate.threshold.to_bits();
	// The order of floating-point numbers as that of integers.
	let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
	let is_equal = predicate.comparison == Comparison::Equal;
	let others = predicate.others.iter().map(|value| value.to_bits()).collect();
	(predicate.feature, is_equal, ordered, predicate.missing, others)
}

impl Grid {
	/// The grid for a model whose trees look at `used` of the predicates of its `card`.
	pub(super) fn place(
		&self,
		used: &[bool],
		predicates: &Predicates,
		card: &ModelCard,
		rows: &Calibration<f64>,
	) -> Result<Placed, GridError> {
		let is_used = |at: usize| used.get(at).copied().unwrap_or_default();
		let mut grid: Vec<Predicate> = match self {
			Self::Like(artifact) => match &artifact.card {
				Card::Public(other) => match &other.encoding {
					Encoding::Predicates(other) => other.list.clone(),
					_ => return Err(GridError::NotPrivate),
				},
				_ => return Err(GridError::NotPrivate),
			},
			_ => {
				let list = predicates.list.iter().enumerate();
				list.filter(|(at, _)| is_used(*at))
					.map(|(_, predicate)| predicate.clone())
					.collect()
			},
		};
		let mut moved = predicates.list.clone();
		match self {
			Self::Decoys(count) => {
				check_size(*count)?;
				let decoys = decoys(*count, &grid, predicates.single_precision, card, rows)?;
				grid.extend(decoys);
			},
			Self::Quantiles(count) => {
				check_size(*count)?;
				grid = quantiles(*count, &grid, predicates.single_precision, card, rows);
				for predicate in &mut moved {
					move_to(predicate, &grid, rows);
				}
			},
			Self::Like(_) => moved.iter_mut().for_each(|predicate| move_to(predicate, &grid, rows)),
			Self::Exact => {},
		}
		if !matches!(self, Self::Like(_)) {
			grid.sort_by_key(key);
			grid.dedup_by_key(|predicate| key(predicate));
		}
		let number = |(at, predicate): (usize, &Predicate)| {
			let found = grid.iter().position(|other| key(other) == key(predicate));
			match found {
				Some(number) => Ok(number as u32),
				None if !is_used(at) => Ok(0),
				None => Err(GridError::Missing(name(card, predicate.feature))),
			}
		};
		let numbers =
			moved.iter().enumerate().map(number).collect::<Result<Vec<u32>, GridError>>()?;
		let single_precision = predicates.single_precision;
		Ok(Placed { predicates: Predicates { list: grid, single_precision }, numbers })
	}
}

fn check_size(count: usize) -> Result<(), GridError> {
	if (1..=MAX_PER_FEATURE).contains(&count) { Ok(()) } else { Err(GridError::Size) }
}

fn name(card: &ModelCard, feature: usize) -> String {
	card.features.get(feature).cloned().unwrap_or_default()
}

/// The values of a feature in ascending order, each once.
fn values(rows: &Calibration<f64>, feature: usize, single_precision: bool) -> Vec<f64> {
	let rounded = |value: f64| if single_precision { f64::from(value as f32) } else { value };
	let column = rows.rows.iter().filter_map(|row| row.get(feature).copied());
	let mut values: Vec<f64> = column.filter(|value| value.is_finite()).map(rounded).collect();
	values.sort_by(f64::total_cmp);
	values.dedup();
	values
}

/// Thresholds between neighbouring values, where learners put them.
fn between(values: &[f64], single_precision: bool) -> Vec<f64> {
	let middle = |pair: &[f64]| match pair {
		[low, high] if single_precision => f64::from(((low + high) / 2.0) as f32),
		[low, high] => (low + high) / 2.0,
		_ => 0.0,
	};
	values.windows(2).map(middle).collect()
}

/// How missing values are taken in the model's comparisons, in turn, so that decoys take them alike.
fn missing_of(real: &[Predicate], number: usize) -> bool {
	let flags = real.len().max(1);
	real.get(number.wrapping_mul(7919) % flags).is_some_and(|predicate| predicate.missing)
}

fn decoys(
	count: usize,
	real: &[Predicate],
	single_precision: bool,
	card: &ModelCard,
	rows: &Calibration<f64>,
) -> Result<Vec<Predicate>, GridError> {
	let mut decoys = Vec::new();
	for feature in 0..card.features.len() {
		let own: Vec<&Predicate> =
			real.iter().filter(|predicate| predicate.feature == feature).collect();
		if own.len() > count {
			let (feature, found) = (name(card, feature), own.len());
			return Err(GridError::TooFew { feature, found });
		}
		let taken: BTreeSet<u64> =
			own.iter().map(|predicate| predicate.threshold.to_bits()).collect();
		let values = values(rows, feature, single_precision);
		let mut free = between(&values, single_precision);
		free.retain(|threshold| !taken.contains(&threshold.to_bits()));
		free.dedup();
		let wanted = count - own.len();
		// Evenly over the values, since where the real ones are says nothing about even steps.
		let mut chosen: Vec<f64> = match free.len() {
			len if len >= wanted => {
				(0..wanted).filter_map(|at| free.get(at * len / wanted.max(1)).copied()).collect()
			},
			_ => free,
		};
		let (low, high) = match (values.first(), values.last()) {
			(Some(low), Some(high)) if high > low => (*low, *high),
			(Some(low), _) => (*low, low + 1.0),
			_ => (0.0, 1.0),
		};
		let mut fraction = 0u64;
		while chosen.len() < wanted {
			// Van der Corput's sequence fills the range evenly.
			fraction += 1;
			let part = fraction.reverse_bits() as f64 / u64::MAX as f64;
			let threshold = low + (high - low) * part;
			let threshold = if single_precision { f64::from(threshold as f32) } else { threshold };
			let is_new = !taken.contains(&threshold.to_bits()) && !chosen.contains(&threshold);
			if is_new || fraction > 1 << 20 {
				chosen.push(threshold);
			}
		}
		decoys.extend(chosen.into_iter().enumerate().map(|(at, threshold)| Predicate {
			feature,
			comparison: Comparison::AtMost,
			threshold,
			others: Vec::new(),
			missing: missing_of(real, at + feature),
		}));
	}
	Ok(decoys)
}

fn quantiles(
	count: usize,
	real: &[Predicate],
	single_precision: bool,
	card: &ModelCard,
	rows: &Calibration<f64>,
) -> Vec<Predicate> {
	let mut flags: Vec<bool> = real.iter().map(|predicate| predicate.missing).collect();
	flags.sort_unstable();
	flags.dedup();
	let of_feature = |feature: usize| {
		let between = between(&values(rows, feature, single_precision), single_precision);
		let len = between.len();
		let picked: Vec<f64> = match len > count {
			true => (0..count).filter_map(|at| between.get(at * len / count).copied()).collect(),
			false if len > 0 => between,
			false => vec![0.0],
		};
		picked
	};
	let comparisons = (0..card.features.len()).flat_map(|feature| {
		let flags = flags.clone();
		of_feature(feature).into_iter().flat_map(move |threshold| {
			flags.clone().into_iter().map(move |missing| Predicate {
				feature,
				comparison: Comparison::AtMost,
				threshold,
				others: Vec::new(),
				missing,
			})
		})
	});
	let equal = real.iter().filter(|predicate| predicate.comparison == Comparison::Equal).cloned();
	comparisons.chain(equal).collect()
}

/// Moves a comparison to the threshold of the grid with the fewest values of the calibration rows in between.
fn move_to(predicate: &mut Predicate, grid: &[Predicate], rows: &Calibration<f64>) {
	let column: Vec<f64> =
		rows.rows.iter().filter_map(|row| row.get(predicate.feature).copied()).collect();
	let passed = |threshold: f64| {
		let (low, high) = (threshold.min(predicate.threshold), threshold.max(predicate.threshold));
		column.iter().filter(|value| **value > low && **value <= high).count()
	};
	let same = |other: &&Predicate| {
		(other.feature, other.comparison, other.missing, &other.others)
			== (predicate.feature, predicate.comparison, predicate.missing, &predicate.others)
	};
	let distance = |other: &&Predicate| {
		let far = (other.threshold - predicate.threshold).abs();
		(passed(other.threshold), far.to_bits())
	};
	if let Some(nearest) = grid.iter().filter(same).min_by_key(distance) {
		predicate.threshold = nearest.threshold;
	}
}
