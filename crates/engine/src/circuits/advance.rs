//! Evaluation of a part of a result in slices that rest in between, so that a runtime can do it over many blocks.
//!
//! What rests is a few ciphertexts by their coefficients: sums of trees, or the accumulators of hidden units; with
//! several rows, also what has been packed. No transform is in it, so machines with other transforms may go on. The
//! bytes of the part are those of [`Circuit::evaluate_part`], however it is cut.

mod rest;
#[cfg(test)]
mod tests;

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		Circuit,
		errors::EvaluateError,
		family::Family,
		levelled::read_input,
		many_rows::{INTEGER_NANOSECONDS, Packing, RowInputs},
		sliced::Sliced,
	},
	entities::prepared_server_key::PreparedServerKey,
};
use alloc::vec::Vec;
use core::ops::Range;
use rest::Rest;

/// Nanoseconds of one core that a slice may take where there are wide vectors. A runtime, in WebAssembly, takes four
/// to eight times as long, and prepares the server key before.
const SLICE_NANOSECONDS: u64 = 16_000_000;

/// Ciphertexts that a slice may have expanded at one time: 30 MiB, below the largest allocation of a runtime.
const SLICE_CIPHERTEXTS: usize = 960;

/// Most bytes that rest between slices.
pub const MAX_REST_BYTES: usize = 2 << 20;

/// How far a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
	/// To be continued from these bytes.
	Rests(Vec<u8>),
	/// The bytes of the part, as [`Circuit::evaluate_part`] gives them.
	Done(Vec<u8>),
}

/// Why a part is not continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvanceError {
	/// The input cannot be evaluated.
	#[error(transparent)]
	Evaluate(#[from] EvaluateError),
	/// There is no such cut: a piece, or what follows all of them, takes more than a slice.
	#[error("the circuit cannot be evaluated in slices")]
	Uncut,
	/// The bytes that rested are not those of this part.
	#[error("these bytes are not what rested of this part")]
	Rest,
}

impl Circuit {
	/// How many calls of [`Circuit::advance`] part number `part` of a result of `rows` rows takes; `None` if a slice
	/// would be too long, or too much would rest.
	pub fn slices(&self, rows: u32, part: u32) -> Option<u64> {
		match self.family() {
			Family::Keyless(_) => (self.work_of(rows) <= SLICE_NANOSECONDS / 1000).then_some(1),
			Family::Levelled(circuit) => {
				Some(Cut::of(circuit, rows)?.calls(self.rows_of_part(rows, part)))
			},
			Family::Private(_) => None,
		}
	}

	/// Does the next slice of part number `part`; `rest` is what rested, and empty before the first slice.
	///
	/// # Errors
	/// As [`Circuit::evaluate`], if the circuit has no [`slices`](Circuit::slices), or if `rest` is something else.
	pub fn advance(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		part: u32,
		rest: &[u8],
	) -> Result<Progress, AdvanceError> {
		let Family::Levelled(circuit) = self.family() else {
			let buffers = &mut EvaluationBuffers::default();
			return Ok(Progress::Done(self.evaluate_part(key, input, part, buffers)?));
		};
		let key = key.ok_or(EvaluateError::NoServerKey)?;
		let inputs = RowInputs::read(input, self.input_bytes()).map_err(EvaluateError::from)?;
		advance(circuit, key, &inputs, part, rest)
	}
}

/// How the evaluation of a row is cut: into `slices` slices of about as many pieces.
struct Cut {
	slices: u32,
	/// Nanoseconds of the longest slice.
	slice_nanoseconds: u64,
	/// Nanoseconds of what follows the slices of a row.
	finish_nanoseconds: u64,
}

impl Cut {
	/// Of a row of a result with this many.
	fn of(circuit: &dyn Sliced, rows: u32) -> Option<Self> {
		let packing = Packing::new(circuit.encoding(), circuit.result_positions(), rows);
		let integers = circuit.encoding().coefficients() as u64;
		let packed = if packing.is_packed() { integers * INTEGER_NANOSECONDS } else { 0 };
		let finish_nanoseconds = circuit.finish_nanoseconds() + packed;
		let rests = circuit.carried() + Packing::MOST_MERGED;
		if finish_nanoseconds > SLICE_NANOSECONDS || Rest::bytes(rests) > MAX_REST_BYTES {
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
				return Some(Self { slices, slice_nanoseconds, finish_nanoseconds });
			}
			if slices >= pieces {
				return None;
			}
			slices = (2 * slices).min(pieces);
		}
	}

	/// Nanoseconds of slice number `slice` of a row; the one behind the last finishes it.
	fn nanoseconds(&self, slice: u32) -> u64 {
		if slice < self.slices { self.slice_nanoseconds } else { self.finish_nanoseconds }
	}

	/// Calls for this many rows.
	fn calls(&self, rows: u32) -> u64 {
		let (mut calls, mut spent) = (1, 0);
		for _ in 0..rows {
			for slice in 0..=self.slices {
				let next = self.nanoseconds(slice);
				if spent > 0 && spent + next > SLICE_NANOSECONDS {
					calls += 1;
					spent = 0;
				}
				spent += next;
			}
		}
		calls
	}
}

/// Pieces of slice number `slice` of `slices`.
fn cut(pieces: u32, slices: u32, slice: u32) -> Range<usize> {
	let start = |slice: u32| (u64::from(pieces) * u64::from(slice) / u64::from(slices)) as usize;
	start(slice)..start(slice + 1)
}

fn advance(
	circuit: &dyn Sliced,
	key: &PreparedServerKey,
	inputs: &RowInputs<'_>,
	part: u32,
	rest: &[u8],
) -> Result<Progress, AdvanceError> {
	let packing = Packing::new(circuit.encoding(), circuit.result_positions(), inputs.prefix.rows);
	let range = packing.part(part);
	let rows = range.len() as u32;
	let mut rest = match rest {
		[] => {
			let cut = Cut::of(circuit, inputs.prefix.rows).ok_or(AdvanceError::Uncut)?;
			Rest {
				slices: cut.slices,
				slice_nanoseconds: cut.slice_nanoseconds,
				finish_nanoseconds: cut.finish_nanoseconds,
				row: 0,
				slice: 0,
				carried: circuit.start(),
				merged: Vec::new(),
			}
		},
		bytes => Rest::read(bytes).ok_or(AdvanceError::Rest)?,
	};
	let fits = rest.row < rows && rest.slice <= rest.slices && rest.slices > 0;
	if !fits || rest.carried.len() != circuit.carried() {
		return Err(AdvanceError::Rest);
	}
	let cut_of = |slice| cut(circuit.pieces() as u32, rest.slices, slice);
	let slices = rest.slices;
	let mut buffers = EvaluationBuffers::default();
	let mut packer = packing.packer(key, core::mem::take(&mut rest.merged));
	let mut spent = 0;
	let mut row = None;
	loop {
		let next =
			if rest.slice < slices { rest.slice_nanoseconds } else { rest.finish_nanoseconds };
		if spent > 0 && spent + next > SLICE_NANOSECONDS {
			rest.merged = packer.rest();
			return Ok(Progress::Rests(rest.to_bytes()));
		}
		spent += next;
		if rest.slice < slices {
			let decoded = match row.take() {
				Some(decoded) => decoded,
				None => {
					let row = inputs.row(range.start + rest.row);
					read_input(&row, circuit.input_coefficients(), key)?
				},
			};
			circuit.advance(key, &decoded, cut_of(rest.slice), &mut rest.carried, &mut buffers);
			row = Some(decoded);
			rest.slice += 1;
			continue;
		}
		row = None;
		let done = circuit.finish(key, core::mem::replace(&mut rest.carried, circuit.start()));
		rest.slice = 0;
		rest.row += 1;
		if !packing.is_packed() {
			return Ok(Progress::Done(packing.to_bytes(&done, 1)));
		}
		packing.pack_row(&mut packer, done);
		if rest.row == rows {
			return Ok(Progress::Done(packing.to_bytes(&packer.finish(), rows as usize)));
		}
	}
}
