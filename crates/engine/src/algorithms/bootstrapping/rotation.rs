//! Blind rotation by pairs of encrypted bits.
//!
//! For bits x, y and steps a, b: acc X^(a x + b y) = acc + (X^a - 1) u₁₀ acc + (X^b - 1) u₀₁ acc + (X^(a+b) - 1) u₁₁ acc,
//! where u₁₀ says that x is 1 and y is 0, and so on. All products take one decomposition of acc, so a step costs as many
//! transforms as one external product (Zhou, Yang, Liu, Wei, Wang, "Faster bootstrapping with multiple addends", ePrint
//! 2017/735; Bourse, Minelli, Minihold, Paillier, ePrint 2017/1114).

use super::selectors::{residues_of_pair, residues_of_selector};
use crate::{
	entities::rlwe::{RLWE_SIZE, mask_and_body_mut},
	math::{
		bootstrap_params::PATTERNS,
		kernels::{self, MAX_NODES, Rows, accumulate_patterns, transformed_digits},
		params::POLYNOMIAL_SIZE,
		ring::{self, NttPolynomial},
		selector::SelectorGadget,
	},
	threads::{self, Lazy, *},
};
use alloc::vec::Vec;

/// Accumulators that go through the selectors together: they and the selectors of a pair fit the second-level cache.
const ACCUMULATORS_PER_TASK: usize = 8;

/// X^(i + 64 j) is `low[i]` times `high[j]`, i and j below 64.
struct Monomials {
	low: Vec<NttPolynomial>,
	high: Vec<NttPolynomial>,
}

const LOW: usize = 64;

static MONOMIALS: Lazy<Monomials> = Lazy::new(|| Monomials {
	low: (0..LOW).map(NttPolynomial::monomial).collect(),
	high: (0..2 * POLYNOMIAL_SIZE / LOW).map(|i| NttPolynomial::monomial(LOW * i)).collect(),
});

/// The two factors of X^`power`, `power` below 4N.
fn monomial(monomials: &Monomials, power: usize) -> [&[u64]; 2] {
	let power = power % (2 * POLYNOMIAL_SIZE);
	[monomials.low[power % LOW].as_ref(), monomials.high[power / LOW].as_ref()]
}

/// Temporary polynomials of one thread.
#[derive(Default)]
struct Scratch {
	digits: Vec<u64>,
	sums: Vec<u64>,
}

threads::scratch!(with_scratch: Scratch);

/// Multiplies accumulator number i by X to the power of the sum over the pairs of `steps(i, pair)`, each step counted
/// if its bit is 1; steps are below 2N.
///
/// `selectors` are those of neighbouring pairs, as `expand_selectors` gives them; an accumulator is the coefficients of
/// mask and body. Pairs with two steps of 0 cost nothing.
pub(crate) fn rotate_all(
	gadget: SelectorGadget,
	selectors: &[u64],
	steps: impl Fn(usize, usize) -> [usize; 2] + Sync,
	accumulators: &mut [Vec<u64>],
) {
	let per_thread = accumulators.len().div_ceil(threads::current_num_threads());
	let at_once = per_thread.clamp(1, ACCUMULATORS_PER_TASK);
	let tasks: Vec<(usize, &mut [Vec<u64>])> = accumulators
		.chunks_mut(at_once)
		.enumerate()
		.map(|(at, task)| (at * at_once, task))
		.collect();
	tasks.into_par_iter().for_each(|(first, accumulators)| {
		with_scratch(|scratch| {
			for (pair, selectors) in selectors.chunks_exact(residues_of_pair(gadget)).enumerate() {
				let numbered = accumulators.iter_mut().enumerate();
				let mut moved: Vec<(&mut Vec<u64>, [usize; 2])> = numbered
					.map(|(at, accumulator)| (accumulator, steps(first + at, pair)))
					.filter(|(_, steps)| *steps != [0; 2])
					.collect();
				for group in moved.chunks_mut(MAX_NODES) {
					rotate_group(gadget, selectors, group, scratch);
				}
			}
		});
	});
}

/// One step for at most [`MAX_NODES`] accumulators.
fn rotate_group(
	gadget: SelectorGadget,
	selectors: &[u64],
	group: &mut [(&mut Vec<u64>, [usize; 2])],
	Scratch { digits, sums }: &mut Scratch,
) {
	let (mask, body) = (gadget.mask, gadget.body());
	let of_mask = mask.levels as usize * POLYNOMIAL_SIZE;
	let size = of_mask + body.levels as usize * POLYNOMIAL_SIZE;
	digits.resize(MAX_NODES * size, 0);
	sums.resize(MAX_NODES * RLWE_SIZE, 0);
	for ((accumulator, _), digits) in group.iter().zip(digits.chunks_exact_mut(size)) {
		let (mask_digits, body_digits) = digits.split_at_mut(of_mask);
		let (mask_part, body_part) = accumulator.split_at(POLYNOMIAL_SIZE);
		transformed_digits(mask_part, mask, mask_digits);
		transformed_digits(body_part, body, body_digits);
	}
	let monomials = &*MONOMIALS;
	let factors = |[a, b]: [usize; 2]| [a, b, a + b].map(|power| monomial(monomials, power));
	let size_of_selector = residues_of_selector(gadget);
	let rows: [Rows<'_>; PATTERNS] = core::array::from_fn(|pattern| {
		Rows::interleaved(&selectors[pattern * size_of_selector..][..size_of_selector])
	});
	let (first, second) = digits.split_at(size);
	let (left, right) = sums.split_at_mut(RLWE_SIZE);
	let (left, right) = (mask_and_body_mut(left), mask_and_body_mut(right));
	match group {
		[(_, one)] => accumulate_patterns([left], [first], rows, [factors(*one)]),
		[(_, one), (_, two)] => accumulate_patterns(
			[left, right],
			[first, second],
			rows,
			[factors(*one), factors(*two)],
		),
		_ => return,
	}
	for ((accumulator, _), sum) in group.iter_mut().zip(sums.chunks_exact_mut(RLWE_SIZE)) {
		sum.chunks_exact_mut(POLYNOMIAL_SIZE).for_each(ring::inverse);
		kernels::add_assign(accumulator, sum);
	}
}
