//! The chain's currency.

use core::fmt;

/// Digits after the point of one FHE.
pub const DECIMALS: u32 = 12;
/// One FHE in the smallest units.
pub const UNIT: u128 = 10u128.pow(DECIMALS);

/// An amount in the smallest units, shown in FHE. The precision says how many digits follow the point (all of
/// them, if there is none); what is less is cut off.
///
/// ```
/// # use fhe_ml_primitives::Fhe;
/// assert_eq!(format!("{:.3}", Fhe(1_234_567_890_000)), "1.234 FHE");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fhe(pub u128);

impl Fhe {
	/// For metrics, which are floating-point numbers.
	pub fn to_f64(self) -> f64 {
		self.0 as f64 / UNIT as f64
	}
}

/// A text that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAmount;

impl fmt::Display for NoAmount {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(
			f,
			"it is no amount of FHE, like 0.01 or 5, with at most {DECIMALS} digits after the point"
		)
	}
}

impl core::error::Error for NoAmount {}

impl core::str::FromStr for Fhe {
	type Err = NoAmount;

	/// Digits, and perhaps a point and at most [`DECIMALS`] more. Exact: no floating-point number is involved.
	fn from_str(text: &str) -> Result<Self, NoAmount> {
		let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
		let digits =
			|text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
		let missing = (DECIMALS as usize).checked_sub(rest.len()).ok_or(NoAmount)?;
		if !digits(whole) || !digits(rest) {
			return Err(NoAmount);
		}
		let amount = || {
			let scale = 10u128.checked_pow(missing as u32)?;
			let rest = rest.parse::<u128>().ok()?.checked_mul(scale)?;
			whole.parse::<u128>().ok()?.checked_mul(UNIT)?.checked_add(rest)
		};
		amount().map(Self).ok_or(NoAmount)
	}
}

impl fmt::Display for Fhe {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let digits = f.precision().map_or(DECIMALS, |digits| (digits as u32).min(DECIMALS));
		let whole = self.0.checked_div(UNIT).unwrap_or_default();
		let rest = self.0.checked_rem(UNIT).unwrap_or_default();
		let cut = 10u128.pow(DECIMALS.saturating_sub(digits));
		match digits {
			0 => write!(f, "{whole} FHE"),
			_ => write!(
				f,
				"{whole}.{:0width$} FHE",
				rest.checked_div(cut).unwrap_or_default(),
				width = digits as usize
			),
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_are_read_exactly_or_not_at_all() {
		for (text, amount) in
			[("0", 0), ("5", 5 * UNIT), ("0.01", UNIT / 100), ("1.000000000001", UNIT + 1)]
		{
			assert_eq!(text.parse(), Ok(Fhe(amount)), "{text}");
		}
		let long = "9".repeat(40);
		for text in
			["", ".", "1.", ".5", "-1", "+1", "NaN", "1e3", "0.0000000000001", "1 ", "1,5", &long]
		{
			assert_eq!(text.parse::<Fhe>(), Err(NoAmount), "{text}");
		}
	}

	#[test]
	fn amounts_are_cut_and_padded() {
		assert_eq!(format!("{}", Fhe(1)), "0.000000000001 FHE");
		assert_eq!(format!("{:.6}", Fhe(5 * UNIT + 1_999_999)), "5.000001 FHE");
		assert_eq!(format!("{:.0}", Fhe(2 * UNIT - 1)), "1 FHE");
		assert_eq!(
			format!("{:.20}", Fhe(u128::MAX)),
			"340282366920938463463374607.431768211455 FHE"
		);
	}
}
