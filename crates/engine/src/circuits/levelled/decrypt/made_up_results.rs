//! Results that no evaluation gave: what decryption refuses of them, and what the others tell whoever
//! sees their decryption.

use super::{ClientKey, DecryptError, ResultEncoding, SwitchedResult, phases};
use crate::{
	Circuit, EvaluationBuffers, ForestCircuit, PreparedServerKey,
	circuits::{
		forest::{Node, Tree},
		levelled::Levelled,
	},
	math::params::{MODULUS, MODULUS_BITS, POLYNOMIAL_SIZE},
	new_seeder,
};
use proptest::prelude::*;
use std::sync::LazyLock;

static KEYS: LazyLock<(ClientKey, PreparedServerKey)> = LazyLock::new(|| {
	let (client, server) = ClientKey::generate(new_seeder().as_mut());
	(client, PreparedServerKey::new(&server))
});

/// Trees of two levels with predicates of their own.
fn forest(leaves: &[[i32; 4]]) -> ForestCircuit {
	let tree = |(number, leaves): (u32, &[i32; 4])| {
		let [a, b, c, d] = leaves.map(|value| Node::Leaf(vec![(0, value)]));
		let split = |bit, one| Node::Split { predicate: 3 * number + bit, one };
		Tree { nodes: vec![split(0, 4), split(1, 3), a, b, split(2, 6), c, d] }
	};
	let trees: Vec<Tree> = (0..).zip(leaves).map(tree).collect();
	ForestCircuit::compile(3 * trees.len(), 1, trees).unwrap()
}

/// As large as a gradient boosting of 50 trees.
fn large() -> ForestCircuit {
	let leaf = |at: i32| (at * 7919 % 120_001) - 60_000;
	let leaves: Vec<[i32; 4]> = (0..50).map(|at| [0, 1, 2, 3].map(|i| leaf(4 * at + i))).collect();
	forest(&leaves)
}

struct Job {
	circuit: Circuit,
	encoding: ResultEncoding,
	input: Vec<u8>,
	result: Vec<u8>,
}

impl Job {
	fn new(forest: ForestCircuit, salt: i64) -> Self {
		let encoding = forest.encoding().clone();
		let x: Vec<i64> =
			(0..forest.predicates() as i64).map(|at| ((at * salt) >> 2) & 1).collect();
		let circuit = Circuit::Forest(forest);
		let input = KEYS.0.encrypt(&circuit, [0; 32], &x, new_seeder().as_mut()).unwrap();
		let mut buffers = EvaluationBuffers::default();
		let result = circuit.evaluate(Some(&KEYS.1), &input, &mut buffers).unwrap();
		Self { circuit, encoding, input, result }
	}

	fn decrypt(&self, result: &[u8]) -> Result<Vec<i64>, DecryptError> {
		KEYS.0.decrypt(&self.circuit, &self.input, result)
	}

	fn decoded(&self, result: &[u8]) -> SwitchedResult {
		let (count, bits) = (self.encoding.coefficients(), self.encoding.result_bits);
		SwitchedResult::from_bytes(result, count, bits).unwrap()
	}

	/// What decryption gives that checks nothing: integers and noise.
	fn unchecked(&self, result: &[u8]) -> Vec<(i64, u64)> {
		let positions = 0..self.encoding.coefficients();
		let phases = phases(&KEYS.0, positions, &self.decoded(result));
		let decoded = phases.iter().zip(&self.encoding.centres).map(|(&phase, centre)| {
			let (rounded, noise) = self.encoding.round(phase);
			(rounded + centre, noise)
		});
		decoded.collect()
	}

	/// A unit in the switched modulus; off by less than 2^-35.
	fn unit(&self) -> u64 {
		1u64 << (self.encoding.unit_log2 + self.encoding.result_bits - MODULUS_BITS)
	}

	/// The honest result with something added to one of its bodies.
	fn shifted(&self, at: usize, by: i64) -> Vec<u8> {
		let mut result = self.decoded(&self.result);
		let modulus = (1u64 << self.encoding.result_bits) - 1;
		result.bodies[at] = result.bodies[at].wrapping_add_signed(by) & modulus;
		result.to_bytes()
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(40))]

	#[test]
	fn what_lies_beyond_the_range_or_the_noise_is_refused(
		leaves in proptest::collection::vec(proptest::array::uniform4(-40_000..40_000i32), 1..20),
		salt in any::<i32>(),
		beyond in any::<u16>().prop_map(i64::from),
	) {
		let job = Job::new(forest(&leaves), salt.into());
		let honest = job.decrypt(&job.result).unwrap();
		let (low, high) = job.circuit.output_ranges()[0];
		prop_assert!((low..=high).contains(&honest[0]));
		let (unit, limbs) = (job.unit() as i64, job.unchecked(&job.result));
		for (at, &(limb, noise)) in limbs.iter().enumerate() {
			prop_assert!(noise <= job.encoding.tolerance);
			let (low, high) = job.encoding.ranges[at];
			// Integers that no limb has; one more and the modulus wraps into the range again.
			let outside = (MODULUS >> job.encoding.unit_log2) as i64 - (high - low + 1);
			prop_assert!(outside > 0);
			let beyond = 1 + beyond % outside;
			for by in [high - limb + beyond, low - limb - beyond] {
				let refused = job.decrypt(&job.shifted(at, by * unit));
				prop_assert_eq!(refused, Err(DecryptError::OutOfRange));
			}
			// As far from a codeword as it can be.
			let away = job.encoding.tolerance < (1u64 << (job.encoding.unit_log2 - 1)) - noise;
			if away {
				let refused = job.decrypt(&job.shifted(at, unit / 2));
				prop_assert_eq!(refused, Err(DecryptError::TooNoisy));
			}
		}
	}
}

#[test]
fn limbs_in_range_that_no_input_gives_together_are_refused() {
	let job = Job::new(large(), 5);
	let (unit, limbs) = (job.unit() as i64, job.unchecked(&job.result));
	let mut result = job.decoded(&job.result);
	for (at, ((limb, _), (_, high))) in limbs.iter().zip(&job.encoding.ranges).enumerate() {
		let modulus = (1u64 << job.encoding.result_bits) - 1;
		result.bodies[at] = result.bodies[at].wrapping_add_signed((high - limb) * unit) & modulus;
	}
	let all: Vec<i64> = job.encoding.ranges.iter().map(|range| range.1).collect();
	let Circuit::Forest(forest) = &job.circuit else { panic!("a forest") };
	assert!(forest.combine(&all)[0] > job.circuit.output_ranges()[0].1);
	assert_eq!(job.decrypt(&result.to_bytes()), Err(DecryptError::OutOfRange));
}

/// A worker's questions: `bits` secret bits per limb and answer, as powers of two. A mask that is zero but
/// for these powers brings the bits they meet into the integers that the user reads.
struct Attack<'a> {
	job: &'a Job,
	limbs: usize,
	limb_bits: u32,
	bits: u32,
	/// The limbs if all secret bits are zero.
	start: Vec<i64>,
}

impl<'a> Attack<'a> {
	/// The most bits with which every answer is `allowed`, whatever the secret is.
	fn new(job: &'a Job, allowed: impl Fn(&Self) -> bool) -> Self {
		let Circuit::Forest(forest) = &job.circuit else { panic!("a forest") };
		let (limbs, limb_bits) = forest.limbs();
		let attack = |bits: u32| {
			let middle = |(low, high): &(i64, i64)| low + (high - low - (1i64 << bits) + 1) / 2;
			let start = job.encoding.ranges.iter().map(middle).collect();
			Self { job, limbs, limb_bits, bits, start }
		};
		(1..=limb_bits).rev().map(attack).find(|attack| allowed(attack)).unwrap()
	}

	/// Whether no check can refuse any answer.
	fn is_never_refused(&self) -> bool {
		let end: Vec<i64> =
			self.start.iter().map(|start| start + (1i64 << self.bits) - 1).collect();
		let mut limbs = self.start.iter().zip(&end).zip(&self.job.encoding.ranges);
		let (low, high) = self.job.circuit.output_ranges()[0];
		limbs.all(|((start, end), range)| *start >= range.0 && *end <= range.1)
			&& self.value(&self.start) >= low
			&& self.value(&end) <= high
	}

	fn value(&self, limbs: &[i64]) -> i64 {
		limbs.iter().rev().fold(0, |sum, limb| (sum << self.limb_bits) + limb)
	}

	/// Asks for the secret bits N + limb - `first` - limbs k.
	fn question(&self, first: usize) -> Vec<u8> {
		let mut result = self.job.decoded(&self.job.result);
		result.mask.fill(0);
		for bit in 0..self.bits {
			result.mask[first + self.limbs * bit as usize] = self.job.unit() << bit;
		}
		let modulus = (1u64 << self.job.encoding.result_bits) - 1;
		let bodies = self.start.iter().zip(&self.job.encoding.centres);
		result.bodies = bodies
			.map(|(start, centre)| (start - centre).wrapping_mul(self.job.unit() as i64) as u64)
			.map(|body| body & modulus)
			.collect();
		result.to_bytes()
	}

	/// Answers, bits that were asked for, and bits that were told rightly.
	fn run(&self, answer: impl Fn(&[u8]) -> i64) -> (usize, usize, usize) {
		let (mut answers, mut asked, mut right) = (0, 0, 0);
		let per_answer = self.limbs * self.bits as usize;
		let last = POLYNOMIAL_SIZE - per_answer;
		for first in (self.limbs..=last).step_by(per_answer) {
			let told = answer(&self.question(first)) - self.value(&self.start);
			answers += 1;
			for limb in 0..self.limbs {
				for bit in 0..self.bits {
					let at = POLYNOMIAL_SIZE + limb - first - self.limbs * bit as usize;
					let bit = told >> (limb as u32 * self.limb_bits + bit) & 1;
					asked += 1;
					right += usize::from(KEYS.0.secret.as_ref()[at] == bit as u64);
				}
			}
		}
		(answers, asked, right)
	}
}

/// The attack of `attacks/keyleak.mjs`, with all limbs at once. Neither the ranges nor the noise stop it:
/// an answer in the range of the scores tells as many bits as such a score has, and exact multiples of the
/// unit have no noise. Only an evaluation of one's own does.
#[test]
fn checks_bound_what_a_made_up_result_tells_but_do_not_stop_it() {
	let job = Job::new(large(), 5);
	let capacity = 1i64 << (MODULUS_BITS - job.encoding.unit_log2 - 1);
	let free = Attack::new(&job, |attack| 1i64 << attack.bits <= capacity);
	let unchecked = |result: &[u8]| {
		let limbs: Vec<i64> = job.unchecked(result).into_iter().map(|(limb, _)| limb).collect();
		free.value(&limbs)
	};
	let (answers, asked, right) = free.run(unchecked);
	println!("without checks: {right} of {asked} bits from {answers} answers");
	assert_eq!(right, asked);
	assert!(asked > 2000);

	let bounded = Attack::new(&job, Attack::is_never_refused);
	let (answers, asked, right) = bounded.run(|result| job.decrypt(result).unwrap()[0]);
	let (low, high) = job.circuit.output_ranges()[0];
	let most = ((high - low + 1) as f64).log2();
	println!(
		"with checks: {right} of {asked} bits from {answers} answers; no answer has more than {most:.1} bits"
	);
	assert_eq!(right, asked);
	assert!(bounded.limbs * bounded.bits as usize <= most as usize);
}
