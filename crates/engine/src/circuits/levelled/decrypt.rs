//! Decryption of the results of circuits on encrypted bits.

#[cfg(test)]
mod made_up_results;

use crate::{
	algorithms::decryption::{DecryptError, check},
	circuits::{
		client::{DecryptResult, Received},
		levelled::{Levelled, ResultEncoding},
		many_rows::Packing,
	},
	entities::{client_key::ClientKey, result::ResultError, switched_result::SwitchedResult},
	math::{bits::PackingError, params::MODULUS},
};
use fhe_ml_format::{HeaderError, ResultPrefix};
use zeroize::Zeroizing;

impl<T: Levelled> DecryptResult for T {
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		let rows = received.prefix.rows;
		let packing = Packing::new(self.encoding(), self.result_positions(), rows);
		decrypt_parts(&packing, key, received, |integers| self.combine(integers))
	}
}

/// The rows of a result, part by part; `combine` puts the integers of a row together.
pub(crate) fn decrypt_parts(
	packing: &Packing,
	key: &ClientKey,
	received: &Received<'_>,
	combine: impl Fn(&[i64]) -> Vec<i64>,
) -> Result<Vec<Vec<i64>>, DecryptError> {
	let mut left = &received.result[ResultPrefix::BYTES..];
	let mut rows = Vec::with_capacity(received.prefix.rows as usize);
	for part in packing.parts() {
		let count = part.len();
		let wrong_length =
			PackingError::WrongLength { found: left.len(), wanted: packing.part_bytes(count) };
		let (bytes, rest) = left
			.split_at_checked(packing.part_bytes(count))
			.ok_or(ResultError::Bodies(wrong_length))?;
		let switched = packing.read(received.prefix, bytes, count)?;
		let phases = phases(key, packing.positions(count), &switched);
		for phases in phases.chunks(packing.encoding().coefficients().max(1)) {
			rows.push(combine(&Zeroizing::new(packing.encoding().decode(phases)?)));
		}
		left = rest;
	}
	match left.len() {
		0 => Ok(rows),
		_ => Err(ResultError::Header(HeaderError::WrongLength).into()),
	}
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
