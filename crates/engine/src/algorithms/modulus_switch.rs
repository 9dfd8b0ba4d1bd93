//! From the last ciphertext of a levelled circuit to a result.

use crate::entities::{
	result_encoding::ResultEncoding,
	switched_result::{SwitchedResult, switch},
};
use fhe_ml_format::ResultPrefix;

/// Switches the modulus of the mask (N coefficients) and of the bodies that hold an output.
pub(crate) fn result(
	prefix: ResultPrefix,
	mask: &[u64],
	bodies: &[u64],
	encoding: &ResultEncoding,
) -> SwitchedResult {
	let bits = encoding.result_bits;
	let switched = |values: &[u64]| values.iter().map(|&x| switch(x, bits)).collect();
	SwitchedResult { prefix, bits, mask: switched(mask), bodies: switched(bodies) }
}
