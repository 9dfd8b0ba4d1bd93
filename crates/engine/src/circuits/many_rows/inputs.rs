//! The rows of an input, each as an input of its own.

use crate::{entities::input::InputError, hash::blake2b_256};
use alloc::vec::Vec;
use fhe_ml_format::{HeaderError, InputPrefix};

/// Domain of the seeds of rows.
const OF_ROW: &[u8] = b"fhe-ml/row/1";

/// The seed of the masks of row `row` of an input of many rows. Masks from different seeds are independent, since
/// the hash of a random seed is as good as random.
pub(super) fn row_seed(mask_seed: &[u8; 16], row: u32) -> [u8; 16] {
	let message = [OF_ROW, mask_seed.as_slice(), &row.to_le_bytes()].concat();
	blake2b_256(&message).first_chunk().copied().unwrap_or_default()
}

/// The bytes of an input of any number of rows.
#[derive(Clone, Copy)]
pub(crate) struct RowInputs<'a> {
	bytes: &'a [u8],
	/// Of the whole input.
	pub prefix: InputPrefix,
	row_bytes: usize,
}

impl<'a> RowInputs<'a> {
	/// Reads an input whose rows have `input_bytes` bytes each when they are alone.
	///
	/// # Errors
	/// If the header is not that of an input, or if it is not as long as its rows.
	pub fn read(bytes: &'a [u8], input_bytes: usize) -> Result<Self, InputError> {
		let prefix = InputPrefix::read(bytes)?;
		let row_bytes = input_bytes.saturating_sub(InputPrefix::BYTES);
		// That of one row is checked when it is unpacked, with an error that has both lengths.
		let wanted = (prefix.rows as usize).saturating_mul(row_bytes);
		if prefix.rows > 1 && bytes.len() - InputPrefix::BYTES != wanted {
			return Err(HeaderError::WrongLength.into());
		}
		Ok(Self { bytes, prefix, row_bytes })
	}

	/// Row number `row` as an input of its own.
	pub fn row(&self, row: u32) -> Vec<u8> {
		if self.prefix.rows == 1 {
			return self.bytes.to_vec();
		}
		let mask_seed = row_seed(&self.prefix.mask_seed, row);
		let prefix = InputPrefix { mask_seed, rows: 1, ..self.prefix };
		let start = InputPrefix::BYTES + row as usize * self.row_bytes;
		let bodies = self.bytes.get(start..start + self.row_bytes).unwrap_or_default();
		[prefix.to_bytes(bodies.len() as u32).as_slice(), bodies].concat()
	}
}
