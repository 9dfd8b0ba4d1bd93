//! What an evaluator of a private model does.

use super::{
	Padding, PrivateCircuit, PrivateCircuitError, Shape,
	compile::{Core, PrivateSource},
};
use crate::{
	algorithms::{expansion::EvaluationBuffers, sanitise::sanitise},
	circuits::{
		Circuit,
		compiled::CompiledCircuit,
		errors::{CircuitInputError, EvaluateError},
		levelled::{self, Levelled},
		many_rows::{Packing, RowInputs, evaluate_rows, row_layout},
	},
	entities::{input::InputError, prepared_server_key::PreparedServerKey},
	hash::blake2b_256,
};
use fhe_ml_format::{Hash, InputPrefix};
use zeroize::Zeroizing;

/// Domain of the seed that sanitises a result.
const OF_RESULT: &[u8] = b"fhe-ml/sanitise/1";

/// A private model as its evaluators have it.
///
/// ```
/// use fhe_ml_engine::{
///     Circuit, ClientKey, EvaluationBuffers, PreparedServerKey, new_seeder,
///     circuits::{
///         forest::{Node, Tree},
///         private::{Padding, PrivateEvaluator, PrivateSource},
///     },
/// };
///
/// // A stump on comparison 1 of a grid of three: 5 if it does not hold, -3 if it does.
/// let leaf = |value| Node::Leaf(vec![(0, value)]);
/// let stump = Tree { nodes: vec![Node::Split { predicate: 1, one: 2 }, leaf(5), leaf(-3)] };
/// let source = PrivateSource::Forest { comparisons: 3, outputs: 1, trees: vec![stump] };
/// let evaluator = PrivateEvaluator::new(source, Padding::default(), [9; 32])?;
///
/// // What the user has tells nothing of the stump but that it fits.
/// let circuit = Circuit::Private(evaluator.circuit().clone());
/// let (client_key, server_key) = ClientKey::generate(new_seeder().as_mut());
/// let input = client_key.encrypt(&circuit, [7; 32], &[0, 1, 0], new_seeder().as_mut())?;
///
/// let (key, mut buffers) = (PreparedServerKey::new(&server_key), EvaluationBuffers::default());
/// let result = evaluator.evaluate(&key, &input, &[1; 32], &mut buffers)?;
/// assert_eq!(client_key.decrypt(&circuit, &input, &result)?, vec![-3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateEvaluator {
	circuit: PrivateCircuit,
	pub(super) core: Core,
	/// From which results are sanitised.
	pub(super) secret: Zeroizing<Hash>,
}

impl PrivateEvaluator {
	/// Compiles a model. `secret` must be uniformly random, and never used for another model.
	///
	/// # Errors
	/// If the model is malformed or too large, if noise and flooding leave no room for its results, or if a
	/// hidden unit leaves its table for some row.
	pub fn new(
		source: PrivateSource,
		padding: Padding,
		secret: Hash,
	) -> Result<Self, PrivateCircuitError> {
		let circuit = PrivateCircuit::choose(&source, padding)?;
		Self::like(source, circuit, secret)
	}

	/// Compiles a model to a circuit that another one has, so that no user can tell which of both it is.
	///
	/// # Errors
	/// If the model is malformed, or does not fit the bounds of that circuit.
	pub fn like(
		source: PrivateSource,
		circuit: PrivateCircuit,
		secret: Hash,
	) -> Result<Self, PrivateCircuitError> {
		let core = circuit.compile(source)?;
		Ok(Self { circuit, core, secret: Zeroizing::new(secret) })
	}

	/// What everybody may know.
	pub fn circuit(&self) -> &PrivateCircuit {
		&self.circuit
	}

	/// Evaluates the bytes of an input of any number of rows on the chain whose genesis block has the hash `genesis`; returns the
	/// bytes of a result.
	///
	/// The same input gives the same bytes on every machine, so that evaluators agree, an auditor can recompute
	/// a job, and nobody averages noise by asking again.
	///
	/// # Errors
	/// If the input does not decode or was encrypted for another server key, or the key has no encryption of
	/// zero.
	pub fn evaluate(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		genesis: &Hash,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let rows = InputPrefix::read(input).map_err(InputError::Header)?.rows;
		let evaluate = |part| self.evaluate_part(key, input, genesis, part, buffers);
		let parts = 0..row_layout(self.circuit.encoding()).masks(rows);
		Circuit::assemble(input, &parts.map(evaluate).collect::<Result<Vec<_>, _>>()?)
	}

	/// Evaluates part number `part` of an input, of the [parts](Circuit::parts) that its circuit says; see
	/// [`PrivateEvaluator::evaluate`] and [`Circuit::assemble`].
	///
	/// # Errors
	/// As [`PrivateEvaluator::evaluate`].
	pub fn evaluate_part(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		genesis: &Hash,
		part: u32,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u8>, EvaluateError> {
		let coefficients = self.sanitised(key, input, genesis, part, buffers)?;
		let packing = self.packing(InputPrefix::read(input).map_err(InputError::Header)?.rows);
		Ok(packing.to_bytes(&coefficients, packing.part(part).len()))
	}

	pub(super) fn packing(&self, rows: u32) -> Packing {
		Packing::new(self.circuit.encoding(), self.circuit.positions(), rows)
	}

	/// The ciphertext that becomes part number `part` of a result. It is sanitised once, after its rows are
	/// packed, so that the flooding hides the noise of packing, too.
	pub(super) fn sanitised(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		genesis: &Hash,
		part: u32,
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u64>, EvaluateError> {
		let zero = key.zero.as_ref().ok_or(EvaluateError::OldServerKey)?;
		let inputs = RowInputs::read(input, self.circuit.input_bytes())?;
		let packing = self.packing(inputs.prefix.rows);
		let evaluate = |row: &[u8], buffers: &mut EvaluationBuffers| {
			self.evaluate_ciphertext(key, row, buffers)
		};
		let memory = self.circuit.claimed_memory();
		let rows = evaluate_rows(&inputs, packing.part(part), memory, buffers, evaluate)?;
		let count = rows.len();
		let mut coefficients = packing.pack(key, rows);
		let seed = self.seed(key, input, genesis, (inputs.prefix.rows > 1).then_some(part));
		let flooding_log2 = self.circuit.bounds().flooding_log2;
		sanitise(&mut coefficients, &packing.positions(count), zero, &seed, flooding_log2);
		Ok(coefficients)
	}

	/// The ciphertext of one row before it is sanitised: its noise tells of the model.
	pub(super) fn evaluate_ciphertext(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		buffers: &mut EvaluationBuffers,
	) -> Result<Vec<u64>, EvaluateError> {
		let decoded = levelled::read_input(input, self.circuit.input_coefficients(), key.hash())?;
		Ok(match (&self.core, &self.circuit.shape) {
			(Core::Forest(forest), _) => forest.evaluate_ciphertext(key, &decoded, buffers),
			(Core::Network(network), _) => network.evaluate_ciphertext(key, &decoded, buffers),
			(Core::Linear(linear), Shape::Linear { limb_bits, limbs, .. }) => linear
				.evaluate_ciphertext(
					*limb_bits,
					*limbs,
					self.circuit.encoding().unit_log2,
					key,
					&decoded,
				),
			(Core::Linear(_), _) => return Err(EvaluateError::Private),
		})
	}

	/// Known to those who have the secret only, and different for every chain, input, key and part of a result of
	/// many rows; the input names the model.
	pub(super) fn seed(
		&self,
		key: &PreparedServerKey,
		input: &[u8],
		genesis: &Hash,
		part: Option<u32>,
	) -> Zeroizing<[u8; 16]> {
		let part = part.map(u32::to_le_bytes);
		let message = Zeroizing::new(
			[
				OF_RESULT,
				self.secret.as_slice(),
				genesis.as_slice(),
				key.hash().as_slice(),
				blake2b_256(input).as_slice(),
				part.as_ref().map_or(&[], |part| part.as_slice()),
			]
			.concat(),
		);
		let hash = Zeroizing::new(blake2b_256(&message));
		Zeroizing::new(hash.first_chunk().copied().unwrap_or_default())
	}

	/// The outputs on integers, one per input.
	///
	/// # Errors
	/// If the integers may not enter the circuit.
	pub fn evaluate_clear(&self, x: &[i64]) -> Result<Vec<i64>, CircuitInputError> {
		if x.len() != self.circuit.inputs() {
			let (found, wanted) = (x.len(), self.circuit.inputs());
			return Err(CircuitInputError::Count { found, wanted });
		}
		self.circuit.check_values(x)?;
		Ok(match &self.core {
			Core::Forest(forest) => forest.evaluate_clear(x),
			Core::Linear(linear) => linear.evaluate_clear(x),
			Core::Network(network) => network.evaluate_clear(x),
		})
	}
}

impl std::fmt::Debug for PrivateEvaluator {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("PrivateEvaluator").field("circuit", &self.circuit).finish_non_exhaustive()
	}
}
