//! A server key ready for evaluation.

use crate::threads::*;
use crate::{
	entities::{
		bootstrap_key::{BootstrapKey, BootstrapKeyError},
		prepared_bootstrap_key::PreparedBootstrapKey,
		rlwe::{RLWE_SIZE, Rlwe, mask_and_body_mut},
		server_key::{ServerKey, ServerKeyError, bodies_of},
	},
	math::{
		bits::unpack,
		kernels,
		params::{EXPANSION_STAGES, POLYNOMIAL_SIZE, RELINEARISATION_GADGET},
		ring::{self, NttAutomorphism, NttPolynomial},
	},
	sampling,
};
use alloc::{vec, vec::Vec};
use fhe_ml_format::{Hash, ServerKeyPrefix};

/// The transforms of one key-switching key, [interleaved](kernels::interleave).
pub(crate) type KeySwitchingKey = Vec<u64>;

/// The transforms of all rows of a [`ServerKey`]: masks expanded, bodies unpacked.
///
/// 6 MB; made in a few milliseconds, so keep it while one key evaluates many inputs.
#[derive(Clone)]
pub struct PreparedServerKey {
	/// Per expansion stage, per automorphism number from 1: the NEGATED key, mapped back by the
	/// inverse automorphism, so that digits need not be permuted before they meet it.
	pub(crate) automorphism_keys: Vec<Vec<KeySwitchingKey>>,
	/// From s² to s.
	pub(crate) relinearisation_key: KeySwitchingKey,
	/// An encryption of zero (transforms of mask and body); keys of version 1 have none.
	pub(crate) zero: Option<Rlwe>,
	/// What deep networks need besides.
	pub(crate) bootstrap: Option<PreparedBootstrapKey>,
	hash: Hash,
}

impl PreparedServerKey {
	/// Bytes of memory that a prepared key takes without a bootstrap key.
	pub const MEMORY_BYTES: usize = (ServerKeyPrefix::SWITCHING_ROWS + 1) * 2 * POLYNOMIAL_SIZE * 8;

	/// Bytes of memory that this key takes.
	pub fn memory_bytes(&self) -> usize {
		let bootstrap = self.bootstrap.as_ref();
		Self::MEMORY_BYTES + bootstrap.map_or(0, PreparedBootstrapKey::memory_bytes)
	}

	/// Expands and transforms a server key.
	pub fn new(key: &ServerKey) -> Self {
		let unpacked = |body: &[u8]| unpack(body, POLYNOMIAL_SIZE).unwrap_or_default();
		let packed: Vec<&[u8]> = bodies_of(key.as_bytes()).collect();
		// `ServerKey` has checked that every row decodes.
		let bodies = packed.into_par_iter().map(unpacked).collect();
		Self::from_bodies(key.mask_seed(), bodies, key.hash())
	}

	/// Reads the bytes of a server key with this hash, as [`ServerKey::from_bytes`] and [`PreparedServerKey::new`] would,
	/// without hashing them.
	///
	/// # Errors
	/// As [`ServerKey::from_bytes`].
	pub fn read(bytes: &[u8], hash: Hash) -> Result<Self, ServerKeyError> {
		let mask_seed = ServerKeyPrefix::read(bytes)?.mask_seed;
		let unpacked = |(row, body): (usize, &[u8])| {
			unpack(body, POLYNOMIAL_SIZE).map_err(|source| ServerKeyError::Row { row, source })
		};
		let packed: Vec<&[u8]> = bodies_of(bytes).collect();
		let bodies = packed.into_par_iter().enumerate().map(unpacked).collect::<Result<_, _>>()?;
		Ok(Self::from_bodies(mask_seed, bodies, hash))
	}

	fn from_bodies(mask_seed: [u8; 16], bodies: Vec<Vec<u64>>, hash: Hash) -> Self {
		let mut rows = vec![0; bodies.len() * RLWE_SIZE];
		rows.par_chunks_exact_mut(RLWE_SIZE).zip(bodies).enumerate().for_each(
			|(index, (row, unpacked))| {
				let [mask, body] = mask_and_body_mut(row);
				mask.copy_from_slice(sampling::mask(&mask_seed, index as u64).as_ref());
				if unpacked.len() == body.len() {
					body.copy_from_slice(&unpacked);
				}
				ring::forward(mask);
				ring::forward(body);
			},
		);
		let mut rest = rows.as_slice();
		let mut take = |levels: u32| {
			let (taken, left) = rest.split_at(levels as usize * RLWE_SIZE);
			rest = left;
			taken
		};
		let mut keys = Vec::new();
		for stage in EXPANSION_STAGES {
			for number in 1..stage.branches() {
				keys.push((stage.automorphism_exponent(number), take(stage.gadget.levels)));
			}
		}
		let relinearisation_key = kernels::interleave(take(RELINEARISATION_GADGET.levels));
		let zero = (!rest.is_empty()).then(|| Rlwe::from_slice(rest));
		let mut keys = keys
			.into_par_iter()
			.map(|(exponent, rows)| negated_preimage(rows, &NttAutomorphism::new(exponent)))
			.collect::<Vec<_>>()
			.into_iter();
		let automorphism_keys = EXPANSION_STAGES
			.iter()
			.map(|stage| keys.by_ref().take(stage.branches() - 1).collect())
			.collect();
		Self { automorphism_keys, relinearisation_key, zero, bootstrap: None, hash }
	}

	/// The same key with a bootstrap key that belongs to it, with which it evaluates deep networks, too.
	///
	/// # Errors
	/// If the bootstrap key belongs to another server key.
	pub fn with_bootstrap_key(mut self, key: &BootstrapKey) -> Result<Self, BootstrapKeyError> {
		self.bootstrap = Some(PreparedBootstrapKey::new(key, self.hash)?);
		Ok(self)
	}

	/// Whether it evaluates deep networks.
	pub fn has_bootstrap_key(&self) -> bool {
		self.bootstrap.is_some()
	}

	/// The bootstrap key, if there is one.
	pub(crate) fn bootstrap(&self) -> Option<&PreparedBootstrapKey> {
		self.bootstrap.as_ref()
	}

	/// The hash of the key's bytes, by which inputs name it.
	pub fn hash(&self) -> Hash {
		self.hash
	}
}

fn negated_preimage(rows: &[u64], automorphism: &NttAutomorphism) -> KeySwitchingKey {
	let mut negated = vec![0; rows.len()];
	let mut preimage = NttPolynomial::zero();
	let polynomials = rows.chunks_exact(POLYNOMIAL_SIZE);
	for (negated, values) in negated.chunks_exact_mut(POLYNOMIAL_SIZE).zip(polynomials) {
		automorphism.invert(values, preimage.as_mut());
		kernels::sub_assign(negated, preimage.as_ref());
	}
	kernels::interleave(&negated)
}

impl core::fmt::Debug for PreparedServerKey {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.debug_struct("PreparedServerKey").field("hash", &self.hash).finish_non_exhaustive()
	}
}
