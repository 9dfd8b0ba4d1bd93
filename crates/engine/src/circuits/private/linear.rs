//! Private linear models: an inner product that leaves the masks' combination in the ciphertext.
//!
//! For a public linear model the user combines the masks, since they know the weights. Here a row of digits w
//! gives a ciphertext (A w(1/X), B w(1/X)) whose coefficient 0 is the inner product. Rows that lie in windows of S
//! coefficients, a power of two no smaller than the number of features, do not meet: sum of X^(k S) w_k(1/X) has
//! the inner product with row k in coefficient k S. What does not fit one ciphertext that way is packed, which
//! costs a noise that leaves less room.

use super::windows::Windows;
use crate::{
	algorithms::packing::{pack, packing_inverse},
	circuits::{
		levelled::cost::packing_switches,
		limbs,
		linear::{LinearCircuitError, MAX_FEATURES},
	},
	entities::{input::EncryptedInput, prepared_server_key::PreparedServerKey, rlwe::Rlwe},
	math::{modular, params::POLYNOMIAL_SIZE, ring::Polynomial},
	sampling,
	threads::*,
};

/// Rows of integer weights, and a bias each.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateLinear {
	features: usize,
	/// `features` integers per output.
	weights: Vec<i32>,
	bias: Vec<i64>,
}

impl PrivateLinear {
	/// `weights` are row-major, one row of `features` per output; there is one `bias` per output.
	///
	/// # Errors
	/// If there are no features or outputs or too many of them, or not one weight for each of both.
	pub fn new(
		features: usize,
		weights: Vec<i32>,
		bias: Vec<i64>,
	) -> Result<Self, LinearCircuitError> {
		let sizes =
			(1..=MAX_FEATURES).contains(&features) && (1..=POLYNOMIAL_SIZE).contains(&bias.len());
		if !sizes {
			return Err(LinearCircuitError::Size);
		}
		if weights.len() != features * bias.len() {
			return Err(LinearCircuitError::Shape);
		}
		if let Some(at) = bias.iter().position(|bias| bias.unsigned_abs() >> 50 != 0) {
			return Err(LinearCircuitError::BiasTooLarge(at));
		}
		Ok(Self { features, weights, bias })
	}

	/// Number of features.
	pub fn features(&self) -> usize {
		self.features
	}

	/// `outputs` rows of `features` weights.
	pub fn weights(&self) -> &[i32] {
		&self.weights
	}

	/// One per output.
	pub fn bias(&self) -> &[i64] {
		&self.bias
	}

	/// Number of outputs.
	pub(super) fn outputs(&self) -> usize {
		self.bias.len()
	}

	/// Bits of the largest weight, with sign.
	pub(super) fn weight_bits(&self) -> u32 {
		33 - self.weights.iter().map(|w| w.unsigned_abs().leading_zeros()).min().unwrap_or(32)
	}

	/// For every output and limb the digits of the weights and that of the bias.
	pub(super) fn digits(&self, limb_bits: u32, limbs: usize) -> Vec<(Vec<i64>, i64)> {
		let rows = self.weights.chunks_exact(self.features).zip(&self.bias);
		rows.flat_map(|(row, &bias)| {
			let weights: Vec<Vec<i64>> = row
				.iter()
				.map(|&weight| limbs::split(weight.into(), limb_bits, limbs).collect())
				.collect();
			let biases = limbs::split(bias, limb_bits, limbs).collect::<Vec<_>>();
			(0..limbs).map(move |limb| {
				let digit = |weight: &Vec<i64>| weight.get(limb).copied().unwrap_or_default();
				(weights.iter().map(digit).collect(), biases.get(limb).copied().unwrap_or_default())
			})
		})
		.collect()
	}

	/// The outputs on integers.
	pub fn evaluate_clear(&self, x: &[i64]) -> Vec<i64> {
		let rows = self.weights.chunks_exact(self.features).zip(&self.bias);
		rows.map(|(row, &bias)| {
			row.iter().zip(x).fold(bias, |sum, (&weight, &x)| {
				sum.wrapping_add(i64::from(weight).wrapping_mul(x))
			})
		})
		.collect()
	}

	/// Microseconds of one core: products and transforms, then the packing.
	pub(super) fn microseconds(&self, limbs: usize) -> u64 {
		let ciphertexts = Windows::new(self.features, self.outputs() * limbs).ciphertexts();
		let polynomials = self.features.div_ceil(POLYNOMIAL_SIZE) as u64;
		let switches = if ciphertexts == 1 { 0 } else { packing_switches(ciphertexts) };
		100 + 60 * polynomials + ciphertexts as u64 * (30 + 20 * polynomials) + 120 * switches
	}

	/// The ciphertext with all integers of a result.
	pub(super) fn evaluate_ciphertext(
		&self,
		limb_bits: u32,
		limbs: usize,
		unit_log2: u32,
		key: &PreparedServerKey,
		input: &EncryptedInput,
	) -> Vec<u64> {
		let seed = input.prefix.mask_seed;
		let parts: Vec<Rlwe> = input
			.bodies
			.chunks(POLYNOMIAL_SIZE)
			.zip(0..)
			.map(|(bodies, index)| {
				let mask = sampling::mask(&seed, index).into_ntt();
				let body = Polynomial::from(bodies.to_vec()).into_ntt();
				Rlwe::from([mask.as_ref(), body.as_ref()].concat())
			})
			.collect();
		let digits = self.digits(limb_bits, limbs);
		let windows = Windows::new(self.features, digits.len());
		let product = |rows: &[(Vec<i64>, i64)]| {
			let mut sum = Rlwe::zero();
			for (index, part) in parts.iter().enumerate() {
				let mut factor = Polynomial::zero();
				for (number, (row, _)) in rows.iter().enumerate() {
					let weights = row.chunks(POLYNOMIAL_SIZE).nth(index).unwrap_or_default();
					write_reversed(weights, number << windows.stride_log2, &mut factor);
				}
				let mut product = part.clone();
				product.mul_assign(&factor.into_ntt());
				sum.add_assign(&product);
			}
			sum.into_coefficients()
		};
		let products = digits.par_chunks(windows.per_ciphertext()).map(product);
		let mut coefficients = if windows.ciphertexts() == 1 {
			products.flatten().collect::<Vec<u64>>()
		} else {
			let steps = windows.stride_log2;
			let factor = packing_inverse(steps);
			let scaled = products.map(|product| {
				product.into_iter().map(|value| modular::mul(value, factor)).collect()
			});
			pack(key, scaled.collect(), steps).into_coefficients()
		};
		for ((_, bias), at) in digits.iter().zip(windows.positions()) {
			let body = &mut coefficients[POLYNOMIAL_SIZE + at];
			*body = modular::add(*body, modular::from_signed(i128::from(*bias) << unit_log2));
		}
		coefficients
	}
}

/// Adds X^`shift` w(1/X) to a polynomial; X^-1 = -X^(N - 1).
fn write_reversed(weights: &[i64], shift: usize, polynomial: &mut Polynomial) {
	for (at, &weight) in weights.iter().enumerate() {
		let (to, weight) = match shift.checked_sub(at) {
			Some(to) => (to, weight),
			None => (POLYNOMIAL_SIZE + shift - at, -weight),
		};
		let value = &mut polynomial.as_mut()[to];
		*value = modular::add(*value, modular::from_signed(weight.into()));
	}
}
