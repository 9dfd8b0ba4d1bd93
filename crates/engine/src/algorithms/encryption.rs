//! RLWE encryption: b = a s + m + e.

use crate::{
	algorithms::expansion::entry_position,
	entities::client_key::ClientKey,
	math::{
		bootstrap_params::PATTERNS,
		modular,
		params::{MODULUS, OCTET, POLYNOMIAL_SIZE},
		ring::{NttPolynomial, Polynomial},
		selector::SelectorGadget,
	},
	sampling::{
		self,
		secrets::{self, Seeder},
	},
};
use zeroize::Zeroizing;

/// Encrypts polynomials under one secret with masks from one public seed.
pub(crate) struct RlweEncryptor {
	secret: Zeroizing<NttPolynomial>,
	mask_seed: [u8; 16],
	noise_seed: Zeroizing<[u8; 16]>,
}

impl RlweEncryptor {
	/// Draws a fresh mask seed and a fresh noise seed.
	pub(crate) fn new(secret: &Polynomial, seeder: &mut dyn Seeder) -> Self {
		Self::with_mask_seed(secret, secrets::fresh_seed(seeder), seeder)
	}

	/// Draws a fresh noise seed. No two encryptors of one secret may have the same mask seed.
	pub(crate) fn with_mask_seed(
		secret: &Polynomial,
		mask_seed: [u8; 16],
		seeder: &mut dyn Seeder,
	) -> Self {
		let noise_seed = Zeroizing::new(secrets::fresh_seed(seeder));
		Self { secret: Zeroizing::new(secret.to_ntt()), mask_seed, noise_seed }
	}

	/// The public seed of the masks.
	pub(crate) fn mask_seed(&self) -> [u8; 16] {
		self.mask_seed
	}

	/// The body of encryption number `index`; each index may be used once.
	pub(crate) fn body(&self, index: u64, message: &Polynomial) -> Polynomial {
		let mut body = sampling::mask(&self.mask_seed, index).to_ntt().mul(&self.secret);
		body.add_assign(message);
		body.add_assign(&Zeroizing::new(secrets::noise(&self.noise_seed, index)));
		body
	}
}

/// Packs entries into RLWEs, encryptions number `first_index` and following, divided by what the expansion multiplies
/// by: N, and N / 8 for those of the first `octets` octets. Only the coefficients that hold an entry are kept.
pub(crate) fn encrypt_entries(
	entries: &[u64],
	octets: usize,
	first_index: u64,
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
		let body = encryptor.body(first_index + index as u64, &message);
		bodies.extend((0..entries.len()).map(|entry| body.as_ref()[entry_position(entry)]));
	}
	bodies
}

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

/// The entries of the selectors of pairs of bits, with which `rotate_pairs` rotates: for each pair whether it is 10, 01
/// or 11, one entry per level of the gadget. An odd last bit is paired with 0.
pub(crate) fn pair_entries(bits: &[u64], gadget: SelectorGadget) -> Zeroizing<Vec<u64>> {
	let levels = gadget.mask.levels as usize;
	let mut entries = Zeroizing::new(vec![0; bits.len().div_ceil(2) * PATTERNS * levels]);
	let patterns = bits.chunks(2).flat_map(|pair| {
		let (x, y) = (pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0));
		[x & (1 - y), (1 - x) & y, x & y]
	});
	for (selector, bit) in entries.chunks_exact_mut(levels).zip(patterns) {
		write_selector(selector.iter_mut(), bit as i64, gadget);
	}
	entries
}

/// a s for the mask with number `index`: what decryption subtracts from a body.
pub(crate) fn mask_product(key: &ClientKey, mask_seed: &[u8; 16], index: u64) -> Polynomial {
	let secret = Zeroizing::new(key.secret.to_ntt());
	sampling::mask(mask_seed, index).to_ntt().mul(&secret)
}

/// The first `count` coefficients of a s for the masks with numbers 0, 1, ...
pub(crate) fn mask_products(
	key: &ClientKey,
	mask_seed: &[u8; 16],
	count: usize,
) -> Zeroizing<Vec<u64>> {
	let mut products = Zeroizing::new(Vec::with_capacity(count.next_multiple_of(POLYNOMIAL_SIZE)));
	for index in 0..count.div_ceil(POLYNOMIAL_SIZE) {
		let product = mask_product(key, mask_seed, index as u64);
		products.extend_from_slice(product.as_ref());
	}
	products.truncate(count);
	products
}

/// Encrypts integers, shifted, in the coefficients of as many RLWEs as they need.
pub(crate) fn encrypt_coefficients(
	integers: &[i64],
	shift: u32,
	encryptor: &RlweEncryptor,
) -> Vec<u64> {
	let mut bodies = Vec::with_capacity(integers.len());
	for (index, integers) in integers.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mut message = Zeroizing::new(Polynomial::zero());
		for (coefficient, &integer) in message.as_mut().iter_mut().zip(integers) {
			*coefficient = modular::from_signed(i128::from(integer) << shift);
		}
		let body = encryptor.body(index as u64, &message);
		bodies.extend(body.as_ref().iter().take(integers.len()));
	}
	bodies
}
