//! Generation of bootstrap keys.

use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_entries, pair_entries},
	entities::{
		bootstrap_key::{BootstrapKey, BootstrapKeyError},
		client_key::ClientKey,
		prepared_server_key::PreparedServerKey,
		server_key::ServerKey,
	},
	hash::blake2b_256,
	math::{
		bits::{pack, pack_bits},
		bootstrap_params::{
			BOOTSTRAP_GADGETS, SMALL_DIMENSION, SMALL_NOISE_BOUND_LOG2, SQUARE_GADGET,
			SWITCH_DROPPED_BITS, SWITCH_GADGET,
		},
		params::POLYNOMIAL_SIZE,
		ring::Polynomial,
	},
	sampling::{
		self,
		secrets::{self, Seed, Seeder},
	},
};
use fhe_ml_format::{BootstrapKeyPrefix, CircuitKind, Hash};
use zeroize::Zeroizing;

/// Separates these hashes from all others of a client key.
const DERIVATION: &[u8] = b"fhe-ml bootstrap key, version 1";

/// Seeds that follow from a client key: the hash of its bytes, of which all secrets are bits, and of a counter. To
/// whoever does not have the key they are random, with BLAKE2b as a random oracle.
struct DerivedSeeder {
	/// What is hashed: the derivation's name, the key, and 8 bytes for the counter.
	message: Zeroizing<Vec<u8>>,
	count: u64,
}

impl DerivedSeeder {
	fn new(key: &ClientKey) -> Self {
		Self { message: Zeroizing::new([DERIVATION, &key.to_bytes(), &[0; 8]].concat()), count: 0 }
	}
}

impl Seeder for DerivedSeeder {
	fn seed(&mut self) -> Seed {
		self.count += 1;
		let counter = self.message.len() - 8;
		self.message[counter..].copy_from_slice(&self.count.to_le_bytes());
		let hash = Zeroizing::new(blake2b_256(&self.message));
		Seed(hash.iter().take(16).fold(0, |seed, &byte| seed << 8 | u128::from(byte)))
	}

	fn is_available() -> bool {
		true
	}
}

impl ClientKey {
	/// The bootstrap key of this key and its server key: what workers need besides for deep networks.
	///
	/// All that is random in it follows from the client key, so that it is the same each time, and inputs of deep
	/// networks can name it by its hash. Neither encryption nor decryption takes its small secret.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{BootstrapKey, ClientKey, PreparedServerKey, new_seeder};
	///
	/// let mut seeder = new_seeder();
	/// let (client_key, server_key) = ClientKey::generate(seeder.as_mut());
	/// let bootstrap_key = client_key.bootstrap_key();
	/// assert_eq!(bootstrap_key.as_bytes().len(), BootstrapKey::BYTES);
	/// // On the collator.
	/// let prepared = PreparedServerKey::new(&server_key).with_bootstrap_key(&bootstrap_key)?;
	/// # Ok::<(), fhe_ml_engine::BootstrapKeyError>(())
	/// ```
	pub fn bootstrap_key(&self) -> BootstrapKey {
		self.bootstrap_key_with_secret(&mut DerivedSeeder::new(self)).1
	}

	/// The hash by which inputs of this kind of circuit name the keys with which they are evaluated: that of the
	/// bootstrap key if it takes one, else that of the server key.
	pub fn key_hash(&self, kind: CircuitKind) -> Hash {
		match kind.needs_bootstrap_key() {
			true => self.bootstrap_key().hash(),
			false => self.server_key_hash,
		}
	}

	/// The server key of this key, ready for circuits of this kind: with the bootstrap key if they take one.
	///
	/// # Errors
	/// If it is not the server key of this key, and a bootstrap key is taken.
	pub fn prepare(
		&self,
		server_key: &ServerKey,
		kind: CircuitKind,
	) -> Result<PreparedServerKey, BootstrapKeyError> {
		let prepared = PreparedServerKey::new(server_key);
		match kind.needs_bootstrap_key() {
			true => prepared.with_bootstrap_key(&self.bootstrap_key()),
			false => Ok(prepared),
		}
	}

	/// A bootstrap key, and its small secret as a polynomial.
	pub(crate) fn bootstrap_key_with_secret(
		&self,
		seeder: &mut dyn Seeder,
	) -> (Zeroizing<Polynomial>, BootstrapKey) {
		let mut small =
			Zeroizing::new(secrets::secret(&Zeroizing::new(secrets::fresh_seed(seeder))));
		small.as_mut()[SMALL_DIMENSION..].fill(0);

		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let mut index = 0;
		let mut selectors = Vec::new();
		for gadget in BOOTSTRAP_GADGETS {
			let entries = pair_entries(&small.as_ref()[..SMALL_DIMENSION], gadget);
			selectors.extend(encrypt_entries(&entries, 0, index, &encryptor));
			index += entries.len().div_ceil(POLYNOMIAL_SIZE) as u64;
		}
		let mut packed = Vec::with_capacity(BootstrapKey::BYTES);
		pack(&selectors, &mut packed);

		let secret = Zeroizing::new(self.secret.to_ntt());
		let square = Zeroizing::new(secret.mul(&secret));
		let mut rows = Vec::with_capacity(BootstrapKeyPrefix::SQUARE_RESIDUES);
		for level in 0..SQUARE_GADGET.levels {
			let message = Zeroizing::new(square.scale(SQUARE_GADGET.scale(level)));
			rows.extend_from_slice(encryptor.body(index, &message).as_ref());
			index += 1;
		}
		pack(&rows, &mut packed);

		let mask_seed = encryptor.mask_seed();
		let switch = self.switch_bodies(&small, &mask_seed, index, seeder);
		pack_bits(switch.into_iter(), BootstrapKeyPrefix::SWITCH_BITS, &mut packed);
		let prefix = BootstrapKeyPrefix { server_key: self.server_key_hash, mask_seed };
		(small, BootstrapKey::from_parts(&prefix, &packed))
	}

	/// Bodies of the key switch from s to the small secret, with masks from number `index` on, rounded to their highest
	/// bits: what is cut off is far below their noise.
	fn switch_bodies(
		&self,
		small: &Polynomial,
		mask_seed: &[u8; 16],
		index: u64,
		seeder: &mut dyn Seeder,
	) -> Vec<u64> {
		let noise_seed = Zeroizing::new(secrets::fresh_seed(seeder));
		let small = Zeroizing::new(small.to_ntt());
		let mut bodies = Vec::with_capacity(BootstrapKeyPrefix::SWITCH_RESIDUES);
		for level in 0..SWITCH_GADGET.levels {
			let mask = sampling::mask(mask_seed, index + u64::from(level));
			let mut body = mask.into_ntt().mul(&small);
			body.add_assign(&Zeroizing::new(self.secret.scale(SWITCH_GADGET.scale(level))));
			let noise =
				secrets::noise_within(&noise_seed, u64::from(level), SMALL_NOISE_BOUND_LOG2);
			body.add_assign(&Zeroizing::new(noise));
			let half = 1 << (SWITCH_DROPPED_BITS - 1);
			let highest = |&x: &u64| (x + half) >> SWITCH_DROPPED_BITS;
			// The largest residues round to 2^51, which is 0 up to q - 2^51: nothing beside the noise.
			let wrapped = |x: u64| x & ((1 << BootstrapKeyPrefix::SWITCH_BITS) - 1);
			bodies.extend(body.as_ref().iter().map(highest).map(wrapped));
		}
		bodies
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{
		Circuit, DeepCircuit, EvaluateError, EvaluationBuffers, PreparedServerKey,
		circuits::deep::{DeepLayer, DeepLayers, DeepOutput, DeepTable, SparseRow},
		new_seeder,
	};

	#[test]
	fn a_client_key_has_one_bootstrap_key() {
		let (key, _) = ClientKey::generate(new_seeder().as_mut());
		let again = ClientKey::from_bytes(&key.to_bytes()).unwrap();
		assert_eq!(key.bootstrap_key(), again.bootstrap_key());
		assert_ne!(key.bootstrap_key(), key.with_server_key([1; 32]).bootstrap_key());
	}

	#[test]
	fn derived_seeds_differ() {
		let (key, _) = ClientKey::generate(new_seeder().as_mut());
		let mut seeder = DerivedSeeder::new(&key);
		let seeds: std::collections::BTreeSet<u128> = (0..100).map(|_| seeder.seed().0).collect();
		assert_eq!(seeds.len(), 100);
	}

	/// Two workers must not give two results for one input because its owner has shown them two bootstrap keys.
	#[test]
	fn inputs_are_for_one_bootstrap_key() {
		let mut seeder = new_seeder();
		let (key, server_key) = ClientKey::generate(seeder.as_mut());
		let row = SparseRow::dense(0, &[1]);
		let tables = vec![DeepTable { low: 0, step_log2: 0, values: vec![0, 1] }];
		let layer = DeepLayer { from: 0, rows: vec![row.clone()], tables, table_of: vec![0] };
		let outputs = vec![DeepOutput { row, range: (0, 1) }];
		let layers =
			DeepLayers { feature_bits: vec![1], hidden: vec![layer], outputs_from: 0, outputs };
		let circuit = Circuit::Deep(DeepCircuit::compile(layers).unwrap());
		let input = key.encrypt(&circuit, [1; 32], &[1], seeder.as_mut()).unwrap();
		let evaluate = |bootstrap_key: &BootstrapKey| {
			let server = PreparedServerKey::new(&server_key).with_bootstrap_key(bootstrap_key);
			circuit.evaluate(Some(&server.unwrap()), &input, &mut EvaluationBuffers::default())
		};
		let result = evaluate(&key.bootstrap_key()).unwrap();
		assert_eq!(key.decrypt(&circuit, &input, &result), Ok(vec![1]));
		let (_, another) = key.bootstrap_key_with_secret(seeder.as_mut());
		assert_eq!(evaluate(&another), Err(EvaluateError::AnotherServerKey));
	}
}
