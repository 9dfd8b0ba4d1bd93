//! Encryption of features for deep networks.

use super::DeepCircuit;
use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_entries, pair_entries},
	circuits::{client::EncryptInput, levelled::Levelled},
};
use zeroize::Zeroizing;

impl EncryptInput for DeepCircuit {
	/// Every two bits of features are the selectors of a pair.
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let bits = Zeroizing::new(self.layers.input_bits(x));
		encrypt_entries(&pair_entries(&bits, Levelled::gadget(self)), 0, 0, encryptor)
	}
}
