//! Programmable bootstrapping: a table is looked up at an encrypted argument, with fresh noise.
//!
//! As in TFHE (Chillotti, Gama, Georgieva, Izabachène, "TFHE: fast fully homomorphic encryption over the torus", 2020,
//! section 4): key switch to a small secret, modulus switch to 2N, blind rotation. The key switch is one of RLWEs, to a
//! small secret that is a polynomial padded with zeros (Bergerat, Chillotti, Ligier, Orfila, Roux-Langlois, Tap, "New
//! secret keys for enhanced performance in (T)FHE", ePrint 2023/979), so no key for every coefficient of s is needed.
//! A blind rotation takes two bits of the small secret in a step.

mod kept;
pub(crate) mod rotation;
pub(crate) mod selectors;
pub(crate) mod switches;

use crate::{
	algorithms::expansion::EvaluationBuffers,
	entities::prepared_server_key::PreparedServerKey,
	entities::{
		prepared_bootstrap_key::PreparedBootstrapKey,
		rlwe::{RLWE_SIZE, rotate},
	},
	math::{
		bootstrap_params::{BOOTSTRAP_GADGETS, SMALL_PAIRS},
		params::POLYNOMIAL_SIZE,
	},
	threads::*,
};
use alloc::{vec, vec::Vec};
use rotation::rotate_all;
use switches::{SmallLwe, switch_to_small};

/// Pairs of bits whose selectors are expanded at one time: 22 to 28 MB.
pub(crate) const PAIRS_AT_ONCE: usize = 32;

/// For each ciphertext (coefficients of mask and body) and its table, a polynomial: the table times X^-phase of the
/// ciphertext's coefficient 0, rounded to 2N steps of the circle. So coefficient 0 of what is returned is coefficient
/// `phase` of the table, or minus coefficient `phase` - N.
///
/// `gadget` is the number of one of [`BOOTSTRAP_GADGETS`].
pub(crate) fn bootstrap<'a>(
	server: &PreparedServerKey,
	key: &PreparedBootstrapKey,
	gadget: usize,
	ciphertexts: &[Vec<u64>],
	table: impl Fn(usize) -> &'a [u64] + Sync,
	buffers: &mut EvaluationBuffers,
) -> Vec<Vec<u64>> {
	let switched: Vec<SmallLwe> =
		ciphertexts.par_iter().map(|ciphertext| switch_to_small(key, ciphertext)).collect();
	let start = |(number, lwe): (usize, &SmallLwe)| {
		let mut accumulator = vec![0; RLWE_SIZE];
		let (_, body) = accumulator.split_at_mut(POLYNOMIAL_SIZE);
		rotate(table(number), i32::from(lwe.body), body);
		accumulator
	};
	let mut accumulators: Vec<Vec<u64>> = switched.iter().enumerate().map(start).collect();
	let Some(&selector_gadget) = BOOTSTRAP_GADGETS.get(gadget) else { return accumulators };
	for first in (0..SMALL_PAIRS).step_by(PAIRS_AT_ONCE) {
		let pairs = first..(first + PAIRS_AT_ONCE).min(SMALL_PAIRS);
		let selectors = key.selectors(server, gadget, pairs, buffers);
		let steps = |number: usize, pair: usize| {
			switched.get(number).map_or([0; 2], |lwe| lwe.pair(first + pair))
		};
		rotate_all(selector_gadget, &selectors, steps, &mut accumulators);
	}
	accumulators
}
