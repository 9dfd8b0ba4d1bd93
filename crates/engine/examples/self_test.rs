//! Whether this machine computes what every other machine computes; `scripts/determinism.sh` runs it
//! on several emulated CPUs.

fn main() {
	let tested = fhe_ml_engine::self_test().and_then(|()| fhe_ml_engine::bootstrap_self_test());
	match tested {
		Ok(()) => println!("the same bytes, {} thread(s)", rayon::current_num_threads()),
		Err(error) => {
			eprintln!("error: {error}");
			std::process::exit(1);
		},
	}
}
