//! What is added to a ciphertext before it becomes a result, so that whoever decrypts it learns its integers
//! and nothing else of how they were computed.
//!
//! Definition: for an encryption of zero (a, b) under the user's key and a ciphertext (A, B),
//! (A + r a + e1, B + r b + e2 + u) with r uniform binary, e1 and e2 from TUniform(4), and u uniform in
//! \[-2^f, 2^f) in the coefficients of the body that are kept.
//!
//! The mask is then as good as random by RLWE with the secret r, whose sample (a, r a + e1) has an a that
//! comes from a public seed. The phase gains r e + e2 - e1 s + u; u floods the noise of the evaluation, whose
//! size depends on the model.
//!
//! Source: fresh encryptions of zero under a public key are Lyubashevsky, Peikert, Regev, "On ideal lattices
//! and learning with errors over rings" (2010), section 3.2; flooding for the privacy of a circuit is Gentry,
//! "A fully homomorphic encryption scheme" (2009), section 8.1, here with a bound that is stated
//! (`docs/private-models.md`) instead of an exponential one, since no secret but the user's own is at stake.

use crate::{
	entities::rlwe::Rlwe,
	math::{kernels, modular, params::POLYNOMIAL_SIZE},
	sampling::secrets,
};
use zeroize::Zeroizing;

/// Sanitises the coefficients of mask and body with the key's encryption of `zero`. `seed` must be secret, and
/// never be used for another ciphertext.
pub(crate) fn sanitise(
	coefficients: &mut [u64],
	kept: &[usize],
	zero: &Rlwe,
	seed: &[u8; 16],
	flooding_log2: u32,
) {
	let factor = Zeroizing::new(secrets::secret(seed).into_ntt());
	let mut fresh = zero.clone();
	fresh.mul_assign(&factor);
	let mut fresh = fresh.into_coefficients();
	for (part, index) in fresh.chunks_exact_mut(POLYNOMIAL_SIZE).zip(0..) {
		kernels::add_assign(part, secrets::noise(seed, index).as_ref());
	}
	kernels::add_assign(coefficients, &fresh);
	let flooding = Zeroizing::new(secrets::flooding(seed, flooding_log2, kept.len()));
	for (&at, &noise) in kept.iter().zip(flooding.iter()) {
		if let Some(body) = coefficients.get_mut(POLYNOMIAL_SIZE + at) {
			*body = modular::add(*body, noise);
		}
	}
}
