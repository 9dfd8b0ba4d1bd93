//! Products of an encrypted bit and an RLWE ciphertext.
//!
//! The external product of TFHE (Chillotti, Gama, Georgieva, Izabachène, "TFHE: fast fully
//! homomorphic encryption over the torus", 2020, section 3.3) multiplies by an RGSW, half of whose
//! rows encrypt -s m. Here only the other half exists, the rows g_j m (a selector): the digits
//! of the mask a are summed up over those rows too, which gives an encryption V of a m, and -s V is
//! brought back with one key switch from s²:
//!
//! phase(V) = V_b - V_a s, so -s phase(V) = -V_b s + V_a s².
//!
//! So the other rows are never computed; the noise of that one key switch is not multiplied by any
//! digit. The noise of V is multiplied by s, as it would have been in the rows.

use crate::{
	entities::{prepared_server_key::PreparedServerKey, rlwe::Rlwe, selector::SelectorGadget},
	kernels::{Rows, accumulate_products, decompose},
	params::{Gadget, POLYNOMIAL_SIZE, SQUARE_GADGET},
	ring::{self, NttPolynomial},
};

/// The transforms of the digits of a ciphertext.
pub(crate) struct Digits {
	mask: Vec<u64>,
	body: Vec<u64>,
}

fn transformed_digits(coefficients: &[u64], gadget: Gadget) -> Vec<u64> {
	let mut digits = vec![0; gadget.levels as usize * POLYNOMIAL_SIZE];
	decompose(coefficients, gadget, &mut digits);
	digits.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::forward);
	digits
}

impl Digits {
	/// Cuts the coefficients of a ciphertext (mask, then body) into digits for selectors of this
	/// gadget.
	pub(crate) fn new(coefficients: &[u64], gadget: SelectorGadget) -> Self {
		let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
		Self {
			mask: transformed_digits(mask, gadget.mask),
			body: transformed_digits(body, gadget.body()),
		}
	}
}

/// A sum of external products before its key switch.
pub(crate) struct Unrelinearised {
	/// V_a, which belongs to s².
	square: NttPolynomial,
	/// The rest.
	rlwe: Rlwe,
}

impl Unrelinearised {
	/// An empty sum.
	pub(crate) fn zero() -> Self {
		Self { square: NttPolynomial::zero(), rlwe: Rlwe::zero() }
	}

	/// Adds digits times the bit that `selector` (one row per level) encrypts.
	pub(crate) fn add_product(
		&mut self,
		digits: &Digits,
		selector: &[u64],
		gadget: SelectorGadget,
	) {
		// V_b has the place of the mask: -s V_b.
		let [mask, _] = self.rlwe.mask_and_body_mut();
		accumulate_products(
			[[self.square.as_mut(), mask]],
			[&digits.mask],
			Rows::sequential(selector, 1),
		);
		let parts = self.rlwe.mask_and_body_mut();
		let rows = Rows::sequential(selector, gadget.body_stride());
		accumulate_products([parts], [&digits.body], rows);
	}

	/// Brings the part under s² back under s.
	pub(crate) fn relinearise(mut self, key: &PreparedServerKey) -> Rlwe {
		let digits = transformed_digits(self.square.into_coefficients().as_ref(), SQUARE_GADGET);
		let rows = Rows::interleaved(&key.square);
		accumulate_products([self.rlwe.mask_and_body_mut()], [&digits], rows);
		self.rlwe
	}
}
