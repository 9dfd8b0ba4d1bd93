//! Private models: anybody registers what users need to ask, and only evaluators that the owner names have the
//! model itself. Jobs go to them alone, the owner is paid its price, and a bond stands for the results.
//!
//! No jury can judge here, since nobody else has the model: different results end a job and suspend its model
//! (`requests.rs`), and an auditor that has the file can condemn a result (`audit.rs`).
//!
//! Anybody may register, and may name any worker as evaluator. So that nobody keeps workers or queues from others
//! with it: a model's work is bounded by `MaxAccountWork`, who declines is not asked again for a while, private
//! jobs take half of the queue of draws at most, and their waiting work does not count against public ones.

mod audit;
mod registration;
mod requests;
mod terms;
#[cfg(any(feature = "try-runtime", feature = "std"))]
mod try_state;
