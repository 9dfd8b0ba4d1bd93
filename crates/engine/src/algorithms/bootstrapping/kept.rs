//! Selectors of a bootstrap key: expanded when they are needed, or before, as far as there is memory.

use super::selectors::{Selectors, expand_selectors, residues_of_pair};
use crate::{
	algorithms::expansion::{EvaluationBuffers, Packed},
	entities::{
		prepared_bootstrap_key::{Kept, PreparedBootstrapKey, gadget_of, packed_range},
		prepared_server_key::PreparedServerKey,
	},
	math::{bootstrap_params::SMALL_PAIRS, params::POLYNOMIAL_SIZE},
};
use alloc::{borrow::Cow, vec::Vec};
use core::ops::Range;

/// Pairs of bits that are expanded together to be kept.
const KEPT_AT_ONCE: usize = 32;

impl PreparedServerKey {
	/// Keeps expanded selectors for one of the [`BOOTSTRAP_GADGETS`](crate::math::bootstrap_params::BOOTSTRAP_GADGETS),
	/// by its number, in at most `memory_bytes`: all of them take 316 or 406 MB. Without that, every layer expands them
	/// anew, a few at a time. Results do not depend on it.
	pub fn keep_selectors(&mut self, gadget: usize, memory_bytes: usize) {
		if let Some(mut bootstrap) = self.bootstrap.take() {
			bootstrap.keep(self, gadget, memory_bytes);
			self.bootstrap = Some(bootstrap);
		}
	}
}

impl PreparedBootstrapKey {
	/// Keeps the selectors of as many pairs of bits as take at most `memory_bytes`, for one gadget; forgets those of
	/// before.
	fn keep(&mut self, server: &PreparedServerKey, gadget: usize, memory_bytes: usize) {
		let fit = memory_bytes / (8 * residues_of_pair(gadget_of(gadget)));
		let pairs = fit.min(SMALL_PAIRS);
		self.kept = None;
		let mut residues = Vec::with_capacity(pairs * residues_of_pair(gadget_of(gadget)));
		let mut buffers = EvaluationBuffers::default();
		let mut first = 0;
		while first < pairs {
			let end = (first + KEPT_AT_ONCE).min(pairs);
			residues.extend(self.expand(server, gadget, first..end, &mut buffers));
			first = end;
		}
		self.kept = Some(Kept { gadget, pairs, residues });
	}

	/// The selectors of some pairs of bits of the small secret.
	pub fn selectors(
		&self,
		server: &PreparedServerKey,
		gadget: usize,
		pairs: Range<usize>,
		buffers: &mut EvaluationBuffers,
	) -> Cow<'_, [u64]> {
		let size = residues_of_pair(gadget_of(gadget));
		let kept =
			self.kept.as_ref().filter(|kept| kept.gadget == gadget && pairs.end <= kept.pairs);
		let kept = kept.and_then(|kept| kept.residues.get(pairs.start * size..pairs.end * size));
		kept.map_or_else(|| Cow::Owned(self.expand(server, gadget, pairs, buffers)), Cow::Borrowed)
	}

	fn expand(
		&self,
		server: &PreparedServerKey,
		gadget: usize,
		pairs: Range<usize>,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64> {
		let range = packed_range(gadget);
		let first_index = (0..gadget)
			.map(|before| packed_range(before).len().div_ceil(POLYNOMIAL_SIZE) as u64)
			.sum();
		let bodies = self.packed.get(range).unwrap_or_default();
		let packed = Packed { mask_seed: self.mask_seed, first_index, bodies };
		let selectors = Selectors { packed, gadget: gadget_of(gadget) };
		expand_selectors(server, &self.square, &selectors, pairs, buffers)
	}
}
