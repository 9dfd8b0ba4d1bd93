//! RLWE encryption: b = a s + m + e.

use crate::{
	entities::client_key::ClientKey,
	math::{
		modular,
		params::POLYNOMIAL_SIZE,
		ring::{NttPolynomial, Polynomial},
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
