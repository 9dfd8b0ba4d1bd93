//! Linear circuits: outputs that are integer combinations of encrypted integers.

use crate::{
	entities::{input::EncryptedInput, limbs, result::EncryptedResult},
	math::params::MODULUS,
	noise::NoiseBound,
};

/// A matrix of integer weights and a vector of integer biases.
///
/// A weight is cut into `limbs` signed digits of `limb_bits` bits, and each output is computed once
/// per limb: `result[c][j] = sum_i digit_j(w[c][i]) x[i]`, from which the client puts
/// `sum_i w[c][i] x[i]` together. Smaller digits make less noise, so the messages can be larger.
///
/// Messages are shifted by [`LinearCircuit::message_shift`] bits, which puts the worst-case noise
/// below one half: decryption is exact with certainty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinearCircuit {
	features: usize,
	limb_bits: u32,
	limbs: usize,
	/// `outputs` rows of `features` weights.
	weights: Vec<i32>,
	/// One per output.
	bias: Vec<i64>,
	/// `outputs * limbs` rows of `features` digits; row `c * limbs + j` is limb j of output c.
	pub(crate) digits: Vec<i8>,
	/// One per row of digits.
	pub(crate) digit_bias: Vec<i64>,
	shift: u32,
	capacity: i64,
}

/// Why a linear circuit cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinearCircuitError {
	/// No feature, no output, or more than the format allows.
	#[error(
		"a linear circuit has 1 to 16384 features and 1 to 1024 outputs, at most 262144 weights"
	)]
	Size,
	/// The number of weights is not features times outputs.
	#[error("a linear circuit needs a weight for every feature and output")]
	Shape,
	/// Digits that the format does not have.
	#[error("limbs have 2 to 8 bits, and all limbs together at most 32")]
	Limbs,
	/// A weight has more bits than the limbs.
	#[error("weight {0} does not fit the limbs")]
	WeightTooLarge(usize),
	/// A bias of 2^60 or more.
	#[error("bias {0} is too large")]
	BiasTooLarge(usize),
	/// The noise leaves no room for messages.
	#[error("noise up to 2^{noise_log2} leaves no room for messages below 2^51")]
	NoRoom {
		/// Logarithm of the largest noise.
		noise_log2: u32,
	},
	/// The bytes are truncated or oversized.
	#[error("the circuit is {found} bytes long instead of {wanted}")]
	WrongLength {
		/// Bytes that are there.
		found: usize,
		/// Bytes that there should be.
		wanted: usize,
	},
}

/// Most features of a circuit: eight GLWEs.
pub const MAX_FEATURES: usize = 8 * crate::math::params::POLYNOMIAL_SIZE;
const MAX_OUTPUTS: usize = 1024;
const MAX_WEIGHTS: usize = 1 << 18;
const MAX_BIAS_LOG2: u32 = 60;
const FIXED_BYTES: usize = 12;

impl LinearCircuit {
	/// A circuit from `weights` (row-major, one row per output) and `bias` (one per output).
	pub fn new(
		features: usize,
		limb_bits: u32,
		limbs: usize,
		weights: Vec<i32>,
		bias: Vec<i64>,
	) -> Result<Self, LinearCircuitError> {
		let outputs = bias.len();
		check_size(features, outputs)?;
		if weights.len() != features * outputs {
			return Err(LinearCircuitError::Shape);
		}
		if !(2..=8).contains(&limb_bits) || limbs == 0 || limb_bits as usize * limbs > 32 {
			return Err(LinearCircuitError::Limbs);
		}
		if let Some(at) = bias.iter().position(|bias| bias.unsigned_abs() >> MAX_BIAS_LOG2 != 0) {
			return Err(LinearCircuitError::BiasTooLarge(at));
		}
		let mut digits = vec![0i8; weights.len() * limbs];
		let mut l1_norms = vec![0u64; outputs * limbs];
		for (at, &weight) in weights.iter().enumerate() {
			let (output, feature) = (at / features, at % features);
			for (limb, digit) in limbs::split(weight.into(), limb_bits, limbs).enumerate() {
				let row = output * limbs + limb;
				let in_limb = digit.abs() <= 1 << (limb_bits - 1);
				digits[row * features + feature] = i8::try_from(digit)
					.ok()
					.filter(|_| in_limb)
					.ok_or(LinearCircuitError::WeightTooLarge(at))?;
				l1_norms[row] += digit.unsigned_abs();
			}
		}
		let digit_bias =
			bias.iter().flat_map(|&bias| limbs::split(bias, limb_bits, limbs)).collect::<Vec<_>>();
		let noise =
			NoiseBound::of_inner_product(l1_norms.iter().copied().max().unwrap_or_default());
		let shift = noise.shift();
		let capacity = (MODULUS / 2).saturating_sub(noise.0).checked_shr(shift).unwrap_or(0);
		if capacity < 2 {
			return Err(LinearCircuitError::NoRoom { noise_log2: noise.shift() });
		}
		let capacity = capacity as i64 - 1;
		Ok(Self { features, limb_bits, limbs, weights, bias, digits, digit_bias, shift, capacity })
	}

	/// Number of encrypted integers.
	pub fn features(&self) -> usize {
		self.features
	}

	/// Number of integers that decryption gives.
	pub fn outputs(&self) -> usize {
		self.bias.len()
	}

	/// `outputs` rows of `features` weights.
	pub fn weights(&self) -> &[i32] {
		&self.weights
	}

	/// One bias per output.
	pub fn bias(&self) -> &[i64] {
		&self.bias
	}

	/// Bits of a limb.
	pub fn limb_bits(&self) -> u32 {
		self.limb_bits
	}

	/// Limbs of a weight.
	pub fn limbs(&self) -> usize {
		self.limbs
	}

	/// Bits by which messages are shifted above the noise.
	pub fn message_shift(&self) -> u32 {
		self.shift
	}

	/// Largest absolute value that one limb of an output can have.
	pub fn capacity(&self) -> i64 {
		self.capacity
	}

	/// Largest sum of absolute digits of a row.
	pub fn largest_l1_norm(&self) -> u64 {
		let rows = self.digits.chunks_exact(self.features);
		let norms = rows.map(|row| row.iter().map(|d| u64::from(d.unsigned_abs())).sum());
		norms.max().unwrap_or_default()
	}

	/// Exact length of an input in bytes.
	pub fn input_bytes(&self) -> usize {
		EncryptedInput::encoded_len(self.features)
	}

	/// Exact length of a result in bytes.
	pub fn result_bytes(&self) -> usize {
		EncryptedResult::encoded_len(self.digit_bias.len())
	}

	/// Multiplications of one evaluation.
	pub fn multiplications(&self) -> u64 {
		self.digits.len() as u64
	}

	/// The outputs limb by limb on integers, or the number of the first output that one limb of
	/// which exceeds [`LinearCircuit::capacity`].
	pub fn evaluate_limbs(&self, x: &[i64]) -> Result<Vec<i64>, usize> {
		let rows = self.digits.chunks_exact(self.features).zip(&self.digit_bias).enumerate();
		rows.map(|(row, (digits, &bias))| {
			let sum = digits
				.iter()
				.zip(x)
				.fold(i128::from(bias), |sum, (&d, &x)| sum + i128::from(d) * i128::from(x));
			i64::try_from(sum)
				.ok()
				.filter(|sum| sum.unsigned_abs() <= self.capacity as u64)
				.ok_or(row / self.limbs)
		})
		.collect()
	}

	/// Lowest and highest value of each output for inputs that may be encrypted.
	pub fn output_ranges(&self) -> Vec<(i64, i64)> {
		let limb = |limb| self.capacity.saturating_mul(1i64 << (limb * self.limb_bits));
		let largest = (0..self.limbs as u32).map(limb).fold(0, i64::saturating_add);
		vec![(-largest, largest); self.outputs()]
	}

	/// Puts the limbs of the outputs together.
	pub fn combine(&self, limbs: &[i64]) -> Vec<i64> {
		limbs::combine(limbs, self.limb_bits, self.limbs)
	}

	/// Features, outputs (u32), bits of a limb, limbs (u8), two zeros, weights (i32), biases (i64).
	pub fn to_bytes(&self) -> Vec<u8> {
		let mut bytes = Vec::with_capacity(encoded_len(self.features, self.outputs()));
		bytes.extend((self.features as u32).to_le_bytes());
		bytes.extend((self.outputs() as u32).to_le_bytes());
		bytes.extend([self.limb_bits as u8, self.limbs as u8, 0, 0]);
		bytes.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
		bytes.extend(self.bias.iter().flat_map(|bias| bias.to_le_bytes()));
		bytes
	}

	/// Reads what [`LinearCircuit::to_bytes`] wrote.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinearCircuitError> {
		let too_short = LinearCircuitError::WrongLength { found: bytes.len(), wanted: FIXED_BYTES };
		let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>().ok_or(too_short)?;
		let [f0, f1, f2, f3, o0, o1, o2, o3, limb_bits, limbs, zero0, zero1] = *fixed;
		let features = u32::from_le_bytes([f0, f1, f2, f3]) as usize;
		let outputs = u32::from_le_bytes([o0, o1, o2, o3]) as usize;
		check_size(features, outputs)?;
		if (zero0, zero1) != (0, 0) {
			return Err(LinearCircuitError::Limbs);
		}
		let wanted = encoded_len(features, outputs);
		if bytes.len() != wanted {
			return Err(LinearCircuitError::WrongLength { found: bytes.len(), wanted });
		}
		let (weights, bias) = rest.split_at(features * outputs * 4);
		let (weights, _) = weights.as_chunks::<4>();
		let (bias, _) = bias.as_chunks::<8>();
		Self::new(
			features,
			limb_bits.into(),
			limbs.into(),
			weights.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect(),
			bias.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
		)
	}
}

const fn encoded_len(features: usize, outputs: usize) -> usize {
	FIXED_BYTES + features * outputs * 4 + outputs * 8
}

fn check_size(features: usize, outputs: usize) -> Result<(), LinearCircuitError> {
	let sizes_fit = (1..=MAX_FEATURES).contains(&features) && (1..=MAX_OUTPUTS).contains(&outputs);
	if sizes_fit && features * outputs <= MAX_WEIGHTS {
		Ok(())
	} else {
		Err(LinearCircuitError::Size)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn limbs_put_together_give_the_plain_product(
			weights in proptest::collection::vec(-(1 << 22)..(1i32 << 22), 6),
			bias in proptest::collection::vec(-(1i64 << 40)..(1i64 << 40), 2),
			x in proptest::collection::vec(-(1i64 << 20)..(1i64 << 20), 3),
		) {
			let circuit = LinearCircuit::new(3, 8, 3, weights.clone(), bias.clone()).unwrap();
			let limbs = circuit.evaluate_limbs(&x).unwrap();
			let expected: Vec<i64> = weights
				.chunks(3)
				.zip(&bias)
				.map(|(w, b)| w.iter().zip(&x).map(|(&w, x)| i64::from(w) * x).sum::<i64>() + b)
				.collect();
			prop_assert_eq!(circuit.combine(&limbs), expected);
		}

		#[test]
		fn bytes_read_back(
			weights in proptest::collection::vec(-30_000..30_000i32, 8),
			bias in proptest::collection::vec(-(1i64 << 59)..(1i64 << 59), 2),
		) {
			let circuit = LinearCircuit::new(4, 8, 2, weights, bias).unwrap();
			prop_assert_eq!(LinearCircuit::from_bytes(&circuit.to_bytes()), Ok(circuit));
		}

		#[test]
		fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
			let _ = LinearCircuit::from_bytes(&bytes);
		}
	}

	#[test]
	fn impossible_circuits_are_refused() {
		let new = LinearCircuit::new;
		assert_eq!(new(0, 8, 1, vec![], vec![0]), Err(LinearCircuitError::Size));
		assert_eq!(new(2, 8, 1, vec![1], vec![0]), Err(LinearCircuitError::Shape));
		assert_eq!(new(1, 9, 1, vec![1], vec![0]), Err(LinearCircuitError::Limbs));
		assert_eq!(new(1, 8, 0, vec![1], vec![0]), Err(LinearCircuitError::Limbs));
		assert_eq!(new(1, 8, 1, vec![200], vec![0]), Err(LinearCircuitError::WeightTooLarge(0)));
		assert_eq!(new(1, 8, 1, vec![1], vec![i64::MIN]), Err(LinearCircuitError::BiasTooLarge(0)));
	}

	#[test]
	fn truncated_and_oversized_bytes_are_refused() {
		let circuit = LinearCircuit::new(2, 8, 1, vec![1, 2], vec![3]).unwrap();
		let mut bytes = circuit.to_bytes();
		bytes.push(0);
		for len in (0..bytes.len() - 1).chain([bytes.len()]) {
			assert!(LinearCircuit::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
		}
	}
}
