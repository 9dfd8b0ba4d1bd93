//! The bytes of forest circuits.

use super::{Choice, ForestCircuit, ForestCircuitError, compile::check, layout::Layout};
use crate::{
	circuits::{
		bytes::Reader,
		levelled::{ResultEncoding, UNITS_LOG2, cost::check_memory},
		tree::{MAX_NODES, MAX_PREDICATES, MAX_TREES, Tree},
	},
	math::params::POLYNOMIAL_SIZE,
};
use alloc::vec::Vec;

const FIXED_BYTES: usize = 16;

/// What the bytes of a forest say.
pub(super) struct Stored {
	pub predicates: usize,
	pub outputs: usize,
	pub trees: Vec<Tree>,
	pub choice: Choice,
	unit_log2: u32,
	result_bits: u32,
}

impl Stored {
	pub(super) fn read(bytes: &[u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let (predicates, count) = (reader.count_u32()?, reader.count_u32()?);
		let outputs = reader.count_u16()?;
		let [gadget, limb_bits, limbs, unit_log2, result_bits, zero] = reader.array()?;
		let choice = Choice { gadget, limb_bits: limb_bits.into(), limbs: limbs.into() };
		let fits = (1..=8).contains(&limb_bits)
			&& choice.limbs > 0
			&& choice.limbs * outputs <= POLYNOMIAL_SIZE;
		if zero != 0 || !fits || predicates > MAX_PREDICATES || count > MAX_TREES {
			return None;
		}
		let mut nodes_left = MAX_NODES;
		let trees = (0..count)
			.map(|_| Tree::read(&mut reader, &mut nodes_left))
			.collect::<Option<Vec<Tree>>>()?;
		let (unit_log2, result_bits) = (unit_log2.into(), result_bits.into());
		let stored = Self { predicates, outputs, trees, choice, unit_log2, result_bits };
		reader.rest().is_empty().then_some(stored)
	}
}

impl ForestCircuit {
	/// Fixed fields (predicates, trees: u32; outputs: u16; gadget, limb bits, limbs, unit, result
	/// bits: u8; a zero), then the trees.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(FIXED_BYTES + self.splits as usize * 6);
		let Choice { gadget, limb_bits, limbs } = self.choice;
		bytes.extend((self.predicates as u32).to_le_bytes());
		bytes.extend((self.trees.len() as u32).to_le_bytes());
		bytes.extend((self.outputs as u16).to_le_bytes());
		bytes.extend([gadget, limb_bits as u8, limbs as u8]);
		bytes.extend([self.encoding.unit_log2 as u8, self.encoding.result_bits as u8, 0]);
		self.trees.iter().for_each(|tree| tree.write(&mut bytes));
		bytes
	}

	/// Reads what [`ForestCircuit::to_bytes`] wrote, and checks it against the noise budget.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, if the parameters in them do not satisfy the
	/// noise budget, or if the evaluation would take too much memory.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, ForestCircuitError> {
		let Stored { predicates, outputs, trees, choice, unit_log2, result_bits } =
			Stored::read(bytes).ok_or(ForestCircuitError::Malformed)?;
		check(predicates, outputs, &trees)?;
		let mut circuit = Self::derive(predicates, outputs, trees, choice, Layout::Used)?;
		if !UNITS_LOG2.contains(&unit_log2) {
			return Err(ForestCircuitError::Budget);
		}
		let noise = circuit.noise + circuit.linear_noise(unit_log2);
		circuit.encoding = ResultEncoding::new(unit_log2, result_bits, noise, &circuit.ranges())
			.ok_or(ForestCircuitError::Budget)?;
		check_memory(&circuit)?;
		Ok(circuit)
	}
}
