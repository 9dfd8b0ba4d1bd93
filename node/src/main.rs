//! The collator node of the fhe-ml chain.

#![allow(clippy::result_large_err)] // The error is sc-cli's, and returned once.

fn main() -> sc_cli::Result<()> {
	fhe_ml_node::run(fhe_ml_node::start_worker::<fhe_ml_worker::Honest>)
}
