//! What a circuit costs, for model cards.

use crate::card::{Cost, LevelledCost, Sizes};
use fhe_ml_engine::{Circuit, ServerKey};

/// 2^-128: what the noise budget of circuits without a hard bound is made for.
const FAILURE_PROBABILITY: f64 = 2.938_735_877_055_719e-39;

/// What all circuits on encrypted bits have, and what they call differently.
macro_rules! levelled {
	($circuit:ident, $bits:expr, $selectors:expr, $limbs:expr) => {
		LevelledCost {
			bits: $bits,
			selectors: $selectors,
			slots: $circuit.slots(),
			transforms: $circuit.transforms(),
			gadget: ($circuit.gadget().mask.base_log, $circuit.gadget().mask.levels),
			limbs: $limbs,
			noise_log2: $circuit.noise_log2(),
			budget_log2: $circuit.encoding().budget_log2(),
		}
	};
}

/// Sizes of the blobs of a circuit.
pub(crate) fn sizes(circuit: &Circuit) -> Sizes {
	Sizes {
		input: circuit.input_bytes(),
		result: circuit.result_bytes(),
		server_key: if circuit.kind().needs_server_key() { ServerKey::BYTES } else { 0 },
	}
}

/// Time, memory and details of one evaluation.
pub(crate) fn cost(circuit: &Circuit) -> Cost {
	let levelled = match circuit {
		Circuit::Linear(_) | Circuit::EncryptedLinear(_) | Circuit::Filter(_) => None,
		Circuit::Forest(forest) => {
			Some(levelled!(forest, forest.predicates(), forest.selectors(), forest.limbs().0))
		},
		Circuit::EncryptedForest(forest) => {
			Some(levelled!(forest, forest.predicates(), forest.selectors(), forest.limbs().0))
		},
		Circuit::Network(network) => {
			Some(levelled!(network, network.bits(), network.bits(), network.limbs()))
		},
	};
	Cost {
		milliseconds_per_core: circuit.work() as f64 / 1000.0,
		memory: circuit.memory_bytes(),
		levelled,
	}
}

/// Probability that a result decrypts wrongly.
pub(crate) fn failure_probability(circuit: &Circuit) -> f64 {
	match circuit {
		// Its noise has a hard bound.
		Circuit::Linear(_) | Circuit::Filter(_) => 0.0,
		_ => FAILURE_PROBABILITY,
	}
}
