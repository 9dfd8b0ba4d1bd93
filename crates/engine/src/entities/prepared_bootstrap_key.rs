//! Bootstrap keys that are ready for use.

use crate::{
	entities::{
		bootstrap_key::{BootstrapBodies, BootstrapKey, BootstrapKeyError},
		rlwe::{RLWE_SIZE, mask_and_body_mut},
	},
	math::{
		bootstrap_params::{
			BOOTSTRAP_GADGETS, PATTERNS, SMALL_PAIRS, SQUARE_GADGET, SWITCH_DROPPED_BITS,
		},
		kernels,
		params::POLYNOMIAL_SIZE,
		ring,
		selector::SelectorGadget,
	},
	sampling,
	threads::*,
};
use alloc::{vec, vec::Vec};
use core::ops::Range;
use fhe_ml_format::Hash;

/// The rows of a bootstrap key, transformed, and its selectors, packed as they were sent.
///
/// Expanded, the selectors of one gadget take hundreds of MB, so they are expanded block by block each time that a
/// layer needs them, but for those that `keep_selectors` has been told to keep.
#[derive(Clone)]
pub(crate) struct PreparedBootstrapKey {
	pub mask_seed: [u8; 16],
	/// One residue per entry, gadget after gadget.
	pub packed: Vec<u64>,
	/// From s² to s.
	pub square: Vec<u64>,
	/// From s to the small secret, NEGATED: a mask's digits times it are what is added to the body.
	pub switch: Vec<u64>,
	/// Selectors that are expanded already.
	pub kept: Option<Kept>,
	/// The hash of the key's bytes.
	pub hash: Hash,
}

/// Selectors of the first pairs of bits.
#[derive(Clone)]
pub(crate) struct Kept {
	pub gadget: usize,
	pub pairs: usize,
	pub residues: Vec<u64>,
}

impl PreparedBootstrapKey {
	/// Bytes of memory that the key takes.
	pub fn memory_bytes(&self) -> usize {
		let kept = self.kept.as_ref().map_or(0, |kept| kept.residues.len());
		8 * (self.packed.len() + self.square.len() + self.switch.len() + kept)
	}

	/// Expands masks and transforms rows.
	pub fn new(key: &BootstrapKey, server_key: Hash) -> Result<Self, BootstrapKeyError> {
		let (prefix, bodies) = key.read()?;
		if prefix.server_key != server_key {
			return Err(BootstrapKeyError::AnotherServerKey);
		}
		let BootstrapBodies { selectors, square, mut switch } = bodies;
		let mask_seed = prefix.mask_seed;
		let rlwes = |gadget: usize| packed_range(gadget).len().div_ceil(POLYNOMIAL_SIZE) as u64;
		let of_square: u64 = (0..BOOTSTRAP_GADGETS.len()).map(rlwes).sum();
		let of_switch = of_square + u64::from(SQUARE_GADGET.levels);
		// Below q: the largest is 2^51 - 2^27.
		switch.iter_mut().for_each(|body| *body <<= SWITCH_DROPPED_BITS);
		let mut negated = vec![0; 2 * switch.len()];
		kernels::sub_assign(&mut negated, &transformed_rows(&mask_seed, of_switch, &switch));
		Ok(Self {
			mask_seed,
			packed: selectors,
			square: kernels::interleave(&transformed_rows(&mask_seed, of_square, &square)),
			switch: kernels::interleave(&negated),
			kept: None,
			hash: key.hash(),
		})
	}
}

/// One of [`BOOTSTRAP_GADGETS`] by its number; the fine one for all others.
pub(crate) fn gadget_of(number: usize) -> SelectorGadget {
	let [coarse, fine] = BOOTSTRAP_GADGETS;
	if number == 0 { coarse } else { fine }
}

/// The entries of a gadget among those of all.
pub(crate) fn packed_range(gadget: usize) -> Range<usize> {
	let entries = |gadget| SMALL_PAIRS * PATTERNS * gadget_of(gadget).mask.levels as usize;
	let start = (0..gadget).map(entries).sum();
	start..start + entries(gadget)
}

/// Rows with masks from number `first_index` on, transformed, one after the other.
fn transformed_rows(mask_seed: &[u8; 16], first_index: u64, bodies: &[u64]) -> Vec<u64> {
	let mut rows = vec![0; 2 * bodies.len()];
	rows.par_chunks_exact_mut(RLWE_SIZE)
		.zip(bodies.chunks_exact(POLYNOMIAL_SIZE).collect::<Vec<_>>())
		.enumerate()
		.for_each(|(index, (row, coefficients))| {
			let [mask, body] = mask_and_body_mut(row);
			mask.copy_from_slice(sampling::mask(mask_seed, first_index + index as u64).as_ref());
			body.copy_from_slice(coefficients);
			ring::forward(mask);
			ring::forward(body);
		});
	rows
}
