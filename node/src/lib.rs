//! The collator node of the fhe-ml chain.

#![allow(clippy::result_large_err)] // The error is sc-cli's, and returned once.

mod beacon;
mod chain_spec;
mod cli;
mod command;
mod equivocation;
mod new_chain;
mod parts;
mod rpc;
mod service;
mod worker;

pub use command::run;
pub use worker::start_worker;
