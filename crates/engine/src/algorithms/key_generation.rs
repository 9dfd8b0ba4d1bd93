//! Key generation.

use crate::{
	algorithms::encryption::RlweEncryptor,
	entities::{client_key::ClientKey, server_key::ServerKey},
	hash::blake2b_256,
	math::{
		bits::pack,
		params::{EXPANSION_STAGES, Gadget, RELINEARISATION_GADGET},
		ring::Polynomial,
	},
	sampling::secrets::{self, Seed, Seeder},
};
use fhe_ml_format::{HEADER_BYTES, ServerKeyPrefix};
use zeroize::Zeroizing;

impl ClientKey {
	/// Makes a client key and its server key from fresh entropy.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{ClientKey, PreparedServerKey, new_seeder};
	///
	/// let (client_key, server_key) = ClientKey::generate(new_seeder().as_mut());
	/// assert_eq!(client_key.server_key_hash(), server_key.hash());
	/// // On the collator, once for many inputs.
	/// let prepared = PreparedServerKey::new(&server_key);
	/// # assert_eq!(prepared.hash(), server_key.hash());
	/// ```
	pub fn generate(seeder: &mut dyn Seeder) -> (Self, ServerKey) {
		let secret = secrets::secret(&Zeroizing::new(secrets::fresh_seed(seeder)));
		let server_key = generate_server_key(&secret, seeder);
		let server_key_hash = server_key.hash();
		(Self { secret, server_key_hash }, server_key)
	}

	/// Makes the key pair for `purpose`, always the same one. Who has it learns nothing of this key or of those for
	/// other purposes, since its seeds are BLAKE2b-256 of this key's secret, the purpose and a counter.
	pub fn derive(&self, purpose: &[u8]) -> (Self, ServerKey) {
		let encoded = self.to_bytes();
		let prefix = [DERIVATION, &encoded[HEADER_BYTES + 32..], purpose].concat();
		Self::generate(&mut DerivedSeeder { prefix: Zeroizing::new(prefix), count: 0 })
	}
}

/// What derived seeds are hashes of, first of all.
const DERIVATION: &[u8] = b"fhe-ml derived key 1";

/// Seeds that follow from a secret.
struct DerivedSeeder {
	prefix: Zeroizing<Vec<u8>>,
	count: u64,
}

impl Seeder for DerivedSeeder {
	fn seed(&mut self) -> Seed {
		let text = Zeroizing::new([self.prefix.as_slice(), &self.count.to_le_bytes()].concat());
		self.count += 1;
		let mut low = Zeroizing::new([0; 16]);
		low.copy_from_slice(&blake2b_256(&text)[..16]);
		Seed(u128::from_le_bytes(*low))
	}

	fn is_available() -> bool {
		true
	}
}

/// What the rows of a server key encrypt, before the gadget: the images of the secret under the
/// automorphisms, then s².
fn key_switching_sources(secret: &Polynomial) -> impl Iterator<Item = (Polynomial, Gadget)> + '_ {
	let images = EXPANSION_STAGES.iter().flat_map(move |&stage| {
		(1..stage.branches()).map(move |number| {
			(secret.automorphism(stage.automorphism_exponent(number)), stage.gadget)
		})
	});
	let secret_ntt = Zeroizing::new(secret.to_ntt());
	images.chain([(secret_ntt.mul(&secret_ntt), RELINEARISATION_GADGET)])
}

fn generate_server_key(secret: &Polynomial, seeder: &mut dyn Seeder) -> ServerKey {
	let encryptor = RlweEncryptor::new(secret, seeder);
	let mut rows =
		Vec::with_capacity((ServerKeyPrefix::SWITCHING_ROWS + 1) * ServerKeyPrefix::ROW_BYTES);
	let mut index = 0;
	for (source, gadget) in key_switching_sources(secret) {
		let source = Zeroizing::new(source);
		for level in 0..gadget.levels {
			let message = Zeroizing::new(source.scale(gadget.scale(level)));
			pack(encryptor.body(index, &message).as_ref(), &mut rows);
			index += 1;
		}
	}
	pack(encryptor.body(index, &Polynomial::zero()).as_ref(), &mut rows);
	ServerKey::from_parts(encryptor.mask_seed(), &rows)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		PreparedServerKey,
		algorithms::encryption::mask_product,
		math::{
			bits::unpack,
			modular,
			params::{NOISE_BOUND, POLYNOMIAL_SIZE},
		},
		sampling::secrets::new_seeder,
	};

	#[test]
	fn derived_keys_are_the_same_again_and_others_for_other_purposes_and_keys() {
		let (key, _) = ClientKey::generate(new_seeder().as_mut());
		let (other, _) = ClientKey::generate(new_seeder().as_mut());
		let derived = |key: &ClientKey, purpose: &[u8]| {
			let (client, server) = key.derive(purpose);
			assert_eq!(client.server_key_hash(), server.hash());
			client.to_bytes().to_vec()
		};
		// That of a key that was read from its file, too, whose server key may have another form.
		let again = key.with_server_key([1; 32]);
		assert_eq!(derived(&key, b"a"), derived(&again, b"a"));
		let all = [
			derived(&key, b"a"),
			derived(&key, b"b"),
			derived(&other, b"a"),
			key.to_bytes().to_vec(),
		];
		for (at, one) in all.iter().enumerate() {
			assert!(all[..at].iter().all(|before| before != one));
		}
	}

	#[test]
	fn every_row_encrypts_its_source() {
		let (client_key, server_key) = ClientKey::generate(new_seeder().as_mut());
		let prefix = ServerKeyPrefix::read(server_key.as_bytes()).unwrap();
		let rows = server_key.as_bytes()[ServerKeyPrefix::BYTES..]
			.chunks(ServerKeyPrefix::ROW_BYTES)
			.map(|row| unpack(row, POLYNOMIAL_SIZE).unwrap());
		let messages = key_switching_sources(&client_key.secret).flat_map(|(source, gadget)| {
			(0..gadget.levels).map(move |level| source.scale(gadget.scale(level)))
		});
		let messages = messages.chain([Polynomial::zero()]);
		let mut count = 0;
		for (index, (row, message)) in rows.zip(messages).enumerate() {
			let product = mask_product(&client_key, &prefix.mask_seed, index as u64);
			for ((body, product), message) in row.iter().zip(product.as_ref()).zip(message.as_ref())
			{
				let noise = modular::sub(modular::sub(*body, *product), *message);
				assert!(modular::to_signed(noise).unsigned_abs() <= NOISE_BOUND, "row {index}");
			}
			count += 1;
		}
		assert_eq!(count, ServerKeyPrefix::SWITCHING_ROWS + 1);
	}

	#[test]
	fn bytes_read_back_and_bad_rows_are_refused() {
		let (client_key, server_key) = ClientKey::generate(new_seeder().as_mut());
		assert_eq!(client_key.server_key_hash(), server_key.hash());
		let bytes = server_key.as_bytes().to_vec();
		assert_eq!(bytes.len(), ServerKey::BYTES);
		assert_eq!(ServerKey::from_bytes(bytes.clone()), Ok(server_key));
		let mut bad = bytes.clone();
		let last = bad.len() - 7;
		bad[last..].fill(0xff);
		assert!(ServerKey::from_bytes(bad).is_err());
		assert!(ServerKey::from_bytes(bytes[..1000].to_vec()).is_err());
		// A key of version 1 has all rows but the last.
		let mut old = bytes[..ServerKeyPrefix::KEY_BYTES_BEFORE_ZERO_ROW].to_vec();
		let header =
			ServerKeyPrefix { has_zero_row: false, ..ServerKeyPrefix::read(&bytes).unwrap() };
		old[..ServerKeyPrefix::BYTES].copy_from_slice(&header.to_bytes());
		let old = PreparedServerKey::new(&ServerKey::from_bytes(old).unwrap());
		let new = PreparedServerKey::new(&ServerKey::from_bytes(bytes).unwrap());
		assert_eq!(old.relinearisation_key, new.relinearisation_key);
		assert!(old.zero.is_none() && new.zero.is_some());
	}
}
