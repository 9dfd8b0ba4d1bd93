//! Products of an encrypted bit and an RLWE ciphertext.
//!
//! The external product of TFHE (Chillotti, Gama, Georgieva, Izabachène, "TFHE: fast fully
//! homomorphic encryption over the torus", 2020, section 3.3) multiplies by an RGSW, half of whose
//! rows encrypt -s m. Here only the other half exists, the rows g_j m (a selector): the digits
//! of the mask a are summed up over those rows too, which gives an encryption V of a m, and -s V is
//! brought back with one relinearisation, a key switch from s²:
//!
//! phase(V) = V_b - V_a s, so -s phase(V) = -V_b s + V_a s².
//!
//! So the other rows are never computed; the noise of that one key switch is not multiplied by any
//! digit. The noise of V is multiplied by s, as it would have been in the rows.

use crate::{
	entities::prepared_server_key::PreparedServerKey,
	math::{
		kernels::{Rows, accumulate_products, transformed_digits},
		params::{Gadget, POLYNOMIAL_SIZE, RELINEARISATION_GADGET},
		ring,
		selector::SelectorGadget,
	},
	threads,
};
use alloc::vec::Vec;

/// Temporary polynomials of one thread.
#[derive(Default)]
struct Scratch {
	/// Transforms of digits, ciphertext by ciphertext.
	digits: Vec<u64>,
	/// V_a of each ciphertext, which belongs to s².
	squares: Vec<u64>,
}

threads::scratch!(with_scratch: Scratch);

/// Adds the products of an encrypted bit and ciphertexts, at most [`MAX_NODES`](crate::math::kernels::MAX_NODES).
///
/// `selector` has one row per level of the gadget, transformed; a ciphertext is the coefficients of
/// mask and body; a sum is the transforms of a mask and a body, to which the product is added. The
/// selector is read from memory once for all ciphertexts.
pub(crate) fn add_products<const NODES: usize>(
	key: &PreparedServerKey,
	selector: &[u64],
	gadget: SelectorGadget,
	ciphertexts: [&[u64]; NODES],
	mut sums: [[&mut [u64]; 2]; NODES],
) {
	with_scratch(|Scratch { digits, squares }| {
		squares.clear();
		squares.resize(NODES * POLYNOMIAL_SIZE, 0);
		let masks = ciphertexts.map(|ciphertext| &ciphertext[..POLYNOMIAL_SIZE]);
		let mask_digits = transform_digits(masks, gadget.mask, digits);
		let mut parts = squares.chunks_exact_mut(POLYNOMIAL_SIZE);
		// V_b has the place of the mask: -s V_b.
		let outs = sums.each_mut().map(|[mask, _]| [parts.next().unwrap_or_default(), &mut **mask]);
		accumulate_products(outs, mask_digits, Rows::sequential(selector, 1));

		let bodies = ciphertexts.map(|ciphertext| &ciphertext[POLYNOMIAL_SIZE..]);
		let body_digits = transform_digits(bodies, gadget.body(), digits);
		let rows = Rows::sequential(selector, gadget.body_stride());
		let outs = sums.each_mut().map(|parts| parts.each_mut().map(|part| &mut **part));
		accumulate_products(outs, body_digits, rows);

		squares.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::inverse);
		let mut parts = squares.chunks_exact(POLYNOMIAL_SIZE);
		let squares = ciphertexts.map(|_| parts.next().unwrap_or_default());
		let relinearised_digits = transform_digits(squares, RELINEARISATION_GADGET, digits);
		accumulate_products(sums, relinearised_digits, Rows::interleaved(&key.relinearisation_key));
	});
}

/// Cuts coefficients into digits and transforms those.
fn transform_digits<'a, const NODES: usize>(
	coefficients: [&[u64]; NODES],
	gadget: Gadget,
	digits: &'a mut Vec<u64>,
) -> [&'a [u64]; NODES] {
	let size = gadget.levels as usize * POLYNOMIAL_SIZE;
	digits.resize(NODES * size, 0);
	for (coefficients, digits) in coefficients.iter().zip(digits.chunks_exact_mut(size)) {
		transformed_digits(coefficients, gadget, digits);
	}
	let mut parts = digits.chunks_exact(size);
	coefficients.map(|_| parts.next().unwrap_or_default())
}
