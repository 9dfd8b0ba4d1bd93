//! Encryption of bits for forests.

use super::ForestCircuit;
use crate::{
	algorithms::encryption::RlweEncryptor,
	circuits::{
		client::EncryptInput,
		levelled::encrypt::{encrypt_entries, write_selector},
	},
};
use zeroize::Zeroizing;

impl EncryptInput for ForestCircuit {
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let mut entries = Zeroizing::new(vec![0; self.entries]);
		for (&bit, place) in x.iter().zip(&self.entries_of) {
			if place.selects {
				write_selector(entries[place.first..].iter_mut(), bit, self.gadget());
			} else if let Some(entry) = entries.get_mut(place.first) {
				*entry = (bit as u64) << self.encoding.unit_log2;
			}
		}
		encrypt_entries(&entries, 0, encryptor)
	}
}
