//! Models that take several rows in one request.

use crate::format;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How the rows of a request lie in its result, as the model's artifact says. After a prefix of 24 bytes there is,
/// for every `rows_per_mask` rows, what they share (the mask), and then `row_bytes` bytes for each of them.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
	MaxEncodedLen,
)]
pub struct RowLayout {
	/// Bytes of a row of a result, without what it shares with others.
	pub row_bytes: u32,
	/// Most rows that share a mask, at least 1.
	pub rows_per_mask: u32,
	/// Work units of each row, besides its evaluation, if there are several: they are packed for their mask.
	pub packing_work: u32,
}

impl From<format::RowLayout> for RowLayout {
	fn from(layout: format::RowLayout) -> Self {
		let format::RowLayout { row_bytes, rows_per_mask, packing_work } = layout;
		Self { row_bytes, rows_per_mask, packing_work }
	}
}

impl From<RowLayout> for format::RowLayout {
	fn from(layout: RowLayout) -> Self {
		let RowLayout { row_bytes, rows_per_mask, packing_work } = layout;
		Self { row_bytes, rows_per_mask, packing_work }
	}
}
