//! The bytes of network circuits.

use super::{
	Choice, HiddenUnit, NetworkCircuit, NetworkCircuitError, NetworkLayers,
	compile::{MAX_FEATURE_BITS, MAX_FEATURES, MAX_HIDDEN, MAX_OUTPUTS, with_choice},
};
use crate::{
	circuits::bytes::{Reader, write_signed_varint, write_varint},
	math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS},
};
use alloc::vec::Vec;

/// What the bytes of a network say.
pub(super) struct Stored {
	pub layers: NetworkLayers,
	pub choice: Choice,
	unit_log2: u32,
	result_bits: u32,
}

impl Stored {
	pub(super) fn read(bytes: &[u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let (features, hidden) = (reader.count_u16()?, reader.count_u16()?);
		let outputs = reader.count_u16()?;
		let [table_log2, gadget, limb_bits, base, digits, unit_log2, result_bits] =
			reader.array()?;
		let zeros: [u8; 3] = reader.array()?;
		let sizes = features <= MAX_FEATURES && hidden <= MAX_HIDDEN && outputs <= MAX_OUTPUTS;
		let table_len =
			1usize.checked_shl(table_log2.into()).filter(|&len| len <= POLYNOMIAL_SIZE)?;
		let choice = Choice {
			gadget,
			limbs: POLYNOMIAL_SIZE / table_len,
			limb_bits: limb_bits.into(),
			weight_base: base.into(),
			weight_digits: digits.into(),
		};
		let choices = usize::from(gadget) < SELECTOR_GADGETS.len()
			&& (1..=16).contains(&limb_bits)
			&& base % 2 == 1
			&& base >= 3
			&& (1..=20).contains(&digits)
			&& (outputs * usize::from(digits)).next_power_of_two() <= table_len;
		if zeros != [0; 3] || !sizes || !choices {
			return None;
		}
		let feature_bits =
			(0..features).map(|_| read_feature_bits(&mut reader)).collect::<Option<Vec<u32>>>()?;
		let bits: usize = feature_bits.iter().map(|&bits| bits as usize).sum();
		let hidden_units = (0..hidden)
			.map(|_| read_unit(&mut reader, bits, table_len))
			.collect::<Option<Vec<HiddenUnit>>>()?;
		let weights = (0..outputs)
			.map(|_| read_integers(&mut reader, hidden))
			.collect::<Option<Vec<Vec<i32>>>>()?;
		let layers = NetworkLayers { feature_bits, hidden: hidden_units, weights };
		let (unit_log2, result_bits) = (unit_log2.into(), result_bits.into());
		let stored = Self { layers, choice, unit_log2, result_bits };
		reader.rest().is_empty().then_some(stored)
	}
}

fn read_feature_bits(reader: &mut Reader<'_>) -> Option<u32> {
	u32::try_from(reader.varint()?).ok().filter(|&bits| bits <= MAX_FEATURE_BITS)
}

fn read_integer(reader: &mut Reader<'_>) -> Option<i32> {
	i32::try_from(reader.signed_varint()?).ok()
}

fn read_integers(reader: &mut Reader<'_>, count: usize) -> Option<Vec<i32>> {
	(0..count).map(|_| read_integer(reader)).collect()
}

fn read_unit(reader: &mut Reader<'_>, bits: usize, table_len: usize) -> Option<HiddenUnit> {
	let (base, steps) = (read_integer(reader)?, read_integers(reader, bits)?);
	let mut value = 0;
	let table = (0..table_len).map(|_| {
		value += i64::from(read_integer(reader)?);
		u16::try_from(value).ok()
	});
	Some(HiddenUnit { base, steps, table: table.collect::<Option<_>>()? })
}

impl NetworkCircuit {
	/// Fixed fields (features, hidden units, outputs: u16; log2 of the table's length, gadget,
	/// limb bits, weight base, weight digits, unit, result bits: u8; zeros), then as base-128
	/// integers the bits of the features; base, steps and the table's differences of each unit; the
	/// weights.
	pub fn to_bytes(&self) -> Vec<u8> {
		let NetworkLayers { feature_bits, hidden, weights } = &self.layers;
		let mut bytes = Vec::new();
		for count in [feature_bits.len(), hidden.len(), weights.len()] {
			bytes.extend((count as u16).to_le_bytes());
		}
		let Choice { gadget, limb_bits, weight_base, weight_digits, .. } = self.choice;
		bytes.extend([self.table_len().ilog2() as u8, gadget, limb_bits as u8, weight_base as u8]);
		bytes.extend([weight_digits as u8, self.encoding.unit_log2 as u8]);
		bytes.extend([self.encoding.result_bits as u8, 0, 0, 0]);
		for &bits in feature_bits {
			write_varint(bits.into(), &mut bytes);
		}
		for unit in hidden {
			write_signed_varint(unit.base.into(), &mut bytes);
			for &step in &unit.steps {
				write_signed_varint(step.into(), &mut bytes);
			}
			let mut before = 0;
			for &value in &unit.table {
				write_signed_varint(i64::from(value) - before, &mut bytes);
				before = i64::from(value);
			}
		}
		for &weight in weights.iter().flatten() {
			write_signed_varint(weight.into(), &mut bytes);
		}
		bytes
	}

	/// Reads what [`NetworkCircuit::to_bytes`] wrote, and checks it against the noise budget.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, if the parameters in them do not satisfy the
	/// noise budget, or if the evaluation would take too much memory.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, NetworkCircuitError> {
		let Stored { layers, choice, unit_log2, result_bits } =
			Stored::read(bytes).ok_or(NetworkCircuitError::Malformed)?;
		with_choice(layers, choice, unit_log2, result_bits)
	}
}
