//! A node whose worker flips one bit of every result. For tests of the network: it is to be found out.

#![allow(clippy::result_large_err)] // The error is sc-cli's, and returned once.

use fhe_ml_primitives::Outcome;

fn main() -> sc_cli::Result<()> {
	fhe_ml_node::run(Some(flip_a_bit))
}

fn flip_a_bit(outcome: &mut Outcome) {
	if let Outcome::Completed(bytes) = outcome
		&& let Some(last) = bytes.iter_mut().last()
	{
		*last ^= 1;
	}
}
