//! Linear circuits whose weights are encrypted, too.

use crate::{
	entities::{input::EncryptedInput, result::EncryptedResult},
	math::{
		bits::{pack, packed_len, unpack},
		params::MODULUS,
	},
	noise::Variance,
};

/// A matrix of encrypted integer weights for encrypted integers.
///
/// Both are cut into signed limbs of `limb_bits` bits, and a limb lies `shift` bits above the noise
/// of its encryption. A collator multiplies bodies with bodies: of the phases
/// (2^shift x + e)(2^shift w + f) it computes the part that needs no secret, and the owner of the
/// client key, who knows all masks, the rest. Products of limbs of one significance are added up,
/// over as many features (a block) as the noise allows.
///
/// Everything but the ciphertexts follows from the numbers of features and outputs, so the bytes
/// tell nothing else of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct EncryptedLinearCircuit {
	shape: LinearShape,
	/// Seed of the masks of the weights.
	pub(crate) mask_seed: [u8; 16],
	/// `outputs` times `weight_limbs` rows of `features` residues.
	pub(crate) bodies: Vec<u64>,
}

/// Why a linear circuit with encrypted weights cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptedLinearError {
	/// No feature, no output, or more than the format allows.
	#[error(
		"an encrypted linear model has 1 to 16384 features and 1 to 1024 outputs, at most 262144 weights"
	)]
	Size,
	/// The noise leaves no room for messages.
	#[error("the noise of products of ciphertexts leaves no room for messages below 2^51")]
	NoRoom,
	/// A weight of 24 bits or more.
	#[error("weight {0} is too large to be encrypted")]
	WeightTooLarge(usize),
	/// The bytes are truncated or malformed.
	#[error("the circuit's bytes are truncated or malformed")]
	Malformed,
}

/// Bits of an integer input with its sign: the same for all models.
pub(crate) const INPUT_BITS: u32 = 35;
/// Bits of an integer weight with its sign: the same for all models.
pub(crate) const WEIGHT_BITS: u32 = 24;
/// Larger limbs than this would leave no room for even one feature.
const LIMB_BITS: std::ops::RangeInclusive<u32> = 2..=8;
const MAX_OUTPUTS: usize = 1024;
const MAX_WEIGHTS: usize = 1 << 18;
const FIXED_BYTES: usize = 8 + 16;

/// What follows from the numbers of features and outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinearShape {
	pub features: usize,
	pub outputs: usize,
	block: usize,
	limb_bits: u32,
	shift: u32,
	noise: Variance,
}

impl LinearShape {
	/// Takes the blocks and limbs with which input and result are smallest.
	pub fn new(features: usize, outputs: usize) -> Result<Self, EncryptedLinearError> {
		let sizes = (1..=super::linear::MAX_FEATURES).contains(&features)
			&& (1..=MAX_OUTPUTS).contains(&outputs);
		if !sizes || features * outputs > MAX_WEIGHTS {
			return Err(EncryptedLinearError::Size);
		}
		let shapes = (0..=features.ilog2()).flat_map(|halvings| {
			let block = features.div_ceil(1 << halvings);
			LIMB_BITS
				.filter_map(move |limb_bits| Self::fitting(features, outputs, block, limb_bits))
		});
		let residues = |shape: &Self| {
			let results = input_limbs(shape.limb_bits) + weight_limbs(shape.limb_bits) - 1;
			let blocks = features.div_ceil(shape.block);
			features * input_limbs(shape.limb_bits) + outputs * results * blocks
		};
		shapes.min_by_key(residues).ok_or(EncryptedLinearError::NoRoom)
	}

	fn fitting(features: usize, outputs: usize, block: usize, limb_bits: u32) -> Option<Self> {
		let products = block * weight_limbs(limb_bits).min(input_limbs(limb_bits));
		let noise_for =
			|shift: u32| Variance::product_of_fresh(shift + limb_bits - 1).times(products as f64);
		let shift = (0..=24).find(|&shift| noise_for(shift).fits(2 * shift))?;
		let largest = (products as u128) << (2 * (limb_bits - 1) + 2 * shift);
		let fits = 2 * largest + (1 << (2 * shift)) < u128::from(MODULUS);
		let noise = noise_for(shift);
		fits.then_some(Self { features, outputs, block, limb_bits, shift, noise })
	}

	pub fn limb_bits(&self) -> u32 {
		self.limb_bits
	}

	pub fn shift(&self) -> u32 {
		self.shift
	}

	pub fn weight_limbs(&self) -> usize {
		weight_limbs(self.limb_bits)
	}

	/// Residues of all weights.
	pub fn weights(&self) -> usize {
		self.features * self.outputs * self.weight_limbs()
	}

	/// A circuit of this shape.
	pub fn with_weights(self, mask_seed: [u8; 16], bodies: Vec<u64>) -> EncryptedLinearCircuit {
		EncryptedLinearCircuit { shape: self, mask_seed, bodies }
	}
}

const fn input_limbs(limb_bits: u32) -> usize {
	INPUT_BITS.div_ceil(limb_bits) as usize
}

const fn weight_limbs(limb_bits: u32) -> usize {
	WEIGHT_BITS.div_ceil(limb_bits) as usize
}

impl EncryptedLinearCircuit {
	/// Number of encrypted integers.
	pub fn features(&self) -> usize {
		self.shape.features
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.shape.outputs
	}

	/// Bits of a limb.
	pub fn limb_bits(&self) -> u32 {
		self.shape.limb_bits
	}

	/// Limbs of an integer input.
	pub fn input_limbs(&self) -> usize {
		input_limbs(self.shape.limb_bits)
	}

	/// Limbs of a weight.
	pub fn weight_limbs(&self) -> usize {
		weight_limbs(self.shape.limb_bits)
	}

	/// Features that are summed up to one integer of a result.
	pub(crate) fn block(&self) -> usize {
		self.shape.block
	}

	/// Integers in a result.
	pub fn results(&self) -> usize {
		self.shape.outputs * self.shape.features.div_ceil(self.shape.block) * self.result_limbs()
	}

	/// Integers in a result for each output and block, of ascending significance.
	pub fn result_limbs(&self) -> usize {
		self.input_limbs() + self.weight_limbs() - 1
	}

	/// Bits by which limbs are shifted before encryption.
	pub fn message_shift(&self) -> u32 {
		self.shape.shift
	}

	/// Slots of an input: for each limb one slot per feature.
	pub fn slots(&self) -> usize {
		self.shape.features * self.input_limbs()
	}

	/// Largest absolute value of an input.
	pub fn largest_input(&self) -> i64 {
		(1 << (INPUT_BITS - 1)) - 1
	}

	/// Largest absolute value of an integer of a result: a sum of products of limbs.
	pub(crate) fn largest_limb(&self) -> i64 {
		let products = self.block() * self.weight_limbs().min(self.input_limbs());
		(products as i64) << (2 * (self.limb_bits() - 1))
	}

	/// Noise that no honest result exceeds.
	pub(crate) fn noise_tolerance(&self) -> u64 {
		self.shape.noise.tolerance()
	}

	/// Largest absolute value of an output for inputs of at most this absolute value, whatever the weights
	/// are.
	pub fn largest_output(&self, largest_inputs: impl Iterator<Item = i64>) -> i64 {
		let largest_weight = (1i64 << (WEIGHT_BITS - 1)) - 1;
		largest_inputs.fold(0, |sum: i64, x| sum.saturating_add(x.saturating_mul(largest_weight)))
	}

	/// Lowest and highest value of each output, whatever inputs and weights are.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let inputs = std::iter::repeat_n(self.largest_input(), self.features());
		let largest = self.largest_output(inputs);
		vec![(-largest, largest); self.outputs()]
	}

	/// Predicted standard deviation of the result's noise, log2 relative to q.
	pub fn noise_log2(&self) -> f64 {
		self.shape.noise.log2_relative()
	}

	/// Half a unit, which the noise may not exceed, log2 relative to q.
	pub fn budget_log2(&self) -> f64 {
		f64::from(2 * self.shape.shift) - 1.0 - (MODULUS as f64).log2()
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.slots())
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		EncryptedResult::encoded_len(self.results())
	}

	/// Multiplications modulo q of one evaluation.
	pub fn multiplications(&self) -> u64 {
		(self.bodies.len() * self.input_limbs()) as u64
	}

	/// Puts the integers of a result together: one per output.
	pub(crate) fn combine(&self, limbs: &[i64]) -> Vec<i64> {
		let blocks = super::limbs::combine(limbs, self.shape.limb_bits, self.result_limbs());
		let sums = blocks.chunks_exact(self.shape.features.div_ceil(self.shape.block));
		sums.map(|blocks| blocks.iter().fold(0, |sum: i64, &block| sum.wrapping_add(block)))
			.collect()
	}

	/// Features and outputs (u32), the seed of the masks, the residues packed at 51 bits.
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(FIXED_BYTES + packed_len(self.bodies.len()));
		bytes.extend((self.shape.features as u32).to_le_bytes());
		bytes.extend((self.shape.outputs as u32).to_le_bytes());
		bytes.extend(self.mask_seed);
		pack(&self.bodies, &mut bytes);
		bytes
	}

	/// Reads what [`EncryptedLinearCircuit::to_bytes`] wrote.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncryptedLinearError> {
		let malformed = EncryptedLinearError::Malformed;
		let (counts, rest) = bytes.split_first_chunk::<8>().ok_or(malformed)?;
		let (mask_seed, packed) = rest.split_first_chunk::<16>().ok_or(malformed)?;
		let [f0, f1, f2, f3, o0, o1, o2, o3] = *counts;
		let features = u32::from_le_bytes([f0, f1, f2, f3]) as usize;
		let outputs = u32::from_le_bytes([o0, o1, o2, o3]) as usize;
		let shape = LinearShape::new(features, outputs)?;
		let bodies = unpack(packed, shape.weights()).map_err(|_| malformed)?;
		Ok(shape.with_weights(*mask_seed, bodies))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shapes_fit_up_to_thousands_of_features() {
		for features in [1, 4, 30, 64, 784, 2048, 16384] {
			let shape = LinearShape::new(features, 10).unwrap();
			let LinearShape { block, limb_bits, shift, .. } = shape;
			println!("{features}: blocks of {block}, limbs of {limb_bits} bits, shift {shift}");
			assert!(shape.noise.fits(2 * shape.shift));
		}
		assert!(matches!(LinearShape::new(0, 1), Err(EncryptedLinearError::Size)));
		assert!(matches!(LinearShape::new(16384, 17), Err(EncryptedLinearError::Size)));
	}
}
