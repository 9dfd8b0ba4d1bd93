//! Encryption of rows for private circuits.

use super::{PrivateCircuit, Shape};
use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_coefficients},
	circuits::{
		client::EncryptInput,
		levelled::encrypt::{encrypt_entries, write_selector},
	},
	math::selector::SELECTOR_GADGETS,
};
use zeroize::Zeroizing;

impl EncryptInput for PrivateCircuit {
	/// All comparisons of the grid, or all bits of all features, are selectors, in their order.
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64> {
		let (bits, gadget): (Vec<i64>, u8) = match &self.shape {
			Shape::Linear { .. } => {
				let mut padded = Zeroizing::new(x.to_vec());
				padded.resize(self.input_coefficients(), 0);
				return encrypt_coefficients(&padded, self.encoding.unit_log2, encryptor);
			},
			Shape::Forest { choice, .. } => (x.to_vec(), choice.gadget),
			Shape::Network { feature_bits, choice } => {
				let bits = |(&bits, &x): (&u32, &i64)| (0..bits).map(move |bit| x >> bit & 1);
				(feature_bits.iter().zip(x).flat_map(bits).collect(), choice.gadget)
			},
		};
		let bits = Zeroizing::new(bits);
		let mut entries = Zeroizing::new(vec![0; self.input_coefficients()]);
		if let Some(gadget) = SELECTOR_GADGETS.get(usize::from(gadget)) {
			let selectors = entries.chunks_exact_mut(gadget.mask.levels as usize);
			for (selector, &bit) in selectors.zip(bits.iter()) {
				write_selector(selector.iter_mut(), bit, *gadget);
			}
		}
		encrypt_entries(&entries, 0, encryptor)
	}
}
