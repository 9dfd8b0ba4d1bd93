//! The integers of several rows in one ciphertext, and its bytes.

use crate::{
	algorithms::{
		modulus_switch::switch,
		packing::{Packer, pack_each, packed_position, packing_inverse},
	},
	circuits::levelled::ResultEncoding,
	entities::{
		prepared_server_key::PreparedServerKey,
		result::ResultError,
		rlwe::{RLWE_SIZE, rotate_both},
		switched_result::SwitchedResult,
	},
	math::{
		bits::{PackingError, pack_bits, packed_bits_len, unpack_bits},
		modular,
		params::POLYNOMIAL_SIZE,
	},
};
use alloc::{vec, vec::Vec};
use core::ops::Range;
use fhe_ml_format::{ResultPrefix, RowLayout};

/// Steps that erase all coefficients but those that are packed.
const STEPS: u32 = POLYNOMIAL_SIZE.ilog2();

/// Most integers of a part.
const MOST_INTEGERS: usize = POLYNOMIAL_SIZE;

/// Most rows of a part: their ciphertexts take 16 MiB until they are packed.
const MOST_ROWS: usize = 512;

/// Nanoseconds of one core to pack one integer, measured (`cargo bench`).
pub(crate) const INTEGER_NANOSECONDS: u64 = 60_000;

/// How rows whose integers are encoded like this lie in a result.
pub(crate) fn row_layout(encoding: &ResultEncoding) -> RowLayout {
	let integers = encoding.coefficients();
	let row_bytes = packed_bits_len(integers, encoding.result_bits) as u32;
	let together = MOST_INTEGERS.checked_div(integers).unwrap_or(1).clamp(1, MOST_ROWS);
	match encoding.packed() {
		Some(_) if together > 1 => RowLayout {
			row_bytes,
			rows_per_mask: together as u32,
			packing_work: (integers as u64 * INTEGER_NANOSECONDS).div_ceil(1000) as u32,
		},
		_ => RowLayout { row_bytes, rows_per_mask: 1, packing_work: 0 },
	}
}

/// Takes off what packing multiplies by.
fn divide(row: &mut [u64]) {
	let factor = packing_inverse(STEPS);
	row.iter_mut().for_each(|value| *value = modular::mul(*value, factor));
}

/// How the rows of a levelled circuit's result share ciphertexts.
pub(crate) struct Packing {
	/// How a row's integers are encoded.
	encoding: ResultEncoding,
	/// Where they are in the ciphertext of a row.
	positions: Vec<usize>,
	/// How the rows lie in the result.
	layout: RowLayout,
	/// Rows of the result.
	rows: u32,
}

impl Packing {
	/// Most ciphertexts that rest between rows.
	pub const MOST_MERGED: usize = STEPS as usize + 1;

	/// Of a result of `rows` rows. A single one is not packed.
	pub fn new(encoding: &ResultEncoding, positions: Vec<usize>, rows: u32) -> Self {
		let layout = row_layout(encoding);
		let mut packing = Self { encoding: encoding.clone(), positions, layout, rows };
		if let Some(packed) = encoding.packed().filter(|_| packing.is_packed()) {
			packing.encoding = packed;
		}
		packing
	}

	/// Whether rows share masks, and are packed for that.
	pub fn is_packed(&self) -> bool {
		self.rows > 1 && self.layout.rows_per_mask > 1
	}

	/// How the integers of a row are encoded once they are in a part.
	pub fn encoding(&self) -> &ResultEncoding {
		&self.encoding
	}

	/// The rows of each part.
	pub fn parts(&self) -> impl Iterator<Item = Range<u32>> {
		(0..self.layout.masks(self.rows)).map(|part| self.part(part))
	}

	/// Rows of part number `part`.
	pub fn part(&self, part: u32) -> Range<u32> {
		self.layout.rows_of(self.rows, part)
	}

	/// Length in bytes of a part of this many rows.
	pub fn part_bytes(&self, rows: usize) -> usize {
		let mask_bytes = packed_bits_len(POLYNOMIAL_SIZE, self.encoding.result_bits);
		mask_bytes + rows * self.layout.row_bytes as usize
	}

	/// Where the integers of a part of this many rows are, row by row.
	pub fn positions(&self, rows: usize) -> Vec<usize> {
		if !self.is_packed() {
			return self.positions.clone();
		}
		let integers = rows * self.encoding.coefficients();
		(0..integers).map(|number| packed_position(number, STEPS)).collect()
	}

	/// The ciphertext of a part, from those of its rows (coefficients of mask and body, not centred).
	pub fn pack(&self, key: &PreparedServerKey, mut rows: Vec<Vec<u64>>) -> Vec<u64> {
		if !self.is_packed() {
			return rows.pop().unwrap_or_else(|| vec![0; RLWE_SIZE]);
		}
		let of_row = self.positions.len().max(1);
		rows.iter_mut().for_each(|row| divide(row));
		let integer = |number: usize| self.integer(&rows[number / of_row], number % of_row);
		pack_each(key, rows.len() * of_row, integer, STEPS).into_coefficients()
	}

	/// The same, row by row: takes the next one.
	pub fn pack_row(&self, packer: &mut Packer<'_>, mut row: Vec<u64>) {
		divide(&mut row);
		(0..self.positions.len()).for_each(|number| packer.push(self.integer(&row, number)));
	}

	/// A packer of the rows of a part, of which some have been taken.
	pub fn packer<'a>(
		&self,
		key: &'a PreparedServerKey,
		rested: Vec<(usize, Vec<u64>)>,
	) -> Packer<'a> {
		Packer::new(key, STEPS, rested)
	}

	/// Integer number `number` of a row that is divided, in coefficient 0.
	fn integer(&self, row: &[u64], number: usize) -> Vec<u64> {
		let mut moved = vec![0; RLWE_SIZE];
		rotate_both(row, self.positions[number] as i32, &mut moved);
		moved
	}

	/// The bytes of a part of this many rows: the mask, then the rows' integers.
	pub fn to_bytes(&self, coefficients: &[u64], rows: usize) -> Vec<u8> {
		let bits = self.encoding.result_bits;
		let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
		let mut bytes = Vec::new();
		pack_bits(mask.iter().map(|&value| switch(value, bits)), bits, &mut bytes);
		for positions in self.positions(rows).chunks(self.encoding.coefficients().max(1)) {
			let bodies: Vec<u64> = positions.iter().map(|&at| body[at]).collect();
			let centred = self.encoding.centred(&bodies);
			pack_bits(centred.iter().map(|&value| switch(value, bits)), bits, &mut bytes);
		}
		bytes
	}

	/// A part of this many rows from its bytes.
	///
	/// # Errors
	/// If there are not as many bytes as [`Packing::part_bytes`], or bits after the last integer of a row.
	pub fn read(
		&self,
		prefix: ResultPrefix,
		bytes: &[u8],
		rows: usize,
	) -> Result<SwitchedResult, ResultError> {
		let bits = self.encoding.result_bits;
		let row_bytes = self.layout.row_bytes as usize;
		let wanted = self.part_bytes(rows);
		let wrong_length = PackingError::WrongLength { found: bytes.len(), wanted };
		let (mask, of_rows) = bytes
			.split_at_checked(packed_bits_len(POLYNOMIAL_SIZE, bits))
			.filter(|_| bytes.len() == wanted)
			.ok_or(wrong_length)?;
		let mask = unpack_bits(mask, POLYNOMIAL_SIZE, bits)?;
		let mut bodies = Vec::with_capacity(rows * self.encoding.coefficients());
		for row in of_rows.chunks(row_bytes.max(1)) {
			bodies.extend(unpack_bits(row, self.encoding.coefficients(), bits)?);
		}
		Ok(SwitchedResult { prefix, bits, mask, bodies })
	}
}
