//! The collator's native service.
//!
//! It follows the best block, asks the runtime which jobs are assigned to the worker keys in this
//! node's keystore, evaluates them on a thread pool of its own, and delivers the results twice: as
//! a transaction straight to the pool, for speed, and into the mailbox in the offchain database,
//! from where the pallet's offchain hook sends them again for as long as the job is pending.
//!
//! - [`scheduler`]: what to do next, as a state machine without any IO.
//! - [`journal`]: what was begun and finished, on disk, so that a restart loses and repeats nothing.
//! - [`task`]: what both keep books of.
//! - [`calibration`]: how fast this machine is.
//! - [`evaluation`]: bytes in, outcome out; never panics. Models and keys are kept (`kept.rs`).
//! - [`private_models`]: the files of private models that this node evaluates.
//! - [`delivery`]: mailbox and pool.
//! - `watcher`, `watch`: which jobs of others are evaluated again, and what comes of it.
//! - [`service`]: connects them to the chain.

mod blobs;
pub mod calibration;
pub mod delivery;
pub mod evaluation;
pub mod journal;
mod kept;
pub mod metrics;
mod older_runtime;
pub mod private_models;
pub mod scheduler;
pub mod service;
pub mod task;
mod watch;
mod watcher;

pub use private_models::PrivateModelsOptions;
pub use service::{Conduct, Honest, StartError, Worker, WorkerParams};
pub use watcher::{WatchShare, WatchShareError};

/// Target of the worker's log lines.
pub(crate) const LOG_TARGET: &str = "fhe-ml";
