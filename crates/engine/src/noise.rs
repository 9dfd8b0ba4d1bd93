//! How much noise a circuit makes.

mod bootstrapping;
mod bound;
#[cfg(test)]
mod measured;
mod variance;

pub use bound::NoiseBound;
pub(crate) use variance::SIGMAS;
pub use variance::Variance;
