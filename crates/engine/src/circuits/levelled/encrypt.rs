//! Encryption of bits for circuits that expand their inputs.

use crate::{
	algorithms::{encryption::RlweEncryptor, expansion::entry_position},
	math::{
		modular,
		params::{MODULUS, OCTET, POLYNOMIAL_SIZE},
		ring::Polynomial,
		selector::SelectorGadget,
	},
};
use zeroize::Zeroizing;

/// The rows of a selector: the bit times each scale of the gadget.
pub(crate) fn write_selector<'a>(
	entries: impl Iterator<Item = &'a mut u64>,
	bit: i64,
	gadget: SelectorGadget,
) {
	for (level, entry) in (0..gadget.mask.levels).zip(entries) {
		*entry = bit as u64 * gadget.mask.scale(level);
	}
}

/// Packs entries into RLWEs, divided by what the expansion multiplies by: N, and N / 8 for those of the
/// first `octets` octets. Only the coefficients that hold an entry are kept.
pub(crate) fn encrypt_entries(
	entries: &[u64],
	octets: usize,
	encryptor: &RlweEncryptor,
) -> Vec<u64> {
	let inverse_of = |factor: usize| modular::pow(factor as u64, MODULUS - 2);
	let (inverse, in_octet) = (inverse_of(POLYNOMIAL_SIZE), inverse_of(POLYNOMIAL_SIZE / OCTET));
	let mut bodies = Vec::with_capacity(entries.len());
	for (index, entries) in entries.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (entry, &residue) in entries.iter().enumerate() {
			let is_in_octet = index * POLYNOMIAL_SIZE + entry < octets * OCTET;
			let inverse = if is_in_octet { in_octet } else { inverse };
			message.as_mut()[entry_position(entry)] = modular::mul(residue, inverse);
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend((0..entries.len()).map(|entry| body.as_ref()[entry_position(entry)]));
	}
	bodies
}
