//! What a circuit of any kind answers.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{Circuit, compiled::Family, evaluate::EvaluateError, levelled::LevelledCost},
	entities::prepared_server_key::PreparedServerKey,
};

/// Why a vector of integers cannot enter a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CircuitInputError {
	/// Not one integer per input of the circuit.
	#[error("the model takes {wanted} inputs, not {found}")]
	Count {
		/// Integers that are there.
		found: usize,
		/// Integers that there should be.
		wanted: usize,
	},
	/// The result would not fit the plaintext space, so it would decrypt to something else.
	#[error("output {output} is out of the model's range for these features")]
	OutOfRange {
		/// Number of the output.
		output: usize,
	},
	/// The argument of an activation leaves its table.
	#[error("hidden unit {unit} is out of the model's range for these features")]
	HiddenOutOfRange {
		/// Number of the hidden unit.
		unit: usize,
	},
	/// An integer that the circuit does not take at this place.
	#[error("input {0} has a value that the model does not take")]
	Value(usize),
	/// There is nothing to compute with in the clear.
	#[error("the model's weights are encrypted: it cannot be evaluated in the clear")]
	EncryptedWeights,
}

impl Circuit {
	/// Number of integers that are encrypted.
	pub fn inputs(&self) -> usize {
		self.compiled().inputs()
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.compiled().outputs()
	}

	/// Lowest and highest integer that each output can have, for any input that may be encrypted.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		self.compiled().output_ranges()
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		self.compiled().input_bytes()
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		self.compiled().result_bytes()
	}

	/// Cost of one evaluation, for fees and deadlines: about one unit per microsecond of one core.
	pub fn work(&self) -> u64 {
		self.compiled().work()
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		self.compiled().memory_bytes()
	}

	/// Details of a circuit that computes on encrypted bits; `None` for one that does not.
	pub fn levelled_cost(&self) -> Option<LevelledCost> {
		match self.compiled().family() {
			Family::Keyless(_) => None,
			Family::Levelled(circuit) => Some(LevelledCost::of(circuit)),
		}
	}

	/// Whether the noise has a hard bound, so that no result ever decrypts wrongly. The others do so with
	/// a probability below 2^-128 per hundred integers.
	pub fn has_noise_bound(&self) -> bool {
		self.compiled().has_noise_bound()
	}

	/// Checks that a vector may enter the circuit.
	///
	/// # Errors
	/// If `x` has not one integer per input, or one that the circuit does not take, or if what the
	/// circuit computes from them would leave its range.
	pub fn check_input(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		match self.inputs() {
			wanted if x.len() == wanted => self.compiled().check_values(x),
			wanted => Err(CircuitInputError::Count { found: x.len(), wanted }),
		}
	}

	/// The outputs in the clear: what decryption gives.
	///
	/// # Errors
	/// If `x` may not enter the circuit (see [`Circuit::check_input`]), or if its weights are
	/// encrypted.
	pub fn evaluate_clear(&self, x: &[i64]) -> Result<Vec<i64>, CircuitInputError> {
		self.check_input(x)?;
		self.compiled().compute_clear(x).ok_or(CircuitInputError::EncryptedWeights)
	}

	/// Evaluates the bytes of an input; returns the bytes of a result: [`Circuit::result_bytes`] of
	/// them.
	///
	/// The result depends on nothing but these bytes and the key: every honest collator gets the
	/// same. It runs on the threads of the current rayon pool.
	///
	/// # Errors
	/// If the input does not decode, or if the circuit needs a server key and `key` is none or
	/// another one than the input was encrypted for.
	pub fn evaluate(
		&self,
		key: Option<&PreparedServerKey>,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		self.compiled().evaluate(key, input, buffers)
	}
}
