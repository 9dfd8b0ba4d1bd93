//! Decryption of the results of circuits on encrypted bits.

#[cfg(test)]
mod made_up_results;

use crate::{
	algorithms::decryption::{DecryptError, check},
	circuits::{
		client::{DecryptResult, Received},
		levelled::{Levelled, ResultEncoding},
	},
	entities::{client_key::ClientKey, switched_result::SwitchedResult},
	math::params::MODULUS,
};
use zeroize::Zeroizing;

impl<T: Levelled> DecryptResult for T {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<i64>, DecryptError> {
		Ok(self.combine(&decrypt(self, key, received.result)?))
	}
}

/// The integers in a result, in the order of their [positions](Levelled::result_positions).
fn decrypt(
	circuit: &dyn Levelled,
	key: &ClientKey,
	result: &[u8],
) -> Result<Vec<i64>, DecryptError> {
	decode(circuit.encoding(), circuit.result_positions(), key, result)
}

/// The integers at these positions of a result.
pub(crate) fn decode(
	encoding: &ResultEncoding,
	positions: Vec<usize>,
	key: &ClientKey,
	result: &[u8],
) -> Result<Vec<i64>, DecryptError> {
	let (count, bits) = (encoding.coefficients(), encoding.result_bits);
	let result = SwitchedResult::from_bytes(result, count, bits)?;
	encoding.decode(&phases(key, positions, &result))
}

/// b - a s modulo 2^bits in some coefficients of a switched result.
fn phases(
	key: &ClientKey,
	positions: impl IntoIterator<Item = usize>,
	result: &SwitchedResult,
) -> Zeroizing<Vec<u64>> {
	let secret = key.secret.as_ref();
	let phase = |(at, &body): (usize, &u64)| {
		// Coefficient `at` of a s: X^N = -1 turns the sign of what wraps around.
		let (low, high) = result.mask.split_at(at + 1);
		let straight = low.iter().zip(secret[..=at].iter().rev()).map(|(a, s)| a * s);
		let wrapped = high.iter().zip(secret[at + 1..].iter().rev()).map(|(a, s)| a * s);
		let product = straight.sum::<u64>().wrapping_sub(wrapped.sum());
		body.wrapping_sub(product) & ((1 << result.bits) - 1)
	};
	Zeroizing::new(positions.into_iter().zip(&result.bodies).map(phase).collect())
}

/// The noise at these positions of a ciphertext whose modulus has not been switched, in units of 1/q.
#[cfg(test)]
pub(crate) fn noise_of(
	encoding: &ResultEncoding,
	positions: &[usize],
	key: &ClientKey,
	coefficients: &[u64],
) -> Vec<f64> {
	use crate::math::{modular, params::POLYNOMIAL_SIZE, ring::Polynomial};
	let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
	let product = Polynomial::from(mask.to_vec()).into_ntt().mul(&key.secret.to_ntt());
	let noise = |&at: &usize| {
		let phase = modular::to_signed(modular::sub(body[at], product.as_ref()[at]));
		let unit = 1i64 << encoding.unit_log2;
		(phase - (phase + unit / 2).div_euclid(unit) * unit) as f64
	};
	positions.iter().map(noise).collect()
}

impl ResultEncoding {
	/// The integers whose phase is `phase` (modulo 2^`result_bits`), or why no honest result has it.
	pub(crate) fn decode(&self, phases: &[u64]) -> Result<Vec<i64>, DecryptError> {
		let decode = |((&phase, &centre), range): ((&u64, &i64), &(i64, i64))| {
			let (rounded, noise) = self.round(phase);
			check(rounded + centre, *range, noise, self.tolerance)
		};
		phases.iter().zip(&self.centres).zip(&self.ranges).map(decode).collect()
	}

	/// The nearest integer, its centre still taken off, and how far away it is in units of 1/q.
	pub(crate) fn round(&self, phase: u64) -> (i64, u64) {
		let half = 1 << (self.result_bits - 1);
		let signed = if phase < half { phase as i64 } else { phase as i64 - 2 * half as i64 };
		// signed q / 2^bits, in units.
		let shift = self.result_bits + self.unit_log2;
		let scaled = i128::from(signed) * i128::from(MODULUS);
		let rounded = (scaled + (1 << (shift - 1))) >> shift;
		let noise = (scaled - (rounded << shift)).unsigned_abs() >> self.result_bits;
		(rounded as i64, noise as u64)
	}
}
