//! A node whose worker flips one bit of every result. For tests of the network: it is to be found out.

#![allow(clippy::result_large_err)] // The error is sc-cli's, and returned once.

use fhe_ml_primitives::Outcome;
use fhe_ml_worker::Conduct;

fn main() -> sc_cli::Result<()> {
	fhe_ml_node::run(fhe_ml_node::start_worker::<FlipsABit>)
}

struct FlipsABit;

impl Conduct for FlipsABit {
	fn deliver(mut outcome: Outcome) -> Outcome {
		if let Outcome::Completed(bytes) = &mut outcome
			&& let Some(last) = bytes.iter_mut().last()
		{
			*last ^= 1;
		}
		outcome
	}
}
