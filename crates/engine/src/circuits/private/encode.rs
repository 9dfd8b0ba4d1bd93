//! The bytes of private circuits.

use super::{PrivateCircuit, PrivateCircuitError, Shape};
use crate::{
	circuits::{
		bytes::{Reader, write_varint},
		forest,
		levelled::{ResultEncoding, SanitisedBounds},
		linear::MAX_FEATURES,
		network,
		tree::{MAX_OUTPUTS, MAX_PREDICATES},
	},
	math::{params::POLYNOMIAL_SIZE, selector::SELECTOR_GADGETS},
};
use alloc::{vec, vec::Vec};

/// A forest of before, which takes comparisons that its trees only add at the end of the expansion.
const LATE_FOREST: u8 = 1;
const LINEAR: u8 = 2;
const NETWORK: u8 = 3;
const FOREST: u8 = 4;

/// Most bits of a feature of a private network.
const MAX_NETWORK_BITS: u32 = 8;
/// Most features of a private network.
const MAX_NETWORK_FEATURES: usize = 4096;
/// log2 of the largest integer of a feature of a private linear model.
const MAX_LINEAR_BITS: u32 = 24;

impl PrivateCircuit {
	/// Kind (u8), outputs (u16), log2 of noise, flooding, range of an integer, range of an output, unit; result
	/// bits (u8 each); work, memory (u64); then of a forest its comparisons (u32), gadget, limb bits, limbs
	/// (u8); of a linear model its features (u32), feature bits, limb bits, limbs (u8); of a network gadget,
	/// limb bits, weight base, weight digits (u8), limbs (u16), and as base-128 integers the number of features
	/// and their bits.
	pub fn to_bytes(&self) -> Vec<u8> {
		let kind = match self.shape {
			Shape::Forest { early: true, .. } => FOREST,
			Shape::Forest { early: false, .. } => LATE_FOREST,
			Shape::Linear { .. } => LINEAR,
			Shape::Network { .. } => NETWORK,
		};
		let mut bytes = vec![kind];
		bytes.extend((self.outputs as u16).to_le_bytes());
		let SanitisedBounds { noise_log2, flooding_log2, range_log2 } = self.bounds;
		let ResultEncoding { unit_log2, result_bits, .. } = self.encoding;
		let logarithms =
			[noise_log2, flooding_log2, range_log2, self.output_range_log2, unit_log2, result_bits];
		bytes.extend(logarithms.map(|log2| log2 as u8));
		bytes.extend(self.work.to_le_bytes());
		bytes.extend(self.memory_bytes.to_le_bytes());
		match &self.shape {
			Shape::Forest { comparisons, choice, .. } => {
				bytes.extend((*comparisons as u32).to_le_bytes());
				bytes.extend([choice.gadget, choice.limb_bits as u8, choice.limbs as u8]);
			},
			Shape::Linear { features, feature_bits, limb_bits, limbs } => {
				bytes.extend((*features as u32).to_le_bytes());
				bytes.extend([*feature_bits as u8, *limb_bits as u8, *limbs as u8]);
			},
			Shape::Network { feature_bits, choice } => {
				let network::Choice { gadget, limbs, limb_bits, weight_base, weight_digits } =
					*choice;
				bytes.extend([gadget, limb_bits as u8, weight_base as u8, weight_digits as u8]);
				bytes.extend((limbs as u16).to_le_bytes());
				write_varint(feature_bits.len() as u64, &mut bytes);
				for &bits in feature_bits {
					write_varint(bits.into(), &mut bytes);
				}
			},
		}
		bytes
	}

	/// Reads what [`PrivateCircuit::to_bytes`] wrote.
	///
	/// # Errors
	/// If the bytes are truncated, oversized or malformed, or their bounds leave no room for a result.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, PrivateCircuitError> {
		Self::read(bytes).ok_or(PrivateCircuitError::Malformed)
	}

	fn read(bytes: &[u8]) -> Option<Self> {
		let mut reader = Reader::new(bytes);
		let [kind] = reader.array()?;
		let outputs = reader.count_u16()?;
		let logarithms: [u8; 6] = reader.array()?;
		let [noise_log2, flooding_log2, range_log2, output_range_log2, unit_log2, result_bits] =
			logarithms.map(u32::from);
		let [work, memory_bytes] = [reader.array()?, reader.array()?].map(u64::from_le_bytes);
		let shape = match kind {
			FOREST => read_forest(&mut reader, true),
			LATE_FOREST => read_forest(&mut reader, false),
			LINEAR => read_linear(&mut reader),
			NETWORK => read_network(&mut reader),
			_ => None,
		}?;
		let sizes = (1..=MAX_OUTPUTS).contains(&outputs) && output_range_log2 < 62 && work > 0;
		if !reader.rest().is_empty() || !sizes {
			return None;
		}
		let bounds = SanitisedBounds { noise_log2, flooding_log2, range_log2 };
		let coefficients = shape.coefficients(outputs);
		let encoding = ResultEncoding::sanitised(unit_log2, result_bits, bounds, coefficients)?;
		if let Shape::Network { choice, .. } = &shape {
			let combinations = outputs * choice.weight_digits;
			if combinations.next_power_of_two() > POLYNOMIAL_SIZE / choice.limbs {
				return None;
			}
		}
		Some(Self { shape, outputs, bounds, output_range_log2, encoding, work, memory_bytes })
	}
}

fn has_gadget(gadget: u8) -> bool {
	usize::from(gadget) < SELECTOR_GADGETS.len()
}

fn read_forest(reader: &mut Reader<'_>, early: bool) -> Option<Shape> {
	let comparisons = reader.count_u32()?;
	let [gadget, limb_bits, limbs] = reader.array()?;
	let choice = forest::Choice { gadget, limb_bits: limb_bits.into(), limbs: limbs.into() };
	let fits = (1..=MAX_PREDICATES).contains(&comparisons)
		&& has_gadget(gadget)
		&& (1..=8).contains(&limb_bits)
		&& (1..=36).contains(&limbs);
	fits.then_some(Shape::Forest { comparisons, choice, early })
}

fn read_linear(reader: &mut Reader<'_>) -> Option<Shape> {
	let features = reader.count_u32()?;
	let [feature_bits, limb_bits, limbs] = reader.array()?;
	let fits = (1..=MAX_FEATURES).contains(&features)
		&& u32::from(feature_bits) <= MAX_LINEAR_BITS
		&& (2..=8).contains(&limb_bits)
		&& (1..=18).contains(&limbs);
	let (feature_bits, limb_bits, limbs) = (feature_bits.into(), limb_bits.into(), limbs.into());
	fits.then_some(Shape::Linear { features, feature_bits, limb_bits, limbs })
}

fn read_network(reader: &mut Reader<'_>) -> Option<Shape> {
	let [gadget, limb_bits, weight_base, weight_digits] = reader.array()?;
	let limbs = reader.count_u16()?;
	let features = usize::try_from(reader.varint()?).ok()?;
	let fits = has_gadget(gadget)
		&& (1..=16).contains(&limb_bits)
		&& weight_base % 2 == 1
		&& weight_base >= 3
		&& (1..=20).contains(&weight_digits)
		&& limbs.is_power_of_two()
		&& limbs <= POLYNOMIAL_SIZE / 32
		&& (1..=MAX_NETWORK_FEATURES).contains(&features);
	if !fits {
		return None;
	}
	let feature_bits = (0..features)
		.map(|_| u32::try_from(reader.varint()?).ok().filter(|&bits| bits <= MAX_NETWORK_BITS))
		.collect::<Option<Vec<u32>>>()?;
	let choice = network::Choice {
		gadget,
		limbs,
		limb_bits: limb_bits.into(),
		weight_base: weight_base.into(),
		weight_digits: weight_digits.into(),
	};
	(feature_bits.iter().sum::<u32>() > 0).then_some(Shape::Network { feature_bits, choice })
}
