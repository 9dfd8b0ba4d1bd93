//! The bytes of linear circuits with encrypted weights.

use super::{EncryptedLinearCircuit, EncryptedLinearError, shape::LinearShape};
use crate::{
	circuits::bytes::Reader,
	math::bits::{pack, packed_len, unpack},
};
use alloc::vec::Vec;

const FIXED_BYTES: usize = 8 + 16;

impl EncryptedLinearCircuit {
	/// Features and outputs (u32), the seed of the masks, the residues packed at 51 bits.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(FIXED_BYTES + packed_len(self.bodies.len()));
		bytes.extend((self.shape.features as u32).to_le_bytes());
		bytes.extend((self.shape.outputs as u32).to_le_bytes());
		bytes.extend(self.mask_seed);
		pack(&self.bodies, &mut bytes);
		bytes
	}

	/// Reads what [`EncryptedLinearCircuit::to_bytes`] wrote.
	///
	/// # Errors
	/// If the bytes are truncated or oversized, if a residue is not reduced, or if there are too few or
	/// too many features or outputs.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncryptedLinearError> {
		let malformed = EncryptedLinearError::Malformed;
		let mut reader = Reader::new(bytes);
		let (features, outputs, mask_seed) = read_fixed(&mut reader).ok_or(malformed)?;
		let shape = LinearShape::new(features, outputs)?;
		let bodies = unpack(reader.rest(), shape.weights()).map_err(|_| malformed)?;
		Ok(shape.with_weights(mask_seed, bodies))
	}
}

fn read_fixed(reader: &mut Reader<'_>) -> Option<(usize, usize, [u8; 16])> {
	Some((reader.count_u32()?, reader.count_u32()?, reader.array()?))
}
