//! Evaluation of a part of a result in slices that rest in between, so that a runtime can do it over many blocks.
//!
//! What rests is a few ciphertexts by their coefficients: sums of trees, or the accumulators of hidden units; with
//! several rows, also what has been packed. No transform is in it, so machines with other transforms may go on. The
//! bytes of the part are those of [`Circuit::evaluate_part`], however it is cut.

mod cut;
mod rest;
#[cfg(test)]
mod tests;

use crate::{
	algorithms::{expansion::EvaluationBuffers, packing::Packer},
	circuits::{
		Circuit,
		errors::EvaluateError,
		family::Family,
		levelled::read_input,
		many_rows::{Packing, RowInputs},
		sliced::Sliced,
	},
	entities::prepared_server_key::PreparedServerKey,
};
use alloc::vec::Vec;
use cut::Cut;
use rest::Rest;

pub use cut::MAX_REST_BYTES;

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
			Family::Keyless(_) => Cut::is_one_slice(self.work_of(rows)).then_some(1),
			Family::Levelled(circuit) => {
				Some(Cut::of(circuit, rows)?.calls(self.rows_of_part(rows, part)))
			},
			Family::Bootstrapped(_) | Family::Private(_) => None,
		}
	}

	/// Calls of [`Circuit::advance`] for the largest part of any result: one with fewer rows takes its rows' share of
	/// them and one more, at most. `None` as for [`Circuit::slices`].
	pub fn most_slices(&self) -> Option<u64> {
		let Family::Levelled(circuit) = self.family() else { return self.slices(1, 0) };
		let together = self.row_layout().rows_per_mask;
		// A row alone is cut in another way than one of several.
		let alone = Cut::of(circuit, 1)?.calls(1);
		let packed = Cut::of(circuit, together.saturating_add(1))?.most_calls(together);
		Some(packed.max((alone - 1) * u64::from(together)).max(alone))
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
		if let Family::Bootstrapped(_) = self.family() {
			return Err(AdvanceError::Uncut);
		}
		let Family::Levelled(circuit) = self.family() else {
			let buffers = &mut EvaluationBuffers::default();
			return Ok(Progress::Done(self.evaluate_part(key, input, part, buffers)?));
		};
		let key = key.ok_or(EvaluateError::NoServerKey)?;
		let inputs = RowInputs::read(input, self.input_bytes()).map_err(EvaluateError::from)?;
		advance(circuit, key, &inputs, part, rest)
	}
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
			Rest { cut, row: 0, slice: 0, carried: circuit.start(), merged: Vec::new() }
		},
		bytes => Rest::read(bytes).ok_or(AdvanceError::Rest)?,
	};
	let cut = rest.cut;
	let fits = rest.row < rows && rest.slice <= cut.last() && cut.slices > 0;
	let carried = if rest.slice > cut.slices { 1 } else { circuit.carried() };
	let is_packed = cut.pack_nanoseconds > 0;
	if !fits || rest.carried.len() != carried || is_packed != packing.is_packed() {
		return Err(AdvanceError::Rest);
	}
	let mut buffers = EvaluationBuffers::default();
	let mut packer = packing.packer(key, core::mem::take(&mut rest.merged));
	let mut spent = 0;
	while rest.row < rows {
		let mut row = None;
		while rest.slice < cut.slices {
			if !cut.has_room(rest.slice, &mut spent) {
				return Ok(resting(rest, packer));
			}
			let input = match row.take() {
				Some(input) => input,
				None => {
					let bytes = inputs.row(range.start + rest.row);
					read_input(&bytes, circuit.input_coefficients(), circuit.key_hash(key))?
				},
			};
			let pieces = cut.pieces(circuit, rest.slice);
			circuit.advance(key, &input, pieces, &mut rest.carried, &mut buffers);
			row = Some(input);
			rest.slice += 1;
		}
		if rest.slice == cut.slices {
			if !cut.has_room(rest.slice, &mut spent) {
				return Ok(resting(rest, packer));
			}
			let done = circuit.finish(key, core::mem::take(&mut rest.carried));
			if !is_packed {
				return Ok(Progress::Done(packing.to_bytes(&done, 1)));
			}
			rest.carried.push(done);
			rest.slice += 1;
		}
		if !cut.has_room(rest.slice, &mut spent) {
			return Ok(resting(rest, packer));
		}
		let done = rest.carried.pop().ok_or(AdvanceError::Rest)?;
		packing.pack_row(&mut packer, done);
		(rest.row, rest.slice, rest.carried) = (rest.row + 1, 0, circuit.start());
	}
	Ok(Progress::Done(packing.to_bytes(&packer.finish(), rows as usize)))
}

fn resting(mut rest: Rest, packer: Packer<'_>) -> Progress {
	rest.merged = packer.rest();
	Progress::Rests(rest.to_bytes())
}
