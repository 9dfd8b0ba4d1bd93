//! How the outputs of levelled circuits lie in the coefficients of a result.

use crate::{
	entities::switched_result::SwitchedResult,
	math::{
		modular,
		params::{MODULUS, POLYNOMIAL_SIZE},
	},
	noise::Variance,
};
use alloc::{vec, vec::Vec};
use core::ops::RangeInclusive;

/// Integers in the first coefficients: coefficient k of the phase is (m_k - centre_k) times the
/// unit, plus noise below half a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultEncoding {
	/// log2 of the unit.
	pub unit_log2: u32,
	/// Bits to which the modulus is switched.
	pub result_bits: u32,
	/// Middle of the range of each integer; public, and taken off so that ranges are centred.
	pub(crate) centres: Vec<i64>,
	/// Lowest and highest value of each integer.
	pub(crate) ranges: Vec<(i64, i64)>,
	/// Noise that no honest result exceeds, in units of 1/q.
	pub(crate) tolerance: u64,
	/// The same of a result of many rows, which are packed; `None` if that leaves no room for the integers.
	packed_tolerance: Option<u64>,
}

/// What is told of a result that is sanitised, each as the logarithm of a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanitisedBounds {
	/// No smaller than the standard deviation of the evaluation's noise, in units of 1/q.
	pub noise_log2: u32,
	/// Flooding is uniform up to this absolute value, in units of 1/q.
	pub flooding_log2: u32,
	/// Every integer of a result is below this absolute value.
	pub range_log2: u32,
}

/// Units that a circuit may have: below, noise does not fit; above, no message does.
pub(crate) const UNITS_LOG2: RangeInclusive<u32> = 20..=49;
/// Bits of a switched modulus.
const RESULT_BITS: RangeInclusive<u32> = 12..=34;

fn is_known(unit_log2: u32, result_bits: u32) -> bool {
	UNITS_LOG2.contains(&unit_log2) && RESULT_BITS.contains(&result_bits)
}

impl ResultEncoding {
	/// With this unit and the smallest result, or `None` if the noise or the ranges (lowest and
	/// highest value of each integer) do not fit.
	pub(crate) fn choose(unit_log2: u32, noise: Variance, ranges: &[(i64, i64)]) -> Option<Self> {
		let mut bits = RESULT_BITS;
		bits.find_map(|bits| Self::new(unit_log2, bits, noise, ranges))
	}

	/// With this unit and result, or `None` if noise or ranges do not fit.
	pub(crate) fn new(
		unit_log2: u32,
		result_bits: u32,
		noise: Variance,
		ranges: &[(i64, i64)],
	) -> Option<Self> {
		if !is_known(unit_log2, result_bits) {
			return None;
		}
		let total = noise + Variance::modulus_switch(result_bits);
		let packed = total + Variance::packing();
		let packed_tolerance = packed.fits(unit_log2).then(|| packed.tolerance());
		let encoding = Self::of_ranges(unit_log2, result_bits, ranges.to_vec())?;
		let all = Self { tolerance: total.tolerance(), packed_tolerance, ..encoding };
		total.fits(unit_log2).then_some(all)
	}

	/// With these ranges, and half of a unit as the tolerance; `None` if they leave no room.
	fn of_ranges(unit_log2: u32, result_bits: u32, ranges: Vec<(i64, i64)>) -> Option<Self> {
		let width = ranges.iter().map(|(low, high)| high - low).max().unwrap_or_default();
		let fits = ranges.len() <= POLYNOMIAL_SIZE && width < Self::capacity(unit_log2);
		let centres = ranges.iter().map(|(low, high)| low + (high - low) / 2).collect();
		// What is left by rounding to units.
		let tolerance = 1 << (unit_log2 - 1);
		let packed_tolerance = Some(tolerance);
		let all = Self { unit_log2, result_bits, centres, ranges, tolerance, packed_tolerance };
		fits.then_some(all)
	}

	/// For outputs that are not exact: their noise may be any number of units, so none is refused, and ranges have
	/// room for it: 13.5 deviations, and an eighth of the width for what noise made of the outputs before it met these
	/// units. `None` if the wider ranges do not fit.
	pub(crate) fn approximate(
		unit_log2: u32,
		result_bits: u32,
		noise: Variance,
		ranges: &[(i64, i64)],
	) -> Option<Self> {
		if !is_known(unit_log2, result_bits) {
			return None;
		}
		let total = noise + Variance::packing() + Variance::modulus_switch(result_bits);
		let more = (total.tolerance() >> unit_log2) as i64 + 1;
		let wider = |&(low, high): &(i64, i64)| {
			let more = more + (high - low) / 8;
			(low - more, high + more)
		};
		Self::of_ranges(unit_log2, result_bits, ranges.iter().map(wider).collect())
	}

	/// For results that are [sanitised](crate::algorithms::sanitise): everything in it follows from these
	/// bounds, not from the model. `None` if they leave no room.
	pub(crate) fn sanitised(
		unit_log2: u32,
		result_bits: u32,
		bounds: SanitisedBounds,
		coefficients: usize,
	) -> Option<Self> {
		let SanitisedBounds { noise_log2, flooding_log2, range_log2 } = bounds;
		if !is_known(unit_log2, result_bits)
			|| noise_log2 > 40
			|| flooding_log2 > 48
			|| range_log2 > 40
		{
			return None;
		}
		let noise = (1u64 << noise_log2) as f64;
		let total = Variance(noise * noise)
			+ Variance::zero_encryption()
			+ Variance::modulus_switch(result_bits);
		let tolerance = total.tolerance() + (1u64 << flooding_log2);
		let largest = (1i64 << range_log2) - 1;
		let fits = (1..=POLYNOMIAL_SIZE).contains(&coefficients)
			&& tolerance < 1u64 << (unit_log2 - 1)
			&& 2 * largest < Self::capacity(unit_log2);
		let (centres, ranges) = (vec![0; coefficients], vec![(-largest, largest); coefficients]);
		// The bound on the evaluation's noise is one on that of packing, too.
		let packed_tolerance = Some(tolerance);
		let all = Self { unit_log2, result_bits, centres, ranges, tolerance, packed_tolerance };
		fits.then_some(all)
	}

	/// [`ResultEncoding::sanitised`] with the largest unit in which the integers have room, so that a quarter of
	/// it is flooded; `None` if that is less than 2^`kappa_log2` times the noise (its log2, which may depend on
	/// the unit).
	pub(crate) fn choose_sanitised(
		noise_log2_of: impl Fn(u32) -> u32,
		range_log2: u32,
		kappa_log2: u32,
		coefficients: usize,
	) -> Option<(Self, SanitisedBounds)> {
		UNITS_LOG2.rev().find_map(|unit| {
			let (noise_log2, flooding_log2) = (noise_log2_of(unit), unit - 2);
			let bounds = SanitisedBounds { noise_log2, flooding_log2, range_log2 };
			let mut bits = RESULT_BITS;
			let found = bits.find_map(|bits| Self::sanitised(unit, bits, bounds, coefficients));
			let is_hidden = flooding_log2 >= noise_log2 + kappa_log2;
			found.filter(|_| is_hidden).map(|encoding| (encoding, bounds))
		})
	}

	/// How many integers fit the modulus, with one to spare for rounding.
	pub(crate) fn capacity(unit_log2: u32) -> i64 {
		(MODULUS >> unit_log2) as i64 - 1
	}

	/// Bodies of integers with their centres taken off; missing and further ones are dropped.
	pub(crate) fn centred(&self, bodies: &[u64]) -> Vec<u64> {
		let centred = |(&body, &centre): (&u64, &i64)| {
			modular::sub(body, modular::from_signed(i128::from(centre) << self.unit_log2))
		};
		bodies.iter().zip(&self.centres).map(centred).collect()
	}

	/// The same of integers that are packed with those of other rows; `None` if noise leaves no room for that.
	pub(crate) fn packed(&self) -> Option<Self> {
		self.packed_tolerance.map(|tolerance| Self { tolerance, ..self.clone() })
	}

	/// Number of integers.
	pub fn coefficients(&self) -> usize {
		self.centres.len()
	}

	/// Half a unit, which the noise may not exceed, log2 relative to q.
	pub fn budget_log2(&self) -> f64 {
		f64::from(self.unit_log2) - 1.0 - libm::log2(MODULUS as f64)
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		SwitchedResult::encoded_len(self.coefficients(), self.result_bits)
	}
}

/// The largest absolute value in ranges.
pub(crate) fn largest_in(ranges: &[(i64, i64)]) -> i64 {
	ranges
		.iter()
		.map(|(low, high)| low.saturating_abs().max(high.saturating_abs()))
		.max()
		.unwrap_or(0)
}
