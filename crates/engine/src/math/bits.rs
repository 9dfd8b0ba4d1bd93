//! Residues packed at 51 bits, least significant bit first.

use crate::math::params::{MODULUS, MODULUS_BITS};
use alloc::vec::Vec;

/// Why packed residues were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackingError {
	/// Not as many bytes as the residues take.
	#[error("the packed residues are {found} bytes long instead of {wanted}")]
	WrongLength {
		/// Bytes that are there.
		found: usize,
		/// Bytes that there should be.
		wanted: usize,
	},
	/// A value that is no residue modulo q.
	#[error("residue {0} is not reduced modulo q")]
	NotReduced(usize),
	/// Bits after the last residue that are not zero.
	#[error("there are bits after the last residue")]
	TrailingBits,
}

/// Bytes that `count` residues take.
pub const fn packed_len(count: usize) -> usize {
	packed_bits_len(count, MODULUS_BITS)
}

/// Bytes that `count` values of `bits` bits take.
pub const fn packed_bits_len(count: usize, bits: u32) -> usize {
	(count * bits as usize).div_ceil(8)
}

/// Appends `residues`, each below q, to `out`: [`packed_len`] bytes.
///
/// # Examples
/// ```
/// let mut bytes = Vec::new();
/// fhe_ml_engine::pack(&[1, 2, 3], &mut bytes);
/// assert_eq!(bytes.len(), fhe_ml_engine::packed_len(3));
/// assert_eq!(fhe_ml_engine::unpack(&bytes, 3), Ok(vec![1, 2, 3]));
/// ```
pub fn pack(residues: &[u64], out: &mut Vec<u8>) {
	pack_bits(residues.iter().copied(), MODULUS_BITS, out);
}

/// Appends values of `bits` bits, at most 56, to `out`.
pub fn pack_bits(values: impl Iterator<Item = u64>, bits: u32, out: &mut Vec<u8>) {
	let mut buffer: u128 = 0;
	let mut filled = 0;
	for value in values {
		buffer |= u128::from(value) << filled;
		filled += bits;
		while filled >= 8 {
			out.push(buffer as u8);
			buffer >>= 8;
			filled -= 8;
		}
	}
	if filled > 0 {
		out.push(buffer as u8);
	}
}

/// Reads `count` residues that fill `bytes` exactly.
///
/// # Errors
/// If there are fewer or more bytes than [`packed_len`] of `count`, if a residue is not reduced modulo q,
/// or if bits behind the last one are set.
pub fn unpack(bytes: &[u8], count: usize) -> Result<Vec<u64>, PackingError> {
	let residues = unpack_bits(bytes, count, MODULUS_BITS)?;
	match residues.iter().position(|&residue| residue >= MODULUS) {
		Some(at) => Err(PackingError::NotReduced(at)),
		None => Ok(residues),
	}
}

/// Reads `count` values of `bits` bits, at most 56, that fill `bytes` exactly.
///
/// # Errors
/// If there are fewer or more bytes than [`packed_bits_len`] of `count`, or if bits behind the last value
/// are set.
pub fn unpack_bits(bytes: &[u8], count: usize, bits: u32) -> Result<Vec<u64>, PackingError> {
	let wanted = packed_bits_len(count, bits);
	if bytes.len() != wanted {
		return Err(PackingError::WrongLength { found: bytes.len(), wanted });
	}
	// A value and the bits before it in its first byte fit one word.
	let word = |byte: usize| match bytes.get(byte..).and_then(|rest| rest.first_chunk()) {
		Some(word) => u64::from_le_bytes(*word),
		None => {
			let rest = bytes.get(byte..).unwrap_or_default();
			rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
		},
	};
	let at = |bit: usize| word(bit / 8) >> (bit % 8);
	let end = count * bits as usize;
	if at(end) != 0 {
		return Err(PackingError::TrailingBits);
	}
	let mask = (1 << bits) - 1;
	Ok((0..count).map(|number| at(number * bits as usize) & mask).collect())
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn residues_survive(residues in proptest::collection::vec(0..MODULUS, 0..40)) {
			let mut bytes = Vec::new();
			pack(&residues, &mut bytes);
			prop_assert_eq!(bytes.len(), packed_len(residues.len()));
			prop_assert_eq!(unpack(&bytes, residues.len()), Ok(residues));
		}

		#[test]
		fn packing_is_canonical(bytes in proptest::collection::vec(any::<u8>(), packed_len(3))) {
			if let Ok(residues) = unpack(&bytes, 3) {
				let mut again = Vec::new();
				pack(&residues, &mut again);
				prop_assert_eq!(again, bytes);
			}
		}
	}

	#[test]
	fn bad_bytes_are_refused() {
		assert_eq!(unpack(&[0; 8], 1), Err(PackingError::WrongLength { found: 8, wanted: 7 }));
		let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7];
		assert_eq!(unpack(&largest, 1), Err(PackingError::NotReduced(0)));
		assert_eq!(unpack(&[0, 0, 0, 0, 0, 0, 8], 1), Err(PackingError::TrailingBits));
	}
}
