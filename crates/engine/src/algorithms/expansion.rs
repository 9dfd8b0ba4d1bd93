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

use crate::threads::{self, *};
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
		params::{EXPANSION_STAGES, ExpansionStage, OCTET_STAGES, POLYNOMIAL_SIZE},
		ring::{self, NttAutomorphism, NttPolynomial, Polynomial},
	},
	sampling,
};
use alloc::{vec, vec::Vec};

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

static STAGES: Lazy<Vec<StageTables>> =
	Lazy::new(|| EXPANSION_STAGES.into_iter().map(StageTables::new).collect());

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

threads::scratch!(with_scratch: Scratch);

/// Some ciphertexts of a stage, where their children go, and which children are wanted.
struct Task<'a> {
	parents: &'a [u64],
	/// Numbers of the wanted children of each parent.
	wanted: &'a [Vec<usize>],
	children: &'a mut [u64],
}

/// A place in an expansion: before its end, ciphertexts hold several entries each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
	/// Stages that come before.
	stages: usize,
}

impl Cut {
	/// Before the last stage: octets.
	pub(crate) const OCTETS: Self = Self { stages: OCTET_STAGES.len() };
	/// Behind all stages: every entry has a ciphertext.
	pub(crate) const END: Self = Self { stages: EXPANSION_STAGES.len() };

	/// The earliest with this many coefficients, at most N, from every entry to the next.
	pub(crate) fn with_distance(coefficients: usize) -> Self {
		let mut cuts = (1..EXPANSION_STAGES.len()).map(|stages| Self { stages });
		cuts.find(|cut| cut.distance() >= coefficients).unwrap_or(Self::END)
	}

	/// Stages that come before.
	pub(crate) fn stages(self) -> usize {
		self.stages
	}

	/// Coefficients from an entry of a ciphertext to the next.
	fn distance(self) -> usize {
		POLYNOMIAL_SIZE / self.entries()
	}

	/// Entries of a ciphertext.
	pub(crate) fn entries(self) -> usize {
		EXPANSION_STAGES.get(self.stages).map_or(1, |stage| POLYNOMIAL_SIZE >> stage.first_bit)
	}

	/// The coefficient in which an entry is in its ciphertext, multiplied by N / [`Cut::entries`].
	pub(crate) fn position(self, entry: usize) -> usize {
		entry_position(entry % POLYNOMIAL_SIZE) & !(self.distance() - 1)
	}
}

/// The ciphertexts that are wanted of one RLWE, or of all of an input.
pub(crate) struct Wanted<'a> {
	/// Where `wide` are taken; at the end there is nothing but entries.
	pub cut: Cut,
	/// Ascending ciphertexts at the cut: number w has entries w [`Cut::entries`] and those that follow.
	pub wide: &'a [usize],
	/// Ascending entries, each in coefficient 0, multiplied by N.
	pub entries: &'a [usize],
}

impl<'a> Wanted<'a> {
	/// Nothing but entries.
	pub fn entries(entries: &'a [usize]) -> Self {
		Self { cut: Cut::END, wide: &[], entries }
	}
}

/// Expands a RLWE and writes what is wanted of it to `wide` and `narrow`, one ciphertext after the other.
/// `bodies\[entry\]` is coefficient `entry_position(entry)` of the packed body; entries without a body
/// must not be wanted.
pub(crate) fn expand(
	key: &PreparedServerKey,
	mask: &Polynomial,
	bodies: &[u64],
	wanted: Wanted<'_>,
	buffers: &mut ExpansionBuffers,
	wide: &mut [u64],
	narrow: &mut [u64],
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

	let last = STAGES.len() - 1;
	// Numbers of the parents: entries divided by the entries that are packed in one.
	let mut numbers = vec![0];
	for (at, (tables, keys)) in STAGES.iter().zip(&key.automorphism_keys).enumerate() {
		let below = tables.entries_per_child;
		let here = below * tables.stage.branches();
		if at == wanted.cut.stages {
			take(parents, &numbers, wanted.wide, wide);
			keep(parents, &mut numbers, |number| {
				let first = wanted.entries.partition_point(|&entry| entry < number * here);
				wanted.entries.get(first).is_some_and(|entry| entry / here == number)
			});
		}
		let of_wide = wanted.wide.iter().map(|number| number * wanted.cut.entries() / below);
		let mut next: Vec<usize> = of_wide
			.filter(|_| at < wanted.cut.stages)
			.chain(wanted.entries.iter().map(|entry| entry / below))
			.collect();
		next.sort_unstable();
		next.dedup();
		if next.is_empty() {
			return;
		}
		if at == last {
			split_all(tables, keys, parents, &next, narrow);
		} else {
			children.resize(next.len() * RLWE_SIZE, 0);
			split_all(tables, keys, parents, &next, children);
			core::mem::swap(parents, children);
			numbers = next;
		}
	}
}

/// Writes those of some ciphertexts that are wanted.
fn take(ciphertexts: &[u64], numbers: &[usize], wanted: &[usize], out: &mut [u64]) {
	for (number, out) in wanted.iter().zip(out.chunks_exact_mut(RLWE_SIZE)) {
		let at = numbers.partition_point(|other| other < number) * RLWE_SIZE;
		out.copy_from_slice(&ciphertexts[at..at + RLWE_SIZE]);
	}
}

/// Keeps those of some ciphertexts that are split further.
fn keep(ciphertexts: &mut Vec<u64>, numbers: &mut Vec<usize>, is_kept: impl Fn(usize) -> bool) {
	let mut kept = 0;
	for at in 0..numbers.len() {
		if is_kept(numbers[at]) {
			if kept < at {
				let from = at * RLWE_SIZE;
				ciphertexts.copy_within(from..from + RLWE_SIZE, kept * RLWE_SIZE);
				numbers[kept] = numbers[at];
			}
			kept += 1;
		}
	}
	numbers.truncate(kept);
	ciphertexts.truncate(kept * RLWE_SIZE);
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
	let at_once = (wanted_of.len() / threads::current_num_threads()).clamp(1, MAX_NODES);
	tasks(parents, &wanted_of, out, at_once)
		.into_par_iter()
		.for_each(|task| with_scratch(|scratch| split(tables, keys, task, scratch)));
}

/// Expands an input into `buffers.rows`: what is wanted at the cut, then entries; both are counted over all RLWEs.
pub(crate) fn expand_rows(
	key: &PreparedServerKey,
	input: &EncryptedInput,
	wanted: Wanted<'_>,
	buffers: &mut EvaluationBuffers,
) {
	expand_packed(
		key,
		&Packed { mask_seed: input.prefix.mask_seed, first_index: 0, bodies: &input.bodies },
		wanted,
		buffers,
	);
}

/// Entries that are packed in RLWEs one after the other, 2048 in each.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
	/// Public seed of the masks.
	pub mask_seed: [u8; 16],
	/// Number of the first RLWE's mask.
	pub first_index: u64,
	/// One residue per entry.
	pub bodies: &'a [u64],
}

/// Expands packed entries into `buffers.rows`: what is wanted at the cut, then entries; both are counted over all RLWEs.
pub(crate) fn expand_packed(
	key: &PreparedServerKey,
	packed: &Packed<'_>,
	wanted: Wanted<'_>,
	buffers: &mut EvaluationBuffers,
) {
	let Wanted { cut, mut wide, mut entries } = wanted;
	let EvaluationBuffers { expansion, rows } = buffers;
	rows.resize((wide.len() + entries.len()) * RLWE_SIZE, 0);
	let (mut wide_rows, mut narrow_rows) = rows.split_at_mut(wide.len() * RLWE_SIZE);
	let per_rlwe = POLYNOMIAL_SIZE / cut.entries();
	for (index, bodies) in packed.bodies.chunks(POLYNOMIAL_SIZE).enumerate() {
		let mine = wide.partition_point(|number| number / per_rlwe <= index);
		let (my_wide, other_wide) = wide.split_at(mine);
		let mine = entries.partition_point(|entry| entry / POLYNOMIAL_SIZE <= index);
		let (my_entries, other_entries) = entries.split_at(mine);
		(wide, entries) = (other_wide, other_entries);
		if my_wide.is_empty() && my_entries.is_empty() {
			continue;
		}
		let my_wide: Vec<usize> = my_wide.iter().map(|number| number % per_rlwe).collect();
		let my_entries: Vec<usize> =
			my_entries.iter().map(|entry| entry % POLYNOMIAL_SIZE).collect();
		let (wide_out, rest) = wide_rows.split_at_mut(my_wide.len() * RLWE_SIZE);
		wide_rows = rest;
		let (narrow_out, rest) = narrow_rows.split_at_mut(my_entries.len() * RLWE_SIZE);
		narrow_rows = rest;
		let mask = sampling::mask(&packed.mask_seed, packed.first_index + index as u64);
		let wanted = Wanted { cut, wide: &my_wide, entries: &my_entries };
		expand(key, &mask, bodies, wanted, expansion, wide_out, narrow_out);
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
		let (mine, rest) = core::mem::take(&mut children).split_at_mut(count * RLWE_SIZE);
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
