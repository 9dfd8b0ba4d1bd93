//! Parts of a result: what the court evaluates and compares on its own.

use crate::{pallet::*, types::*};
use core::ops::Range;
use fhe_ml_primitives::{
	Outcome, ResultBytes,
	format::{self, ResultPrefix},
};
use sp_runtime::BoundedVec;

/// Where the parts of a result lie.
pub(crate) struct Parts {
	rows: u32,
	/// Length of a result of one row.
	one_row: u32,
	/// Length of the whole result.
	all_rows: u32,
	layout: Option<format::RowLayout>,
}

impl Parts {
	/// How many there are.
	pub fn count(&self) -> u32 {
		self.layout.map_or(1, |layout| layout.masks(self.rows))
	}

	/// Most steps of a part, if the largest one takes `per_part`: its rows' share of them, and one more.
	pub fn steps_of(&self, part: u32, per_part: u32) -> u32 {
		let Some(layout) = self.layout else { return per_part };
		let rows = layout.rows_of(self.rows, part).len() as u64;
		let share = u64::from(per_part).saturating_mul(rows);
		let share = share.div_ceil(u64::from(layout.rows_per_mask).max(1)).saturating_add(1);
		share.min(per_part.into()) as u32
	}

	/// The same of all parts.
	pub fn steps_of_all(&self, per_part: u32) -> u32 {
		let steps = (0..self.count()).map(|part| self.steps_of(part, per_part));
		steps.fold(0, u32::saturating_add)
	}

	/// Bytes of the result that part number `part` has; none if there is no such part.
	pub fn range(&self, part: u32) -> Option<Range<usize>> {
		match self.layout {
			Some(layout) => layout.bytes_of(self.one_row, self.rows, part),
			None => (part == 0).then_some(ResultPrefix::BYTES..self.one_row as usize),
		}
	}

	/// The result of these parts, if they are as long as they must be.
	pub fn assemble(&self, input: &[u8; 32], bodies: &[u8]) -> Option<Outcome> {
		let prefix = ResultPrefix { input_tag: *input.first_chunk()?, rows: self.rows };
		let mut bytes = prefix.to_bytes(bodies.len() as u32).to_vec();
		bytes.extend_from_slice(bodies);
		let is_whole = bytes.len() == self.all_rows as usize;
		is_whole.then(|| BoundedVec::try_from(bytes).ok().map(Outcome::Completed))?
	}
}

impl<T: Config> Pallet<T> {
	/// The parts that a job's result has.
	pub(crate) fn parts_of(record: &JobRecordOf<T>) -> Result<Parts, Error<T>> {
		let model = Models::<T>::get(record.model).ok_or(Error::UnknownModel)?;
		Ok(Parts {
			rows: record.rows,
			one_row: model.result_bytes,
			all_rows: Self::result_bytes(&model, record.rows),
			layout: model.row_layout.map(Into::into),
		})
	}

	/// A result with this part in place of its own; none if it has none that is as long.
	pub(crate) fn with_part(
		parts: &Parts,
		mut result: ResultBytes,
		part: u32,
		bytes: &[u8],
	) -> Option<ResultBytes> {
		let place = result.as_mut().get_mut(parts.range(part)?)?;
		if place.len() != bytes.len() {
			return None;
		}
		place.copy_from_slice(bytes);
		Some(result)
	}
}
