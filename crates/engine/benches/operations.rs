//! Speed of what evaluations are made of, on one thread:
//! `cargo bench -p fhe-ml-engine --bench operations`.

use divan::{Bencher, black_box};
use fhe_ml_engine::{
	ClientKey, PreparedServerKey, benchmarked,
	math::{
		params::{Gadget, POLYNOMIAL_SIZE},
		selector::SELECTOR_GADGETS,
	},
	new_seeder,
};

fn main() {
	// The expansion would use all cores.
	if rayon::ThreadPoolBuilder::new().num_threads(1).build_global().is_ok() {
		divan::main();
	}
}

const GADGET: Gadget = Gadget { base_log: 6, levels: 8 };

fn server_key() -> PreparedServerKey {
	PreparedServerKey::new(&ClientKey::generate(new_seeder().as_mut()).1)
}

#[divan::bench]
fn forward_transform(bencher: Bencher) {
	let mut values = benchmarked::uniform(1);
	bencher.bench_local(|| benchmarked::forward(black_box(&mut values)));
}

#[divan::bench]
fn inverse_transform(bencher: Bencher) {
	let mut values = benchmarked::uniform(1);
	bencher.bench_local(|| benchmarked::inverse(black_box(&mut values)));
}

#[divan::bench]
fn sample_mask(bencher: Bencher) {
	bencher.bench_local(|| benchmarked::mask(black_box(7)));
}

#[divan::bench]
fn decompose_into_8_digits(bencher: Bencher) {
	let values = benchmarked::uniform(1);
	let mut digits = vec![0; 8 * POLYNOMIAL_SIZE];
	bencher.bench_local(|| benchmarked::decompose(black_box(&values), GADGET, &mut digits));
}

#[divan::bench]
fn accumulate_16_products(bencher: Bencher) {
	let (digits, rows) = (benchmarked::uniform(8), benchmarked::uniform(16));
	let mut out = vec![0; 2 * POLYNOMIAL_SIZE];
	bencher.bench_local(|| benchmarked::accumulate(&mut out, black_box(&digits), &rows));
}

#[divan::bench]
fn automorphism(bencher: Bencher) {
	let values = benchmarked::uniform(1);
	let mut image = values.clone();
	let apply = benchmarked::automorphism(3);
	bencher.bench_local(|| apply(black_box(&values), &mut image));
}

#[divan::bench(args = [64, 256, 1024, 2048])]
fn expand_entries(bencher: Bencher, entries: usize) {
	let key = server_key();
	bencher.bench_local(benchmarked::expansion(&key, entries));
}

/// By the number of the selector's gadget, the coarsest first.
#[divan::bench(args = 0..SELECTOR_GADGETS.len())]
fn external_product(bencher: Bencher, gadget: usize) {
	let key = server_key();
	bencher.bench_local(benchmarked::external_product(&key, SELECTOR_GADGETS[gadget]));
}
