//! What only the owner of a client key does: encryption of inputs and decryption of results.

use crate::{
	algorithms::{decryption::DecryptError, encryption::RlweEncryptor},
	circuits::{Circuit, client::Received, errors::CircuitInputError},
	entities::{
		client_key::ClientKey,
		input::{EncryptedInput, InputError},
		result::{ResultError, input_tag},
	},
	sampling::secrets::Seeder,
};
use fhe_ml_format::{Hash, InputPrefix, ResultPrefix};

impl ClientKey {
	/// Encrypts the integers `x`, one per input of `circuit`, for the model with hash `artifact`.
	///
	/// Returns the bytes of an input: [`Circuit::input_bytes`] of them.
	///
	/// # Errors
	/// If `x` may not enter the circuit, see [`Circuit::check_input`].
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{Circuit, ClientKey, LinearCircuit, new_seeder};
	///
	/// let mut seeder = new_seeder();
	/// let (client_key, _server_key) = ClientKey::generate(seeder.as_mut());
	/// let circuit = Circuit::Linear(LinearCircuit::new(2, 8, 1, vec![3, -2], vec![10])?);
	/// let input = client_key.encrypt(&circuit, [7; 32], &[100, 20], seeder.as_mut())?;
	/// assert_eq!(input.len(), circuit.input_bytes());
	/// # Ok::<(), Box<dyn std::error::Error>>(())
	/// ```
	pub fn encrypt(
		&self,
		circuit: &Circuit,
		artifact: Hash,
		x: &[i64],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, CircuitInputError> {
		circuit.check_input(x)?;
		let encryptor = RlweEncryptor::new(&self.secret, seeder);
		let bodies = circuit.client().encrypt_input(x, &encryptor);
		let prefix = InputPrefix {
			artifact,
			server_key: self.server_key_hash,
			mask_seed: encryptor.mask_seed(),
			rows: 1,
		};
		Ok(EncryptedInput { prefix, bodies }.to_bytes())
	}

	/// Decrypts the result of evaluating `circuit` on `input`; one integer per output.
	///
	/// What is refused bounds what a made-up result can tell whoever sees its decryption, but does not
	/// bring it to nothing: compare the result with an evaluation of one's own before.
	///
	/// # Errors
	/// If the result belongs to another input or key, or if no evaluation gives it: its integers or its
	/// noise are out of the circuit's bounds.
	pub fn decrypt(
		&self,
		circuit: &Circuit,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		let input_prefix = InputPrefix::read(input).map_err(InputError::Header)?;
		if input_prefix.server_key != self.server_key_hash {
			return Err(DecryptError::AnotherKey);
		}
		let found = ResultPrefix::read(result).map_err(ResultError::Header)?;
		if found.input_tag != input_tag(input) {
			return Err(DecryptError::AnotherInput);
		}
		let received = Received { input, input_prefix, result };
		let outputs = circuit.client().decrypt_result(self, &received)?;
		// Every limb is in its range by now; put together they may still be what no input gives.
		let ranges = circuit.output_ranges();
		let fits = |(output, (low, high)): (&i64, &(i64, i64))| (low..=high).contains(&output);
		if outputs.iter().zip(&ranges).all(fits) {
			Ok(outputs)
		} else {
			Err(DecryptError::OutOfRange)
		}
	}
}
