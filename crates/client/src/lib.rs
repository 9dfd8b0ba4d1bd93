//! Client of the fhe-ml chain: keys and files on disk, rows of features, and the chain itself.
//!
//! The `fhe-ml` tool is this library with a command line ([`tool`]), and the Python package is it with a module.

// The modules of the tool name the library as others do.
extern crate self as fhe_ml_client;

mod cli;
mod commands;
mod error;
mod models;
mod output;
mod words;

pub mod chain;
pub mod files;
pub mod known_models;
pub mod local;
pub mod owner_keys;
pub mod programs;
pub mod rows;

use clap::Parser;
use std::process::ExitCode;

/// The `fhe-ml` tool, with the arguments of this process.
pub async fn tool() -> ExitCode {
	match commands::run(cli::Cli::parse()).await {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		},
	}
}
