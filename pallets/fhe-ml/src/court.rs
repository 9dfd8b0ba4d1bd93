//! The court: evaluation is exact, so the runtime can evaluate a disputed job itself, and who is right is no matter of
//! votes.
//!
//! What a [`Court`] can try it says of each model when that is registered (`docket.rs`). Small circuits are evaluated
//! in the call that posts their outcome (`at_once.rs`). Larger ones are believed for the time being: the job is
//! *provisional* (`provisional.rs`), its fee stays on hold, and its workers are given no more jobs than their bonds can
//! answer for (`risk.rs`). Anybody can challenge its outcome (`challenge.rs`); then, or where workers of a job
//! differ, the court evaluates it step by step (`trial.rs`), and its verdict moves the money (`verdict.rs`).
//!
//! Nothing here waits for a block with room: whoever wants a step makes it. The hook at the end of a block saves people
//! the calls: for a step of a trial, and for what is due (`agenda.rs`).

mod agenda;
mod api;
mod at_once;
mod challenge;
mod docket;
mod interface;
mod parts;
mod provisional;
mod risk;
mod trial;
#[cfg(any(feature = "try-runtime", feature = "std"))]
mod try_state;
mod verdict;

pub use interface::{ArtifactRefused, Case, Court, Docket};

pub(crate) use risk::can_risk;
