//! Encryption of many rows, and decryption of their result.

use super::{RowInputs, inputs::row_seed};
use crate::{
	algorithms::{decryption::DecryptError, encryption::RlweEncryptor},
	circuits::{
		Circuit,
		client::{Received, ReceivedRow},
		errors::CircuitInputError,
		family::Family,
		keyless::Keyless,
	},
	entities::{
		client_key::ClientKey,
		input::{EncryptedInput, InputError},
		result::{ResultError, input_tag},
	},
	math::bits::PackingError,
	sampling::secrets::{Seeder, fresh_seed},
};
use fhe_ml_format::{Hash, InputPrefix, MAX_ROWS, ResultPrefix};

impl ClientKey {
	/// Encrypts rows of integers, one per input of `circuit`, as one input for the model with hash `artifact`.
	///
	/// Returns the bytes of an input: [`Circuit::input_bytes_of`] of them. See [`Circuit::most_rows`] for what
	/// fits the bounds of the chain.
	///
	/// # Errors
	/// If there is no row or more than [`MAX_ROWS`], or if one may not enter the circuit, see
	/// [`Circuit::check_input`].
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{Circuit, ClientKey, EvaluationBuffers, LinearCircuit, new_seeder};
	///
	/// let mut seeder = new_seeder();
	/// let (client_key, _server_key) = ClientKey::generate(seeder.as_mut());
	/// let circuit = Circuit::Linear(LinearCircuit::new(2, 8, 1, vec![3, -2], vec![10])?);
	/// let rows = [[100, 20], [1, 2], [0, 0]];
	/// let input = client_key.encrypt_rows(&circuit, [7; 32], &rows, seeder.as_mut())?;
	/// assert_eq!(input.len(), circuit.input_bytes_of(3));
	///
	/// let result = circuit.evaluate(None, &input, &mut EvaluationBuffers::default())?;
	/// let outputs = client_key.decrypt_rows(&circuit, &input, &result)?;
	/// assert_eq!(outputs, [[270], [9], [10]]);
	/// # Ok::<(), Box<dyn std::error::Error>>(())
	/// ```
	pub fn encrypt_rows<Row: AsRef<[i64]>>(
		&self,
		circuit: &Circuit,
		artifact: Hash,
		rows: &[Row],
		seeder: &mut dyn Seeder,
	) -> Result<Vec<u8>, CircuitInputError> {
		if rows.is_empty() || rows.len() > MAX_ROWS as usize {
			return Err(CircuitInputError::Rows(rows.len()));
		}
		let mask_seed = fresh_seed(seeder);
		let count = rows.len() as u32;
		let server_key = self.key_hash(circuit.kind());
		let prefix = InputPrefix { artifact, server_key, mask_seed, rows: count };
		let mut packed = Vec::new();
		for (row, number) in rows.iter().zip(0..) {
			circuit.check_input(row.as_ref())?;
			let row_seed = if count == 1 { mask_seed } else { row_seed(&mask_seed, number) };
			let encryptor = RlweEncryptor::with_mask_seed(&self.secret, row_seed, seeder);
			let bodies = circuit.client().encrypt_input(row.as_ref(), &encryptor);
			let row = EncryptedInput { prefix, bodies }.to_bytes();
			packed.extend_from_slice(&row[InputPrefix::BYTES..]);
		}
		Ok([prefix.to_bytes(packed.len() as u32).as_slice(), &packed].concat())
	}

	/// Decrypts the result of evaluating `circuit` on an input of any number of rows; for each row one integer
	/// per output.
	///
	/// What is refused bounds what a made-up result can tell whoever sees its decryption, but does not
	/// bring it to nothing: compare the result with an evaluation of one's own before.
	///
	/// # Errors
	/// If the result belongs to another input or key, or if no evaluation gives it: its integers or its
	/// noise are out of the circuit's bounds.
	pub fn decrypt_rows(
		&self,
		circuit: &Circuit,
		input: &[u8],
		result: &[u8],
	) -> Result<Vec<Vec<i64>>, DecryptError> {
		let inputs = RowInputs::read(input, circuit.input_bytes())?;
		if inputs.prefix.server_key != self.key_hash(circuit.kind()) {
			return Err(DecryptError::AnotherKey);
		}
		let found = ResultPrefix::read(result).map_err(ResultError::Header)?;
		if found.input_tag != input_tag(input) || found.rows != inputs.prefix.rows {
			return Err(DecryptError::AnotherInput);
		}
		let received = Received { inputs, prefix: found, result };
		let rows = circuit.client().decrypt_result(self, &received)?;
		// Every limb is in its range by now; put together they may still be what no input gives.
		let ranges = circuit.output_ranges();
		let fits = |(output, (low, high)): (&i64, &(i64, i64))| (low..=high).contains(&output);
		let all_fit = |row: &Vec<i64>| row.iter().zip(&ranges).all(fits);
		if rows.iter().all(all_fit) { Ok(rows) } else { Err(DecryptError::OutOfRange) }
	}
}

/// The rows of a result without a mask, each decrypted as if it were alone.
pub(crate) fn decrypt_bodies(
	circuit: &dyn Keyless,
	received: &Received<'_>,
	decrypt: impl Fn(&ReceivedRow<'_>) -> Result<Vec<i64>, DecryptError>,
) -> Result<Vec<Vec<i64>>, DecryptError> {
	let Received { inputs, prefix, result } = received;
	let row_bytes = Family::Keyless(circuit).result_bytes().saturating_sub(ResultPrefix::BYTES);
	let bodies = &result[ResultPrefix::BYTES..];
	let wanted = prefix.rows as usize * row_bytes;
	if bodies.len() != wanted {
		let wrong_length = PackingError::WrongLength { found: bodies.len(), wanted };
		return Err(ResultError::Bodies(wrong_length).into());
	}
	let decrypt = |(bodies, row): (&[u8], u32)| {
		let input = inputs.row(row);
		let input_prefix = InputPrefix::read(&input).map_err(InputError::Header)?;
		let prefix = ResultPrefix { rows: 1, ..*prefix };
		let result = [prefix.to_bytes(bodies.len() as u32).as_slice(), bodies].concat();
		decrypt(&ReceivedRow { input: &input, input_prefix, result: &result })
	};
	bodies.chunks(row_bytes.max(1)).zip(0..).map(decrypt).collect()
}
