//! What a circuit of any kind answers.

use crate::{
	algorithms::expansion::EvaluationBuffers,
	circuits::{
		Circuit,
		errors::{CircuitInputError, EvaluateError},
		family::Family,
		levelled::LevelledCost,
	},
	entities::{input::InputError, prepared_server_key::PreparedServerKey},
};
use alloc::vec::Vec;
use fhe_ml_format::InputPrefix;

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
		self.family().result_bytes()
	}

	/// Cost of one evaluation, for fees and deadlines: about one unit per microsecond of one core.
	pub fn work(&self) -> u64 {
		self.family().work()
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		self.family().memory_bytes()
	}

	/// Details of a circuit that computes on encrypted bits; `None` for one that does not.
	pub fn levelled_cost(&self) -> Option<LevelledCost> {
		match self.family() {
			Family::Keyless(_) | Family::Private(_) => None,
			Family::Levelled(circuit) => Some(LevelledCost::of(circuit)),
			Family::Bootstrapped(circuit) => Some(LevelledCost::of(circuit)),
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

	/// Evaluates the bytes of an input of any number of rows; returns the bytes of a result:
	/// [`Circuit::result_bytes_of`] of them.
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
		if self.kind().is_private() {
			return Err(EvaluateError::Private);
		}
		let rows = InputPrefix::read(input).map_err(InputError::Header)?.rows;
		let evaluate = |part| self.evaluate_part(key, input, part, buffers);
		let parts = (0..self.parts(rows)).map(evaluate).collect::<Result<Vec<_>, _>>()?;
		Circuit::assemble(input, &parts)
	}
}
