//! How the evaluation of a row is cut into slices.

use crate::{
	circuits::{
		many_rows::{INTEGER_NANOSECONDS, Packing},
		sliced::Sliced,
	},
	entities::rlwe::RLWE_SIZE,
	math::bits::packed_len,
};
use core::ops::Range;

/// Nanoseconds of one core that a slice may take where there are wide vectors. A runtime, in WebAssembly, takes several
/// times as long, and prepares the server key before.
const SLICE_NANOSECONDS: u64 = 16_000_000;

/// Ciphertexts that a slice may have expanded at one time: 30 MiB, below the largest allocation of a runtime.
const SLICE_CIPHERTEXTS: usize = 960;

/// Most bytes that rest between slices.
pub const MAX_REST_BYTES: usize = 2 << 20;

/// Bytes of the numbers that rest besides the ciphertexts.
pub(super) const NUMBERS_BYTES: usize = 40;

/// Bytes of what rests with so many ciphertexts, at most.
pub(super) fn rest_bytes(ciphertexts: usize) -> usize {
	NUMBERS_BYTES + ciphertexts * (1 + packed_len(RLWE_SIZE))
}

/// How the evaluation of a row is cut: into `slices` slices of about as many pieces.
#[derive(Clone, Copy)]
pub(super) struct Cut {
	pub slices: u32,
	/// Nanoseconds of the longest slice.
	pub slice_nanoseconds: u64,
	/// Nanoseconds of what makes a ciphertext of what the slices of a row carry: slice number `slices`.
	pub finish_nanoseconds: u64,
	/// Nanoseconds of packing it with those of other rows, which is the slice after that; 0 if it stays alone.
	pub pack_nanoseconds: u64,
}

impl Cut {
	/// Whether a part with this work (microseconds), which is not cut, is one slice.
	pub fn is_one_slice(work: u64) -> bool {
		work <= SLICE_NANOSECONDS / 1000
	}

	/// Of a row of a result with this many.
	pub fn of(circuit: &dyn Sliced, rows: u32) -> Option<Self> {
		let packing = Packing::new(circuit.encoding(), circuit.result_positions(), rows);
		let integers = circuit.encoding().coefficients() as u64;
		let pack_nanoseconds = if packing.is_packed() { integers * INTEGER_NANOSECONDS } else { 0 };
		let finish_nanoseconds = circuit.finish_nanoseconds();
		let rests = circuit.carried() + Packing::MOST_MERGED;
		let last = finish_nanoseconds.max(pack_nanoseconds);
		if last > SLICE_NANOSECONDS || rest_bytes(rests) > MAX_REST_BYTES {
			return None;
		}
		let pieces = circuit.pieces() as u32;
		let mut slices = 1;
		loop {
			let costs = (0..slices).map(|slice| circuit.cost_of(cut(pieces, slices, slice)));
			let (longest, most) = costs.fold((0, 0), |(longest, most), cost| {
				(cost.nanoseconds.max(longest), cost.ciphertexts.max(most))
			});
			if longest <= SLICE_NANOSECONDS && most <= SLICE_CIPHERTEXTS {
				let slice_nanoseconds = longest;
				let times = (slice_nanoseconds, finish_nanoseconds, pack_nanoseconds);
				return Some(Self::new(slices, times));
			}
			if slices >= pieces {
				return None;
			}
			slices = (2 * slices).min(pieces);
		}
	}

	/// Into so many slices, with the nanoseconds of one, of the finish and of packing.
	pub fn new(slices: u32, times: (u64, u64, u64)) -> Self {
		let (slice_nanoseconds, finish_nanoseconds, pack_nanoseconds) = times;
		Self { slices, slice_nanoseconds, finish_nanoseconds, pack_nanoseconds }
	}

	/// Number of the last slice of a row.
	pub fn last(&self) -> u32 {
		self.slices.saturating_add(u32::from(self.pack_nanoseconds > 0))
	}

	/// Nanoseconds of slice number `slice` of a row.
	fn nanoseconds(&self, slice: u32) -> u64 {
		match slice.checked_sub(self.slices) {
			None => self.slice_nanoseconds,
			Some(0) => self.finish_nanoseconds,
			Some(_) => self.pack_nanoseconds,
		}
	}

	/// Whether slice number `slice` of a row is still done in a call that has spent so many nanoseconds, and counts it. If
	/// not, the next call begins with it.
	pub fn has_room(&self, slice: u32, spent: &mut u64) -> bool {
		let next = self.nanoseconds(slice);
		let fits = *spent == 0 || *spent + next <= SLICE_NANOSECONDS;
		*spent = if fits { *spent + next } else { 0 };
		fits
	}

	/// Calls for the first row, the first two, and so on.
	fn calls_by_rows(&self) -> impl Iterator<Item = u64> + '_ {
		let (mut calls, mut spent) = (1, 0);
		core::iter::repeat_with(move || {
			for slice in 0..=self.last() {
				while !self.has_room(slice, &mut spent) {
					calls += 1;
				}
			}
			calls
		})
	}

	/// Calls for this many rows.
	pub fn calls(&self, rows: u32) -> u64 {
		let last = (rows as usize).checked_sub(1);
		last.and_then(|last| self.calls_by_rows().nth(last)).unwrap_or(1)
	}

	/// The least number of calls of which any part of up to `together` rows takes its rows' share, and one more, at most.
	pub fn most_calls(&self, together: u32) -> u64 {
		let by_rows = (1..=u64::from(together)).zip(self.calls_by_rows());
		let shares =
			by_rows.map(|(rows, calls)| ((calls - 1) * u64::from(together)).div_ceil(rows));
		shares.max().unwrap_or(0).max(self.calls(together))
	}

	/// Pieces of slice number `slice`.
	pub fn pieces(&self, circuit: &dyn Sliced, slice: u32) -> Range<usize> {
		cut(circuit.pieces() as u32, self.slices, slice)
	}
}

/// Pieces of slice number `slice` of `slices`.
fn cut(pieces: u32, slices: u32, slice: u32) -> Range<usize> {
	let start = |slice: u32| (u64::from(pieces) * u64::from(slice) / u64::from(slices)) as usize;
	start(slice)..start(slice + 1)
}
