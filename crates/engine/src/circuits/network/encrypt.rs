//! Encryption of features for networks.

use super::NetworkCircuit;
use crate::{
	algorithms::encryption::RlweEncryptor,
	circuits::{
		client::EncryptInput,
		levelled::encrypt::{encrypt_entries, write_selector},
	},
};
use zeroize::Zeroizing;

impl EncryptInput for NetworkCircuit {
	/// Every bit of a feature is a selector.
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let gadget = self.gadget();
		let mut entries = Zeroizing::new(vec![0; self.input_coefficients()]);
		let selectors = entries.chunks_exact_mut(gadget.mask.levels as usize);
		for (selector, bit) in selectors.zip(self.layers.input_bits(x)) {
			write_selector(selector.iter_mut(), bit.into(), gadget);
		}
		encrypt_entries(&entries, 0, encryptor)
	}
}
