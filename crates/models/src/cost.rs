//! What a circuit costs, for model cards.

use crate::card::{Cost, LevelledCost, Sizes};
use fhe_ml_engine::{Circuit, ServerKey};

/// 2^-128: what the noise budget of circuits without a hard bound is made for.
const FAILURE_PROBABILITY: f64 = 2.938_735_877_055_719e-39;

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
	let levelled = circuit.levelled_cost().map(|cost| LevelledCost {
		bits: cost.bits,
		selectors: cost.selectors,
		slots: cost.input_coefficients,
		transforms: cost.transforms,
		gadget: (cost.gadget.base_log, cost.gadget.levels),
		limbs: cost.limbs,
		noise_log2: cost.noise_log2,
		budget_log2: cost.budget_log2,
	});
	Cost {
		milliseconds_per_core: circuit.work() as f64 / 1000.0,
		memory: circuit.memory_bytes(),
		levelled,
	}
}

/// Probability that a result decrypts wrongly.
pub(crate) fn failure_probability(circuit: &Circuit) -> f64 {
	if circuit.has_noise_bound() { 0.0 } else { FAILURE_PROBABILITY }
}
