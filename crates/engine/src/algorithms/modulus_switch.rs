//! From the last ciphertext of a levelled circuit to a result.

use crate::{
	entities::{
		result_encoding::ResultEncoding,
		switched_result::{SwitchedResult, switch},
	},
	params::POLYNOMIAL_SIZE,
};
use fhe_ml_format::ResultPrefix;

/// Switches the modulus of mask and body (coefficients, N each), and drops the body's coefficients
/// that hold no output.
pub(crate) fn result(
	prefix: ResultPrefix,
	coefficients: &[u64],
	encoding: &ResultEncoding,
) -> SwitchedResult {
	let bits = encoding.result_bits;
	let (mask, body) = coefficients.split_at(POLYNOMIAL_SIZE);
	let switched = |values: &[u64]| values.iter().map(|&x| switch(x, bits)).collect();
	let bodies = switched(&body[..encoding.coefficients().min(POLYNOMIAL_SIZE)]);
	SwitchedResult { prefix, bits, mask: switched(mask), bodies }
}
