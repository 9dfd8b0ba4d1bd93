//! Little-endian base-128 integers, for circuits with many small numbers.

/// Appends an unsigned integer.
pub(crate) fn write(mut value: u64, out: &mut Vec<u8>) {
	while value >= 0x80 {
		out.push(value as u8 | 0x80);
		value >>= 7;
	}
	out.push(value as u8);
}

/// Appends a signed integer (zigzag).
pub(crate) fn write_signed(value: i64, out: &mut Vec<u8>) {
	write((value << 1 ^ value >> 63) as u64, out);
}

/// Takes an unsigned integer off the front of `bytes`; `None` if there is none below 2^63.
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
	let mut value = 0;
	for shift in (0..63).step_by(7) {
		let (&byte, rest) = bytes.split_first()?;
		*bytes = rest;
		value |= u64::from(byte & 0x7f) << shift;
		if byte & 0x80 == 0 {
			return Some(value);
		}
	}
	None
}

/// Takes a signed integer off the front of `bytes`.
pub(crate) fn read_signed(bytes: &mut &[u8]) -> Option<i64> {
	read(bytes).map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn integers_read_back() {
		let mut bytes = Vec::new();
		for value in [0, 1, -1, 63, 64, -64, -65, 1 << 40, -(1 << 40)] {
			bytes.clear();
			write_signed(value, &mut bytes);
			assert_eq!(read_signed(&mut bytes.as_slice()), Some(value));
		}
		assert_eq!(read(&mut [0x80].as_slice()), None);
		assert_eq!(read(&mut [0xff; 12].as_slice()), None);
	}
}
