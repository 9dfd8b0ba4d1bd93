//! How operators are registered: by the import, which follows them, and by programs, which run them.

use super::{ML, OWN};
use std::ops::RangeFrom;

/// An operator, and what it means to who registers it.
pub(crate) struct Operator<Meaning> {
	/// Empty for ONNX's own operators.
	pub domain: &'static str,
	pub name: &'static str,
	/// Versions of the domain's operator set in which it has this meaning.
	pub versions: RangeFrom<i64>,
	pub meaning: Meaning,
}

impl<Meaning> Operator<Meaning> {
	const fn of(
		domain: &'static str,
		name: &'static str,
		versions: RangeFrom<i64>,
		meaning: Meaning,
	) -> Self {
		Self { domain, name, versions, meaning }
	}

	/// An operator of ONNX's own.
	pub const fn onnx(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self::of("", name, versions, meaning)
	}

	/// An operator of `ai.onnx.ml`.
	pub const fn ml(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self::of(ML, name, versions, meaning)
	}

	/// An operator of ONNX Runtime's own.
	pub const fn microsoft(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self::of("com.microsoft", name, versions, meaning)
	}

	/// An operator that ONNX does not have, for import alone.
	pub const fn own(name: &'static str, versions: RangeFrom<i64>, meaning: Meaning) -> Self {
		Self::of(OWN, name, versions, meaning)
	}

	/// Its name, with the domain if that is not ONNX's own.
	pub fn full_name(&self) -> String {
		full_name(self.domain, self.name)
	}
}

/// An operator as messages name it.
pub(crate) fn full_name(domain: &str, name: &str) -> String {
	if domain.is_empty() { name.into() } else { format!("{domain}.{name}") }
}

/// The names of operators that ONNX files may have, in order.
pub(crate) fn names<Meaning: 'static>(
	operators: impl Iterator<Item = &'static Operator<Meaning>>,
) -> Vec<String> {
	let of_onnx = operators.filter(|operator| operator.domain != OWN);
	let mut names: Vec<String> = of_onnx.map(Operator::full_name).collect();
	// Domains are lower case, and come first.
	names.sort_by_key(|name| (!name.contains('.'), name.clone()));
	names
}
