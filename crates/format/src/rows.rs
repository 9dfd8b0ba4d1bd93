//! Inputs and results of many rows.

use crate::{InputPrefix, MAX_ROWS, ResultPrefix};
use core::ops::Range;

/// How rows lie in the results of a model. A result of r rows has a [`ResultPrefix`], then for every
/// `rows_per_mask` rows the mask that they share (none in a model without a server key) and `row_bytes` bytes
/// for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLayout {
	/// Bytes of a row besides its share of a mask.
	pub row_bytes: u32,
	/// Rows that share a mask, at least 1.
	pub rows_per_mask: u32,
	/// Work units of a row for sharing a mask, besides those of its evaluation.
	pub packing_work: u32,
}

impl RowLayout {
	/// Masks of a result of this many rows.
	pub const fn masks(&self, rows: u32) -> u32 {
		match self.rows_per_mask {
			0 => rows,
			per_mask => rows.div_ceil(per_mask),
		}
	}

	/// Those of `rows` rows that have mask number `mask`.
	pub fn rows_of(&self, rows: u32, mask: u32) -> Range<u32> {
		let per_mask = self.rows_per_mask.max(1);
		let first = mask.saturating_mul(per_mask).min(rows);
		first..first.saturating_add(per_mask).min(rows)
	}

	/// The bytes of a result of this many rows that mask number `mask` and its rows have, if one of one row has
	/// `result_bytes` bytes; `None` if there is no such mask.
	pub fn bytes_of(&self, result_bytes: u32, rows: u32, mask: u32) -> Option<Range<usize>> {
		let prefix = ResultPrefix::BYTES as u32;
		let mask_bytes = result_bytes.checked_sub(prefix)?.checked_sub(self.row_bytes)?;
		let of_mask = self.rows_of(rows, mask);
		let lengths = |masks: u32, rows: u32| {
			masks.checked_mul(mask_bytes)?.checked_add(rows.checked_mul(self.row_bytes)?)
		};
		let start = prefix.checked_add(lengths(mask, of_mask.start)?)?;
		let end = start.checked_add(lengths(1, of_mask.len() as u32)?)?;
		(mask < self.masks(rows)).then_some(start as usize..end as usize)
	}

	/// The first mask whose bytes differ in two results of this many rows; 0 if something else differs, `None` if nothing
	/// does.
	pub fn first_difference(
		&self,
		result_bytes: u32,
		rows: u32,
		one: &[u8],
		other: &[u8],
	) -> Option<u32> {
		let differs = |mask: &u32| {
			let bytes = self.bytes_of(result_bytes, rows, *mask);
			bytes.is_some_and(|bytes| one.get(bytes.clone()) != other.get(bytes))
		};
		(one != other).then(|| (0..self.masks(rows)).find(differs).unwrap_or(0))
	}

	/// Exact length of a result of this many rows, if one of one row has `result_bytes` bytes; saturates.
	pub const fn result_bytes(&self, result_bytes: u32, rows: u32) -> u32 {
		let prefix = ResultPrefix::BYTES as u32;
		let mask_bytes = result_bytes.saturating_sub(prefix).saturating_sub(self.row_bytes);
		prefix
			.saturating_add(self.masks(rows).saturating_mul(mask_bytes))
			.saturating_add(rows.saturating_mul(self.row_bytes))
	}

	/// Work units of this many rows, if evaluating one takes `work`; saturates.
	pub const fn work(&self, work: u64, rows: u32) -> u64 {
		match rows {
			0 | 1 => work,
			rows => work.saturating_add(self.packing_work as u64).saturating_mul(rows as u64),
		}
	}

	/// Whether a result of one row may have this length.
	pub const fn fits(&self, result_bytes: u32) -> bool {
		let prefix = ResultPrefix::BYTES as u32;
		self.rows_per_mask >= 1
			&& self.rows_per_mask <= MAX_ROWS
			&& self.row_bytes >= 1
			&& self.row_bytes <= result_bytes.saturating_sub(prefix)
	}
}

/// Exact length of an input of this many rows, if one of one row has `input_bytes` bytes; saturates.
pub const fn input_bytes(input_bytes: u32, rows: u32) -> u32 {
	let prefix = InputPrefix::BYTES as u32;
	prefix.saturating_add(rows.saturating_mul(input_bytes.saturating_sub(prefix)))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn one_row_has_the_length_of_a_single_one() {
		for rows_per_mask in [1, 7, MAX_ROWS] {
			let layout = RowLayout { row_bytes: 5, rows_per_mask, packing_work: 0 };
			assert!(layout.fits(4_000));
			assert_eq!(layout.result_bytes(4_000, 1), 4_000);
		}
		assert_eq!(input_bytes(1_600, 1), 1_600);
	}

	#[test]
	fn rows_share_masks() {
		let layout = RowLayout { row_bytes: 5, rows_per_mask: 10, packing_work: 3 };
		assert_eq!(
			(layout.masks(21), layout.rows_of(21, 0), layout.rows_of(21, 2)),
			(3, 0..10, 20..21)
		);
		assert!(layout.rows_of(21, 3).is_empty());
		let mask: usize = 4_000 - 24 - 5;
		let (first, last) = (layout.bytes_of(4_000, 21, 0), layout.bytes_of(4_000, 21, 2));
		assert_eq!(first, Some(24..24 + mask + 50));
		assert_eq!(last, Some(24 + 2 * mask + 100..layout.result_bytes(4_000, 21) as usize));
		assert_eq!(layout.bytes_of(4_000, 21, 3), None);
		assert_eq!(layout.bytes_of(28, 21, 0), None);
		let mask = mask as u32;
		assert_eq!(layout.result_bytes(4_000, 10), 24 + mask + 50);
		assert_eq!(layout.result_bytes(4_000, 11), 24 + 2 * mask + 55);
		assert_eq!(input_bytes(1_596, 3), 96 + 4_500);
		assert_eq!((layout.work(100, 1), layout.work(100, 2)), (100, 206));
	}

	#[test]
	fn the_mask_that_differs_is_found() {
		let layout = RowLayout { row_bytes: 1, rows_per_mask: 2, packing_work: 0 };
		let (one_row, rows) = (ResultPrefix::BYTES as u32 + 2, 3);
		let stated = [0; ResultPrefix::BYTES + 5];
		assert_eq!(layout.result_bytes(one_row, rows), stated.len() as u32);
		let find = |found: &[u8]| layout.first_difference(one_row, rows, &stated, found);
		assert_eq!(find(&stated), None);
		for (at, byte) in stated.iter().enumerate() {
			let mut found = stated;
			found[at] = byte + 1;
			// Three bytes of the first mask and its two rows follow the prefix.
			assert_eq!(find(&found), Some(u32::from(at >= ResultPrefix::BYTES + 3)));
		}
		assert_eq!(find(&stated[1..]), Some(1));
	}

	#[test]
	fn what_cannot_be_is_told_and_nothing_overflows() {
		let hostile = RowLayout { row_bytes: u32::MAX, rows_per_mask: 0, packing_work: 0 };
		assert!(!hostile.fits(u32::MAX));
		assert_eq!(hostile.result_bytes(u32::MAX, u32::MAX), u32::MAX);
		assert_eq!(input_bytes(u32::MAX, u32::MAX), u32::MAX);
		assert!(!RowLayout { row_bytes: 4, rows_per_mask: 1, packing_work: 0 }.fits(27));
	}
}
