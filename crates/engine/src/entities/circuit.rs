//! The circuits that a model can compile to.

use crate::entities::{
	encrypted_forest::{EncryptedForestCircuit, EncryptedForestError},
	encrypted_linear::{EncryptedLinearCircuit, EncryptedLinearError},
	filter::{FilterCircuit, FilterCircuitError, MAX_PIXEL},
	forest::{ForestCircuit, ForestCircuitError},
	linear::{LinearCircuit, LinearCircuitError},
	network::{NetworkCircuit, NetworkCircuitError},
};
use fhe_ml_format::CircuitKind;

/// A compiled model: integers in, integers out.
#[derive(Clone, Debug, PartialEq)]
pub enum Circuit {
	/// Inner products.
	Linear(LinearCircuit),
	/// Sums of decision trees.
	Forest(ForestCircuit),
	/// Networks with one hidden layer.
	Network(NetworkCircuit),
	/// Inner products with encrypted weights.
	EncryptedLinear(EncryptedLinearCircuit),
	/// Sums of decision trees with encrypted leaves.
	EncryptedForest(Box<EncryptedForestCircuit>),
	/// Linear filters on images.
	Filter(FilterCircuit),
}

/// Why the bytes of a circuit were refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CircuitError {
	/// A linear circuit.
	#[error(transparent)]
	Linear(#[from] LinearCircuitError),
	/// A forest circuit.
	#[error(transparent)]
	Forest(#[from] ForestCircuitError),
	/// A network circuit.
	#[error(transparent)]
	Network(#[from] NetworkCircuitError),
	/// A linear circuit with encrypted weights.
	#[error(transparent)]
	EncryptedLinear(#[from] EncryptedLinearError),
	/// A forest circuit with encrypted leaves.
	#[error(transparent)]
	EncryptedForest(#[from] EncryptedForestError),
	/// An image filter.
	#[error(transparent)]
	Filter(#[from] FilterCircuitError),
}

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

/// Calls the same method of whatever circuit it is.
macro_rules! each {
	($circuit:expr, $inner:ident => $call:expr) => {
		match $circuit {
			Circuit::Linear($inner) => $call,
			Circuit::Forest($inner) => $call,
			Circuit::Network($inner) => $call,
			Circuit::EncryptedLinear($inner) => $call,
			Circuit::EncryptedForest($inner) => $call,
			Circuit::Filter($inner) => $call,
		}
	};
}

impl Circuit {
	/// Which kind it is.
	pub fn kind(&self) -> CircuitKind {
		match self {
			Self::Linear(_) => CircuitKind::Linear,
			Self::Forest(_) => CircuitKind::Forest,
			Self::Network(_) => CircuitKind::Network,
			Self::EncryptedLinear(_) => CircuitKind::EncryptedLinear,
			Self::EncryptedForest(_) => CircuitKind::EncryptedForest,
			Self::Filter(_) => CircuitKind::Filter,
		}
	}

	/// Number of integers that are encrypted.
	pub fn inputs(&self) -> usize {
		match self {
			Self::Linear(circuit) => circuit.features(),
			Self::Forest(circuit) => circuit.predicates(),
			Self::Network(circuit) => circuit.features(),
			Self::EncryptedLinear(circuit) => circuit.features(),
			Self::EncryptedForest(circuit) => circuit.predicates(),
			Self::Filter(circuit) => circuit.inputs(),
		}
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		each!(self, circuit => circuit.outputs())
	}

	/// Lowest and highest integer that each output can have, for any input that may be encrypted.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		each!(self, circuit => circuit.output_ranges())
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		each!(self, circuit => circuit.input_bytes())
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		each!(self, circuit => circuit.result_bytes())
	}

	/// Cost of one evaluation, for fees and deadlines: about one unit per microsecond of one core.
	pub fn work(&self) -> u64 {
		match self {
			// 1000 multiplications and the decoding.
			Self::Linear(circuit) => {
				1 + circuit.features() as u64 / 20 + circuit.multiplications() / 1000
			},
			Self::Forest(circuit) => 1 + circuit.nanoseconds() / 1000,
			Self::Network(circuit) => 1 + circuit.nanoseconds() / 1000,
			// 300 multiplications of residues, and the decoding.
			Self::EncryptedLinear(circuit) => {
				1 + circuit.slots() as u64 / 20 + circuit.multiplications() / 300
			},
			Self::EncryptedForest(circuit) => 1 + circuit.nanoseconds() / 1000,
			// 500 multiplications, and the decoding and encoding.
			Self::Filter(circuit) => {
				let pixels = (circuit.inputs() + circuit.outputs()) as u64;
				1 + pixels / 20 + circuit.multiplications() / 500
			},
		}
	}

	/// Bytes of memory that one evaluation takes, besides the server key.
	pub fn memory_bytes(&self) -> u64 {
		match self {
			Self::Linear(circuit) => 8 * (circuit.features() + circuit.outputs()) as u64,
			Self::Forest(circuit) => circuit.memory_bytes(),
			Self::Network(circuit) => circuit.memory_bytes(),
			Self::EncryptedLinear(circuit) => 8 * (circuit.slots() + circuit.outputs()) as u64,
			Self::EncryptedForest(circuit) => circuit.memory_bytes(),
			Self::Filter(circuit) => (16 * circuit.inputs() + 40 * circuit.outputs()) as u64,
		}
	}

	/// The bytes, without their kind.
	pub fn to_bytes(&self) -> Vec<u8> {
		each!(self, circuit => circuit.to_bytes())
	}

	/// Reads the bytes of a circuit of this kind.
	pub fn from_bytes(kind: CircuitKind, bytes: &[u8]) -> Result<Self, CircuitError> {
		Ok(match kind {
			CircuitKind::Linear => Self::Linear(LinearCircuit::from_bytes(bytes)?),
			CircuitKind::Forest => Self::Forest(ForestCircuit::from_bytes(bytes)?),
			CircuitKind::Network => Self::Network(NetworkCircuit::from_bytes(bytes)?),
			CircuitKind::EncryptedLinear => {
				Self::EncryptedLinear(EncryptedLinearCircuit::from_bytes(bytes)?)
			},
			CircuitKind::EncryptedForest => {
				Self::EncryptedForest(EncryptedForestCircuit::from_bytes(bytes)?.into())
			},
			CircuitKind::Filter => Self::Filter(FilterCircuit::from_bytes(bytes)?),
		})
	}

	/// Checks that a vector may enter the circuit.
	pub fn check_input(&self, x: &[i64]) -> Result<(), CircuitInputError> {
		if x.len() != self.inputs() {
			return Err(CircuitInputError::Count { found: x.len(), wanted: self.inputs() });
		}
		match self {
			Self::Linear(circuit) => match circuit.evaluate_limbs(x) {
				Ok(_) => Ok(()),
				Err(output) => Err(CircuitInputError::OutOfRange { output }),
			},
			Self::Forest(_) | Self::EncryptedForest(_) => {
				check_values(x, |bit| (0..=1).contains(&bit))
			},
			Self::Filter(_) => check_values(x, |pixel| (0..=MAX_PIXEL).contains(&pixel)),
			Self::EncryptedLinear(circuit) => {
				let largest = circuit.largest_input().unsigned_abs();
				check_values(x, |x| x.unsigned_abs() <= largest)
			},
			Self::Network(circuit) => {
				let bits = circuit.layers().feature_bits.iter();
				match bits.zip(x).position(|(&bits, &x)| x < 0 || x >> bits != 0) {
					Some(at) => Err(CircuitInputError::Value(at)),
					None => match circuit.out_of_range(x) {
						Some(unit) => Err(CircuitInputError::HiddenOutOfRange { unit }),
						None => Ok(()),
					},
				}
			},
		}
	}

	/// The outputs in the clear: what decryption gives.
	pub fn evaluate_clear(&self, x: &[i64]) -> Result<Vec<i64>, CircuitInputError> {
		self.check_input(x)?;
		Ok(match self {
			Self::Linear(circuit) => {
				circuit.combine(&circuit.evaluate_limbs(x).unwrap_or_default())
			},
			Self::Forest(circuit) => circuit.evaluate_clear(x),
			Self::Network(circuit) => circuit.evaluate_clear(x),
			Self::Filter(circuit) => circuit.evaluate_clear(x),
			Self::EncryptedLinear(_) | Self::EncryptedForest(_) => {
				return Err(CircuitInputError::EncryptedWeights);
			},
		})
	}
}

fn check_values(x: &[i64], fits: impl Fn(i64) -> bool) -> Result<(), CircuitInputError> {
	match x.iter().position(|&x| !fits(x)) {
		Some(at) => Err(CircuitInputError::Value(at)),
		None => Ok(()),
	}
}
