//! Encryption of features.

use super::LinearCircuit;
use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_coefficients},
	circuits::client::EncryptInput,
};

impl EncryptInput for LinearCircuit {
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		encrypt_coefficients(x, self.message_shift(), encryptor)
	}
}
