//! What a circuit costs.

use fhe_ml_engine::{BootstrapKey, Circuit, ServerKey};
use serde::{Deserialize, Serialize};

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
	/// An encrypted input.
	pub input: usize,
	/// An encrypted result.
	pub result: usize,
	/// The server key; 0 if the model needs none.
	pub server_key: usize,
	/// The bootstrap key; 0 if the model needs none.
	#[serde(default, skip_serializing_if = "is_zero")]
	pub bootstrap_key: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references.
fn is_zero(bytes: &usize) -> bool {
	*bytes == 0
}

/// What collators compute for one row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
	/// Estimated milliseconds of one core.
	pub milliseconds_per_core: f64,
	/// Bytes of memory, besides the server key.
	pub memory: u64,
	/// Details of a circuit that computes on encrypted bits.
	#[serde(skip_serializing_if = "Option::is_none")]
	pub levelled: Option<LevelledCost>,
}

/// Details of a circuit that computes on encrypted bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelledCost {
	/// Encrypted bits.
	pub bits: usize,
	/// Bits that select between ciphertexts; the others enter linearly.
	pub selectors: usize,
	/// Coefficients of the input's RLWEs that are used.
	#[serde(rename = "slots")]
	pub input_coefficients: usize,
	/// Number-theoretic transforms.
	pub transforms: u64,
	/// Gadget of the selectors: bits of a digit, and number of digits.
	pub gadget: (u32, u32),
	/// Limbs that a value of a leaf or weight is cut into.
	pub limbs: usize,
	/// Standard deviation of the result's noise, log2 relative to the modulus.
	pub noise_log2: f64,
	/// Half of the distance between messages, log2 relative to the modulus: what the noise may
	/// not exceed.
	pub budget_log2: f64,
}

/// 2^-128: what the noise budget of circuits without a hard bound is made for.
const FAILURE_PROBABILITY: f64 = 2.938_735_877_055_719e-39;

impl Sizes {
	/// Sizes of the blobs of a circuit.
	pub(crate) fn of(circuit: &Circuit) -> Self {
		Self {
			input: circuit.input_bytes(),
			result: circuit.result_bytes(),
			server_key: if circuit.kind().needs_server_key() { ServerKey::BYTES } else { 0 },
			bootstrap_key: match circuit.kind().needs_bootstrap_key() {
				true => BootstrapKey::BYTES,
				false => 0,
			},
		}
	}
}

impl Cost {
	/// Time, memory and details of one evaluation.
	pub(crate) fn of(circuit: &Circuit) -> Self {
		let levelled = circuit.levelled_cost().map(|cost| LevelledCost {
			bits: cost.bits,
			selectors: cost.selectors,
			input_coefficients: cost.input_coefficients,
			transforms: cost.transforms,
			gadget: (cost.gadget.base_log, cost.gadget.levels),
			limbs: cost.limbs,
			noise_log2: cost.noise_log2,
			budget_log2: cost.budget_log2,
		});
		Self {
			milliseconds_per_core: circuit.work() as f64 / 1000.0,
			memory: circuit.memory_bytes(),
			levelled,
		}
	}
}

/// Probability that a result decrypts wrongly.
pub(crate) fn failure_probability(circuit: &Circuit) -> f64 {
	if circuit.has_noise_bound() { 0.0 } else { FAILURE_PROBABILITY }
}
