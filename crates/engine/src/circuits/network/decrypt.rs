//! Decryption of networks' results.

use super::{Choice, NetworkCircuit};
use crate::{
	algorithms::decryption::DecryptError,
	circuits::{
		client::{DecryptResult, Received},
		levelled::decrypt::decrypt,
	},
	entities::client_key::ClientKey,
};

impl DecryptResult for NetworkCircuit {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		Ok(self.combine(&decrypt(self, key, received.result)?))
	}
}

impl NetworkCircuit {
	/// Puts limbs and digits together: `values` are all digits of all outputs for the first limb,
	/// then for the next.
	fn combine(&self, values: &[i64]) -> Vec<i64> {
		let Choice { limb_bits, weight_base, weight_digits, .. } = self.choice;
		let mut outputs = vec![0i64; self.outputs()];
		let rows = self.combinations();
		for (limb, values) in values.chunks_exact(rows).enumerate() {
			for (output, digits) in outputs.iter_mut().zip(values.chunks_exact(weight_digits)) {
				let whole = digits
					.iter()
					.rev()
					.fold(0i64, |sum, &d| sum.wrapping_mul(weight_base.into()).wrapping_add(d));
				*output = output.wrapping_add(whole.wrapping_shl(limb as u32 * limb_bits));
			}
		}
		outputs
	}
}
