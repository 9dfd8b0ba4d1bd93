//! Residues packed at 51 bits, least significant bit first.

use crate::params::{MODULUS, MODULUS_BITS};

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
	(count * MODULUS_BITS as usize).div_ceil(8)
}

/// Appends `residues` to `out`.
pub fn pack(residues: &[u64], out: &mut Vec<u8>) {
	let mut buffer: u128 = 0;
	let mut bits = 0;
	out.reserve(packed_len(residues.len()));
	for &residue in residues {
		buffer |= u128::from(residue) << bits;
		bits += MODULUS_BITS;
		while bits >= 8 {
			out.push(buffer as u8);
			buffer >>= 8;
			bits -= 8;
		}
	}
	if bits > 0 {
		out.push(buffer as u8);
	}
}

/// Reads `count` residues that fill `bytes` exactly.
pub fn unpack(bytes: &[u8], count: usize) -> Result<Vec<u64>, PackingError> {
	let wanted = packed_len(count);
	if bytes.len() != wanted {
		return Err(PackingError::WrongLength { found: bytes.len(), wanted });
	}
	let mut residues = Vec::with_capacity(count);
	let mut buffer: u128 = 0;
	let mut bits = 0;
	let mut bytes = bytes.iter();
	while residues.len() < count {
		while bits < MODULUS_BITS {
			buffer |= u128::from(bytes.next().copied().unwrap_or_default()) << bits;
			bits += 8;
		}
		let residue = buffer as u64 & ((1 << MODULUS_BITS) - 1);
		if residue >= MODULUS {
			return Err(PackingError::NotReduced(residues.len()));
		}
		residues.push(residue);
		buffer >>= MODULUS_BITS;
		bits -= MODULUS_BITS;
	}
	if buffer != 0 {
		return Err(PackingError::TrailingBits);
	}
	Ok(residues)
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
		assert_eq!(unpack(&[0xff; 7], 1), Err(PackingError::NotReduced(0)));
		assert_eq!(unpack(&[0, 0, 0, 0, 0, 0, 8], 1), Err(PackingError::TrailingBits));
	}
}
