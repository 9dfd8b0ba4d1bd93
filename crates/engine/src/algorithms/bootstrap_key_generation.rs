//! Generation of bootstrap keys.

use crate::{
	algorithms::encryption::{RlweEncryptor, encrypt_entries, pair_entries},
	entities::{bootstrap_key::BootstrapKey, client_key::ClientKey},
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
		secrets::{self, Seeder},
	},
};
use fhe_ml_format::BootstrapKeyPrefix;
use zeroize::Zeroizing;

impl ClientKey {
	/// Makes a bootstrap key from fresh entropy: what workers need beside the server key for deep networks.
	///
	/// Its small secret is forgotten: neither encryption nor decryption takes it. A client key may have any number of
	/// bootstrap keys, and all of them give results that it decrypts.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{BootstrapKey, ClientKey, PreparedServerKey, new_seeder};
	///
	/// let mut seeder = new_seeder();
	/// let (client_key, server_key) = ClientKey::generate(seeder.as_mut());
	/// let bootstrap_key = client_key.bootstrap_key(seeder.as_mut());
	/// assert_eq!(bootstrap_key.as_bytes().len(), BootstrapKey::BYTES);
	/// // On the collator.
	/// let prepared = PreparedServerKey::new(&server_key).with_bootstrap_key(&bootstrap_key)?;
	/// # Ok::<(), fhe_ml_engine::BootstrapKeyError>(())
	/// ```
	pub fn bootstrap_key(&self, seeder: &mut dyn Seeder) -> BootstrapKey {
		self.bootstrap_key_with_secret(seeder).1
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
