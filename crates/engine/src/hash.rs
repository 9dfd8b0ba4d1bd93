//! Content hashes.

use blake2::{Blake2b, Digest, digest::consts::U32};
use fhe_ml_format::Hash;

/// BLAKE2b-256, the hash by which the chain refers to blobs.
pub fn blake2b_256(bytes: &[u8]) -> Hash {
	Blake2b::<U32>::digest(bytes).into()
}

#[cfg(test)]
mod tests {
	#[test]
	fn is_substrates_blake2_256() {
		// `blake2_256(b"")` of sp-crypto-hashing.
		assert_eq!(super::blake2b_256(b"")[..4], [0x0e, 0x57, 0x51, 0xc0]);
	}
}
