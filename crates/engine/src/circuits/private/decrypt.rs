//! Decryption of private circuits' results.

use super::{PrivateCircuit, Shape};
use crate::{
	algorithms::decryption::DecryptError,
	circuits::{
		client::{DecryptResult, Received},
		levelled::decrypt::decrypt_parts,
		limbs,
		many_rows::Packing,
		network,
	},
	entities::client_key::ClientKey,
};

impl DecryptResult for PrivateCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		let packing = Packing::new(&self.encoding, self.positions(), received.prefix.rows);
		decrypt_parts(&packing, key, received, |integers| self.combine(integers))
	}
}

impl PrivateCircuit {
	/// Puts the integers of a result together.
	pub(super) fn combine(&self, values: &[i64]) -> Vec<i64> {
		match &self.shape {
			Shape::Forest { choice, .. } => limbs::combine(values, choice.limb_bits, choice.limbs),
			Shape::Linear { limb_bits, limbs, .. } => limbs::combine(values, *limb_bits, *limbs),
			Shape::Network { choice, .. } => network::combine(values, self.outputs, *choice),
		}
	}
}
