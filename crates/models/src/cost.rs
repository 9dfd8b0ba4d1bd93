//! What a circuit costs, for model cards.

use crate::card::{Cost, LevelledCost, Sizes};
use fhe_ml_engine::{
	Circuit, EncryptedForestCircuit, ForestCircuit, NetworkCircuit, ServerKey,
	entities::{result_encoding::ResultEncoding, selector::SelectorGadget},
};

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
	let levelled = match circuit {
		Circuit::Linear(_) | Circuit::EncryptedLinear(_) => None,
		Circuit::Forest(forest) => Some(forest_cost(forest)),
		Circuit::Network(network) => Some(network_cost(network)),
		Circuit::EncryptedForest(forest) => Some(encrypted_forest_cost(forest)),
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
		Circuit::Linear(_) => 0.0,
		_ => FAILURE_PROBABILITY,
	}
}

fn gadget(gadget: SelectorGadget) -> (u32, u32) {
	(gadget.mask.base_log, gadget.mask.levels)
}

fn levelled(noise_log2: f64, encoding: &ResultEncoding, circuit: LevelledCost) -> LevelledCost {
	LevelledCost { noise_log2, budget_log2: encoding.budget_log2(), ..circuit }
}

fn forest_cost(forest: &ForestCircuit) -> LevelledCost {
	let cost = LevelledCost {
		bits: forest.predicates(),
		selectors: forest.selectors(),
		slots: forest.slots(),
		transforms: forest.transforms(),
		gadget: gadget(forest.gadget()),
		limbs: forest.limbs().0,
		..LevelledCost::default()
	};
	levelled(forest.noise_log2(), forest.encoding(), cost)
}

fn network_cost(network: &NetworkCircuit) -> LevelledCost {
	let cost = LevelledCost {
		bits: network.bits(),
		selectors: network.bits(),
		slots: network.slots(),
		transforms: network.transforms(),
		gadget: gadget(network.gadget()),
		limbs: network.limbs(),
		..LevelledCost::default()
	};
	levelled(network.noise_log2(), network.encoding(), cost)
}

fn encrypted_forest_cost(forest: &EncryptedForestCircuit) -> LevelledCost {
	let cost = LevelledCost {
		bits: forest.predicates(),
		selectors: forest.selectors(),
		slots: forest.slots(),
		transforms: forest.transforms(),
		gadget: gadget(forest.gadget()),
		limbs: forest.limbs().0,
		..LevelledCost::default()
	};
	levelled(forest.noise_log2(), forest.encoding(), cost)
}
