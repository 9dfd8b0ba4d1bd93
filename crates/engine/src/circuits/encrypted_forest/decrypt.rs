//! Decryption of the results of forests with encrypted leaves.

use super::EncryptedForestCircuit;
use crate::{
	algorithms::decryption::DecryptError,
	circuits::{
		client::{DecryptResult, Received},
		levelled::decrypt::decrypt,
		limbs,
	},
	entities::client_key::ClientKey,
};

impl DecryptResult for EncryptedForestCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		Ok(self.combine(&decrypt(self, key, received.result)?))
	}
}

impl EncryptedForestCircuit {
	/// Puts the limbs in the coefficients of a result together.
	fn combine(&self, coefficients: &[i64]) -> Vec<i64> {
		let (limbs, limb_bits) = self.limbs();
		limbs::combine(coefficients, limb_bits, limbs)
	}
}
