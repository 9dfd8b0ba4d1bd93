//! Encryption of bits for circuits that expand their inputs.

use crate::algorithms::encryption::{self, RlweEncryptor};

pub(crate) use crate::algorithms::encryption::write_selector;

/// The bodies of an input with these entries, those of the first `octets` octets for the middle of the expansion.
pub(crate) fn encrypt_entries(
	entries: &[u64],
	octets: usize,
	encryptor: &RlweEncryptor,
) -> Vec<u64> {
	encryption::encrypt_entries(entries, octets, 0, encryptor)
}
