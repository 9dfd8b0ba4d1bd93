//! `fhe-ml-bindgen MODULE.wasm FOLDER`: JavaScript and types for a module, for browsers and Node.js.
//!
//! The same as `wasm-bindgen --target web`, whose own package cannot be pinned without all that it needs
//! to serve tests.

use std::{env::args_os, process::ExitCode};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
	let arguments: Vec<_> = args_os().skip(1).collect();
	let [module, folder] = arguments.as_slice() else {
		eprintln!("usage: fhe-ml-bindgen MODULE.wasm FOLDER");
		return ExitCode::FAILURE;
	};
	let mut bindgen = Bindgen::new();
	let generated = bindgen
		.input_path(module)
		.web(true)
		.and_then(|bindgen| bindgen.omit_default_module_path(false).typescript(true).generate(folder));
	match generated {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error:#}");
			ExitCode::FAILURE
		},
	}
}
