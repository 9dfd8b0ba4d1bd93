//! Expansion of one packed RLWE into one RLWE per entry.
//!
//! Chen, Dai, Kim, Song, "Efficient homomorphic conversion between (ring) LWE ciphertexts" (2021),
//! section 3, expands by one automorphism per step: c becomes c + sigma(c) and
//! X^-1 (c - sigma(c)). Here a stage takes several such steps at once: all automorphisms of the
//! subgroup are applied to c with ONE gadget decomposition ("hoisting"; Halevi, Shoup, "Faster
//! homomorphic linear transformations in HElib", 2018, section 5), and a small Fourier transform
//! over the subgroup, whose twiddle factors are monomials, sorts the coefficients out:
//!
//! child_c = X^(-c 2^l) sum_u X^(-2N/2^k u c) sigma_u(parent), where sigma_u is X -> X^(1 + u 2N/2^(l+k)).
//!
//! It keeps the coefficients at positions c 2^l mod 2^(l+k), multiplied by 2^k. After all stages
//! every message has been multiplied by N; encryption divides by N beforehand.

use crate::{
	entities::{
		input::EncryptedInput,
		prepared_server_key::{KeySwitchingKey, PreparedServerKey},
		rlwe::{RLWE_SIZE, mask_and_body_mut},
	},
	math::{
		kernels::{
			MAX_NODES, Rows, accumulate_products, butterfly, mul_assign, transformed_digits,
		},
		params::{EXPANSION_STAGES, ExpansionStage, OCTET, POLYNOMIAL_SIZE},
		ring::{self, NttAutomorphism, NttPolynomial, Polynomial},
	},
	sampling,
};
use rayon::prelude::*;
use std::{cell::RefCell, sync::LazyLock};

/// Constants of a stage.
struct StageTables {
	stage: ExpansionStage,
	/// Numbers 1.. of the subgroup.
	automorphisms: Vec<NttAutomorphism>,
	/// X^(-2N/2^k i), i < 2^(k-1).
	twiddles: Vec<NttPolynomial>,
	/// X^(-c 2^l), c < 2^k.
	shifts: Vec<NttPolynomial>,
	/// Entries below one child.
	entries_per_child: usize,
}

static STAGES: LazyLock<Vec<StageTables>> =
	LazyLock::new(|| EXPANSION_STAGES.into_iter().map(StageTables::new).collect());

impl StageTables {
	fn new(stage: ExpansionStage) -> Self {
		let branches = stage.branches();
		let inverse_monomial = |power| NttPolynomial::monomial(2 * POLYNOMIAL_SIZE - power);
		Self {
			stage,
			automorphisms: (1..branches)
				.map(|number| NttAutomorphism::new(stage.automorphism_exponent(number)))
				.collect(),
			twiddles: (0..branches / 2)
				.map(|i| inverse_monomial(2 * POLYNOMIAL_SIZE / branches * i))
				.collect(),
			shifts: (0..branches).map(|c| inverse_monomial(c << stage.first_bit)).collect(),
			entries_per_child: POLYNOMIAL_SIZE >> (stage.first_bit + stage.bits),
		}
	}
}

/// The coefficient in which entry `entry` (below 2048) of a RLWE is packed. Neighbouring entries share
/// the most work.
pub(crate) fn entry_position(entry: usize) -> usize {
	EXPANSION_STAGES.iter().fold(0, |position, stage| {
		let below = POLYNOMIAL_SIZE.ilog2() - stage.first_bit - stage.bits;
		let child = entry >> below & (stage.branches() - 1);
		position | child << stage.first_bit
	})
}

/// Memory that evaluations use again and again. Keep one per thread that calls `evaluate`.
#[derive(Default)]
pub struct EvaluationBuffers {
	pub(crate) expansion: ExpansionBuffers,
	pub(crate) rows: Vec<u64>,
}

/// Memory that expansions use again and again.
#[derive(Default)]
pub(crate) struct ExpansionBuffers {
	parents: Vec<u64>,
	children: Vec<u64>,
}

/// Temporary ciphertexts of one thread.
#[derive(Default)]
struct Scratch {
	/// Transforms of the digits, ciphertext by ciphertext.
	digits: Vec<u64>,
	/// The images of each ciphertext under all automorphisms.
	images: Vec<u64>,
	product: Vec<u64>,
}

thread_local! {
	static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Some ciphertexts of a stage, where their children go, and which children are wanted.
struct Task<'a> {
	parents: &'a [u64],
	/// Numbers of the wanted children of each parent.
	wanted: &'a [Vec<usize>],
	children: &'a mut [u64],
}

/// The ciphertexts of one RLWE that are wanted, in the order in which they are written.
pub(crate) struct Wanted<'a> {
	/// Ascending octets: number o is entries 8 o to 8 o + 7 in one ciphertext, as coefficients 256 apart,
	/// multiplied by N / 8.
	pub octets: &'a [usize],
	/// Ascending entries, below 2048 and behind all octets, each in coefficient 0, multiplied by N.
	pub entries: &'a [usize],
}

/// Expands a RLWE and writes what is wanted of it to `rows`, one ciphertext after the other.
/// `bodies\[entry\]` is coefficient `entry_position(entry)` of the packed body; entries without a body
/// must not be wanted.
pub(crate) fn expand(
	key: &PreparedServerKey,
	mask: &Polynomial,
	bodies: &[u64],
	wanted: Wanted<'_>,
	buffers: &mut ExpansionBuffers,
	rows: &mut [u64],
) {
	let ExpansionBuffers { parents, children } = buffers;
	parents.clear();
	parents.extend_from_slice(mask.as_ref());
	parents.resize(RLWE_SIZE, 0);
	let [mask, body] = mask_and_body_mut(parents);
	for (entry, &residue) in bodies.iter().enumerate() {
		body[entry_position(entry)] = residue;
	}
	ring::forward(mask);
	ring::forward(body);

	let (octets, entries) = rows.split_at_mut(wanted.octets.len() * RLWE_SIZE);
	let last = STAGES.len() - 1;
	for (at, (tables, keys)) in STAGES.iter().zip(&key.automorphism_keys).enumerate() {
		let below = tables.entries_per_child;
		let of_octets = wanted.octets.iter().map(|octet| octet * OCTET / below);
		// Numbers of its ciphertexts: entries divided by the entries that are packed in one.
		let mut next: Vec<usize> = of_octets
			.filter(|_| at < last)
			.chain(wanted.entries.iter().map(|entry| entry / below))
			.collect();
		next.dedup();
		let (parents_here, out) = if at == last {
			// Octets come first and are not split.
			octets.copy_from_slice(&parents[..octets.len()]);
			(&parents[octets.len()..], &mut *entries)
		} else {
			children.resize(next.len() * RLWE_SIZE, 0);
			(&parents[..], &mut children[..])
		};
		split_all(tables, keys, parents_here, &next, out);
		std::mem::swap(parents, children);
	}
}

/// Splits ciphertexts into those with the numbers `next`.
fn split_all(
	tables: &StageTables,
	keys: &[KeySwitchingKey],
	parents: &[u64],
	next: &[usize],
	out: &mut [u64],
) {
	let branches = tables.stage.branches();
	let wanted_of: Vec<Vec<usize>> = next
		.chunk_by(|a, b| a / branches == b / branches)
		.map(|siblings| siblings.iter().map(|number| number % branches).collect())
		.collect();
	// Few ciphertexts are spread over the threads one by one.
	let at_once = (wanted_of.len() / rayon::current_num_threads()).clamp(1, MAX_NODES);
	tasks(parents, &wanted_of, out, at_once)
		.into_par_iter()
		.for_each(|task| SCRATCH.with_borrow_mut(|scratch| split(tables, keys, task, scratch)));
}

/// Expands ascending ciphertexts of an input into `buffers.rows`. Those below `octets` are octets,
/// the others are entries behind them.
pub(crate) fn expand_rows(
	key: &PreparedServerKey,
	input: &EncryptedInput,
	octets: usize,
	numbers: &[usize],
	buffers: &mut EvaluationBuffers,
) {
	let EvaluationBuffers { expansion, rows } = buffers;
	rows.resize(numbers.len() * RLWE_SIZE, 0);
	let first_entry = |number: usize| match number < octets {
		true => number * OCTET,
		false => octets * OCTET + (number - octets),
	};
	let glwe_of = |number: usize| first_entry(number) / POLYNOMIAL_SIZE;
	let mut rows = rows.as_mut_slice();
	for numbers in numbers.chunk_by(|&a, &b| glwe_of(a) == glwe_of(b)) {
		let (mine, rest) = rows.split_at_mut(numbers.len() * RLWE_SIZE);
		rows = rest;
		let glwe = numbers.first().map_or(0, |&number| glwe_of(number));
		let start = glwe * POLYNOMIAL_SIZE;
		let end = input.bodies.len().min(start + POLYNOMIAL_SIZE);
		let mask = sampling::mask(&input.prefix.mask_seed, glwe as u64);
		let (wide, narrow) = numbers.split_at(numbers.partition_point(|&number| number < octets));
		let wide: Vec<usize> = wide.iter().map(|&n| (first_entry(n) - start) / OCTET).collect();
		let narrow: Vec<usize> = narrow.iter().map(|&n| first_entry(n) - start).collect();
		let wanted = Wanted { octets: &wide, entries: &narrow };
		expand(key, &mask, &input.bodies[start..end], wanted, expansion, mine);
	}
}

fn tasks<'a>(
	parents: &'a [u64],
	wanted: &'a [Vec<usize>],
	mut children: &'a mut [u64],
	at_once: usize,
) -> Vec<Task<'a>> {
	let parents = parents.chunks(at_once * RLWE_SIZE);
	let tasks = parents.zip(wanted.chunks(at_once)).map(|(parents, wanted)| {
		let count: usize = wanted.iter().map(Vec::len).sum();
		let (mine, rest) = std::mem::take(&mut children).split_at_mut(count * RLWE_SIZE);
		children = rest;
		Task { parents, wanted, children: mine }
	});
	tasks.collect()
}

fn split(tables: &StageTables, keys: &[KeySwitchingKey], task: Task<'_>, scratch: &mut Scratch) {
	let (branches, gadget) = (tables.stage.branches(), tables.stage.gadget);
	let images_size = branches * RLWE_SIZE;
	let digits_size = gadget.levels as usize * POLYNOMIAL_SIZE;
	let nodes = task.wanted.len();
	let Scratch { digits, images, product } = scratch;
	digits.resize(nodes * digits_size, 0);
	images.resize(nodes * images_size, 0);
	product.resize(MAX_NODES * RLWE_SIZE, 0);

	let parents = || task.parents.chunks_exact(RLWE_SIZE);
	for ((parent, digits), images) in parents()
		.zip(digits.chunks_exact_mut(digits_size))
		.zip(images.chunks_exact_mut(images_size))
	{
		images[..RLWE_SIZE].copy_from_slice(parent);
		// The coefficients of the mask are needed only here: any free place will do.
		let mask = &mut product[..POLYNOMIAL_SIZE];
		mask.copy_from_slice(&parent[..POLYNOMIAL_SIZE]);
		ring::inverse(mask);
		transformed_digits(mask, gadget, digits);
	}
	for (number, (key, automorphism)) in keys.iter().zip(&tables.automorphisms).enumerate() {
		for (product, parent) in product.chunks_exact_mut(RLWE_SIZE).zip(parents()) {
			let [mask, body] = mask_and_body_mut(product);
			mask.fill(0);
			body.copy_from_slice(&parent[POLYNOMIAL_SIZE..]);
		}
		let (left, right) = product.split_at_mut(RLWE_SIZE);
		let (left, right) = (mask_and_body_mut(left), mask_and_body_mut(right));
		match nodes {
			1 => accumulate_products([left], [digits], Rows::interleaved(key)),
			_ => {
				let (first, second) = digits.split_at(digits_size);
				accumulate_products([left, right], [first, second], Rows::interleaved(key));
			},
		}
		let images = images.chunks_exact_mut(images_size);
		for (product, images) in product.chunks_exact(RLWE_SIZE).zip(images) {
			let image = &mut images[(number + 1) * RLWE_SIZE..][..RLWE_SIZE];
			for (values, image) in
				product.chunks_exact(POLYNOMIAL_SIZE).zip(image.chunks_exact_mut(POLYNOMIAL_SIZE))
			{
				automorphism.apply(values, image);
			}
		}
	}
	let mut children = task.children.chunks_exact_mut(RLWE_SIZE);
	for (images, wanted) in images.chunks_exact_mut(images_size).zip(task.wanted) {
		fourier_transform(tables, images);
		for (&number, child) in wanted.iter().zip(&mut children) {
			let reversed = number.reverse_bits() >> (usize::BITS - tables.stage.bits);
			child.copy_from_slice(&images[reversed * RLWE_SIZE..][..RLWE_SIZE]);
			if number > 0 {
				multiply(child, &tables.shifts[number]);
			}
		}
	}
}

fn multiply(rlwe: &mut [u64], factor: &NttPolynomial) {
	for part in rlwe.chunks_exact_mut(POLYNOMIAL_SIZE) {
		mul_assign(part, factor.as_ref());
	}
}

/// A decimation-in-frequency Fourier transform; the output is in bit-reversed order.
fn fourier_transform(tables: &StageTables, images: &mut [u64]) {
	let branches = tables.stage.branches();
	let mut len = branches;
	while len > 1 {
		for block in images.chunks_exact_mut(len * RLWE_SIZE) {
			let (left, right) = block.split_at_mut(len / 2 * RLWE_SIZE);
			butterfly(left, right);
			for (i, y) in right.chunks_exact_mut(RLWE_SIZE).enumerate().skip(1) {
				multiply(y, &tables.twiddles[i * (branches / len)]);
			}
		}
		len /= 2;
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn positions_are_a_permutation() {
		let mut seen = vec![false; POLYNOMIAL_SIZE];
		(0..POLYNOMIAL_SIZE).for_each(|entry| seen[entry_position(entry)] = true);
		assert!(seen.iter().all(|&seen| seen));
	}
}
