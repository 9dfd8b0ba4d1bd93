//! What rests between slices, and its bytes.

use super::cut::{Cut, rest_bytes};
use crate::{
	circuits::bytes::Reader,
	entities::rlwe::RLWE_SIZE,
	math::bits::{pack, packed_len, unpack},
};
use alloc::vec::Vec;

/// How far a part is.
pub(super) struct Rest {
	/// How its rows are cut.
	pub cut: Cut,
	/// The row of the part that is next.
	pub row: u32,
	/// Its next slice; the number of slices if only the finish is left, one more if that is done, too.
	pub slice: u32,
	/// Ciphertexts of this row; the finished one at the end.
	pub carried: Vec<Vec<u64>>,
	/// Ciphertexts of the rows before, with how often they have been merged.
	pub merged: Vec<(usize, Vec<u64>)>,
}

impl Rest {
	/// Slices of a row, row, slice (u32); nanoseconds of a slice, of the finish and of packing (u64); number of ciphertexts
	/// carried and merged (u16); how often each of the latter was merged (u8); the residues, packed.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(rest_bytes(self.carried.len() + self.merged.len()));
		let Cut { slices, slice_nanoseconds, finish_nanoseconds, pack_nanoseconds } = self.cut;
		for number in [slices, self.row, self.slice] {
			bytes.extend(number.to_le_bytes());
		}
		for nanoseconds in [slice_nanoseconds, finish_nanoseconds, pack_nanoseconds] {
			bytes.extend(nanoseconds.to_le_bytes());
		}
		for count in [self.carried.len(), self.merged.len()] {
			bytes.extend((count as u16).to_le_bytes());
		}
		bytes.extend(self.merged.iter().map(|(times, _)| *times as u8));
		for residues in self.carried.iter().chain(self.merged.iter().map(|(_, residues)| residues))
		{
			pack(residues, &mut bytes);
		}
		bytes
	}

	pub fn read(bytes: &[u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let [slices, row, slice] =
			[reader.array()?, reader.array()?, reader.array()?].map(u32::from_le_bytes);
		let nanoseconds =
			[reader.array()?, reader.array()?, reader.array()?].map(u64::from_le_bytes);
		let (carried, merged) = (reader.count_u16()?, reader.count_u16()?);
		let (times, rest) = reader.rest().split_at_checked(merged)?;
		let of_each = packed_len(RLWE_SIZE);
		if rest.len() != (carried + merged) * of_each {
			return None;
		}
		let ciphertexts = rest.chunks_exact(of_each).map(|bytes| unpack(bytes, RLWE_SIZE).ok());
		let mut ciphertexts = ciphertexts.collect::<Option<Vec<_>>>()?;
		let merged = ciphertexts.split_off(carried);
		let merged = times.iter().map(|&times| times.into()).zip(merged).collect();
		let carried = ciphertexts;
		let cut = Cut::new(slices, nanoseconds.into());
		Some(Self { cut, row, slice, carried, merged })
	}
}
