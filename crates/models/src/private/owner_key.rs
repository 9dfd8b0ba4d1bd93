//! The keys under which private models are asked.

use fhe_ml_engine::{ClientKey, ServerKey};

/// What keys are derived for: this, the chain, the owner's account and the key's number.
const PURPOSE: &[u8] = b"fhe-ml key for an owner of private models 1";

/// Answers after which a key for an owner of private models is used up. A reaction to one of two classes has a bit,
/// so an owner learns at most 256 of the 2048 bits of a key.
pub const MOST_ANSWERS: u32 = 256;

/// The key number `number` under which `owner`'s private models on the chain with that genesis block are asked, always
/// the same one: what its owner learns of it from made-up answers tells nothing of `main`, or of the key for another.
pub fn owner_key(
	main: &ClientKey,
	genesis: &[u8; 32],
	owner: &[u8; 32],
	number: u32,
) -> (ClientKey, ServerKey) {
	main.derive(&[PURPOSE, genesis, owner, &number.to_le_bytes()].concat())
}
