//! Encryption of pixels.

use super::FilterCircuit;
use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_coefficients},
	circuits::client::EncryptInput,
};

impl EncryptInput for FilterCircuit {
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		encrypt_coefficients(x, self.message_shift(), encryptor)
	}
}
