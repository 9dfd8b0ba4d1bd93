//! Decryption of forests' results.

use super::ForestCircuit;
use crate::{
	algorithms::decryption::DecryptError,
	circuits::{
		client::{DecryptResult, Received},
		levelled::decrypt::decrypt,
		limbs,
	},
	entities::client_key::ClientKey,
};

impl DecryptResult for ForestCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		Ok(self.combine(&decrypt(self, key, received.result)?))
	}
}

impl ForestCircuit {
	/// Puts the limbs in the coefficients of a result together.
	pub(crate) fn combine(&self, coefficients: &[i64]) -> Vec<i64> {
		limbs::combine(coefficients, self.choice.limb_bits, self.choice.limbs)
	}
}
