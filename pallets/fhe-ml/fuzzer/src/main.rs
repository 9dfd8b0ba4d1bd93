//! `cargo run --release -p pallet-fhe-ml-fuzzer -- --calls 1000000`

use clap::Parser;
use pallet_fhe_ml_fuzzer::run;

/// Runs random calls against pallet-fhe-ml and stops at the first broken invariant.
#[derive(Parser)]
struct Options {
	/// Calls in all. Each sequence of 1,000 begins with a new chain.
	#[arg(long, default_value_t = 1_000_000)]
	calls: u64,
	/// Number of the first sequence; equal numbers, equal sequences.
	#[arg(long, default_value_t = 0)]
	first: u64,
}

fn main() {
	let Options { calls, first } = Options::parse();
	println!("{}", run(first, calls));
}
