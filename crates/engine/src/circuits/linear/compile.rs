//! From weights and biases to digits, and the shift above their noise.

use super::{LinearCircuit, LinearCircuitError, MAX_FEATURES};
use crate::{circuits::limbs, math::params::MODULUS, noise::NoiseBound};
use alloc::{vec, vec::Vec};

const MAX_OUTPUTS: usize = 1024;
const MAX_WEIGHTS: usize = 1 << 18;
const MAX_BIAS_LOG2: u32 = 60;

impl LinearCircuit {
	/// A circuit from `weights` (row-major, one row of `features` per output) and `bias` (one per
	/// output), whose weights are cut into `limbs` limbs of `limb_bits` bits.
	///
	/// # Errors
	/// If there are too few or too many features, outputs, weights or limbs, if a weight or bias is too
	/// large for the limbs, or if the noise leaves no room for messages.
	///
	/// # Examples
	/// ```
	/// use fhe_ml_engine::{Circuit, LinearCircuit};
	///
	/// // Two outputs of three features: 3 x0 - 2 x2 + 10 and x1.
	/// let circuit = LinearCircuit::new(3, 8, 1, vec![3, 0, -2, 0, 1, 0], vec![10, 0])?;
	/// assert_eq!(Circuit::Linear(circuit).evaluate_clear(&[100, 20, 30])?, vec![250, 20]);
	/// # Ok::<(), Box<dyn std::error::Error>>(())
	/// ```
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
}

pub(super) fn check_size(features: usize, outputs: usize) -> Result<(), LinearCircuitError> {
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
}
