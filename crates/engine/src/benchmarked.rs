//! What evaluations are made of, for `benches/operations.rs` only.

use crate::{
	PreparedServerKey,
	algorithms::{
		bootstrapping::bootstrap,
		expansion::{EvaluationBuffers, ExpansionBuffers, Wanted, expand},
		external_product::add_products,
	},
	entities::rlwe::{RLWE_SIZE, mask_and_body_mut},
	math::{
		kernels,
		params::{Gadget, POLYNOMIAL_SIZE},
		ring::{self, NttAutomorphism},
		selector::SelectorGadget,
	},
	sampling,
};

/// `count` uniform polynomials, one after the other.
pub fn uniform(count: usize) -> Vec<u64> {
	(0..count as u64).flat_map(|index| sampling::mask(&[1; 16], index).as_ref().to_vec()).collect()
}

/// One mask, from the CSPRNG.
pub fn mask(index: u64) -> impl AsRef<[u64]> {
	sampling::mask(&[1; 16], index)
}

/// The forward transform.
pub fn forward(values: &mut [u64]) {
	ring::forward(values);
}

/// The inverse transform.
pub fn inverse(values: &mut [u64]) {
	ring::inverse(values);
}

/// The decomposition of one polynomial.
pub fn decompose(from: &[u64], gadget: Gadget, digits: &mut [u64]) {
	kernels::decompose(from, gadget, digits);
}

/// A key switch in the transformed domain: digits times rows, for one ciphertext.
pub fn accumulate(out: &mut [u64], digits: &[u64], interleaved_rows: &[u64]) {
	let rows = kernels::Rows::interleaved(interleaved_rows);
	kernels::accumulate_products([mask_and_body_mut(out)], [digits], rows);
}

/// An automorphism of one transformed polynomial.
pub fn automorphism(exponent: usize) -> impl Fn(&[u64], &mut [u64]) {
	let automorphism = NttAutomorphism::new(exponent);
	move |values, image| automorphism.apply(values, image)
}

/// The expansion of the first `entries` entries of a RLWE.
pub fn expansion(key: &PreparedServerKey, entries: usize) -> impl FnMut() {
	let (mask, bodies) = (sampling::mask(&[2; 16], 0), vec![12_345; entries]);
	let wanted: Vec<usize> = (0..entries).collect();
	let mut buffers = ExpansionBuffers::default();
	let mut rows = vec![0; entries * RLWE_SIZE];
	move || expand(key, &mask, &bodies, Wanted::entries(&wanted), &mut buffers, &mut [], &mut rows)
}

/// One external product, its key switch included.
pub fn external_product(key: &PreparedServerKey, gadget: SelectorGadget) -> impl FnMut() {
	let (selector, ciphertext) = (uniform(2 * gadget.mask.levels as usize), uniform(2));
	let mut sum = vec![0; 2 * POLYNOMIAL_SIZE];
	move || {
		let parts = mask_and_body_mut(&mut sum);
		add_products(key, &selector, gadget, [&ciphertext], [parts]);
	}
}

/// `count` bootstraps at one time with one of `BOOTSTRAP_GADGETS`; nothing without a bootstrap key.
pub fn bootstraps(
	key: &PreparedServerKey,
	gadget: usize,
	count: usize,
) -> impl FnMut() + Send + use<'_> {
	let ciphertexts: Vec<Vec<u64>> = (0..count).map(|_| uniform(2)).collect();
	let table = uniform(1);
	let mut buffers = EvaluationBuffers::default();
	move || {
		if let Some(bootstrap_key) = key.bootstrap() {
			let table = |_| table.as_slice();
			bootstrap(key, bootstrap_key, gadget, &ciphertexts, table, &mut buffers);
		}
	}
}
