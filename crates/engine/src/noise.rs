//! How much noise a circuit makes.

mod bound;
#[cfg(test)]
mod measured;
mod variance;

pub use bound::NoiseBound;
pub use variance::Variance;
