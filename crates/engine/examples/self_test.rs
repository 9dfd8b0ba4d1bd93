//! Whether this machine computes what every other machine computes; `scripts/determinism.sh` runs it
//! on several emulated CPUs.

fn main() {
	match fhe_ml_engine::self_test() {
		Ok(()) => println!("the same bytes, {} thread(s)", rayon::current_num_threads()),
		Err(error) => {
			eprintln!("error: {error}");
			std::process::exit(1);
		},
	}
}
