//! What the evaluation of circuits on encrypted bits costs.

use crate::{
	algorithms::expansion::Wanted,
	circuits::levelled::Levelled,
	math::params::{EXPANSION_STAGES, ExpansionStage, Gadget, POLYNOMIAL_SIZE},
};
use alloc::vec::Vec;

/// Details of a circuit that computes on encrypted bits.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelledCost {
	/// Encrypted bits.
	pub bits: usize,
	/// Bits that select between ciphertexts; the others enter linearly.
	pub selectors: usize,
	/// Coefficients of the input's RLWEs that are used.
	pub input_coefficients: usize,
	/// Number-theoretic transforms.
	pub transforms: u64,
	/// Gadget of the selectors.
	pub gadget: Gadget,
	/// Limbs that a value of a leaf or weight is cut into.
	pub limbs: usize,
	/// Standard deviation of the result's noise, log2 relative to q.
	pub noise_log2: f64,
	/// Half of the distance between messages, which the noise may not exceed, log2 relative to q.
	pub budget_log2: f64,
}

impl LevelledCost {
	pub(crate) fn of(circuit: &dyn Levelled) -> Self {
		Self {
			bits: circuit.bits(),
			selectors: circuit.selectors(),
			input_coefficients: circuit.input_coefficients(),
			transforms: circuit.transforms(),
			gadget: circuit.gadget().mask,
			limbs: circuit.limbs_of_value(),
			noise_log2: circuit.total_noise().log2_relative(),
			budget_log2: circuit.encoding().budget_log2(),
		}
	}
}

/// An evaluation that would need too much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("evaluation would take {mib} MiB of memory, and at most 4096 are allowed")]
pub struct ExcessiveMemory {
	/// Mebibytes.
	pub mib: u64,
}

/// Nanoseconds of one core for one ciphertext of an expansion, measured (`cargo bench`).
pub(crate) const ENTRY_NANOSECONDS: u64 = 13_000;

/// Nanoseconds of one core for one octet of an expansion, measured.
pub(crate) const OCTET_NANOSECONDS: u64 = 25_000;

/// Nanoseconds of one core for one ciphertext that a stage of the expansion splits, whatever number of its
/// children is wanted: by their transforms, so that all entries take what was measured of entries and octets.
const STAGE_NANOSECONDS: [u64; EXPANSION_STAGES.len()] =
	[56_000, 56_000, 56_000, 56_000, 72_000, 66_000, 79_000];

/// Nanoseconds for one transform of a forest, with its share of everything else.
pub(crate) const TRANSFORM_NANOSECONDS: u64 = 3_000;

/// Transforms of one key switch of the packing.
const PACKING_SWITCH_TRANSFORMS: u64 = 20;

/// Most bytes of memory that an evaluation may take.
const MAX_MEMORY_BYTES: u64 = 4 << 30;

/// Transforms of the expansion of `entries` neighbouring entries.
pub(crate) fn expansion_transforms(entries: u64) -> u64 {
	let transforms = |stage: &ExpansionStage| {
		let nodes = entries.div_ceil((POLYNOMIAL_SIZE >> stage.first_bit) as u64);
		nodes * u64::from(stage.gadget.levels + 1)
	};
	EXPANSION_STAGES.iter().map(transforms).sum()
}

/// Nanoseconds for an expansion of which not all is wanted, over all RLWEs.
pub(crate) fn scattered_expansion_nanoseconds(wanted: &Wanted<'_>) -> u64 {
	let Wanted { cut, wide, entries } = wanted;
	let of_stage = |(at, stage): (usize, &ExpansionStage)| {
		let size = POLYNOMIAL_SIZE >> stage.first_bit;
		let of_wide = wide.iter().map(|number| number * cut.entries() / size);
		let mut split: Vec<usize> = entries.iter().map(|entry| entry / size).collect();
		split.extend(of_wide.filter(|_| at < cut.stages()));
		split.sort_unstable();
		split.dedup();
		split.len() as u64
	};
	let counts = EXPANSION_STAGES.iter().enumerate().map(of_stage);
	counts.zip(STAGE_NANOSECONDS).map(|(count, nanoseconds)| count * nanoseconds).sum()
}

/// Key switches of the packing of ciphertexts: one per pair that is merged, and one per step for the
/// coefficients that are erased.
pub(crate) fn packing_switches(ciphertexts: usize) -> u64 {
	ciphertexts as u64 + u64::from(POLYNOMIAL_SIZE.ilog2())
}

/// Transforms of the packing of ciphertexts.
pub(crate) fn packing_transforms(ciphertexts: usize) -> u64 {
	packing_switches(ciphertexts) * PACKING_SWITCH_TRANSFORMS
}

/// Bytes of memory of an evaluation that keeps this many ciphertexts, with those of the stages
/// before and temporary ones.
pub(crate) fn memory_bytes(ciphertexts: usize) -> u64 {
	(ciphertexts + POLYNOMIAL_SIZE / 2 + 512) as u64 * (2 * POLYNOMIAL_SIZE * 8) as u64
}

/// Bytes of memory that one evaluation takes, besides the server key.
pub(crate) fn memory_of(circuit: &dyn Levelled) -> u64 {
	memory_bytes(circuit.peak_ciphertexts())
}

/// Checks that an evaluation does not take too much memory.
pub(crate) fn check_memory(circuit: &dyn Levelled) -> Result<(), ExcessiveMemory> {
	match memory_of(circuit) {
		bytes if bytes > MAX_MEMORY_BYTES => Err(ExcessiveMemory { mib: bytes >> 20 }),
		_ => Ok(()),
	}
}
