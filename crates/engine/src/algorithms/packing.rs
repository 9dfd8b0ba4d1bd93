//! Packing of ciphertexts into one.
//!
//! Chen, Dai, Kim, Song, "Efficient homomorphic conversion between (ring) LWE ciphertexts" (2021),
//! section 4 (PackLWEs). Step l applies s_l: X -> X^(N/2^l + 1), which keeps X^(2^(l+1) k) and
//! negates X^(2^l (2k + 1)). Two ciphertexts c, d of which only coefficients at multiples of
//! 2^(l+1) matter become (c + X^(2^l) d) + s_l(c - X^(2^l) d): those of c, doubled, and those of d,
//! doubled and moved by 2^l. A single ciphertext becomes c + s_l(c). The steps go down to l = 0;
//! together they erase all other coefficients.

use crate::threads::*;
use crate::{
	entities::{prepared_server_key::PreparedServerKey, rlwe::Rlwe},
	math::{
		kernels::{Rows, accumulate_products, transformed_digits},
		modular,
		params::{EXPANSION_STAGES, MODULUS, POLYNOMIAL_SIZE},
		ring::{self, NttAutomorphism, NttPolynomial},
	},
};
use alloc::{vec, vec::Vec};

/// The coefficient to which coefficient 0 of ciphertext number `number` goes.
pub(crate) fn packed_position(number: usize, steps: u32) -> usize {
	number.reverse_bits() >> (usize::BITS - steps)
}

/// What ciphertexts are multiplied by before they are packed: packing doubles what it keeps once per
/// step.
pub(crate) fn packing_inverse(steps: u32) -> u64 {
	modular::pow(modular::pow(2, steps.into()), MODULUS - 2)
}

/// Packs ciphertexts (coefficients of mask and body): coefficient k 2^`steps` of each goes to
/// [`packed_position`] + k 2^`steps`, times 2^`steps`. There may be at most 2^`steps` of them.
pub(crate) fn pack(key: &PreparedServerKey, ciphertexts: Vec<Vec<u64>>, steps: u32) -> Rlwe {
	let level =
		ciphertexts.into_par_iter().map(|coefficients| Some(Rlwe::from_coefficients(coefficients)));
	merged(&all_steps(key, steps), level.collect()).unwrap_or_else(Rlwe::zero)
}

/// As [`pack`], of `count` ciphertexts that are made when it is their turn: few are there at one time.
pub(crate) fn pack_each(
	key: &PreparedServerKey,
	count: usize,
	ciphertext: impl Fn(usize) -> Vec<u64> + Sync,
	steps: u32,
) -> Rlwe {
	let steps = all_steps(key, steps);
	let (of_all, of_block) = steps.split_at(steps.len().saturating_sub(BLOCK.ilog2() as usize));
	let block = |first: usize| {
		let numbers = first..(first + BLOCK).min(count);
		merged(
			of_block,
			numbers.map(|number| Some(Rlwe::from_coefficients(ciphertext(number)))).collect(),
		)
	};
	let firsts: Vec<usize> = (0..count).step_by(BLOCK).collect();
	let blocks = firsts.into_par_iter().map(block).collect();
	merged(of_all, blocks).unwrap_or_else(Rlwe::zero)
}

/// A packing that takes one ciphertext after the other, and can rest between them: what [`pack_each`] gives.
pub(crate) struct Packer<'a> {
	steps: Vec<PackingStep<'a>>,
	/// What has been merged, with how often; ever less often, as the digits of a binary counter.
	merged: Vec<(usize, Rlwe)>,
}

impl<'a> Packer<'a> {
	/// Goes on from what [`Packer::rest`] gave; from nothing, it starts.
	pub fn new(key: &'a PreparedServerKey, steps: u32, rested: Vec<(usize, Vec<u64>)>) -> Self {
		let merged = rested
			.into_iter()
			.map(|(times, rest)| (times, Rlwe::from_coefficients(rest)))
			.collect();
		Self { steps: all_steps(key, steps), merged }
	}

	/// Takes the coefficients of the next ciphertext. There may be at most 2^`steps` of them.
	pub fn push(&mut self, ciphertext: Vec<u64>) {
		let (mut times, mut odd) = (0, Rlwe::from_coefficients(ciphertext));
		while let Some((_, even)) = self.merged.pop_if(|(other, _)| *other == times) {
			odd = self.merge(times, even, Some(odd));
			times += 1;
		}
		self.merged.push((times, odd));
	}

	/// The coefficients of what has been merged so far.
	pub fn rest(self) -> Vec<(usize, Vec<u64>)> {
		self.merged.into_iter().map(|(times, rlwe)| (times, rlwe.into_coefficients())).collect()
	}

	/// The coefficients of one ciphertext with all that have been taken.
	pub fn finish(mut self) -> Vec<u64> {
		let Some((mut times, mut packed)) = self.merged.pop() else {
			return Rlwe::zero().into_coefficients();
		};
		while times < self.steps.len() {
			packed = match self.merged.pop_if(|(other, _)| *other == times) {
				Some((_, even)) => self.merge(times, even, Some(packed)),
				None => self.merge(times, packed, None),
			};
			times += 1;
		}
		packed.into_coefficients()
	}

	/// Merges ciphertexts that have been merged this often.
	fn merge(&self, times: usize, even: Rlwe, odd: Option<Rlwe>) -> Rlwe {
		let step = self.steps.len().checked_sub(times + 1).and_then(|at| self.steps.get(at));
		step.and_then(|step| step.merge(Some(even), odd)).unwrap_or_else(Rlwe::zero)
	}
}

/// Ciphertexts that are merged before the next ones are made.
const BLOCK: usize = 64;

/// Steps l = 0, 1, ... below `steps`; they are taken from the last one to the first.
fn all_steps(key: &PreparedServerKey, steps: u32) -> Vec<PackingStep<'_>> {
	(0..steps).map(|step| PackingStep::new(key, step)).collect()
}

/// One ciphertext from all of a level.
fn merged(steps: &[PackingStep<'_>], mut level: Vec<Option<Rlwe>>) -> Option<Rlwe> {
	level.resize_with(level.len().next_power_of_two(), || None);
	for step in steps.iter().rev() {
		level = merged_level(step, level);
	}
	level.into_iter().flatten().next()
}

/// A step: pairs become one, and a single ciphertext loses the coefficients that do not matter.
fn merged_level(step: &PackingStep<'_>, level: Vec<Option<Rlwe>>) -> Vec<Option<Rlwe>> {
	if level.len() == 1 {
		return level.into_iter().map(|only| only.map(|only| step.trace(only))).collect();
	}
	let mut level = level.into_iter();
	let mut pairs = Vec::with_capacity(level.len() / 2);
	while let (Some(even), Some(odd)) = (level.next(), level.next()) {
		pairs.push((even, odd));
	}
	pairs.into_par_iter().map(|(even, odd)| step.merge(even, odd)).collect()
}

/// One step's automorphism and its key.
struct PackingStep<'a> {
	automorphism: NttAutomorphism,
	key: &'a [u64],
	stage: usize,
	/// X^(2^l).
	shift: NttPolynomial,
}

impl<'a> PackingStep<'a> {
	fn new(key: &'a PreparedServerKey, step: u32) -> Self {
		let (stage, number) = packing_automorphism(step);
		let exponent = EXPANSION_STAGES[stage].automorphism_exponent(number);
		Self {
			automorphism: NttAutomorphism::new(exponent),
			key: &key.automorphism_keys[stage][number - 1],
			stage,
			shift: NttPolynomial::monomial(1 << step),
		}
	}

	fn merge(&self, even: Option<Rlwe>, odd: Option<Rlwe>) -> Option<Rlwe> {
		let Some(mut odd) = odd else { return even.map(|even| self.trace(even)) };
		odd.mul_assign(&self.shift);
		let mut difference = even.clone().unwrap_or_else(Rlwe::zero);
		difference.sub_assign(&odd);
		let mut sum = odd;
		if let Some(even) = &even {
			sum.add_assign(even);
		}
		sum.add_assign(&self.image(&difference));
		Some(sum)
	}

	fn trace(&self, mut ciphertext: Rlwe) -> Rlwe {
		let image = self.image(&ciphertext);
		ciphertext.add_assign(&image);
		ciphertext
	}

	/// The image under the automorphism, under the same secret.
	fn image(&self, ciphertext: &Rlwe) -> Rlwe {
		let gadget = EXPANSION_STAGES[self.stage].gadget;
		let (mask, body) = ciphertext.as_ref().split_at(POLYNOMIAL_SIZE);
		let mut coefficients = mask.to_vec();
		ring::inverse(&mut coefficients);
		let mut digits = vec![0; gadget.levels as usize * POLYNOMIAL_SIZE];
		transformed_digits(&coefficients, gadget, &mut digits);
		let mut product = Rlwe::zero();
		let [product_mask, product_body] = product.mask_and_body_mut();
		product_body.copy_from_slice(body);
		let rows = Rows::interleaved(self.key);
		accumulate_products([[product_mask, product_body]], [&digits], rows);
		let mut image = Rlwe::zero();
		let parts = product.as_ref().chunks_exact(POLYNOMIAL_SIZE);
		for (values, image) in parts.zip(image.mask_and_body_mut()) {
			self.automorphism.apply(values, image);
		}
		image
	}
}

/// Steps l = 0.. of the packing, X -> X^(N/2^l + 1): stage and number of the automorphism.
fn packing_automorphism(step: u32) -> (usize, usize) {
	let stage = EXPANSION_STAGES
		.iter()
		.position(|stage| (stage.first_bit..stage.first_bit + stage.bits).contains(&step))
		.unwrap_or_default();
	let stage_bits = EXPANSION_STAGES[stage].first_bit + EXPANSION_STAGES[stage].bits;
	(stage, 1 << (stage_bits - 1 - step))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn packing_uses_the_automorphisms_of_the_binary_steps() {
		for step in 0..POLYNOMIAL_SIZE.ilog2() {
			let (stage, number) = packing_automorphism(step);
			let exponent = EXPANSION_STAGES[stage].automorphism_exponent(number);
			assert_eq!(exponent, (POLYNOMIAL_SIZE >> step) + 1, "step {step}");
		}
	}
}
