//! Whole RGSW ciphertexts of the patterns of pairs of bits.
//!
//! What is sent of a bit m are the rows g_j m, packed, as in an input ([`selector`](crate::math::selector)). A blind
//! rotation uses each of them hundreds of times, so that it pays to make the rows -s g_j m, too: for a row (a, b) with
//! the phase b - a s that is -b s + a s², so b is its mask and a goes through a key switch from s² to s, as in the
//! relinearisation of `external_product`, but once for all products.

use crate::{
	algorithms::expansion::{EvaluationBuffers, Packed, Wanted, expand_packed},
	entities::{
		prepared_server_key::PreparedServerKey,
		rlwe::{RLWE_SIZE, mask_and_body_mut},
	},
	math::{
		bootstrap_params::{PATTERNS, SQUARE_GADGET},
		kernels::{self, Rows, accumulate_products, transformed_digits},
		params::POLYNOMIAL_SIZE,
		ring,
		selector::SelectorGadget,
	},
	threads::*,
};
use alloc::{vec, vec::Vec};
use core::ops::Range;

/// Packed selectors of pairs of bits: [`PATTERNS`] of each pair, as `pair_entries` has them.
pub(crate) struct Selectors<'a> {
	pub packed: Packed<'a>,
	pub gadget: SelectorGadget,
}

/// Residues of one whole RGSW ciphertext: the rows for the digits of the mask, then those for the digits of the body.
pub(crate) fn residues_of_selector(gadget: SelectorGadget) -> usize {
	(gadget.mask.levels + gadget.body().levels) as usize * RLWE_SIZE
}

/// Residues of the RGSW ciphertexts of a pair of bits.
pub(crate) fn residues_of_pair(gadget: SelectorGadget) -> usize {
	PATTERNS * residues_of_selector(gadget)
}

/// The RGSW ciphertexts of some pairs: [`residues_of_pair`] each, the rows of each ciphertext interleaved.
///
/// `square` is the key switch from s² with [`SQUARE_GADGET`].
pub(crate) fn expand_selectors(
	server: &PreparedServerKey,
	square: &[u64],
	selectors: &Selectors<'_>,
	pairs: Range<usize>,
	buffers: &mut EvaluationBuffers,
) -> Vec<u64> {
	let gadget = selectors.gadget;
	let per_pair = PATTERNS * gadget.mask.levels as usize;
	let entries: Vec<usize> = (pairs.start * per_pair..pairs.end * per_pair).collect();
	expand_packed(server, &selectors.packed, Wanted::entries(&entries), buffers);
	let half = gadget.mask.levels as usize * RLWE_SIZE;
	let whole = residues_of_selector(gadget);
	let mut all = vec![0; pairs.len() * PATTERNS * whole];
	all.par_chunks_exact_mut(whole)
		.zip(buffers.rows.par_chunks_exact(half))
		.for_each(|(out, half)| out.copy_from_slice(&whole_selector(square, gadget, half)));
	all
}

/// All rows of a selector from those that do not contain s.
fn whole_selector(square: &[u64], gadget: SelectorGadget, half: &[u64]) -> Vec<u64> {
	let mut rows = vec![0; residues_of_selector(gadget)];
	let mut digits = vec![0; SQUARE_GADGET.levels as usize * POLYNOMIAL_SIZE];
	let mut mask = vec![0; POLYNOMIAL_SIZE];
	let (of_mask, of_body) = rows.split_at_mut(half.len());
	for (new, row) in of_mask.chunks_exact_mut(RLWE_SIZE).zip(half.chunks_exact(RLWE_SIZE)) {
		let (old_mask, old_body) = row.split_at(POLYNOMIAL_SIZE);
		let [new_mask, new_body] = mask_and_body_mut(new);
		new_mask.copy_from_slice(old_body);
		mask.copy_from_slice(old_mask);
		ring::inverse(&mut mask);
		transformed_digits(&mask, SQUARE_GADGET, &mut digits);
		accumulate_products([[new_mask, new_body]], [&digits], Rows::interleaved(square));
	}
	let stride = gadget.body_stride();
	let kept = half.chunks_exact(RLWE_SIZE).skip(stride - 1).step_by(stride);
	for (new, row) in of_body.chunks_exact_mut(RLWE_SIZE).zip(kept) {
		new.copy_from_slice(row);
	}
	kernels::interleave(&rows)
}
