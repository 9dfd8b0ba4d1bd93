//! What only the owner of a client key does: encryption of inputs and decryption of results.

use crate::{
	algorithms::decryption::{DecryptError, only_row},
	circuits::{Circuit, errors::CircuitInputError},
	entities::client_key::ClientKey,
	sampling::secrets::Seeder,
};
use fhe_ml_format::Hash;

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
		self.encrypt_rows(circuit, artifact, &[x], seeder)
	}

	/// Decrypts the result of evaluating `circuit` on `input`, which has one row; one integer per output.
	///
	/// What is refused bounds what a made-up result can tell whoever sees its decryption, but does not
	/// bring it to nothing: compare the result with an evaluation of one's own before.
	///
	/// # Errors
	/// If the input has several rows, the result belongs to another input or key, or no evaluation gives it: its
	/// integers or its noise are out of the circuit's bounds.
	pub fn decrypt(
		&self,
		circuit: &Circuit,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<i64>, DecryptError> {
		only_row(self.decrypt_rows(circuit, input, result)?)
	}
}
