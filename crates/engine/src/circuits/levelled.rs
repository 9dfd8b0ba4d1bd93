//! Circuits on encrypted bits, chosen so that their noise stays below the grid of their outputs: what
//! all of them have in common.

pub(crate) mod cost;
#[cfg(feature = "client")]
pub(crate) mod decrypt;
#[cfg(feature = "client")]
pub(crate) mod encrypt;
mod result_encoding;

pub use cost::{ExcessiveMemory, LevelledCost};
pub use result_encoding::ResultEncoding;
pub use result_encoding::SanitisedBounds;
pub(crate) use result_encoding::{UNITS_LOG2, largest_in};

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{compiled::CompiledCircuit, errors::EvaluateError},
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey},
	math::selector::SelectorGadget,
	noise::Variance,
};
use alloc::vec::Vec;
use fhe_ml_format::Hash;

/// What circuits on encrypted bits answer besides.
pub(crate) trait Levelled: CompiledCircuit {
	/// The gadget of the selectors.
	fn gadget(&self) -> SelectorGadget;

	/// How the outputs lie in a result.
	fn encoding(&self) -> &ResultEncoding;

	/// Where the integers of a result are: coefficients of the phase.
	fn result_positions(&self) -> Vec<usize> {
		(0..self.encoding().coefficients()).collect()
	}

	/// Predicted noise of a result.
	fn total_noise(&self) -> Variance;

	/// Encrypted bits.
	fn bits(&self) -> usize;

	/// Bits that select between ciphertexts; the others enter linearly.
	fn selectors(&self) -> usize;

	/// Limbs that a value of a leaf or weight is cut into.
	fn limbs_of_value(&self) -> usize;

	/// Puts the integers of a result together: one per output.
	fn combine(&self, integers: &[i64]) -> Vec<i64>;

	/// Number-theoretic transforms of one evaluation.
	fn transforms(&self) -> u64;

	/// The hash by which inputs name the keys with which they are evaluated.
	fn key_hash(&self, key: &PreparedServerKey) -> Hash {
		key.hash()
	}

	/// Estimated nanoseconds of one core for one evaluation.
	fn nanoseconds(&self) -> u64;

	/// Ciphertexts that an evaluation holds at one time.
	fn peak_ciphertexts(&self) -> usize;

	/// The ciphertext whose phase has all integers of a result, not yet centred: coefficients of mask
	/// and body.
	fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &EncryptedInput,
		buffers: &mut EvaluationBuffers,
	) -> Vec<u64>;
}

/// The input in these bytes, if it was encrypted for the key with this hash.
pub(crate) fn read_input(
	input: &[u8],
	coefficients: usize,
	key: Hash,
) -> Result<EncryptedInput, EvaluateError> {
	let decoded = EncryptedInput::from_bytes(input, coefficients)?;
	if decoded.prefix.server_key == key {
		Ok(decoded)
	} else {
		Err(EvaluateError::AnotherServerKey)
	}
}
