//! Random sequences of calls against `pallet-fhe-ml`: whatever happens, no unit of money appears or
//! vanishes, a call that fails changes nothing, and every count agrees with what it counts
//! (`try_state`).
//!
//! It runs in the mock runtime of the pallet's own tests.

#![allow(clippy::unwrap_used, clippy::expect_used)] // What it finds, it stops at.

mod calls;
#[allow(missing_docs, dead_code, unused_imports)]
#[path = "../../src/mock.rs"]
mod mock;

// The mock takes the pallet for its own crate.
use pallet_fhe_ml::*;

pub use calls::{Report, run};
