//! What the evaluation of levelled circuits costs.

use crate::math::params::{EXPANSION_STAGES, ExpansionStage, POLYNOMIAL_SIZE};

/// Nanoseconds of one core for one slot of an expansion, measured (`cargo bench`).
pub(crate) const SLOT_NANOSECONDS: u64 = 13_000;

/// Nanoseconds of one core for one octet of an expansion, measured.
pub(crate) const OCTET_NANOSECONDS: u64 = 25_000;

/// Most bytes of memory that an evaluation may take.
const MAX_MEMORY_BYTES: u64 = 4 << 30;

/// Transforms of the expansion of `slots` neighbouring slots.
pub(crate) fn expansion_transforms(slots: u64) -> u64 {
	let transforms = |stage: &ExpansionStage| {
		let nodes = slots.div_ceil((POLYNOMIAL_SIZE >> stage.first_bit) as u64);
		nodes * u64::from(stage.gadget.levels + 1)
	};
	EXPANSION_STAGES.iter().map(transforms).sum()
}

/// Bytes of memory of an evaluation that keeps this many ciphertexts, with those of the stages
/// before and temporary ones.
pub(crate) fn memory_bytes(ciphertexts: usize) -> u64 {
	(ciphertexts + POLYNOMIAL_SIZE / 2 + 512) as u64 * (2 * POLYNOMIAL_SIZE * 8) as u64
}

/// The mebibytes of an evaluation that takes too much memory.
pub(crate) fn excessive_mib(bytes: u64) -> Option<u64> {
	(bytes > MAX_MEMORY_BYTES).then_some(bytes >> 20)
}
