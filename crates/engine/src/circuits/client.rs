//! What circuits answer to the owner of a client key: how inputs are encrypted and results decrypted.

use crate::{
	algorithms::{decryption::DecryptError, encryption::RlweEncryptor},
	circuits::{compiled::CompiledCircuit, many_rows::RowInputs},
	entities::client_key::ClientKey,
};
use fhe_ml_format::{InputPrefix, ResultPrefix};

/// Encryption of what enters a circuit.
pub(crate) trait EncryptInput {
	/// The bodies of an input for integers that may enter the circuit: one residue per coefficient.
	fn encrypt_input(&self, x: &[i64], encryptor: &RlweEncryptor) -> Vec<u64>;
}

/// Decryption of what a circuit gives.
pub(crate) trait DecryptResult {
	/// The integers of every row in a result, whose noise and limbs are checked.
	fn decrypt_result(
		&self,
		key: &ClientKey,
		received: &Received<'_>,
	) -> Result<Vec<Vec<i64>>, DecryptError>;
}

/// A result, and the input that it belongs to.
pub(crate) struct Received<'a> {
	/// The input.
	pub inputs: RowInputs<'a>,
	/// The result's prefix.
	pub prefix: ResultPrefix,
	/// The result's bytes.
	pub result: &'a [u8],
}

/// One row of a result without a mask, and of its input, each as if it were alone.
pub(crate) struct ReceivedRow<'a> {
	/// The input's bytes.
	pub input: &'a [u8],
	/// The input's prefix.
	pub input_prefix: InputPrefix,
	/// The result's bytes.
	pub result: &'a [u8],
}

/// What every circuit answers to the owner of a client key.
pub(crate) trait ClientCircuit: CompiledCircuit + EncryptInput + DecryptResult {}

impl<T: CompiledCircuit + EncryptInput + DecryptResult> ClientCircuit for T {}
