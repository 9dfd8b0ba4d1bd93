//! Encryption of feature vectors.

use crate::{
	algorithms::rlwe::RlweEncryptor,
	entities::{client_key::ClientKey, input::EncryptedInput, linear::LinearCircuit},
	modular,
	params::POLYNOMIAL_SIZE,
	random,
	ring::Polynomial,
};
use fhe_ml_format::{Hash, InputPrefix};
use zeroize::Zeroizing;

/// Why a feature vector cannot be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
	/// Not one integer per feature.
	#[error("the model takes {wanted} features, not {found}")]
	FeatureCount {
		/// Features that are there.
		found: usize,
		/// Features that there should be.
		wanted: usize,
	},
	/// The result would not fit the plaintext space, so it would decrypt to something else.
	#[error("output {output} is out of the model's range for these features")]
	OutOfRange {
		/// Number of the output.
		output: usize,
	},
}

impl ClientKey {
	/// Encrypts one integer per feature of `circuit` for the model with hash `artifact`.
	///
	/// Returns the bytes of an input: [`LinearCircuit::input_bytes`] of them.
	pub fn encrypt(
		&self,
		circuit: &LinearCircuit,
		artifact: Hash,
		x: &[i64],
		seeder: &mut dyn random::Seeder,
	) -> Result<Vec<u8>, EncryptError> {
		if x.len() != circuit.features() {
			return Err(EncryptError::FeatureCount { found: x.len(), wanted: circuit.features() });
		}
		circuit.evaluate_limbs(x).map_err(|output| EncryptError::OutOfRange { output })?;

		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let mut bodies = Vec::with_capacity(x.len());
		for (index, x) in x.chunks(POLYNOMIAL_SIZE).enumerate() {
			let mut message = Zeroizing::new(Polynomial::zero());
			for (slot, &x) in message.as_mut().iter_mut().zip(x) {
				*slot = modular::from_signed(i128::from(x) << circuit.message_shift());
			}
			let body = encryptor.body(index as u64, &message);
			bodies.extend(body.as_ref().iter().take(x.len()));
		}
		let prefix = InputPrefix {
			artifact,
			server_key: self.server_key_hash,
			mask_seed: encryptor.mask_seed(),
		};
		Ok(EncryptedInput { prefix, bodies }.to_bytes())
	}
}
