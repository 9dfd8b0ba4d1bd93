//! The bytes of circuits: little-endian integers, and base-128 ones where there are many small numbers.

use alloc::vec::Vec;

/// Bytes that are read from the front. Every method gives `None` once too few are left.
pub(crate) struct Reader<'a> {
	rest: &'a [u8],
}

impl<'a> Reader<'a> {
	pub fn new(bytes: &'a [u8]) -> Self {
		Self { rest: bytes }
	}

	/// What has not been read.
	pub fn rest(&self) -> &'a [u8] {
		self.rest
	}

	pub fn array<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
		let (array, rest) = self.rest.split_first_chunk()?;
		self.rest = rest;
		Some(*array)
	}

	pub fn count_u16(&mut self) -> Option<usize> {
		self.array().map(|bytes| u16::from_le_bytes(bytes).into())
	}

	pub fn count_u32(&mut self) -> Option<usize> {
		self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
	}

	/// An unsigned base-128 integer; `None` if there is none below 2^63.
	pub fn varint(&mut self) -> Option<u64> {
		let mut value = 0;
		for shift in (0..63).step_by(7) {
			let [byte] = self.array()?;
			value |= u64::from(byte & 0x7f) << shift;
			if byte & 0x80 == 0 {
				return Some(value);
			}
		}
		None
	}

	/// A signed base-128 integer (zigzag).
	pub fn signed_varint(&mut self) -> Option<i64> {
		self.varint().map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
	}
}

/// Appends an unsigned base-128 integer.
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
	while value >= 0x80 {
		out.push(value as u8 | 0x80);
		value >>= 7;
	}
	out.push(value as u8);
}

/// Appends a signed base-128 integer (zigzag).
pub(crate) fn write_signed_varint(value: i64, out: &mut Vec<u8>) {
	write_varint((value << 1 ^ value >> 63) as u64, out);
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn integers_read_back() {
		let mut bytes = Vec::new();
		for value in [0, 1, -1, 63, 64, -64, -65, 1 << 40, -(1 << 40)] {
			bytes.clear();
			write_signed_varint(value, &mut bytes);
			assert_eq!(Reader::new(&bytes).signed_varint(), Some(value));
		}
		assert_eq!(Reader::new(&[0x80]).varint(), None);
		assert_eq!(Reader::new(&[0xff; 12]).varint(), None);
	}
}
